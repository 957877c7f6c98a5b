"""Prints how a push ended, in people's words; decides nothing."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table

from ota_engine.cli.console import PeopleConsole

if TYPE_CHECKING:
    from ota_engine.hub.push.report import PushReport

PIPED_WIDTH: Final = 110  # columns of a table that goes into a file
SHOWN_DIGITS: Final = 8  # of a SHA-256


def print_report(report: "PushReport") -> None:
    """Print a table of what every firmware came to, why, and which files nobody takes."""
    console = PeopleConsole()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    several = _several(report)
    console.print(_verdicts(report, several))
    for told in report.devices:
        if told.reason:
            which = f" {told.image_type}" if told.device in several else ""
            console.print(f"{told.device}{which}: {told.reason}", soft_wrap=True, markup=False)
    if report.dry_run:
        for image in report.images:
            status = f", {image.status}" if image.status else ""
            from_where = (
                f"{image.sha256[:SHOWN_DIGITS]} is {image.name} from {image.source}{status}"
            )
            console.print(from_where, soft_wrap=True, markup=False)
    for image in report.untaken:
        console.print(
            f"{image.name}: no device takes it (image type {image.image_type} of "
            f"{image.manufacturer_code}, version {image.file_version})",
            soft_wrap=True,
            markup=False,
        )


def _several(report: "PushReport") -> frozenset[str]:
    """Devices of which more than one firmware is told of."""
    rows = Counter(told.device for told in report.devices)
    return frozenset(device for device, count in rows.items() if count > 1)


def _verdicts(report: "PushReport", several: frozenset[str]) -> Table:
    """What every firmware ran before and runs now, in its own words; eighty columns hold it."""
    table = Table(
        title="what the devices would get" if report.dry_run else "what the devices report",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    which = "type" if several else "image"
    for heading in ("device", which, "before", "after", "blocks", "verdict"):
        right = heading == "blocks"
        whole = heading != "verdict"  # it alone may be broken into two lines
        table.add_column(heading, justify="right" if right else "left", no_wrap=whole)
    for told in report.devices:
        again = f"+{told.retries}" if told.retries else ""
        table.add_row(
            told.device,
            ((told.image_type if several else told.image) or "")[:SHOWN_DIGITS],
            told.version_before or "unknown",
            told.version_after or "unknown",
            f"{told.blocks}{again}",
            told.verdict,
        )
    return table
