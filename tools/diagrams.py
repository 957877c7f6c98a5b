"""Draw the state machines of the code into the documentation, or check that they are drawn.

    python tools/diagrams.py           # rewrite what stands between the markers
    python tools/diagrams.py --check   # exit 1 if that would change anything

A place for a diagram is ``<!-- diagram: NAME -->`` ... ``<!-- end diagram -->``; ``NAME`` is a key
of ``MACHINES``. Knows tables of the form ``{(state, event): next state}`` or ``{(state, event):
(next state, action)}``, and nothing of what they mean.
"""

import argparse
import difflib
import importlib
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))  # the tables drawn are those beside us
DOCUMENT = REPOSITORY / "docs" / "architecture.md"

# From this many states on, an event that leads all of them to one state is a line of text below
# the diagram: so many arrows would hide the rest.
CROWD = 4

_PLACE = re.compile(
    r"(?P<begin><!-- diagram: (?P<name>\S+) -->\n).*?(?P<end><!-- end diagram -->)", re.DOTALL
)

Table: TypeAlias = Mapping[tuple[Enum, Enum], Any]


class Machine(NamedTuple):
    """Where a table is, in which state its machine begins, and what its diagram must show.

    ``usual`` names pairs of states, ``FROM-TO``, whose arrows are drawn although a crowd shares
    them; without these a table of many crowds would show no path at all. ``lifecycle`` names what was
    read of the table, where the reader is to see what is forbidden, too.
    """

    module: str
    table: str
    initial: str
    usual: tuple[str, ...] = ()
    lifecycle: str = ""


class Arrow(NamedTuple):
    """One row of a table."""

    state: Enum
    event: Enum
    target: Enum
    action: Enum | None


