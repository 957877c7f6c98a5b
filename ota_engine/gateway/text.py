"""A gateway's rows as lines of text, and read back; pure."""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.errands import (
    AlertsSaid,
    Errand,
    ErrandState,
    GatewayIdentity,
    GatewayRow,
    HeardUpTo,
    HomeServed,
    OutcomeSaid,
    PremisesNews,
    QuietTime,
    SaidUpTo,
    SettledUpTo,
    UserErrand,
    UserErrandState,
    VersionSaid,
)
from ota_engine.records import PremisesSubject
from ota_engine.times import Utc

#: How every line begins: its keys are sorted.
LINE_START: Final = b'{"key":'
_KINDS: Final[dict[str, type[Any]]] = {
    "alerts": AlertsSaid,
    "errand": Errand,
    "heard": HeardUpTo,
    "home": HomeServed,
    "instance": GatewayIdentity,
    "outcome": OutcomeSaid,
    "premises": PremisesNews,
    "quiet": QuietTime,
    "said": SaidUpTo,
    "settled": SettledUpTo,
    "user": UserErrand,
    "version": VersionSaid,
}


def kept_line(row: GatewayRow) -> bytes:
    """The line that says that a row is kept."""
    return canonical_json({"key": row.key, "row": _plain(row)}).encode("ascii") + b"\n"


def forgotten_line(row: GatewayRow) -> bytes:
    """The line that says that a row is kept no more."""
    return canonical_json({"key": row.key, "row": None}).encode("ascii") + b"\n"


def read_lines(lines: Iterable[bytes]) -> dict[str, GatewayRow]:
    """Read what lines have kept and not forgotten, by key.

    Raises:
        LocalError: a line is none of ours.
    """
    rows: dict[str, GatewayRow] = {}
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            key, plain = said["key"], said["row"]
            if plain is None:
                rows.pop(key, None)
            else:
                rows[key] = _row(_KINDS[key.split("/")[0]], plain)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise LocalError(
                f"line {number} of the gateway's book cannot be read: put the file aside"
            ) from error
    return rows


def _plain(row: Any) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    if isinstance(row, OutcomeSaid):
        told = row.outcome._asdict()
        values["outcome"] = told | {"message": row.outcome.message.hex()}
    elif isinstance(row, UserErrand):
        values["command"] = row.command.hex()
    return values


def _row(kind: type[Any], values: dict[str, Any]) -> GatewayRow:
    if kind is Errand:
        said = tuple(HubWord(word) for word in values["said"])
        values |= {"state": ErrandState(values["state"]), "said": said}
    elif kind is UserErrand:
        values |= _user_errand(values)
    elif kind is PremisesNews:
        values["subject"] = PremisesSubject(values["subject"])
    elif kind is AlertsSaid:
        values["alerts"] = tuple(values["alerts"])
    elif kind is HomeServed:
        values["floors"] = tuple((name, counter) for name, counter in values["floors"])
    elif kind is OutcomeSaid:
        values["outcome"] = _outcome(values["outcome"])
    if "device" in values:
        values["device"] = Eui64(values["device"])
    row: GatewayRow = kind(**values)
    return row


def _user_errand(values: dict[str, Any]) -> dict[str, Any]:
    user = values["user"]
    return {
        "command": bytes.fromhex(values["command"]),
        "user": None if user is None else Eui64(user),
        "state": UserErrandState(values["state"]),
        "said": tuple(HubWord(word) for word in values["said"]),
    }


def _outcome(values: dict[str, Any]) -> HubOutcome:
    return HubOutcome(**values)._replace(
        device=Eui64(values["device"]),
        word=HubWord(values["word"]),
        message=bytes.fromhex(values["message"]),
        utc=Utc(values["utc"]),
    )
