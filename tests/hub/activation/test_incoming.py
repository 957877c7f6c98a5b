"""What devices send unasked: believed and passed on, or audited and without effect."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.meters import ReceiptAlertDlms, ReceiptAlertGbz
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
)
from ota_engine.gbcs.protection import sign
from ota_engine.gbcs.verification import CheckResult
from ota_engine.records import OrderState
from tests.gbcs.parties import (
    BROKER,
    ESME,
    GSME,
    HASH,
    LATER,
    NOW,
    PPMID,
    VERSION,
    all_messages,
    everyone,
)
from tests.hub.activation.desk import DONE, UTC, Client, Desk, image, ready

HOUR = 3600.0
GOOD = AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL
TORN = AlertCode.FIRMWARE_VERIFICATION_FAILED


def desk_with(eui64: int) -> tuple[Desk, Client]:
    desk = Desk()
    desk.add(image())
    client = Client(desk, eui64)
    client.join()
    client.query()
    return desk, client


def receipt(code: int) -> Payload:
    return ReceiptAlertDlms(code, 1, compose.device_time(NOW), HASH)


@pytest.mark.parametrize(
    ("eui64", "message_code", "payload", "verdict", "reason"),
    [
        (ESME, 0xCE, receipt(GOOD), "succeeded", "firmware verification successful"),
        (ESME, 0xCE, receipt(TORN), "failed", "firmware verification failed"),
        (GSME, 0xCF, ReceiptAlertGbz(GOOD, NOW, HASH), "succeeded", "firmware verification successful"),
        (GSME, 0xCF, ReceiptAlertGbz(TORN, NOW, HASH), "failed", "firmware verification failed"),
    ],
)  # fmt: skip
def test_a_receipt_is_an_outcome_about_its_image(
    eui64: int, message_code: int, payload: Payload, verdict: str, reason: str
) -> None:
    desk, client = desk_with(eui64)
    octets = client.tell(MessageCode(message_code), payload)
    client.say(octets)
    (outcome,) = desk.outcomes("alert")
    assert (outcome.verdict, outcome.reason, outcome.message) == (verdict, reason, octets)
    assert (outcome.device, outcome.sha256) == (eui64, image().sha256)
    assert outcome.verification == (CheckResult.VALID, CheckResult.ABSENT)


@pytest.mark.parametrize(("code", "verdict"), [(0, "succeeded"), (1, "failed")])
def test_a_ppmid_tells_what_it_runs(code: int, verdict: str) -> None:
    desk, client = desk_with(PPMID)
    payload = PpmidActivation(AlertCode.PPMID_FIRMWARE_ACTIVATION, NOW, VERSION, code)
    client.say(client.tell(MessageCode.PPMID_ACTIVATION_ALERT, payload, BROKER))
    (outcome,) = desk.outcomes("alert")
    assert (outcome.verdict, outcome.version_after) == (verdict, VERSION)


def test_an_alert_twice_is_one_outcome() -> None:
    desk, client = desk_with(ESME)
    octets = client.tell(MessageCode.FIRMWARE_RECEIPT_DLMS, receipt(GOOD))
    client.say(octets)
    client.say(octets)
    desk.restart()
    client.say(octets)
    assert len(desk.outcomes()) == 1


def test_an_alert_of_another_kind_is_passed_on_as_it_came() -> None:
    from ota_engine.gbcs.opaque import Opaque

    desk, client = desk_with(ESME)
    octets = client.tell(MessageCode.CRITICAL_ALERT, Opaque(b"\x01\x02"))
    client.say(octets)
    (outcome,) = desk.outcomes("alert")
    assert (outcome.reason, outcome.message) == ("critical alert", octets)


# --- not to be believed -------------------------------------------------------------------------


def disbelieved(desk: Desk, because: str) -> None:
    (row,) = desk.audits("message not believed")
    assert because in json.loads(row.detail)["reason"]
    assert row.actor == "device"
    assert desk.outcomes() == []


@pytest.mark.parametrize("octets", [b"\xdf", b"hello", bytes(200)])
def test_octets_that_are_no_message_never_come_out_of_a_tunnel(octets: bytes) -> None:
    desk, client = ready()
    client.say(octets)
    assert desk.outcomes() == []
    assert desk.audits("message not believed") == []


def test_an_alert_for_an_order_we_never_gave() -> None:
    desk, client = ready()
    said = FutureDatedOutcome(AlertCode.FUTURE_DATED_COMMAND_ACTIONED, LATER, 77, DONE)
    client.say(client.tell(MessageCode.FIRMWARE_ACTIVATION_ALERT, said))
    disbelieved(desk, "counter 77, which is of no order we gave")


def test_an_answer_that_comes_from_another_device() -> None:
    desk, client = ready()
    other = Client(desk, PPMID)
    other.join()
    desk.activate()
    (command,) = client.commands()
    other.say(client.respond(command, DONE))
    disbelieved(desk, "a message of 00-DB-12-34-00-00-00-03")
    assert desk.state() is OrderState.SENT


def test_an_answer_signed_by_another_device() -> None:
    desk, client = ready()
    desk.activate()
    (command,) = client.commands()
    answer = compose.response(command, DONE, compose.device_time(NOW))
    stranger = sign(answer._replace(originator=PPMID), everyone())
    client.say(serialise(answer._replace(signature=stranger.signature)))
    disbelieved(desk, "the signature is not that of 00-DB-12-34-00-00-00-03")
    assert desk.state() is OrderState.SENT


def test_an_unsigned_answer() -> None:
    desk, client = ready()
    desk.activate()
    answer = compose.response(client.commands()[0], DONE, compose.device_time(NOW))
    client.say(serialise(answer._replace(signature=b"")))
    disbelieved(desk, "it is not signed")


def test_a_command_of_a_device_to_the_hub() -> None:
    desk, client = desk_with(PPMID)
    client.say(serialise(all_messages()["CS08"]._replace(originator=PPMID)))
    disbelieved(desk, "has no role that may give this command")


def test_an_answer_to_a_question_never_asked() -> None:
    desk, client = desk_with(PPMID)
    client.say(serialise(all_messages()["CS08 answer"]))
    disbelieved(desk, "counter 1300, under which it was asked nothing")


def test_an_alert_that_contradicts_itself() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    (command,) = client.commands()
    time = compose.moment_of(compose.device_time(client.moment()))
    assert time is not None
    lie = FutureDatedOutcome(
        AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED, time, command.counter, DONE
    )
    client.say(client.tell(MessageCode.FIRMWARE_ACTIVATION_ALERT, lie))
    disbelieved(desk, "the alert contradicts itself")


def test_a_certificate_that_is_not_valid_yet() -> None:
    desk = Desk(up=False)
    desk.utc_offset = UTC - 10 * 365 * 86_400.0  # and trusted: no earlier run knows better
    desk.bring_up()
    client = Client(desk)
    client.join()
    desk.activate()
    client.answer(DONE)
    disbelieved(desk, "is not valid at 2016-01-04")
    assert desk.state() is OrderState.SENT


def test_a_clock_in_doubt_checks_no_validity() -> None:
    desk, client = ready()
    desk.activate()
    octets = client.respond(client.commands()[0], DONE)
    desk.tell_time(-10 * 365 * 86_400.0)
    client.say(octets)
    assert desk.state() is OrderState.ACTIVATED


def test_a_flood_of_nonsense_does_not_fill_the_audit_trail() -> None:
    desk, client = desk_with(PPMID)
    for _ in range(100):
        client.say(serialise(all_messages()["CS08 answer"]))
    assert len(desk.audits("message not believed")) == 1
    assert desk.engine.counters["messages_not_believed"] == 100
    desk.wait(61.0)
    client.say(serialise(all_messages()["CS08 answer"]))
    assert len(desk.audits("message not believed")) == 2


DESK, CLIENT = ready()
DESK.activate()
ANSWER = CLIENT.respond(CLIENT.commands()[0], ActivationOutcome(0, VERSION))


@given(st.data())
def test_a_flipped_bit_anywhere_changes_nothing(data: st.DataObject) -> None:
    octets = bytearray(ANSWER)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    CLIENT.say(bytes(octets))
    assert DESK.engine.orders()[0].state in {OrderState.SENT, OrderState.COMMITTED}
    assert DESK.outcomes() == []
