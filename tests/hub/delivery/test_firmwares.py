"""A device of several firmwares: what it says of one changes nothing of another's, and each has its turn."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.events import OTA_UPGRADE_CLUSTER, Send
from ota_engine.hub.delivery.commands import Abort, ApplyNow, Assign, Inquire, NotifyDevice
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.contacts import ON_ITS_WAY
from ota_engine.records import Activation, AssignmentRecord, FirmwareSource, SessionState
from ota_engine.times import Monotonic
from ota_engine.zcl.commands import Command
from ota_engine.zcl.frame import parse_header
from ota_engine.zcl.general import READ_ATTRIBUTES, DefaultResponse
from ota_engine.zcl.ota import ImageNotify, QueryNextImageResponse, UpgradeEndRequest
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    ACKNOWLEDGED,
    DEVICE,
    NEW,
    NOBODY,
    OLD,
    WAIT_FOR_EVER,
    Client,
    Desk,
    decoded,
    image,
    offered,
    told,
    wish,
)

MAIN, RADIO = image(700, image_type=0x0109), image(800, image_type=0x010A)  # one version in common
OFFERED, DOWNLOADING = SessionState.OFFERED, SessionState.DOWNLOADING


class Chips:
    """A desk with one device of two chips, on one endpoint or two."""

    def __init__(self, *, apart: bool = False, config: DeliveryConfig | None = None) -> None:
        self.desk = Desk(config)
        self.main = Client(self.desk, of=MAIN, endpoint=1)
        self.radio = Client(self.desk, of=RADIO, endpoint=2 if apart else 1)
        self.main.join()

    def state(self, client: Client) -> SessionState:
        return self.desk.status(of=client.image).state

    def reason(self, client: Client) -> str:
        return self.desk.status(of=client.image).reason

    def assign_both(self, **wanted: Any) -> None:
        for one in (MAIN, RADIO):
            self.desk.assign(one, **wanted)

    def rank(self, client: Client, rank: int) -> AssignmentRecord:
        """A wish for this chip's image with a rank."""
        self.desk.add(client.image)
        return replace(wish(client.image), rank=rank)

    def notified(self) -> list[int]:
        """The endpoints at which the device was notified, in order."""
        return [frame.destination_endpoint for frame in self._said(Command.IMAGE_NOTIFY)]

    def _said(self, command: int) -> list[Send]:
        return [
            frame
            for frame in self.desk.to()
            if frame.cluster == OTA_UPGRADE_CLUSTER
            and (header := parse_header(frame.payload)).cluster_specific
            and header.command == command
        ]

    def asked(self) -> list[int]:
        """The endpoints whose client was asked what it runs, in order."""
        return [
            frame.destination_endpoint
            for frame in self.desk.to()
            if frame.cluster == OTA_UPGRADE_CLUSTER
            and not (header := parse_header(frame.payload)).cluster_specific
            and header.command == READ_ATTRIBUTES
        ]


# --- what is said of one chip ---------------------------------------------------------------------


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_a_report_of_one_chip_ends_nothing_of_another_that_is_offered_the_same_version(
    apart: bool, asked: bool
) -> None:
    chips = Chips(apart=apart)
    chips.desk.assign(RADIO)
    assert chips.radio.query(OLD) == offered(RADIO)
    chips.main.report(NEW, asked=asked)
    assert chips.state(chips.radio) is OFFERED
    assert chips.desk.outcomes() == []
    chips.radio.block(0)
    assert chips.radio.query(OLD) == offered(RADIO)


@pytest.mark.parametrize("apart", [False, True])
def test_a_half_done_download_of_one_chip_goes_on_though_another_runs_its_version(
    apart: bool,
) -> None:
    chips = Chips(apart=apart)
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    chips.radio.download(until=400)
    chips.main.report(NEW, status=1)
    assert chips.state(chips.radio) is DOWNLOADING
    chips.radio.download(400)
    assert chips.radio.end() == told(0, RADIO)


@pytest.mark.parametrize("apart", [False, True])
def test_a_chip_that_fell_back_has_failed_by_its_own_word_only(apart: bool) -> None:
    chips = Chips(apart=apart)
    chips.desk.assign(RADIO)
    assert chips.radio.query(OLD) == offered(RADIO)
    chips.radio.download()
    chips.radio.end()
    chips.desk.wait(20.0)
    chips.main.join()
    chips.main.report(NEW)
    assert chips.state(chips.radio) is SessionState.RESTARTING
    assert [(kind, verdict) for kind, verdict, _ in chips.desk.outcomes()] == [
        ("transfer", "succeeded")
    ]
    chips.radio.query(OLD)
    chips.desk.wait(ON_ITS_WAY)
    assert ("activation", "failed", "the device came back with 0x00000100") in chips.desk.outcomes()


