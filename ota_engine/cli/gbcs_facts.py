"""What a GBCS message says, as text for people; knows no files, keys or exit codes."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ota_engine.gbcs.codes import USE_CASES
from ota_engine.gbcs.facts import MALFORMED, NAMED
from ota_engine.gbcs.opaque import Opaque

LABEL_WIDTH: Final = 26  # characters
WRAPPED: Final = 64  # hex digits to a line
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


def _clock(date_time: dict[str, str | None]) -> str:
    shown = date_time["time"] or f"unspecified in part, {date_time['octets']}"
    return f"{shown}, clock status {date_time['clock_status']}"
