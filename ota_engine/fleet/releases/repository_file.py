"""The Firmware Information Repository as CSV, one path to a line; knows lines, no file and no rows' store.

Columns: ``cpl, variant, version, from_cpl, standing, source``. ``N/A`` in the fourth says that there is no
path, an empty cell that nobody said.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ota_engine.cells import read_cells, write_cells
from ota_engine.errors import LocalError
from ota_engine.fleet.releases.repository import RepositoryEntry, StatedPath
from ota_engine.fleet.releases.rows import (
    CplEntry,
    PathKnowledge,
    PathStanding,
    UpgradePath,
)

COLUMNS: Final = ("cpl", "variant", "version", "from_cpl", "standing", "source")
NO_PATH: Final = "N/A"
_VERSION: Final = re.compile(r"(0x)?[0-9A-Fa-f]{1,8}")


def read_repository(lines: Iterable[str]) -> tuple[RepositoryEntry, ...]:
    """Read a file.

    Raises:
        LocalError: a line is none; it is named by its number.
    """
    entries: dict[str, RepositoryEntry] = {}
    for number, line in enumerate(lines, 1):
        if number == 1:
            _refuse_other_head(read_cells(line))
        elif line.strip():
            try:
                _add(read_cells(line), entries)
            except LocalError as error:
                raise LocalError(f"line {number}: {error}") from None
    if not entries:
        raise LocalError("the file lists nothing: give a line for each path")
    return tuple(entries.values())


def _refuse_other_head(cells: list[str]) -> None:
    if tuple(cell.strip().lower() for cell in cells) != COLUMNS:
        raise LocalError(f"line 1: the columns are others: give {', '.join(COLUMNS)}")


def _add(cells: list[str], entries: dict[str, RepositoryEntry]) -> None:
    if len(cells) != len(COLUMNS):
        raise LocalError(f"{len(cells)} cells: give {len(COLUMNS)}")
    cpl, variant, version_text, source_cpl, standing_text, source = (c.strip() for c in cells)
    version = _version(version_text)
    entry = entries.get(cpl)
    if source_cpl in ("", NO_PATH):
        if entry is not None:
            raise LocalError(f"{cpl} has another line: say N/A or unknown in its only one")
        known = PathKnowledge.NONE if source_cpl else PathKnowledge.UNKNOWN
        entries[cpl] = RepositoryEntry(cpl, variant, version, known)
        return
    if entry is not None and entry.knowledge is not PathKnowledge.STATED:
        raise LocalError(
            f"{cpl} has another line that says it has no path, or none is known: take one out"
        )
    if entry is not None and (entry.variant, entry.version) != (variant, version):
        raise LocalError(
            f"{cpl} is {entry.variant} {entry.version:08X} above: give one id to each version"
        )
    try:
        path = StatedPath(source_cpl, PathStanding(standing_text.lower()), source)
    except ValueError:
        raise LocalError(
            f"{standing_text[:40]!a} is no standing: give one of {', '.join(PathStanding)}"
        ) from None
    paths = entry.paths if entry is not None else ()
    if source_cpl in {one.from_cpl for one in paths}:
        raise LocalError(f"the path from {source_cpl} to {cpl} stands there twice: take one out")
    stated = (*paths, path)
    entries[cpl] = RepositoryEntry(cpl, variant, version, PathKnowledge.STATED, stated)


def _version(text: str) -> int:
    if not _VERSION.fullmatch(text):
        raise LocalError(f"{text[:40]!a} is no version: give eight hex digits")
    return int(text, 16)


def write_repository(entries: Iterable[CplEntry], paths: Iterable[UpgradePath]) -> Iterator[str]:
    """Write a file, a line after the other, without their ends."""
    by_target: dict[str, list[UpgradePath]] = {}
    for path in paths:
        by_target.setdefault(path.cpl, []).append(path)
    yield write_cells(COLUMNS)
    for entry in sorted(entries, key=lambda one: (one.variant, one.version)):
        head = entry.cpl, entry.variant, f"{entry.version:08X}"
        if entry.paths is PathKnowledge.STATED:
            for path in sorted(by_target.get(entry.cpl, []), key=lambda one: one.from_cpl):
                yield write_cells((*head, path.from_cpl, path.standing, path.source))
        else:
            none = NO_PATH if entry.paths is PathKnowledge.NONE else ""
            yield write_cells((*head, none, "", ""))
