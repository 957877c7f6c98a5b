"""Versions asked for: each device in its own words, until one answer can be believed."""

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.meters import (
    GasVersionRequest,
    GasVersionResponse,
    ReceiptAlertGbz,
    VersionRequest,
    VersionResponse,
)
from ota_engine.gbcs.payloads import Payload, read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.gbcs.verification import CheckResult
from ota_engine.hub.activation.readings import TRIES
from ota_engine.hub.activation.requests import AskVersion
from ota_engine.records import CounterRecord
from tests.gbcs.parties import BROKER, ESME, GSME, HASH, NOW, SUPPLIER, VERSION, everyone
from tests.hub.activation.desk import DONE, OLD_VERSION, Client, Desk, ready

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
ECS52 = MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION
GCS38 = MessageCode.READ_GAS_FIRMWARE_VERSION
HOUR = 3600.0


def test_cs08_is_asked_by_the_broker_for_the_supplier() -> None:
    desk, client = ready()
    desk.read_version()
    (question,) = client.commands(CS08)
    authenticate(question, everyone(), now=NOW)
    assert (question.originator, question.other_information.party) == (BROKER, SUPPLIER)
    octets = client.report_version(VERSION)
    (outcome,) = desk.outcomes("version")
    assert (outcome.verdict, outcome.version_after, outcome.message) == (
        "succeeded",
        VERSION,
        octets,
    )
    assert outcome.verification == (CheckResult.ABSENT, CheckResult.VALID)
    assert [row.actor for row in desk.audits("read version")] == ["ann"]


def test_the_counter_of_a_question_is_stored_before_it_leaves() -> None:
    desk, client = ready()
    desk.batches.clear()
    desk.read_version()
    (question,) = client.commands(CS08)
    assert CounterRecord(Eui64(BROKER), question.counter) in desk.batches[0]


def test_a_device_that_cannot_read_its_version_fails_the_reading() -> None:
    desk, client = ready()
    desk.read_version()
    client.report_version(0, code=1)
    (outcome,) = desk.outcomes("version")
    assert (outcome.verdict, outcome.version_after) == ("failed", None)


@pytest.mark.parametrize(
    ("eui64", "code", "asked", "said"),
    [
        (ESME, ECS52, VersionRequest, VersionResponse(0, VERSION)),
        (GSME, GCS38, GasVersionRequest, GasVersionResponse(VERSION)),
    ],
)
def test_a_meter_is_asked_in_its_own_words_once_cs08_is_not_answered(
    eui64: int, code: MessageCode, asked: type, said: Payload
) -> None:
    desk = Desk()
    client = Client(desk, eui64)
    client.join()
    desk.read_version(Eui64(eui64))
    desk.wait(400.0)
    (question,) = client.commands(code)
    assert isinstance(read_payload(question), asked)
    if isinstance(said, VersionResponse):
        said = said._replace(invoke_id=question.counter & 0xFFFFFF)
    client.say(client.respond(question, said))
    assert [one.version_after for one in desk.outcomes("version")] == [VERSION]
    desk.read_version(Eui64(eui64))
    assert len(client.commands(code)) == 2, "from now on it is asked so at once"


def test_a_receipt_shows_how_a_device_is_to_be_asked() -> None:
    desk = Desk()
    client = Client(desk, GSME)
    client.join()
    said = ReceiptAlertGbz(AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL, NOW, HASH)
    client.say(client.tell(MessageCode.FIRMWARE_RECEIPT_GBZ, said))
    desk.read_version(Eui64(GSME))
    assert len(client.commands(GCS38)) == 1


def test_a_question_that_nobody_answers_ends() -> None:
    desk, client = ready()
    desk.read_version()
    desk.wait(6 * HOUR)
    assert len([one for one in client.inbox if one.cra == 1]) == TRIES
    (outcome,) = desk.outcomes("version")
    assert (outcome.verdict, outcome.reason, outcome.message) == ("failed", "no answer", b"")
    desk.wait(HOUR)
    assert len(client.inbox) == TRIES


def test_every_question_has_a_counter_of_its_own() -> None:
    desk, client = ready()
    desk.read_version()
    desk.wait(6 * HOUR)
    counters = [one.counter for one in client.inbox]
    assert len(set(counters)) == len(counters)
    assert counters == sorted(counters)


def test_two_who_ask_share_one_question() -> None:
    desk, client = ready()
    desk.read_version()
    desk.read_version()
    assert len(client.commands(CS08)) == 1
    client.report_version(VERSION)
    assert len(desk.outcomes("version")) == 1


def test_an_answer_to_an_earlier_question_is_not_taken_for_this_one() -> None:
    desk, client = ready()
    desk.read_version()
    first = client.report_version(OLD_VERSION)
    desk.read_version()
    client.say(first)
    assert len(desk.outcomes("version")) == 1
    client.report_version(VERSION)
    assert [one.version_after for one in desk.outcomes("version")] == [OLD_VERSION, VERSION]


def test_a_device_out_of_reach_is_asked_when_it_is_back() -> None:
    desk, client = ready()
    client.deaf = True
    desk.read_version()
    desk.wait(600.0)
    client.deaf = False
    client.join()
    desk.wait(60.0)
    client.report_version(VERSION)
    assert len(desk.outcomes("version")) == 1


def test_reading_between_two_tries_does_not_make_the_order_a_replay() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    desk.wait(300.0)
    order = desk.order()
    desk.read_version()
    client.deaf = False
    client.join()
    desk.wait(60.0)
    commands = [one for one in client.inbox if one.originator == SUPPLIER]
    assert [one.counter for one in commands] == [order.counter]
    client.answer(DONE)


def test_a_device_without_keys_is_not_asked() -> None:
    desk, _ = ready()
    with pytest.raises(LocalError, match="no key pair at hand"):
        desk.give(AskVersion(Eui64(1), "ann"))
