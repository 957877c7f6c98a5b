"""What a GBCS message says, as text for people; knows no files, keys or exit codes."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Final

from rich.text import Text

from ota_engine.cli.console import PeopleConsole
from ota_engine.cli.image_facts import visible
from ota_engine.gbcs.facts import MALFORMED, NAMED
from ota_engine.gbcs.opaque import Opaque

LABEL_WIDTH: Final = 26  # characters
WRAPPED: Final = 64  # hex digits to a line: a digest is never broken
WORDS: Final = 80 - LABEL_WIDTH - 2  # characters of words to a line, on the narrowest terminal
STYLES: Final = {"valid": "bold green", "invalid": "bold red", "no-key": "yellow", "absent": "dim"}
MEANINGS: Final = {
    "valid": "made with the keys at hand",
    "invalid": "not made with the keys of this leg, or changed afterwards",
    "no-key": "no key at hand to check it with",
    "absent": "the message carries none",
}
HIDDEN: Final = frozenset(("octets", "type", *NAMED.values()))  # from people, not from JSON


def print_text(facts: dict[str, Any], size: int) -> None:
    """Print the same for people: what it is, between whom, what it says, what it is worth."""
    console = PeopleConsole(highlight=False, soft_wrap=True)
    console.print(
        Text.assemble(
            (f"{facts['use_case'] or 'unknown use case'} {facts['cra']}", "bold"),
            f"  {facts['title']}, {size} octets",
        )
    )
    _line(console, "message_code", facts["message_code"])
    for name, role in (("originator", "sender"), ("recipient", "receiver")):
        _line(console, name, facts[name], after=f"  {facts[role]}")
    _line(console, "counter", str(facts["counter"]))
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


def _line(console: PeopleConsole, name: str, value: str, style: str = "", after: str = "") -> None:
    label = f"  {name.replace('_', ' '):{LABEL_WIDTH}}"
    pieces = wrap(value, WORDS if " " in value else WRAPPED, break_on_hyphens=False) or [""]
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
    for name, value in _shown(payload):
        yield from _field(name, value)


def _shown(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What people see of a record: no field that says nothing, names beside their codes."""
    for name, value in fields.items():
        if value is None or value is False or value in ("", []) or name in HIDDEN:
            continue
        named = fields.get(NAMED.get(name, ""))
        yield name, value if named is None else f"{value}  {named}"


def _field(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """One field: a record, a list with a line for each entry, or a plain value."""
    if isinstance(value, dict):
        yield from _flat(value) if "type" in value else [(name, _clock(value))]
    elif isinstance(value, list):
        for number, entry in enumerate(value, 1):
            yield f"{name} {number}", _told(entry)
    else:
        yield name, _told(value)


def _told(entry: Any) -> str:
    """An entry of a list in one line."""
    if isinstance(entry, list):
        return f"[{', '.join(map(_told, entry))}]"
    if not isinstance(entry, dict):
        return visible("yes" if entry is True else str(entry))
    return ", ".join(f"{name.replace('_', ' ')} {_told(value)}" for name, value in _shown(entry))


def _clock(date_time: dict[str, str | None]) -> str:
    shown = date_time["time"] or f"unspecified in part, {date_time['octets']}"
    return f"{shown}, clock status {date_time['clock_status']} {date_time['clock']}"