def test_a_chip_that_fell_back_says_nothing_of_another_that_is_held() -> None:
    chips = Chips(apart=True)
    chips.desk.assign(MAIN, activation=Activation.WAIT)
    chips.desk.assign(RADIO)
    chips.main.finish()
    assert chips.radio.finish() == told(0, RADIO)
    chips.desk.wait(20.0)
    chips.main.join()
    chips.radio.report(OLD)
    assert chips.state(chips.radio) is SessionState.FAILED
    assert chips.state(chips.main) is SessionState.HELD


def test_the_status_of_one_chip_is_not_that_of_another() -> None:
    """Status 6, waiting for an external event, parks the image of the chip that says so."""
    chips = Chips()
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    chips.radio.download()
    chips.main.report(OLD, status=6)
    assert chips.state(chips.radio) is SessionState.VERIFYING
    chips.radio.report(OLD, status=6)
    assert chips.state(chips.radio) is SessionState.AWAITING_COMMAND


def begun_so_far(client: Client, how: str) -> None:
    """Bring an update as far as is said."""
    client.query(OLD)
    if how != "offered":
        client.download(until=300 if how == "downloading" else None)
    if how == "restarting":
        client.end()


WORDS = st.sampled_from(["report", "spontaneous", "query", "end", "keyless hint"])


@given(
    st.sampled_from(["offered", "downloading", "verifying", "restarting"]),
    st.booleans(),
    st.lists(st.tuples(WORDS, st.sampled_from([OLD, NEW, NEW + 1, 0xFFFFFFFF])), max_size=6),
)
def test_whatever_one_chip_says_changes_nothing_of_the_other(
    begun: str, apart: bool, words: list[tuple[str, int]]
) -> None:
    chips = Chips(apart=apart)
    chips.desk.assign(RADIO)
    begun_so_far(chips.radio, begun)
    before, outcomes = chips.desk.status(), chips.desk.outcomes()
    for word, version in words:
        if word == "query":
            chips.main.query(version)
        elif word == "end":
            chips.main.end(Status.INVALID_IMAGE, version)
        elif word == "keyless hint":
            chips.main.hint(version)
        else:
            chips.main.report(version, asked=word == "report")
    assert chips.desk.status()._replace(last_heard=Monotonic(0)) == before._replace(
        last_heard=Monotonic(0)
    )
    assert chips.desk.outcomes() == outcomes


# --- hints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_version_without_identity_confirms_and_denies_nothing(version: int) -> None:
    chips = Chips()
    chips.desk.assign(RADIO)
    chips.radio.finish()
    chips.radio.join()
    chips.radio.hint(version)
    assert chips.state(chips.radio) is SessionState.RESTARTING
    assert chips.desk.engine.counters["version_without_identity"] == 1
    assert chips.desk.store.load().firmwares[0].file_version == OLD


def test_a_hint_of_its_own_accord_has_the_device_asked_what_it_meant() -> None:
    chips = Chips(apart=True)
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    chips.desk.wait(60.0)
    chips.desk.sent.clear()
    chips.radio.hint(NEW, asked=False)
    assert (chips.asked(), chips.notified()) == ([2], [])


def test_a_device_that_cannot_tell_whose_version_it_is_is_notified_so_that_it_queries() -> None:
    chips = Chips(apart=True)
    chips.desk.assign(RADIO)
    chips.radio.finish()
    chips.radio.join()
    chips.desk.sent.clear()
    chips.radio.hint(NEW)
    assert chips.notified() == [2]
    chips.radio.query(NEW)
    assert chips.state(chips.radio) is SessionState.UPDATED


def test_a_flood_of_hints_is_followed_up_now_and_then() -> None:
    chips = Chips()
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    chips.desk.wait(60.0)
    chips.desk.sent.clear()
    for _ in range(120):
        chips.desk.wait(0.5)
        chips.radio.hint(NEW, asked=False)
    assert len(chips.asked()) <= 3