MACHINES = {
    "ota_engine.hub.delivery.session": Machine(
        "ota_engine.hub.delivery.session",
        "TRANSITIONS",
        "ASSIGNED",
        (
            "ASSIGNED-OFFERED",
            "OFFERED-DOWNLOADING",
            "OFFERED-QUEUED",
            "QUEUED-DOWNLOADING",
            "DOWNLOADING-PAUSED",
            "PAUSED-STALLED",
            "DOWNLOADING-STALLED",
            "STALLED-DOWNLOADING",
            "VERIFYING-WAIT_FOR_MORE",
            "WAIT_FOR_MORE-UPDATED",
            "VERIFYING-HELD",
            "HELD-RESTARTING",
            "VERIFYING-SCHEDULED",
            "SCHEDULED-RESTARTING",
            "VERIFYING-AWAITING_COMMAND",
            "AWAITING_COMMAND-UPDATED",
            "VERIFYING-RESTARTING",
            "VERIFYING-FAILED",
            "RESTARTING-UPDATED",
            "DOWNLOADING-ABORTED",
        ),
    ),
    "ota_engine.hub.activation.life": Machine(
        "ota_engine.hub.activation.life",
        "TRANSITIONS",
        "DRAFTED",
        (
            "SENT-ACTIVATED",
            "DUE-ACTIVATED",
            "DUE-FAILED",
            "ACCEPTED-CANCELLED",
            "SENT-EXPIRED",
            "EXPIRED-ACTIVATED",
        ),
    ),
    "ota_engine.hub.tunnel.life": Machine("ota_engine.hub.tunnel.life", "TRANSITIONS", "IDLE"),
    "campaign": Machine(
        "ota_engine.fleet.campaigns.lives",
        "CAMPAIGN_TRANSITIONS",
        "PROPOSED",
        (
            "NOTIFIED-PAUSED",
            "RUNNING-PAUSED",
            "RUNNING-HELD",
            "RUNNING-ABORTED",
            "RUNNING-SUPERSEDED",
        ),
        "CAMPAIGNS",
    ),
    "phase": Machine(
        "ota_engine.fleet.campaigns.lives",
        "PHASE_TRANSITIONS",
        "PENDING",
        ("OPEN-CLOSED", "PASSED-CLOSED"),
        "PHASES",
    ),
    "home": Machine(
        "ota_engine.fleet.campaigns.lives",
        "MEMBER_TRANSITIONS",
        "PLANNED",
        (
            "OFFERED-REACHED",
            "REACHED-TRANSFERRED",
            "SCHEDULED-ACTIVATED",
            "REACHED-WAITING",
            "SCHEDULED-WAITING",
            "SCHEDULED-FAILED",
            "OFFERED-UNREACHABLE",
            "PLANNED-LEFT",
        ),
        "MEMBERS",
    ),
    "notice": Machine(
        "ota_engine.fleet.notices.life", "TRANSITIONS", "WAITING", lifecycle="NOTICES"
    ),
    "incident": Machine(
        "ota_engine.fleet.incidents.life", "TRANSITIONS", "OPEN", lifecycle="INCIDENTS"
    ),
    "delivery": Machine(
        "ota_engine.fleet.orders.lives",
        "DELIVERY_TRANSITIONS",
        "ORDERED",
        (
            "ORDERED-ARRIVED",
            "ARRIVED-HELD",
            "HELD-RUNNING",
            "ARRIVED-FAILED",
            "ORDERED-UNREACHABLE",
            "UNREACHABLE-ARRIVED",
            "ORDERED-REPLACED",
            "ORDERED-WITHDRAWN",
        ),
        "DELIVERIES",
    ),
    "command": Machine(
        "ota_engine.fleet.orders.lives",
        "COMMAND_TRANSITIONS",
        "DRAFTED",
        (
            "DRAFTED-SENT",
            "DRAFTED-DATED",
            "DATED-SENT",
            "SENT-DONE",
            "SENT-ACCEPTED",
            "ACCEPTED-DONE",
            "SENT-FAILED",
            "SENT-UNANSWERED",
            "UNANSWERED-DONE",
            "ACCEPTED-CANCELLED",
            "DRAFTED-WITHDRAWN",
        ),
        "COMMANDS",
    ),
    "document": Machine(
        "ota_engine.fleet.orders.lives", "DOCUMENT_TRANSITIONS", "WAITING", lifecycle="DOCUMENTS"
    ),
    "ota_engine.fleet.releases.acts": Machine(
        "ota_engine.fleet.releases.acts", "TRANSITIONS", "DRAFT"
    ),
    "errand": Machine(
        "ota_engine.gateway.errands",
        "ERRAND_TRANSITIONS",
        "QUEUED",
        (
            "QUEUED-DELIVERING",
            "DELIVERING-HOLDING",
            "HOLDING-TIMED",
            "TIMED-ACTIVATING",
            "ACTIVATING-RUNNING",
            "ACTIVATING-FAILED",
            "HOLDING-WITHDRAWN",
        ),
    ),
    "own-firmware": Machine(
        "ota_engine.hub.own_firmware.life",
        "OWN_TRANSITIONS",
        "IDLE",
        (
            "IDLE-FETCHING",
            "STAGED-TIMED",
            "RESTARTING-RUNNING",
            "RESTARTING-FAILED",
            "STAGED-IDLE",
        ),
    ),
    "emulators.client.table": Machine("emulators.client.table", "TABLE", "OFF"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, or check; 0 when the document is as it should be, 1 when ``--check`` finds it stale."""
    usage = argparse.ArgumentParser(prog="python tools/diagrams.py", description=__doc__)
    usage.formatter_class = argparse.RawDescriptionHelpFormatter
    usage.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    usage.add_argument("document", nargs="?", type=Path, default=DOCUMENT)
    choice = usage.parse_args(arguments)
    document: Path = choice.document
    before = document.read_text(encoding="utf-8")
    after = redraw(before)
    if before == after:
        return 0
    if not choice.check:
        document.write_text(after, encoding="utf-8")
        print(f"diagrams: redrew {document}")
        return 0
    print(f"diagrams: {document} does not show the tables as they are: run `make docs`")
    print("".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0)))
    return 1


def redraw(text: str) -> str:
    """Fill every place for a diagram in a Markdown text."""
    return _PLACE.sub(lambda place: place["begin"] + drawing(place["name"]) + place["end"], text)


def drawing(name: str) -> str:
    """Draw the machine of this name as Markdown."""
    machine = MACHINES.get(name)
    if machine is None:
        sys.exit(f"diagrams: no state machine named {name}; there are {', '.join(MACHINES)}")
    table: Table = getattr(importlib.import_module(machine.module), machine.table)
    arrows = rows(table)
    drawn = {pair_of(arrow) for arrow in arrows}
    missing = [pair for pair in machine.usual if pair not in drawn]
    if missing:
        sys.exit(f"diagrams: {machine.table} of {name} has no {', '.join(missing)} any more")
    states = type(arrows[0].state)
    drawn_text = draw(arrows, states[machine.initial], frozenset(machine.usual))
    if not machine.lifecycle:
        return drawn_text
    lifecycle = getattr(importlib.import_module(machine.module), machine.lifecycle)
    return drawn_text + "\n".join(forbidden_lines(states, lifecycle.impossible)) + "\n"


def pair_of(arrow: Arrow) -> str:
    """Name an arrow by its two ends, as ``Machine.usual`` does."""
    return f"{arrow.state.name}-{arrow.target.name}"


def rows(table: Table) -> list[Arrow]:
    """Read a table of either form, in its own order."""
    arrows = []
    for (state, event), value in table.items():
        target, action = value if isinstance(value, tuple) else (value, None)
        arrows.append(Arrow(state, event, target, action))
    return arrows


def draw(arrows: Sequence[Arrow], initial: Enum, usual: frozenset[str] = frozenset()) -> str:
    """Draw a Mermaid state diagram, and write below it what would only clutter it.

    Every row of the table is in the diagram, in one of the two tables below it, or in both.
    """
    crowds = crowded(arrows)
    loops = [arrow for arrow in arrows if arrow.state is arrow.target]
    shown = [
        arrow
        for arrow in arrows
        if arrow not in loops and (way_of(arrow) not in crowds or pair_of(arrow) in usual)
    ]
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{text_of(state)}" as {state.name}' for state in type(initial)]
    lines.append(f"    [*] --> {initial.name}")
    for (state, target), labels in merged(shown).items():
        lines.append(f"    {state.name} --> {target.name}: {'<br/>'.join(labels)}")
    lines.append("```")
    lines += crowd_lines(crowds)
    lines += loop_lines([arrow for arrow in loops if way_of(arrow) not in crowds])
    return "\n".join(lines) + "\n"


Way: TypeAlias = tuple[Enum, Enum, Enum | None]  # event, target, action


def way_of(arrow: Arrow) -> Way:
    """What an arrow has in common with others of its crowd."""
    return arrow.event, arrow.target, arrow.action


def crowded(arrows: Sequence[Arrow]) -> dict[Way, list[Enum]]:
    """Find the events that lead many states the same way, and those states."""
    sources: dict[Way, list[Enum]] = {}
    for arrow in arrows:
        sources.setdefault(way_of(arrow), []).append(arrow.state)
    return {way: states for way, states in sources.items() if len(states) >= CROWD}


def merged(arrows: Sequence[Arrow]) -> dict[tuple[Enum, Enum], list[str]]:
    """Collect the labels of arrows between the same two states, so that one is drawn."""
    labels: dict[tuple[Enum, Enum], list[str]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.state, arrow.target), []).append(label(arrow.event, arrow.action))
    return labels


def crowd_lines(crowds: Mapping[Way, Sequence[Enum]]) -> list[str]:
    """Write what leads many states to one, as a table."""
    if not crowds:
        return []
    lines = ["", "What leads many states one way, and is drawn for the usual ones at most:", ""]
    lines += ["| event | from | to |", "|---|---|---|"]
    for (event, target, action), states in crowds.items():
        sources = (
            f"any of the {len(states)} states"
            if len(states) == len(type(target))
            else (", ".join(f"*{text_of(state)}*" for state in states))
        )
        lines.append(f"| {label(event, action)} | {sources} | *{text_of(target)}* |")
    return lines


def loop_lines(loops: Sequence[Arrow]) -> list[str]:
    """Write what happens without a change of state, as a table."""
    if not loops:
        return []
    lines = ["", "What happens without a change of state:", "", "| state | event |", "|---|---|"]
    by_state: dict[Enum, list[str]] = {}
    for arrow in loops:
        by_state.setdefault(arrow.state, []).append(label(arrow.event, arrow.action))
    lines += [f"| *{text_of(state)}* | {', '.join(labels)} |" for state, labels in by_state.items()]
    return lines


def forbidden_lines(states: type[Enum], pairs: Collection[tuple[Enum, Enum]]) -> list[str]:
    """Write what must not happen in each state, as a table."""
    lines = ["", "What is forbidden:", "", "| in | what |", "|---|---|"]
    for state in states:
        events = sorted({event for where, event in pairs if where is state}, key=text_of)
        if events:
            lines.append(f"| *{text_of(state)}* | {'; '.join(map(text_of, events))} |")
    return lines


def label(event: Enum, action: Enum | None) -> str:
    """Name an event and what is done about it."""
    return text_of(event) if action is None else f"{text_of(event)} / {text_of(action)}"


def text_of(member: Enum) -> str:
    """The words of a state, event or action; Mermaid ends a label at a colon or semicolon."""
    words = str(member.value).replace("_", " ")
    return words.replace(": ", " - ").replace(":", "-").replace(";", ",").replace("|", "/")


if __name__ == "__main__":
    sys.exit(main())
