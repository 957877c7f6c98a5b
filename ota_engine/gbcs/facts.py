"""A GBCS message as plain values: what it says, field by field; knows no files or people."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs import household
from ota_engine.gbcs.alert_codes import alert_name
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.codes import (
    ActivationCode,
    PpmidActivationCode,
    ReadCode,
    TransferCode,
    name_of,
)
from ota_engine.gbcs.compose import moment_of
from ota_engine.gbcs.credentials import ReplaceCredentials
from ota_engine.gbcs.dlms import result_name
from ota_engine.gbcs.envelope import (
    DateTime,
    Message,
    OtherInformation,
    serialise_date_time,
)
from ota_engine.gbcs.gbz import status_name
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivateFirmware,
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    Payload,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.gbcs.use_cases import PARTY, parties_of, use_case_of
from ota_engine.gbcs.verification import Verification

OUTCOMES: Final[Mapping[type, type[IntEnum]]] = MappingProxyType(
    {
        ActivationOutcome: ActivationCode,
        VersionRead: ReadCode,
        FirmwareTransfer: TransferCode,
        PpmidActivation: PpmidActivationCode,
    }
)
NAMED: Final = MappingProxyType(
    {
        "code": "code_name",
        "alert_code": "alert_name",
        "result": "result_name",
        "status": "status_name",
    }
)
CLOCKS: Final = MappingProxyType(
    {0x00: "reliable", 0x01: "invalid", 0x02: "unreliable", 0xFF: "not stated"}
)
HEXADECIMAL: Final = frozenset(("alert_code", "attribute", "cluster"))
MALFORMED: Final = "Malformed"  # the type of a payload that is not what its use case demands
EUI64_FIELDS: Final = frozenset(("target",))


def facts_of(message: Message, found: Verification, keys: Keystore | None = None) -> dict[str, Any]:
    """The message as plain values; the keys are a contract of ``zota gbcs decode`` and of letters.

    Args:
        message: what to tell of.
        found: what its signature and MAC are worth.
        keys: whose certificates tell what role a party has, where the use case leaves it open.
    """
    use_case, parties = use_case_of(message.message_code), parties_of(message)
    return {
        "message_code": f"{message.message_code:04X}",
        "use_case": use_case.name or None,
        "title": use_case.title,
        "cra": message.cra.name.lower(),
        "sender": _role(message.originator, parties.sender, keys),
        "receiver": _role(message.recipient, parties.receiver, keys),
        "originator": format_eui64(message.originator),
        "recipient": format_eui64(message.recipient),
        "counter": message.counter,
        "other_information": _information(message.other_information),
        "date_time": None if message.date_time is None else _date_time(message.date_time),
        "payload": {"octets": message.payload.hex(), **_said(message)},
        "signature": str(found.signature),
        "mac": str(found.mac),
    }


def _role(eui64: int, by_use_case: str, keys: Keystore | None) -> str:
    """What a party is: by its certificate, else by the use case."""
    for use in KeyUse if keys is not None and by_use_case == PARTY else ():
        certificate = None if keys is None else keys.certificate(eui64, use)
        if certificate is not None and certificate.role is not None:
            return certificate.role.name.lower().replace("_", " ")
    return by_use_case


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
        "clock": CLOCKS.get(found.status, "unknown"),
        "octets": serialise_date_time(found).hex(),
    }


def _said(message: Message) -> dict[str, Any]:
    """What the payload says; a damaged one is shown with what is wrong, as its MAC may be too."""
    try:
        payload: Payload | household.HouseholdPayload = read_payload(message)
    except PeerError as error:
        return {"type": MALFORMED, "reason": str(error)}
    return _payload(household.read(message) if isinstance(payload, Opaque) else payload)


def _payload(payload: Payload | household.HouseholdPayload) -> dict[str, Any]:
    """A payload by its fields, each code with its name beside it, and what it comes to in words."""
    fields: dict[str, Any] = {"type": type(payload).__name__}
    for name, value in payload._asdict().items():
        if name == "octets":
            continue  # they stand beside the fields
        fields[name] = _value(name, value)
        if name in NAMED and value is not None and (named := _named(payload, name, value)):
            fields[NAMED[name]] = named
    return fields | _in_words(payload)


def _named(payload: object, name: str, code: int) -> str:
    """A code in words, as far as the payload says whose code it is."""
    if name == "alert_code":
        return alert_name(code)
    if name == "code":
        return name_of(code, OUTCOMES[type(payload)]) if type(payload) in OUTCOMES else ""
    if name == "result":
        return result_name(code)
    return status_name(code) if isinstance(code, int) else ""


def _in_words(payload: object) -> dict[str, Any]:
    """Whether and when: what a reader would have to conclude from a field that is not there."""
    if isinstance(payload, CommandAccepted):
        return {
            "accepted": True,
            "outcome": "follows in alert 00CA, unless this was a cancellation",
        }
    if isinstance(payload, ActivateFirmware | ReplaceCredentials):
        time = payload.execution_time
        if time == CANCELLATION_TIME:
            return {"when": "never", "cancels": True}
        return {"when": "now" if time is None else _moment(time)}
    return {}


def _value(name: str, value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, DateTime):
        return _date_time(value)
    if isinstance(value, ActivationOutcome):
        return _payload(value)
    if isinstance(value, tuple):
        return _record(value) if hasattr(value, "_asdict") else [_value(name, one) for one in value]
    return value if not isinstance(value, int) or isinstance(value, bool) else _number(name, value)


def _record(value: Any) -> dict[str, object]:
    """A part of a payload by its fields."""
    return {name: _value(name, part) for name, part in value._asdict().items()}


def _number(name: str, value: int) -> object:
    if name in EUI64_FIELDS:
        return format_eui64(value)
    if name == "firmware_version":
        return f"{value:08X}"
    return f"{value:04X}" if name in HEXADECIMAL else value


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