def test_a_device_about_to_restart_is_not_made_to_query() -> None:
    """It would tell its old version, which means nothing before the restart."""
    chips = Chips()
    chips.desk.assign(RADIO)
    chips.radio.finish()
    chips.desk.wait(60.0)
    chips.desk.sent.clear()
    chips.radio.hint(OLD)
    assert chips.notified() == []


def test_a_hint_of_a_device_that_waits_for_nothing_is_left_alone() -> None:
    chips = Chips()
    chips.desk.sent.clear()
    chips.radio.hint(NEW)
    assert chips.desk.sent == []


# --- one at a time --------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [False, True])
def test_while_one_chip_is_updated_another_is_put_off_and_then_has_its_turn(apart: bool) -> None:
    chips = Chips(apart=apart)
    chips.assign_both()
    assert chips.main.query(OLD) == offered(MAIN)
    for _ in range(3):
        assert chips.radio.query(OLD) == NOBODY
        assert chips.main.query(OLD) == offered(MAIN)
    assert chips.state(chips.radio) is SessionState.ASSIGNED
    assert (
        chips.reason(chips.radio) == "waits for the device's image type 0x0109 of 0x121D to be done"
    )
    chips.main.download()
    assert chips.radio.query(OLD) == NOBODY
    assert chips.main.end() == told(0, MAIN)
    chips.desk.wait(20.0)
    chips.main.join()
    chips.desk.wait(2.0)
    chips.desk.sent.clear()
    chips.main.report(NEW)
    chips.desk.wait(2.0)
    assert chips.notified() == [chips.radio.endpoint]
    assert chips.radio.finish() == told(0, RADIO)
    chips.radio.join()
    chips.radio.report(NEW)
    assert {chips.state(chips.main), chips.state(chips.radio)} == {SessionState.UPDATED}


def test_a_chip_that_stalls_gives_its_turn_to_another() -> None:
    chips = Chips(apart=True)
    chips.assign_both()
    chips.main.query(OLD)
    assert chips.radio.query(OLD) == NOBODY
    chips.desk.wait(60.0)
    chips.radio.query(OLD)  # the device is heard, but not of the chip that is offered an image
    chips.desk.sent.clear()
    chips.desk.wait(70.0)
    assert chips.state(chips.main) is SessionState.STALLED
    assert chips.reason(chips.main) == "the device has asked for nothing of it for 120 s"
    assert chips.reason(chips.radio) == "its turn has come; waits for the device to ask"
    assert 2 in chips.notified()
    assert chips.radio.query(OLD) == offered(RADIO)


def test_a_chip_that_ends_with_an_error_gives_its_turn_to_another() -> None:
    chips = Chips(apart=True)
    chips.assign_both()
    chips.main.query(OLD)
    chips.radio.query(OLD)
    chips.main.block(0)
    chips.desk.wait(2.0)
    chips.desk.sent.clear()
    chips.main.end(Status.INVALID_IMAGE)
    chips.desk.wait(2.0)
    assert (chips.state(chips.main), chips.notified()) == (SessionState.FAILED, [2])
    assert chips.radio.query(OLD) == offered(RADIO)


HOLDS = {
    "held": (Activation.WAIT, Status.SUCCESS, SessionState.HELD),
    "by command": (Activation.EXTERNAL, Status.SUCCESS, SessionState.AWAITING_COMMAND),
    "needs more": (Activation.IMMEDIATE, Status.REQUIRE_MORE_IMAGE, SessionState.WAIT_FOR_MORE),
}


@pytest.mark.parametrize(("activation", "status", "state"), HOLDS.values(), ids=HOLDS)
def test_a_chip_that_holds_its_image_is_in_nobodys_way(
    activation: Activation, status: Status, state: SessionState
) -> None:
    chips = Chips()
    chips.desk.assign(MAIN, activation=activation)
    chips.desk.assign(RADIO)
    chips.main.query(OLD)
    chips.main.download()
    chips.main.end(status)
    assert chips.state(chips.main) is state
    assert chips.radio.query(OLD) == offered(RADIO)


def test_a_chip_that_waits_for_its_time_is_in_nobodys_way() -> None:
    chips = Chips()
    chips.desk.assign(MAIN, activation=Activation.DELAYED, delay=600)
    chips.desk.assign(RADIO)
    chips.main.finish()
    assert chips.state(chips.main) is SessionState.SCHEDULED
    assert chips.radio.query(OLD) == offered(RADIO)


