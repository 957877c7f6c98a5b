"""What a document says, in words for people and as plain values for programs; knows no file or key.

What a device signed is told from its own message, not from what the head end says of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from images.eui64 import format_eui64
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import (
    DccAlert,
    DeliveryStatus,
    DeviceAlert,
    DistributionFailure,
    DuisVersionMismatch,
    FirmwareWarning,
    FutureDatedAlert,
    GbcsPayload,
    HubActivation,
    HubAlert,
    Inventory,
    PpmidAlert,
    PreCommand,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
    SuspensionChange,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.errors import PeerError
from ota_engine.gbcs.alert_codes import alert_name
from ota_engine.gbcs.codes import (
    ActivationCode,
    PpmidActivationCode,
    ReadCode,
    TransferCode,
    name_of,
)
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.facts import facts_of
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.use_cases import use_case_of
from ota_engine.wording import counted, one_line

EUI64_FIELDS: Final = frozenset(
    (
        "device",
        "devices",
        "hub",
        "invalid",
        "not_commissioned",
        "not_applicable",
        "in_progress",
        "wrong_gbcs",
    )
)
#: The lists of a warning in words, in the order documents have them.
PASSED_OVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "invalid": "unknown or of another type",
        "not_commissioned": "not commissioned",
        "not_applicable": "not what the image is for",
        "in_progress": "in another request",
        "wrong_gbcs": "of a GBCS version that cannot",
    }
)


# --- in words -------------------------------------------------------------------------------------


def say(document: ServiceResponse) -> str:
    """Say in one line what a document tells beyond its code."""
    body = document.body
    if isinstance(body, DeviceAlert):
        return one_line(f"{alert_name(body.alert_code)}: {say_message(body.payload)}")
    content: object = body.content
    if content is None:
        return "no details"
    return one_line(_SAYINGS[type(content)](content))


def say_message(octets: bytes) -> str:
    """Say in one line what a GBCS message tells."""
    try:
        message = parse(octets)
    except PeerError as error:
        return f"no GBCS message ({error})"
    use_case = use_case_of(message.message_code)
    name = use_case.name or f"message {message.message_code:04X}"
    said = _payload(message) or use_case.title
    return f"{name} {message.cra.name.lower()}: {said}"


def message_of(document: ServiceResponse) -> Message | None:
    """The device's message in a document; None where there is none, or it is none of GBCS."""
    body = document.body
    content = body.content if isinstance(body, ResponseMessage) else body
    if not isinstance(content, GbcsPayload | FutureDatedAlert | DeviceAlert | PreCommand):
        return None
    try:
        return parse(content.payload)
    except PeerError:
        return None


def _payload(message: Message) -> str:
    try:
        payload = read_payload(message)
    except PeerError as error:
        return f"malformed, {error}"
    saying = _MESSAGES.get(type(payload))
    return "" if saying is None else saying(payload)


def _outcome(found: ActivationOutcome) -> str:
    named = name_of(found.code, ActivationCode)
    return f"{named}, it runs {_version(found.firmware_version)}"


def _version(version: int) -> str:
    return f"{version:08X}"


def _read(found: VersionRead) -> str:
    if found.code != ReadCode.SUCCESS:
        return name_of(found.code, ReadCode)
    return f"it runs {_version(found.firmware_version)}"


_MESSAGES: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {
        CommandAccepted: lambda _: "noted, its outcome follows",
        ActivationOutcome: _outcome,
        FutureDatedOutcome: lambda found: _outcome(found.outcome),
        VersionRead: _read,
        FirmwareTransfer: lambda found: (
            f"{_version(found.firmware_version)} to {format_eui64(found.target)}:"
            f" {name_of(found.code, TransferCode)}"
        ),
        PpmidActivation: lambda found: (
            f"{name_of(found.code, PpmidActivationCode)}, it runs {_version(found.firmware_version)}"
        ),
    }
)


def _warning(found: FirmwareWarning) -> str:
    lists = (
        f"{counted(len(listed), 'device')} {words}"
        for name, words in PASSED_OVER.items()
        if (listed := getattr(found, name))
    )
    return ", ".join(lists) or "nothing is passed over"


def _suspension(found: SuspensionChange) -> str:
    said = "is suspended" if found.suspended else "is no longer suspended"
    return f"{format_eui64(found.device)} {said}"


