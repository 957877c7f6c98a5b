"""The Communications Hub Function: a signed alert for every transfer, one image for each target."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import OTA_UPGRADE_CLUSTER, ClockObserved, LinkUp
from ota_engine.gbcs.codes import AlertCode, Cra, TransferCode
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import FirmwareTransfer, read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.delivery.commands import Abort, AddImage, Assign, Withdraw
from ota_engine.hub.delivery.upgrade_end import LONGEST_COUNTDOWN
from ota_engine.hub.engine import Engine
from ota_engine.hub.kernel.quirks import DEFAULT
from ota_engine.hub.push.commands import BeginPush
from ota_engine.records import (
    Activation,
    ImageRecord,
    OutcomeRecord,
    SessionState,
    VersionPolicy,
)
from ota_engine.times import Monotonic
from ota_engine.zcl.status import Status
from tests.gbcs.parties import BROKER, CHF, everyone
from tests.hub.activation.desk import security
from tests.hub.delivery import desk as delivery
from tests.hub.delivery.desk import DEVICE, NEW, OWN, UTC, Client, image, wish

OTHER = image(700, version=NEW + 1, image_type=0x0085)
NEXT = image(900, version=NEW + 1)


class Desk(delivery.Desk):
    """The delivery's desk with keys."""

    def __init__(self) -> None:
        super().__init__(up=False)
        self.engine = Engine(security=security())
        self.bring_up()

    def restart(self, *, after: float = 0.0) -> None:
        self.now += after
        self.engine = Engine(self.config, self.store.load(), security())
        self.bring_up()

    def told(self) -> list[FirmwareTransfer]:
        """What the hub told, every alert believed first."""
        found = []
        for outcome in self.alerts():
            message = parse(outcome.message)
            authenticate(message, everyone())
            assert (message.cra, message.originator) == (Cra.ALERT, CHF)
            assert message.recipient == BROKER
            said = read_payload(message)
            assert isinstance(said, FirmwareTransfer)
            assert said.target == outcome.device
            found.append(said)
        return found

    def alerts(self) -> list[OutcomeRecord]:
        return [one for one in self.store.outcomes() if one.kind == "alert"]

    def codes(self) -> list[int]:
        return [said.code for said in self.told()]


def ready(of: ImageRecord | None = None) -> tuple[Desk, Client]:
    desk = Desk()
    client = Client(desk, of=of)
    client.join()
    desk.assign(client.image, client.eui64)
    return desk, client


def test_a_transfer_that_succeeds() -> None:
    desk, client = ready()
    client.finish()
    (said,) = desk.told()
    assert said.alert_code == AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL
    assert (said.code, said.firmware_version) == (TransferCode.SUCCESS, NEW)
    assert said.time.timestamp() == int(UTC + desk.now)
    (outcome,) = desk.alerts()
    assert (outcome.verdict, outcome.sha256) == ("succeeded", client.image.sha256)


def test_a_transfer_that_fails() -> None:
    desk, client = ready()
    client.query()
    client.download()
    client.end(Status.INVALID_IMAGE)
    (said,) = desk.told()
    assert said.alert_code == AlertCode.FIRMWARE_TRANSFER_FAILED
    assert said.code == TransferCode.TRANSFER_FAILURE
    assert [one.verdict for one in desk.alerts()] == ["failed"]


def test_hardware_the_image_is_not_for() -> None:
    desk, client = ready(image(hardware=(2, 3)))
    client.query(hardware=1)
    assert desk.codes() == [TransferCode.HARDWARE_VERSION_MISMATCH]


def test_an_image_dropped_before_the_device_had_it() -> None:
    desk, client = ready()
    client.query()
    desk.give(Withdraw(DEVICE, client.image.sha256, "ann"))
    assert desk.codes() == [TransferCode.IMAGE_DISCARDED]


def test_an_image_that_a_new_push_supersedes() -> None:
    desk, client = ready()
    client.query()
    newer = image(900, version=NEW + 1, seed=7)
    desk.give(BeginPush((newer,), (DEVICE,), False, VersionPolicy.UPGRADE, Activation.IMMEDIATE))
    assert desk.codes() == [TransferCode.IMAGE_DISCARDED]
    (alert,) = desk.alerts()
    assert alert.sha256 == client.image.sha256
    told = [one for one in desk.store.outcomes() if one.kind == "transfer"]
    assert [(one.verdict, one.reason) for one in told] == [("failed", "a new push begins")]


def test_a_download_aborted_by_a_person() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Abort(DEVICE, "wrong image", "ann"))
    assert desk.codes() == [TransferCode.IMAGE_DISCARDED]


