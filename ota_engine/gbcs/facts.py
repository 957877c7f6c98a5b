"""A GBCS message as plain values: what it says, field by field; knows no keys, files or people."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import (
    USE_CASES,
    ActivationCode,
    AlertCode,
    PpmidActivationCode,
    ReadCode,
    TransferCode,
    name_of,
)
from ota_engine.gbcs.compose import moment_of
from ota_engine.gbcs.envelope import (
    DateTime,
    Message,
    OtherInformation,
    serialise_date_time,
)
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    FirmwareTransfer,
    Payload,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.gbcs.verification import Verification

OUTCOMES: Final[Mapping[type, type[IntEnum]]] = MappingProxyType(
    {
        ActivationOutcome: ActivationCode,
        VersionRead: ReadCode,
        FirmwareTransfer: TransferCode,
        PpmidActivation: PpmidActivationCode,
    }
)
NAMED: Final = MappingProxyType({"code": "code_name", "alert_code": "alert_name"})
MALFORMED: Final = "Malformed"  # the type of a payload that is not what its use case demands
EUI64_FIELDS: Final = frozenset(("target",))


def facts_of(message: Message, found: Verification) -> dict[str, Any]:
    """The message as plain values; the keys are a contract of ``zota gbcs decode`` and of letters."""
    use_case = USE_CASES.get(message.message_code)
    return {
        "message_code": f"{message.message_code:04X}",
        "use_case": None if use_case is None else use_case.name,
        "cra": message.cra.name.lower(),
        "originator": format_eui64(message.originator),
        "recipient": format_eui64(message.recipient),
        "counter": message.counter,
        "other_information": _information(message.other_information),
        "date_time": None if message.date_time is None else _date_time(message.date_time),
        "payload": {"octets": message.payload.hex(), **_said(message)},
        "signature": str(found.signature),
        "mac": str(found.mac),
    }


def _information(information: OtherInformation) -> dict[str, Any]:
    party, certificate = information.party, information.certificate
    return {
        "message_code": f"{information.message_code:04X}",
        "party": None if party is None else format_eui64(party),
        "party_counter": information.party_counter,
        "originator_counter": information.originator_counter,
        "certificate": None if certificate is None else certificate.hex(),
    }


def _date_time(found: DateTime) -> dict[str, str | None]:
    """The moment, None where a part is unspecified; the status of the clock; the octets."""
    moment = moment_of(found)
    return {
        "time": None if moment is None else _moment(moment),
        "clock_status": f"{found.status:02X}",
        "octets": serialise_date_time(found).hex(),
    }


def _said(message: Message) -> dict[str, Any]:
    """What the payload says; a damaged one is shown with what is wrong, as its MAC may be too."""
    try:
        return _payload(read_payload(message))
    except PeerError as error:
        return {"type": MALFORMED, "reason": str(error)}


def _payload(payload: Payload) -> dict[str, Any]:
    """A payload by its fields, each code with its name beside it."""
    fields: dict[str, Any] = {"type": type(payload).__name__}
    for name, value in payload._asdict().items():
        fields[name] = _value(name, value)
        if name == "code" and type(payload) in OUTCOMES:
            fields[NAMED[name]] = name_of(value, OUTCOMES[type(payload)])
        if name == "alert_code":
            fields[NAMED[name]] = name_of(value, AlertCode)
    if getattr(payload, "execution_time", None) == CANCELLATION_TIME:
        fields["cancels"] = True
    return fields


def _value(name: str, value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, DateTime):
        return _date_time(value)
    if isinstance(value, ActivationOutcome):
        return _payload(value)
    return value if not isinstance(value, int) else _number(name, value)


def _number(name: str, value: int) -> object:
    if name in EUI64_FIELDS:
        return format_eui64(value)
    if name == "firmware_version":
        return f"{value:08X}"
    return f"{value:04X}" if name in {"alert_code", "attribute"} else value


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
