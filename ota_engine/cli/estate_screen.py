"""Shows what runs in an estate in the columns of a terminal; decides nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ota_engine.cli.columns import Column, TableRow, beside, lay_out
from ota_engine.fleet.inventory.configurations import version_text

if TYPE_CHECKING:
    from ota_engine.fleet.inventory.rows import Home
    from ota_engine.fleet.releases.versions import VariantVersions
    from ota_engine.head_end.questions.estate import EstateReport

MOST_SETS: Final = 20  # that are shown; --json has all


def _marks(one: "VariantVersions") -> Iterator[str]:
    if not one.ordered:
        yield "listed only"
    if one.too_many:
        yield f"{len(one.counts)} versions at once"


def estate_lines(report: "EstateReport", width: int | None) -> list[Text | str]:
    """Lay an estate out."""
    told = ", ".join(f"{homes:,} {status}" for status, homes in report.homes.items())
    lines: list[Text | str] = [f"homes: {told or 'none: import some with zota estate import'}", ""]
    columns = (
        Column("variant"),
        Column("kind", gives_way=1),
        Column("N", right=True),
        Column("devices", right=True),
        Column("N-1", right=True),
        Column("devices", right=True),
        Column("older", right=True),
        Column("ahead", right=True, gives_way=2),
        Column("unsaid", right=True, gives_way=3),
    )
    rows = [
        TableRow(
            (
                one.variant.variant,
                one.variant.kind,
                version_text(one.newest) if one.newest is not None else "-",
                f"{one.at_newest:,}",
                version_text(one.previous) if one.previous is not None else "-",
                f"{one.at_previous:,}",
                f"{one.older:,}",
                f"{one.ahead:,}",
                f"{one.unknown:,}",
            ),
            "; ".join(_marks(one)),
        )
        for one in report.variants
    ]
    lines += lay_out(columns, rows, width, "").lines()
    if report.sets:
        lines += ["", "configuration sets, by homes"]
    for name, contents, homes in report.sets[:MOST_SETS]:
        told = " ".join(filter(None, (name, contents))) or "no devices were imported"
        lines += beside(f"{homes:>10,}  ", told, width)
    if len(report.sets) > MOST_SETS:
        lines.append(f"{'':12}and {len(report.sets) - MOST_SETS:,} more: --json has all")
    return lines


def estate_home_lines(homes: "Sequence[Home]", width: int | None) -> list[Text | str]:
    """Lay homes of an estate out."""
    columns = (
        Column("home"),
        Column("status"),
        Column("region", gives_way=1),
        Column("gateway", gives_way=2),
        Column("electricity"),
        Column("gas"),
    )
    rows = [
        TableRow((one.home, str(one.status), one.region, one.gateway, one.electricity, one.gas), "")
        for one in homes
    ]
    if not rows:
        return []
    lines: list[Text | str] = [*lay_out(columns, rows, width, "").lines()]
    return lines
