"""Documents of every kind to a user, as values."""

from typing import Final

from images.eui64 import Eui64
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.duis.responses import (
    DccAlert,
    DccAlertContent,
    DeliveryStatus,
    DeviceAlert,
    DistributionFailure,
    DuisVersionMismatch,
    FutureDatedAlert,
    GbcsPayload,
    HubActivation,
    HubAlert,
    MeterPoints,
    PpmidAlert,
    ResponseBody,
    ResponseContent,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
    SuspensionChange,
    TransferAlert,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import Message, serialise
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
)
from ota_engine.gbcs.protection import protect
from tests.gbcs import parties
from tests.service_user.parties import (
    COUNTER,
    DISPLAY,
    HUB,
    NOW,
    SWITCH,
    USER,
    asked,
    pre_command,
    response_id,
)

POINTS: Final = MeterPoints("1234567890123")
VERSION: Final = 0x0101_0000
UPDATE_ID: Final = RequestId(USER, DSP, COUNTER)


def command() -> Message:
    return protect(pre_command(asked()), parties.everyone())


def activated(code: int = 0) -> bytes:
    """What a switch answers to an activation."""
    answer = compose.response(command(), ActivationOutcome(code, VERSION))
    return serialise(protect(answer, parties.everyone()))


def noted() -> bytes:
    return serialise(protect(compose.response(command(), CommandAccepted()), parties.everyone()))


def outcome() -> bytes:
    """What a switch says when the time of an activation has come."""
    payload = FutureDatedOutcome(
        AlertCode.FUTURE_DATED_COMMAND_ACTIONED,
        parties.LATER,
        COUNTER,
        ActivationOutcome(0, VERSION),
    )
    message = compose.alert(
        MessageCode.FIRMWARE_ACTIVATION_ALERT,
        payload,
        originator=SWITCH,
        recipient=USER,
        counter=9,
    )
    return serialise(protect(message, parties.everyone()))


def response(content: ResponseContent | None, code: str = "I0") -> ServiceResponse:
    return ServiceResponse(
        "5.4",
        code,
        NOW,
        ResponseMessage("11.3", "11.3", content),
        asked().header.request_id,
        response_id(SWITCH),
    )


def alert(body: ResponseBody, sender: Eui64 = DSP, counter: int = 1) -> ServiceResponse:
    return ServiceResponse("5.4", "I0", NOW, body, None, response_id(sender, counter))


def dcc(code: str, content: DccAlertContent, counter: int = 1) -> ServiceResponse:
    return alert(DccAlert(code, content), counter=counter)


DOCUMENTS: Final = (
    response(GbcsPayload(activated())),
    response(GbcsPayload(noted())),
    response(FutureDatedAlert(0x8F66, outcome())),
    response(None, "E20"),
    alert(DeviceAlert(0x8F72, outcome()), SWITCH),
    dcc("N60", DeliveryStatus(UPDATE_ID, HUB, SWITCH, "01010000", NOW, success=True)),
    dcc("N61", DeliveryStatus(UPDATE_ID, HUB, SWITCH, "01010000", NOW, success=False)),
    dcc(
        "N62",
        HubAlert(
            HUB, 0x8F8A, NOW, TransferAlert(SWITCH, "01010000", "FileTransferSuccess", UPDATE_ID)
        ),
    ),
    dcc("N62", HubAlert(HUB, 0x8F89)),
    dcc("N39", PpmidAlert(DISPLAY, 0x8F8B, NOW, "01010000")),
    dcc("N39", PpmidAlert(DISPLAY, 0x8F8B, NOW, "01010000", success=False)),
    dcc("N39", PpmidAlert(DISPLAY, 0x8F72)),
    dcc("N64", HubActivation(HUB, "01010000")),
    dcc("N49", VersionMismatch(SWITCH, "HCALCS", "01000000", "01010000")),
    dcc("N59", UpgradeRequested("PPMID", "01010000", (DISPLAY,))),
    dcc("N18", DistributionFailure(UPDATE_ID, (SWITCH, DISPLAY))),
    dcc("N28", SuspensionChange(SWITCH, suspended=True)),
    dcc("N29", SuspensionChange(SWITCH, suspended=False)),
    dcc("N27", SupplierChange(device=SWITCH, device_type="HCALCS", meter_points=POINTS)),
    dcc("N26", SupplierChange(request_id=asked().header.request_id, error="E20")),
    dcc("N999", DuisVersionMismatch("5.1", alert_code="N64", device=HUB)),
)