def test_a_device_that_turns_to_another_file_by_itself_is_served() -> None:
    chips = Chips()
    chips.assign_both()
    chips.main.query(OLD)
    chips.main.block(0)
    chips.radio.block(0)
    assert chips.reason(chips.main) == "the device turned to another file"
    assert (chips.state(chips.main), chips.state(chips.radio)) == (
        SessionState.STALLED,
        DOWNLOADING,
    )
    assert chips.main.query(OLD) == NOBODY
    assert chips.radio.query(OLD) == offered(RADIO)


def test_of_two_that_have_not_begun_the_lower_rank_goes_first() -> None:
    chips = Chips()
    chips.desk.give(Assign(chips.rank(chips.main, 2), "test"))
    chips.desk.give(Assign(chips.rank(chips.radio, 1), "test"))
    assert chips.main.query(OLD) == NOBODY
    assert "0x010A" in chips.reason(chips.main)
    assert chips.radio.query(OLD) == offered(RADIO)
    assert [record.rank for record in chips.desk.store.load().assignments] in ([1, 2], [2, 1])


def test_one_that_cannot_have_its_image_holds_nobody_of_a_higher_rank_up() -> None:
    chips = Chips()
    chips.desk.give(Assign(chips.rank(chips.radio, 1), "test"))
    chips.desk.give(Assign(chips.rank(chips.main, 2), "test"))
    assert chips.main.query(OLD) == NOBODY
    assert chips.radio.query(NEW + 1) == NOBODY  # a downgrade, which nobody allowed
    assert chips.state(chips.radio) is SessionState.FAILED
    assert chips.main.query(OLD) == offered(MAIN)


def test_what_waited_for_an_aborted_one_says_so_no_more() -> None:
    chips = Chips()
    chips.assign_both()
    chips.main.query(OLD)
    chips.radio.query(OLD)
    chips.desk.give(Abort(DEVICE, "stop", "test"))
    assert chips.state(chips.radio) is SessionState.ABORTED
    chips.desk.assign(RADIO)
    assert chips.radio.query(OLD) == offered(RADIO)


# --- several endpoints ----------------------------------------------------------------------------


def test_every_client_of_a_device_is_asked_on_its_own_endpoint() -> None:
    chips = Chips(apart=True)
    chips.main.query(OLD)
    chips.radio.query(OLD)
    chips.assign_both()
    chips.desk.sent.clear()
    chips.main.join()
    assert chips.asked() == [1, 2]


def test_a_client_the_radio_knows_of_is_asked_beside_those_that_were_heard() -> None:
    chips = Chips(apart=True)
    chips.main.query(OLD)
    chips.desk.sent.clear()
    chips.desk.give(Inquire(DEVICE, 2, 0x0104))
    assert chips.asked() == [1, 2]


@pytest.mark.parametrize(("of", "endpoint"), [(MAIN, 1), (RADIO, 2)])
def test_a_chip_is_notified_of_its_image_where_it_lives(of: object, endpoint: int) -> None:
    chips = Chips(apart=True)
    chips.main.query(OLD)
    chips.radio.query(OLD)
    chips.assign_both()
    chips.desk.wait(5.0)
    chips.desk.sent.clear()
    sha256 = (MAIN if of is MAIN else RADIO).sha256
    chips.desk.give(NotifyDevice(DEVICE, 3, sha256))
    assert chips.notified() == [endpoint]
    notify = decoded(chips.desk.to()[-1])
    assert isinstance(notify, ImageNotify)
    assert notify.image_type == (MAIN if of is MAIN else RADIO).image_type


def test_a_held_image_is_released_at_the_endpoint_of_its_own_client() -> None:
    chips = Chips(apart=True)
    chips.main.query(OLD)
    chips.desk.assign(RADIO, activation=Activation.WAIT)
    assert chips.radio.finish() == told(WAIT_FOR_EVER, RADIO)
    chips.desk.sent.clear()
    chips.desk.give(ApplyNow(DEVICE, "test"))
    (frame,) = chips.desk.to()
    assert (frame.destination_endpoint, decoded(frame)) == (2, told(0, RADIO))


