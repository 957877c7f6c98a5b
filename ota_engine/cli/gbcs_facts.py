"""A GBCS message as plain values and as text for people; knows no files, keys or exit codes."""

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from rich.console import Console
from rich.text import Text

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
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    FirmwareTransfer,
    Payload,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.gbcs.protection import Checks

LABEL_WIDTH: Final = 26  # characters
WRAPPED: Final = 64  # hex digits to a line
STYLES: Final = {"valid": "bold green", "invalid": "bold red", "no-key": "yellow", "absent": "dim"}
MEANINGS: Final = {
    "valid": "made with the keys at hand",
    "invalid": "not made with the keys of this leg, or changed afterwards",
    "no-key": "no key at hand to check it with",
    "absent": "the message carries none",
}
OUTCOMES: Final[dict[type, type[IntEnum]]] = {
    ActivationOutcome: ActivationCode,
    VersionRead: ReadCode,
    FirmwareTransfer: TransferCode,
    PpmidActivation: PpmidActivationCode,
}
NAMED: Final = {"code": "code_name", "alert_code": "alert_name"}
HIDDEN: Final = frozenset(("octets", "type", *NAMED.values()))  # from people, not from JSON
MALFORMED: Final = "Malformed"
EUI64_FIELDS: Final = frozenset(("target",))


def as_json(message: Message, checks: Checks) -> dict[str, Any]:
    """The message as plain values; the keys are part of the command's contract."""
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
        "signature": str(checks.signature),
        "mac": str(checks.mac),
    }


def print_text(facts: dict[str, Any], size: int) -> None:
    """Print the same for people: what it is, between whom, what it says, what it is worth."""
    console = Console(highlight=False, soft_wrap=True)
    title = USE_CASES.get(int(facts["message_code"], 16))
    console.print(
        Text.assemble(
            (f"{facts['use_case'] or 'unknown use case'} {facts['cra']}", "bold"),
            f"  {title.title if title is not None else 'payload not read'}, {size} octets",
        )
    )
    for name in ("message_code", "originator", "recipient", "counter"):
        _line(console, name, str(facts[name]))
    for name, value in facts["other_information"].items():
        if name != "message_code" and value is not None:
            _line(console, name, str(value))
    if facts["date_time"] is not None:
        _line(console, "date_time", _clock(facts["date_time"]))
    for name, value in _flat(facts["payload"]):
        _line(console, name, value)
    for name in ("signature", "mac"):
        verdict = facts[name]
        _line(console, name, verdict, STYLES[verdict], f"  {MEANINGS[verdict]}")


def _line(console: Console, name: str, value: str, style: str = "", after: str = "") -> None:
    label = f"  {name.replace('_', ' '):{LABEL_WIDTH}}"
    pieces = [value[at : at + WRAPPED] for at in range(0, len(value), WRAPPED)] or [""]
    console.print(Text.assemble((label, "cyan"), (pieces[0], style), (after, "dim")))
    for piece in pieces[1:]:
        console.print(Text(f"  {'':{LABEL_WIDTH}}{piece}"))


def _flat(payload: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a payload that was read, names beside their codes; the octets of another."""
    if payload["type"] in {Opaque.__name__, MALFORMED}:
        yield "payload", payload["octets"]
        if "reason" in payload:
            yield "malformed", payload["reason"]
        return
    for name, value in payload.items():
        if isinstance(value, dict):
            yield from _flat(value) if "type" in value else [(name, _clock(value))]
        elif name in NAMED:
            yield name, f"{value}  {payload[NAMED[name]]}" if NAMED[name] in payload else str(value)
        elif value is not None and name not in HIDDEN:
            yield name, "yes" if value is True else str(value)


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


def _clock(date_time: dict[str, str | None]) -> str:
    shown = date_time["time"] or f"unspecified in part, {date_time['octets']}"
    return f"{shown}, clock status {date_time['clock_status']}"


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