def test_what_the_device_holds_already_is_not_discarded_by_the_hub() -> None:
    desk, client = ready()
    client.finish()
    desk.give(Withdraw(DEVICE, client.image.sha256, "ann"))
    assert desk.codes() == [TransferCode.SUCCESS]


def test_the_alert_is_committed_with_the_outcome_of_the_transfer() -> None:
    desk, client = ready()
    client.query()
    client.download()
    effects = desk.engine.handle(
        client.frame(bytes.fromhex("011506001d128400") + NEW.to_bytes(4, "little")), desk.now
    )
    kinds = [one.kind for one in effects[0].records if isinstance(one, OutcomeRecord)]  # type: ignore[union-attr] # rows come first
    assert sorted(kinds) == ["alert", "transfer"]


def test_an_end_told_twice_is_one_alert_also_across_a_restart() -> None:
    desk, client = ready()
    client.finish()
    client.end()
    desk.restart()
    client.join()
    client.end()
    client.report(NEW)
    assert desk.codes() == [TransferCode.SUCCESS]


def test_a_transfer_that_was_told_draws_no_counter_again_when_a_device_given_up_comes_back() -> (
    None
):
    desk, client = ready()
    client.finish()
    desk.wait(LONGEST_COUNTDOWN + DEFAULT.restart_for + 1.0)
    assert desk.state() is SessionState.FAILED
    desk.restart(after=60.0)
    drawn = desk.store.load().counters
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert desk.store.load().counters == drawn
    assert desk.codes() == [TransferCode.SUCCESS]


def test_every_attempt_has_an_alert_of_its_own() -> None:
    desk, client = ready()
    for _ in range(2):
        client.query()
        client.download()
        client.end(Status.INVALID_IMAGE)
        desk.wait(7200.0)
    assert desk.codes() == [TransferCode.TRANSFER_FAILURE] * 2
    counters = [parse(one.message).counter for one in desk.alerts()]
    assert counters == sorted(set(counters))


def test_an_attempt_that_ended_by_a_word_that_was_not_true_has_an_alert_of_its_own() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    client.report(NEW)
    assert desk.codes() == []
    client.finish()
    assert desk.codes() == [TransferCode.TRANSFER_FAILURE, TransferCode.SUCCESS]


def test_counters_of_the_hub_go_on_across_a_restart_with_the_clock_set_back() -> None:
    desk, client = ready()
    client.finish()
    desk.restart(after=1.0)
    desk.utc_offset -= 86_400.0
    desk.tell_time()
    client.join()
    desk.assign(NEXT, client.eui64)
    desk.give(Abort(DEVICE, "why", "ann"))
    first, second = (parse(one.message).counter for one in desk.alerts())
    assert second > first


# --- one image for each target --------------------------------------------------------------------


@pytest.mark.parametrize("another", [NEXT, OTHER], ids=["same type", "other type"])
def test_an_image_on_its_way_is_replaced_by_force_only(another: ImageRecord) -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(AddImage(another, "ann"))
    with pytest.raises(LocalError, match=r"one is stored for each device.*by force"):
        desk.give(Assign(wish(another), "ann"))
    assert desk.codes() == []
    desk.give(Assign(wish(another), "ann", force=True))
    assert desk.codes() == [TransferCode.IMAGE_DISCARDED]
    assert [status.sha256 for status in desk.engine.status()] == [another.sha256]


def test_the_image_of_another_target_is_not_in_the_way() -> None:
    desk, _ = ready()
    other = Client(desk, Eui64(0x55))
    other.join()
    desk.assign(other.image, other.eui64)
    assert desk.codes() == []


def test_what_the_device_holds_is_not_in_the_way() -> None:
    desk, client = ready()
    client.finish()
    desk.assign(OTHER)
    assert desk.codes() == [TransferCode.SUCCESS]


def test_the_same_image_again_is_not_in_the_way() -> None:
    desk, client = ready()
    client.query()
    desk.assign(client.image)
    assert desk.codes() == []


# --- without a hub --------------------------------------------------------------------------------


def test_without_a_hub_nothing_is_told_and_images_are_replaced_as_ever() -> None:
    desk = delivery.Desk(up=False)
    desk.engine = Engine(security=replace(security(), hub=None))
    desk.bring_up()
    client = Client(desk)
    client.join()
    desk.assign(client.image)
    client.query()
    desk.assign(NEXT)
    desk.give(Abort(DEVICE, "why", "ann"))
    assert [one.kind for one in desk.store.outcomes()] == ["transfer"] * 2


def test_an_engine_with_keys_still_serves_blocks_by_the_same_way() -> None:
    engine = Engine(security=security())
    engine.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    engine.handle(LinkUp("test", OWN, 82, False, Monotonic(0.0)), Monotonic(0.0))
    assert engine._clusters[OTA_UPGRADE_CLUSTER] == engine.delivery.receive
