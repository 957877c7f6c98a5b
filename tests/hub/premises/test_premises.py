"""What a hub tells of changes of tenancy and supplier: published, answered, kept, counted."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.records import OutcomeKind, PremisesReply, Verdict
from ota_engine.zcl.device_management import PublishChangeOfSupplier, PublishChangeOfTenancy, decode
from tests.hub.premises.desk import (
    CONSUMER,
    DEVICE,
    GET_SUPPLIER,
    GET_TENANCY,
    OTHER,
    SUPPLIER,
    UTC,
    ZIGBEE_UTC,
    Desk,
)

HOUR = 3600.0
NOT_FOUND, MALFORMED, UNKNOWN = 0x8B, 0x80, 0x81


def default(sequence: int, command: int, status: int) -> bytes:
    """A Default Response of the server."""
    return bytes((0x18, sequence, 0x0B, command, status))


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.join()
    return desk


def test_with_nothing_announced_both_questions_are_answered_not_found(desk: Desk) -> None:
    assert desk.ask(GET_TENANCY) == default(0x2A, GET_TENANCY, NOT_FOUND)
    assert desk.ask(GET_SUPPLIER) == default(0x2A, GET_SUPPLIER, NOT_FOUND)
    assert desk.wait(HOUR) == []


def test_a_question_is_answered_under_its_own_number_with_what_was_announced(desk: Desk) -> None:
    desk.announce(after=600.0, issuer_event_id=7, provider=3, tariff_type=2)
    answer = desk.ask(GET_TENANCY)
    assert answer[:3] == bytes((0x19, 0x2A, 0x00))
    assert decode(0, answer[3:], from_server=True) == PublishChangeOfTenancy(
        3, 7, 2, ZIGBEE_UTC + 600, CONSUMER
    )
    assert desk.ask(GET_SUPPLIER) == default(0x2A, GET_SUPPLIER, NOT_FOUND)


def test_a_change_of_supplier_names_the_next_one(desk: Desk) -> None:
    desk.announce(
        SUPPLIER,
        issuer_event_id=8,
        provider=1,
        proposed_provider=2,
        name=b"Bright",
        contact=b"0800 1",
    )
    answer = desk.ask(GET_SUPPLIER)
    assert decode(1, answer[3:], from_server=True) == PublishChangeOfSupplier(
        1, 8, 0, 2, 0, CONSUMER, b"Bright", b"0800 1"
    )


def test_what_is_announced_is_published_to_every_device_of_the_home(desk: Desk) -> None:
    desk.join(OTHER)
    desk.announce()
    sent = desk.wait(1.0)
    assert [one.destination for one in sent] == [DEVICE, OTHER]
    assert {one.payload[0] for one in sent} == {0x09}  # of the server; a Default Response is wanted
    assert len({one.payload[1] for one in sent}) == 2


def test_who_acknowledges_is_told_no_more_and_who_does_not_is_told_again(desk: Desk) -> None:
    desk.join(OTHER)
    desk.announce()
    first, _ = desk.wait(1.0)
    desk.acknowledge(first)
    again = desk.wait(24 * HOUR)
    assert {one.destination for one in again} == {OTHER}
    assert 5 <= len(again) <= 14  # after a minute, then ever more rarely
    assert desk.replies() == {DEVICE: PremisesReply.TAKEN}


def test_who_asks_is_told_no_more(desk: Desk) -> None:
    desk.announce()
    desk.ask(GET_TENANCY)
    assert desk.wait(24 * HOUR) == []
    assert desk.replies() == {DEVICE: PremisesReply.ASKED}


def test_an_answer_that_did_not_arrive_is_published(desk: Desk) -> None:
    desk.announce()
    desk.wait(1.0)
    desk.ask(GET_TENANCY)
    desk.lose(desk.sent[-1])
    (published,) = desk.wait(90.0)
    desk.acknowledge(published)
    assert desk.wait(24 * HOUR) == []


def test_a_device_without_the_cluster_is_left_alone_and_shown_as_refusing(desk: Desk) -> None:
    desk.announce(issuer_event_id=7)
    (sent,) = desk.wait(1.0)
    desk.acknowledge(sent, UNKNOWN)
    assert desk.wait(24 * HOUR) == []
    (outcome,) = desk.outcomes()
    assert (outcome.kind, outcome.verdict) == (OutcomeKind.TENANCY, Verdict.FAILED)
    assert outcome.reason == "refused the change of tenancy, event 7, with status 0x81"


def test_a_device_that_could_not_take_it_just_now_is_told_again(desk: Desk) -> None:
    desk.announce()
    (sent,) = desk.wait(1.0)
    desk.acknowledge(sent, 0x01)
    assert desk.replies() == {}
    assert len(desk.wait(90.0)) == 1


def test_who_fetched_it_is_an_outcome_and_a_line_of_the_audit_trail_once(desk: Desk) -> None:
    desk.announce(SUPPLIER, issuer_event_id=9)
    for _ in range(3):
        desk.ask(GET_SUPPLIER)
    (outcome,) = desk.outcomes()
    assert (outcome.device, outcome.kind, outcome.verdict) == (
        DEVICE,
        OutcomeKind.SUPPLIER,
        Verdict.SUCCEEDED,
    )
    assert outcome.key == f"supplier-9-{DEVICE:016x}-fetched"
    assert desk.audited() == [
        ("ann", "announce change of supplier"),
        ("device", "fetched change of supplier"),
    ]


def test_a_device_that_was_away_is_told_when_it_announces_itself(desk: Desk) -> None:
    desk.announce()
    desk.wait(30 * 24 * HOUR)
    desk.join()
    assert [one.destination for one in desk.wait(5.0)] == [DEVICE]


def test_a_device_asks_long_after_the_change_took_effect_and_is_answered(desk: Desk) -> None:
    desk.announce(after=60.0, issuer_event_id=7)
    desk.wait(60 * 24 * HOUR)
    assert desk.ask(GET_TENANCY)[3:11] == pack("<II", 0, 7)


# --- announcing -----------------------------------------------------------------------------------


def test_a_higher_event_replaces_a_lower_one_and_is_told_to_all_again(desk: Desk) -> None:
    desk.announce(issuer_event_id=7)
    desk.ask(GET_TENANCY)
    desk.announce(issuer_event_id=8)
    assert [one.payload[7:11] for one in desk.wait(1.0)] == [pack("<I", 8)]
    assert desk.replies() == {}


def test_the_same_announcement_again_changes_nothing(desk: Desk) -> None:
    for _ in range(2):
        desk.announce(after=600.0, issuer_event_id=7)
    assert desk.audited() == [("ann", "announce change of tenancy")]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"issuer_event_id": 6}, "is older than 7, which devices know of the tenancy"),
        ({"issuer_event_id": 7}, "is another announcement: give a higher event id"),
        ({"issuer_event_id": 1 << 32}, "cannot be sent"),
        ({"issuer_event_id": 9, "provider": -1}, "cannot be sent"),
        ({"issuer_event_id": 9, "after": -1e9}, "is no time a device understands"),
    ],
)
def test_what_cannot_be_announced_is_refused_in_one_line(
    desk: Desk, more: dict[str, object], words: str
) -> None:
    desk.announce(issuer_event_id=7, after=60.0)
    with pytest.raises(LocalError, match=words) as caught:
        desk.announce(**more)  # type: ignore[arg-type] # names checked at run time
    assert "\n" not in str(caught.value)
    assert desk.ask(GET_TENANCY)[7:11] == pack("<I", 7)


def test_a_number_that_nobody_gave_is_by_the_clock_and_above_the_last(desk: Desk) -> None:
    desk.announce()
    (status,) = desk.engine.premises_status()
    assert status.change.issuer_event_id == ZIGBEE_UTC
    desk.announce()
    (status,) = desk.engine.premises_status()
    assert status.change.issuer_event_id == ZIGBEE_UTC + 1


# --- taking back ----------------------------------------------------------------------------------


def test_a_change_that_is_taken_back_is_published_and_answered_as_such(desk: Desk) -> None:
    desk.announce(after=HOUR, issuer_event_id=7)
    desk.ask(GET_TENANCY)
    desk.cancel()
    (sent,) = desk.wait(1.0)
    assert sent.payload[3:] == pack("<IIBII", 0, 7, 0, 0xFFFFFFFF, CONSUMER)
    assert desk.ask(GET_TENANCY)[3:] == sent.payload[3:]


def test_one_that_never_heard_of_what_is_taken_back_is_content_too(desk: Desk) -> None:
    desk.announce(after=HOUR)
    desk.cancel()
    (sent,) = desk.wait(1.0)
    desk.acknowledge(sent, NOT_FOUND)
    assert desk.replies() == {DEVICE: PremisesReply.TAKEN}


def test_once_it_would_have_taken_effect_nobody_is_told_of_it_any_more(desk: Desk) -> None:
    desk.announce(after=HOUR)
    desk.cancel()
    desk.wait(2 * HOUR)
    assert desk.ask(GET_TENANCY) == default(0x2A, GET_TENANCY, NOT_FOUND)


def test_what_has_taken_effect_cannot_be_taken_back(desk: Desk) -> None:
    with pytest.raises(LocalError, match="no change of tenancy was announced"):
        desk.cancel()
    desk.announce(after=60.0)
    desk.wait(61.0)
    with pytest.raises(LocalError, match="the change of tenancy has taken effect"):
        desk.cancel()


# --- restarts, radio ------------------------------------------------------------------------------


def test_a_hub_that_was_restarted_goes_on_telling_those_who_have_not_heard(desk: Desk) -> None:
    desk.join(OTHER)
    desk.announce(issuer_event_id=7, after=HOUR)
    first, _ = desk.wait(1.0)
    desk.acknowledge(first)
    desk.restart()
    desk.join(DEVICE)
    desk.join(OTHER)
    assert [one.destination for one in desk.wait(5.0)] == [OTHER]
    assert desk.ask(GET_TENANCY)[7:11] == pack("<I", 7)
    assert desk.replies() == {DEVICE: PremisesReply.ASKED} | {DEVICE: PremisesReply.TAKEN}


def test_without_a_radio_nothing_is_sent_and_all_of_it_when_it_is_back(desk: Desk) -> None:
    desk.go_down()
    desk.announce()
    assert desk.wait(HOUR) == []
    desk.bring_up()
    assert [one.destination for one in desk.wait(1.0)] == [DEVICE]


# --- strange frames -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("01 2a 00 00", default(0x2A, 0x00, MALFORMED)),  # a question with a payload
        ("01 2a 03", default(0x2A, 0x03, UNKNOWN)),  # Get Site ID
        ("05 1d12 2a 00", bytes.fromhex("1c 1d12 2a 0b 00 81")),  # a manufacturer's
        ("00 2a 7f", default(0x2A, 0x7F, 0x82)),  # no such general command
        ("09 2a 00 00", None),  # from another server
        ("18 2a 0b 00 00", None),  # a Default Response to nothing
        ("01", None),
        ("", None),
    ],
)
def test_a_strange_frame_is_answered_as_zcl_wants_it(
    desk: Desk, frame: str, answer: bytes | None
) -> None:
    assert desk.say(frame) == ([] if answer is None else [answer])


def test_its_attributes_tell_of_what_stands(desk: Desk) -> None:
    desk.announce(after=600.0)
    (answer,) = desk.say("00 2a 00 0002 0102 fdff 0000")
    assert answer == bytes.fromhex("18 2a 01") + bytes.fromhex("0002 00 e2") + pack(
        "<I", ZIGBEE_UTC + 600
    ) + bytes.fromhex("0102 00 1b 00020000 fdff 00 21 0100 0000 86")


def test_a_device_that_asks_without_end_is_not_answered_without_end(desk: Desk) -> None:
    answered = sum(len(desk.say(bytes((0x01, n & 0xFF, 0x00)))) for n in range(1000))
    assert answered <= 20
    assert desk.engine.counters["frame_over_rate"] >= 980


@given(st.binary(max_size=60))
def test_any_octets_are_survived(octets: bytes) -> None:
    desk = Desk()
    desk.announce()
    answers = desk.say(octets)
    assert len(answers) <= 1
    assert all(len(answer) >= 3 for answer in answers)


def test_the_clock_of_the_desk_is_the_one_devices_count_by() -> None:
    assert int(UTC) - ZIGBEE_UTC == 946_684_800
