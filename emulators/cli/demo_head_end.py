"""``zota demo --head-end``: has suppliers, an operator and a home play together, and shows it; decides nothing."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Group
from rich.text import Text

from images.files import write_whole
from ota_engine.cli.columns import Column, Room, TableRow, beside, folded, lay_out, show
from ota_engine.cli.extras import require
from ota_engine.cli.gateways import image_finder
from ota_engine.cli.live_screen import LiveScreen
from ota_engine.cli.progress import RateMeter, board, delivery
from ota_engine.cli.provenance import provenance
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.times import Monotonic

if TYPE_CHECKING:
    from emulators.demo.head_end.told import DemoLine, DeviceAtEnd, HeadEndDemoEnding

EXTRA: Final = "duis"
OPTION: Final = "demo --head-end"
PICTURE_EVERY: Final = 0.25  # seconds between two pictures of what is being delivered
COLUMNS: Final = (
    Column("device"),
    Column("inventory"),
    Column("runs"),
    Column("right"),
)
_COLOURS: Final = {"request": "cyan", "document": "green", "decision": "yellow"}


def demo_head_end(folder: Path, *, as_json: bool) -> bool:
    """Play the demonstration in an empty folder.

    Returns:
        whether all of it came as it had to.

    Raises:
        LocalError: what speaks DUIS is not installed.
        ZotaError: it cannot be played here.
    """
    require(EXTRA, OPTION)
    import trio

    from emulators.demo.head_end.performance import HeadEndWatch, perform_head_end
    from emulators.demo.head_end.staging import stage_head_end

    stage = stage_head_end(datetime.now(UTC))
    lines: list[DemoLine] = []
    with _HeadEndScreen(quiet=as_json) as screen:

        def said(line: "DemoLine") -> None:
            lines.append(line)
            screen.said(line)

        watch = HeadEndWatch(said, screen.looked)
        ending = trio.run(
            perform_head_end, stage, folder, lambda images: image_finder([images]), watch
        )
    summary = _summary(lines, ending)
    write_whole(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        width = Room.of(sys.stdout).columns
        evidence = map(Text, folded(f"evidence: {folder}", width))
        show([*ending_lines(ending, width), *evidence, Text(f"audit head: {ending.audit_head}")])
    return ending.good


class _HeadEndScreen(LiveScreen):
    """Lines of what is said; on a terminal over what is being delivered."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, transient=True)
        self._meter = RateMeter()
        self._drawn = -PICTURE_EVERY

    def said(self, line: "DemoLine") -> None:
        """Show what was said."""
        if not self._quiet:
            for text in line_texts(line, Room.of(sys.stdout).columns):
                self._console.print(text, soft_wrap=True)

    def looked(self, now: Monotonic, statuses: tuple[SessionStatus, ...]) -> None:
        """Show what is being delivered."""
        if not self._live.is_started or now < self._drawn + PICTURE_EVERY:
            return
        self._drawn = now
        self._meter.read(statuses, now)
        under_way = [one for one in statuses if 0 < one.offset < one.size]
        self._live.update(Group(*self._picture(under_way)), refresh=True)

    def _picture(self, under_way: list[SessionStatus]) -> list[Text]:
        if not under_way:
            return []
        from emulators.demo.head_end.staging import DEMO_DEVICES

        names = {one.device: one.name for one in DEMO_DEVICES}
        rows = [delivery(one, names[one.device], self._meter) for one in under_way]
        return board("", rows, self._meter.speed(under_way), Room.of(sys.stdout))


def line_texts(line: "DemoLine", width: int | None) -> list[Text]:
    """What was said, folded beside who said it."""
    if line.kind == "scene":
        return [Text(), *(Text(one, style="bold") for one in folded(line.text, width))]
    who = f"to {line.to}" if line.to else line.who
    said = line.text
    if line.code:
        said = f"{line.code}: {said}" if line.to else f"{said}: {line.code}"
    label = f"{line.seconds:5.1f} s  {who:<15}"
    first, *rest = beside(label, said, width)
    begin = Text(label, style=_COLOURS[line.kind])
    begin.append(first[len(label) :], style="default")
    return [begin, *map(Text, rest)]


def ending_lines(ending: "HeadEndDemoEnding", width: int | None) -> list[Text]:
    """What every device runs, what the inventory says, and what had to be so."""
    rows = [_row(one) for one in ending.devices]
    lines = [Text(), *lay_out(COLUMNS, rows, width, "told of it").lines(), Text()]
    for what, trouble in ending.checks.items():
        word = Text("no   ", style="red") if trouble else Text("yes  ", style="green")
        first, *rest = folded(f"{what}: {trouble}" if trouble else what, width, " " * len(word))
        lines += [word.append(first[len(word) :], style="default"), *map(Text, rest)]
    said = "every inventory says what every device runs"
    if not ending.good:
        said = "not all is as it had to be"
    style = "green" if ending.good else "red"
    return [*lines, Text(f"{said}; {ending.seconds:.0f} s", style=style)]


def _row(device: "DeviceAtEnd") -> TableRow:
    versions = sorted(set(device.inventory.values()))
    told = "; ".join(f"{who}: {' '.join(codes)}" for who, codes in device.told.items())
    cells = (
        device.name,
        " ".join(versions) or "unknown",
        device.own,
        Text("yes", style="green")
        if device.matches
        else Text(f"no, not {device.wanted}", style="red"),
    )
    return TableRow(cells, told)


def _summary(lines: "list[DemoLine]", ending: "HeadEndDemoEnding") -> dict[str, Any]:
    return {
        "verdict": "matches" if ending.good else "differs",
        "seconds": ending.seconds,
        "devices": [one._asdict() | {"matches": one.matches} for one in ending.devices],
        "checks": ending.checks,
        "lines": [one._asdict() for one in lines],
        "audit_head": ending.audit_head,
        "made": provenance().as_values(),
    }
