"""Answers that are taken, that are refused, and that answer something else."""

from dataclasses import replace

import pytest

from ota_engine.duis.requests import (
    ReadFirmwareVersion,
    ReadInventory,
    ServiceRequest,
    UpdateFirmware,
)
from ota_engine.duis.responses import (
    DccAlert,
    FirmwareWarning,
    HubActivation,
    Inventory,
    InventoryDevice,
    PreCommand,
    ResponseContent,
    ServiceResponse,
)
from ota_engine.errors import PeerError
from ota_engine.service_user.consent import SIGNED_VARIANT
from ota_engine.service_user.judging import AnswerJudgement, AnswerKind, judge
from tests.service_user.parties import (
    DISPLAY,
    HUB,
    NOW,
    SWITCH,
    answered,
    asked,
    response_id,
    transformed,
)

UPDATE = asked(UpdateFirmware(b"\0" * 60, "01010000", (SWITCH, DISPLAY)), None)
PPMIDS = asked(UpdateFirmware(b"\0" * 60, "01010000", (DISPLAY,), ppmid=True), None)
READ = asked(ReadFirmwareVersion())
HOME = asked(ReadInventory(SWITCH), None)
SECOND = replace(asked(), header=replace(asked().header, command_variant=SIGNED_VARIANT))
DEVICES = Inventory((InventoryDevice(SWITCH, "HCALCS"),))
WARNING = FirmwareWarning(invalid=(SWITCH,))


@pytest.mark.parametrize(
    ("request_", "answer", "kind", "awaited"),
    [
        (UPDATE, answered(UPDATE), AnswerKind.ACKNOWLEDGED, False),
        (UPDATE, answered(UPDATE, "I0"), AnswerKind.DONE, False),
        (UPDATE, answered(UPDATE, "W110101", WARNING), AnswerKind.PARTLY, False),
        (UPDATE, answered(UPDATE, "E110101"), AnswerKind.REFUSED, False),
        (READ, answered(READ), AnswerKind.ACKNOWLEDGED, True),
        (READ, answered(READ, "E19"), AnswerKind.REFUSED, False),
        (HOME, answered(HOME, "I0", DEVICES), AnswerKind.DONE, False),
        (asked(), transformed(asked()), AnswerKind.DONE, False),
        (SECOND, answered(SECOND), AnswerKind.ACKNOWLEDGED, True),
    ],
)
def test_an_answer_is_worth_what_its_code_says(
    request_: ServiceRequest, answer: ServiceResponse, kind: AnswerKind, awaited: bool
) -> None:
    found = judge(request_, answer)
    assert found == AnswerJudgement(kind, awaited)
    assert found.taken is (kind is not AnswerKind.REFUSED)


@pytest.mark.parametrize(
    ("request_", "code", "content", "said"),
    [
        (HOME, "I0", None, "has no Inventory"),
        (asked(), "I0", None, "has no PreCommand"),
        (UPDATE, "W110101", None, "has no FirmwareWarning"),
        (UPDATE, "I0", DEVICES, "has a Inventory, which does not go with it"),
        (UPDATE, "E110101", WARNING, "has a FirmwareWarning, which does not go with it"),
        (HOME, "W110101", WARNING, "has a FirmwareWarning, which does not go with it"),
        (READ, "I99", PreCommand("4.2", b"\0"), "has a PreCommand"),
        (PPMIDS, "W110401", FirmwareWarning(ppmid=False, invalid=(DISPLAY,)), "another service"),
        (
            PPMIDS,
            "W110401",
            FirmwareWarning(ppmid=True, in_progress=(DISPLAY, SWITCH)),
            "warns of 00-DB-12-34-00-00-00-03, which was not asked for",
        ),
    ],
)
def test_an_answer_that_contradicts_itself_is_none(
    request_: ServiceRequest, code: str, content: ResponseContent | None, said: str
) -> None:
    with pytest.raises(PeerError) as refused:
        judge(request_, answered(request_, code, content))
    assert said in str(refused.value)


def test_an_answer_to_another_request_is_none() -> None:
    with pytest.raises(PeerError, match=r"is to .*, not to "):
        judge(READ, answered(asked(ReadFirmwareVersion(), counter=7)))
    nameless = replace(answered(READ), request_id=None)
    with pytest.raises(PeerError, match="is to no request"):
        judge(READ, nameless)


def test_an_answer_about_another_service_is_none() -> None:
    with pytest.raises(PeerError, match=r"is about service 11\.3, not 11\.2"):
        judge(READ, answered(asked()))


def test_an_alert_is_no_answer() -> None:
    alert = ServiceResponse(
        "5.4",
        "I0",
        NOW,
        DccAlert("N64", HubActivation(HUB, "01010000")),
        READ.header.request_id,
        response_id(HUB),
    )
    with pytest.raises(PeerError, match="is no response, but an alert"):
        judge(READ, alert)
