"""Prints how a push ended, in people's words; decides nothing."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ota_engine.cli.columns import Column, Room, TableRow, folded, lay_out, show
from ota_engine.hub.push.verdict import GOOD, PushVerdict
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.hub.push.report import PushReport, ReportedTarget

SHOWN_DIGITS: Final = 8  # of a SHA-256
FRAME: Final = 8  # lines of a report besides its rows
FEWEST: Final = 12  # rows that are never folded, however low the terminal is
#: Verdicts that are not as they should be, in the order in which people look at them.
GRAVEST: Final = (
    PushVerdict.FAILED,
    PushVerdict.ABORTED,
    PushVerdict.REFUSED,
    PushVerdict.UNFINISHED,
)
COLUMNS: Final = (
    Column("device", tails=True),
    Column("type"),
    Column("image", gives_way=2),
    Column("before"),
    Column("after"),
    Column("blocks", right=True, gives_way=1),
    Column("verdict"),
)


def print_report(report: "PushReport") -> None:
    """Print what every firmware came to, why, how many did, and which files nobody takes."""
    show(report_lines(report, Room.of(sys.stdout)))


def report_lines(report: "PushReport", room: Room) -> list[Text]:
    """Tell a push: a row for each firmware, and a count of the verdicts.

    Where they are more than a terminal has lines, those that are as they should be are counted by
    what they run, and so are all the others but the first by why they are not.

    Args:
        report: of the push.
        room: of the terminal.
    """
    listed: list[ReportedTarget] = list(report.devices)
    rest: list[ReportedTarget] = []
    most = len(listed) if room.lines is None else max(FEWEST, room.lines - FRAME)
    if len(listed) > most:
        ranked = sorted(listed, key=_gravity)
        bad = sum(not _is_good(told) for told in ranked)
        shown = min(bad, most // 2)  # each may want a second line
        listed, rest = ranked[:shown], ranked[shown:]
    several = _several(report)
    rows = [_row(told, several) for told in listed]
    lines = [Text("what the devices would get" if report.dry_run else "what the devices report")]
    if rows:
        lines += lay_out(COLUMNS, rows, room.columns).lines()
    texts = [*_groups(rest), *_totals(report), *_files(report)]
    return [*lines, *(Text(line) for text in texts for line in folded(text, room.columns))]


def _is_good(told: "ReportedTarget") -> bool:
    return told.verdict in GOOD or told.verdict is PushVerdict.PASSED_OVER


def _gravity(told: "ReportedTarget") -> int:
    """Where a firmware stands among those that people look at first."""
    return GRAVEST.index(told.verdict) if told.verdict in GRAVEST else len(GRAVEST)


def _groups(rest: "Sequence[ReportedTarget]") -> list[str]:
    """Firmwares without a row of their own, counted by what became of them, bad ones first."""
    groups = Counter(
        (_is_good(told), told.verdict.value, _runs(told) if _is_good(told) else told.reason)
        for told in rest
    )
    ranked = sorted(groups.items(), key=lambda group: (group[0][0], -group[1]))
    return [f"{count:,} more: {verdict}, {why}" for (_, verdict, why), count in ranked]


def _runs(told: "ReportedTarget") -> str:
    before, after = told.version_before or "unknown", told.version_after or "unknown"
    return before if before == after else f"{before} to {after}"


def _totals(report: "PushReport") -> list[str]:
    """How many came to which verdict; nothing of one alone."""
    rows = report.devices
    if len(rows) < 2:
        return []
    devices = len({told.device for told in rows})
    noun = "device" if devices == len(rows) else "firmware"
    counts = Counter(told.verdict for told in rows)
    parts = [f"{counts[verdict]:,} {verdict}" for verdict in PushVerdict if counts[verdict]]
    return [f"{counted(len(rows), noun)}: {', '.join(parts)}"]


def _files(report: "PushReport") -> list[str]:
    """Where the files of a dry run come from, and which nobody takes."""
    lines = []
    for image in report.images if report.dry_run else ():
        status = f", {image.status}" if image.status else ""
        digits = image.sha256[:SHOWN_DIGITS]
        lines.append(f"{digits} is {image.name} from {image.source}{status}")
    lines += [
        f"{image.name}: no device takes it (image type {image.image_type} of "
        f"{image.manufacturer_code}, version {image.file_version})"
        for image in report.untaken
    ]
    return lines


def _several(report: "PushReport") -> frozenset[str]:
    """Devices of which more than one firmware is told of."""
    rows = Counter(told.device for told in report.devices)
    return frozenset(device for device, count in rows.items() if count > 1)


def _row(told: "ReportedTarget", several: frozenset[str]) -> TableRow:
    """What a firmware ran before and runs now, in its device's own words."""
    again = f"+{told.retries}" if told.retries else ""
    style = "" if told.verdict is PushVerdict.PASSED_OVER else "green" if _is_good(told) else "red"
    cells = (
        told.device,
        (told.image_type or "") if told.device in several else "",
        (told.image or "")[:SHOWN_DIGITS],
        told.version_before or "unknown",
        told.version_after or "unknown",
        f"{told.blocks}{again}",
        Text(told.verdict, style=style),
    )
    return TableRow(cells, told.reason)