def test_where_each_client_lives_and_what_it_runs_outlives_the_engine() -> None:
    chips = Chips(apart=True)
    chips.assign_both()
    chips.main.query(OLD, hardware=0x0102)
    chips.radio.query(OLD + 1)
    chips.desk.restart()
    seen = chips.desk.engine.device(DEVICE)
    assert seen is not None
    assert [
        (one.image_type, one.endpoint, one.file_version, one.hardware_version, one.source)
        for one in seen.firmwares
    ] == [
        (0x0109, 1, OLD, 0x0102, FirmwareSource.QUERY),
        (0x010A, 2, OLD + 1, None, FirmwareSource.QUERY),
    ]
    sessions = chips.desk.store.load().sessions
    assert {one.sha256: one.endpoint for one in sessions} == {MAIN.sha256: 1, RADIO.sha256: 2}


def test_a_client_that_moves_to_another_endpoint_is_spoken_to_there() -> None:
    chips = Chips()
    chips.desk.assign(MAIN)
    chips.main.query(OLD)
    chips.main.endpoint = 7
    chips.main.query(OLD)
    chips.desk.sent.clear()
    chips.desk.give(NotifyDevice(DEVICE))
    assert chips.notified() == [7]


# --- ends and refusals ----------------------------------------------------------------------------


def end_without_fields(client: Client, status: int) -> object:
    (answer,) = client.say(UpgradeEndRequest(status, None, None, None))
    return answer


def test_an_end_without_fields_is_of_the_one_image_that_is_under_way() -> None:
    chips = Chips()
    chips.assign_both()
    chips.main.query(OLD)
    chips.main.block(0)
    assert end_without_fields(chips.main, Status.INVALID_IMAGE) == ACKNOWLEDGED
    assert chips.state(chips.main) is SessionState.FAILED
    assert chips.state(chips.radio) is SessionState.ASSIGNED


def test_an_end_without_fields_that_may_be_of_two_is_nobodys() -> None:
    chips = Chips()
    chips.assign_both(activation=Activation.WAIT)
    chips.main.finish()
    chips.radio.finish()
    assert end_without_fields(chips.main, Status.INVALID_IMAGE) == ACKNOWLEDGED
    assert {chips.state(chips.main), chips.state(chips.radio)} == {SessionState.HELD}


def test_an_end_without_fields_is_of_a_client_at_its_own_endpoint() -> None:
    chips = Chips(apart=True)
    chips.main.query(OLD)
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    chips.radio.block(0)
    assert end_without_fields(chips.main, Status.INVALID_IMAGE) == ACKNOWLEDGED
    assert chips.state(chips.radio) is DOWNLOADING
    assert end_without_fields(chips.radio, Status.INVALID_IMAGE) == ACKNOWLEDGED
    assert chips.state(chips.radio) is SessionState.FAILED


def refusal(client: Client, sequence: int, command: int, status: int) -> None:
    client.sequence = (sequence - 1) & 0xFF
    client.say_general(DefaultResponse(command, status))


def test_a_refused_offer_is_of_the_image_that_was_offered_under_its_number() -> None:
    chips = Chips()
    chips.assign_both()
    chips.main.query(OLD)
    of_main = chips.main.sequence
    chips.desk.wait(130.0)
    assert chips.state(chips.main) is SessionState.STALLED
    chips.radio.sequence = 100
    assert isinstance(chips.radio.query(OLD), QueryNextImageResponse)
    assert chips.state(chips.radio) is OFFERED
    refusal(chips.radio, of_main, Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE)
    assert (chips.state(chips.main), chips.state(chips.radio)) == (SessionState.FAILED, OFFERED)


def test_a_refusal_from_another_endpoint_or_of_another_number_is_of_nothing() -> None:
    chips = Chips(apart=True)
    chips.desk.assign(RADIO)
    chips.radio.query(OLD)
    number = chips.radio.sequence
    refusal(chips.main, number, Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE)
    refusal(chips.radio, number + 9, Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE)
    assert chips.state(chips.radio) is OFFERED
    refusal(chips.radio, number, Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE)
    assert chips.state(chips.radio) is SessionState.FAILED


def test_a_chip_that_activates_by_command_only_says_so_of_itself_only() -> None:
    chips = Chips()
    chips.assign_both(activation=Activation.WAIT)
    chips.main.finish()
    of_main = chips.main.sequence
    chips.radio.sequence = 100
    chips.radio.finish()
    refusal(chips.radio, of_main, Command.UPGRADE_END_RESPONSE, Status.NOT_AUTHORIZED)
    assert chips.state(chips.main) is SessionState.AWAITING_COMMAND
    assert chips.state(chips.radio) is SessionState.HELD