def _delivery(found: DeliveryStatus) -> str:
    said = "has arrived for" if found.success else "could not be delivered to"
    return f"{found.version} {said} {format_eui64(found.device)}"


def _hub_alert(found: HubAlert) -> str:
    said = f"hub {format_eui64(found.hub)}: {alert_name(found.alert_code)}"
    if found.transfer is None:
        return said
    transfer = found.transfer
    return f"{transfer.version} to {format_eui64(transfer.device)}: {transfer.code}"


def _ppmid(found: PpmidAlert) -> str:
    device = format_eui64(found.device)
    if not found.version:
        return f"{device}: {alert_name(found.alert_code)}"
    said = "runs" if found.success else "could not be brought to run"
    return f"{device} {said} {found.version}"


def _supplier_change(found: SupplierChange) -> str:
    device = found.device if found.request_id is None else found.request_id.target
    named = "the device" if device is None else format_eui64(device)
    if found.error:
        return f"{named} keeps its supplier: {found.error}"
    return f"{named} has another supplier"


_SAYINGS: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {
        FirmwareWarning: _warning,
        PreCommand: lambda found: f"pre-command of {len(found.payload)} octets, to be signed",
        GbcsPayload: lambda found: say_message(found.payload),
        FutureDatedAlert: lambda found: say_message(found.payload),
        Inventory: lambda found: counted(len(found.devices), "device"),
        DeliveryStatus: _delivery,
        HubAlert: _hub_alert,
        PpmidAlert: _ppmid,
        HubActivation: lambda found: f"hub {format_eui64(found.hub)} runs {found.version}",
        VersionMismatch: lambda found: (
            f"{format_eui64(found.device)} says {found.reported}, the inventory {found.inventory}"
        ),
        UpgradeRequested: lambda found: (
            f"another supplier ordered {found.version} for {counted(len(found.devices), 'device')}"
        ),
        DistributionFailure: lambda found: (
            f"cannot be given out for {counted(len(found.devices), 'device')}"
        ),
        SuspensionChange: _suspension,
        SupplierChange: _supplier_change,
        DuisVersionMismatch: lambda found: (
            f"DUIS {found.user_version} cannot say it: write a later version"
        ),
    }
)


# --- as plain values ------------------------------------------------------------------------------


def document_facts(document: ServiceResponse, keys: Keystore | None = None) -> dict[str, Any]:
    """A document as plain values, with its GBCS message decoded.

    Args:
        document: what came.
        keys: to find out what signature and MAC of the message are worth.
    """
    body = document.body
    content = body.content if isinstance(body, ResponseMessage | DccAlert) else body
    return {
        "code": document.code,
        "utc": moment_text(document.utc),
        "request_id": None if document.request_id is None else document.request_id.text,
        "response_id": None if document.response_id is None else document.response_id.text,
        "service": body.variant if isinstance(body, ResponseMessage) else None,
        "alert": body.code if isinstance(body, DccAlert) else None,
        "type": None if content is None else type(content).__name__,
        "content": None if content is None else _plain("content", content),
        "says": say(document),
        "gbcs": _gbcs(getattr(content, "payload", None), keys or Keystore()),
    }


def moment_text(utc: float) -> str:
    """Write a moment as documents do, with milliseconds."""
    moment = datetime.fromtimestamp(round(utc, 3), UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _gbcs(octets: bytes | None, keys: Keystore) -> dict[str, Any] | None:
    if octets is None:
        return None
    try:
        message = parse(octets)
    except PeerError as error:
        return {"unreadable": str(error)}
    return facts_of(message, check(message, keys), keys)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, tuple) and not isinstance(value, RequestId):
        return [_plain(name, one) for one in value]
    if is_dataclass(value):
        return {one.name: _plain(one.name, getattr(value, one.name)) for one in fields(value)}
    return value if value is None else _leaf(name, value)


def _leaf(name: str, value: Any) -> Any:
    if isinstance(value, RequestId):
        return value.text
    if isinstance(value, bytes):
        return value.hex()
    if name in EUI64_FIELDS:
        return format_eui64(value)
    if name == "alert_code" and isinstance(value, int):
        return f"{value:04X}"
    return moment_text(value) if name.endswith("utc") else value
