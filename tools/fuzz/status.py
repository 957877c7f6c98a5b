"""Says what was done with each target so far, as a table of 80 columns or as JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from corpus import Corpus, FuzzState

HEAD: Final = ("target", "executions", "hours", "reached", "of", "last new", "verdict")
ROW: Final = "{:<16} {:>11} {:>6} {:>7} {:>5}  {:<11}  {}"


class TargetStatus(NamedTuple):
    """A target and what was done with it.

    Attributes:
        target: its name.
        state: what was done.
        inputs: kept to begin with.
        defects: inputs kept that broke something, and lie there still.
    """

    target: str
    state: FuzzState
    inputs: int
    defects: int


def read_status(folder: Path, names: Sequence[str]) -> list[TargetStatus]:
    """Read what was done with some targets."""
    return [
        TargetStatus(
            name,
            Corpus(folder / "corpus" / name).state(),
            _count(folder / "corpus" / name) - 1,  # the state is no input
            _count(folder / "defects" / name),
        )
        for name in names
    ]


def _count(folder: Path) -> int:
    return sum(not path.name.startswith(".") for path in folder.glob("*"))


def as_lines(rows: Sequence[TargetStatus]) -> Iterator[str]:
    """A table for people."""
    yield ROW.format(*HEAD).rstrip()
    for row in rows:
        state = row.state
        yield ROW.format(
            row.target,
            f"{state.executions:,}",
            f"{state.seconds / 3600:.2f}",
            f"{state.reached:,}",
            f"{state.places:,}",
            _moment(state.new_at),
            _verdict(row),
        ).rstrip()
    whole = sum(row.state.executions for row in rows)
    hours = sum(row.state.seconds for row in rows) / 3600
    proven = sum(bool(row.state.verdict) for row in rows)
    broken = sum(row.defects for row in rows)
    yield ""
    yield f"{len(rows)} targets, {proven} fed enough, {broken} defects kept;"
    yield f"{whole:,} executions in {hours:.2f} hours of processor time."
    yield "flat N: no new place in the last N executions: a million, and half of all."


def _moment(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%m-%d %H:%M") if utc else "never"


def _verdict(row: TargetStatus) -> str:
    defects = f"{row.defects} defect{'s' if row.defects > 1 else ''}" if row.defects else ""
    return defects or row.state.verdict


def as_json(rows: Sequence[TargetStatus]) -> str:
    """The same for programs; moments in seconds since 1970."""
    told = [
        {
            "target": row.target,
            **row.state._asdict(),
            "inputs": row.inputs,
            "defects": row.defects,
            "verdict": row.state.verdict or None,
        }
        for row in rows
    ]
    return json.dumps(told, indent=1)
