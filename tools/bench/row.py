"""What a benchmark row is: a function that measures, and the goal its figure is held to.

Knows how figures are registered, judged and written; knows nothing of what is measured.
"""

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ota_engine.cores import PURE, running


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for the ratio of our figure to the peer's: at least, or at most, so much.

    Goals are ratios and nothing else, so that they hold on every machine or on none.

    Attributes:
        limit: of the sources, and of the compiled cores unless ``compiled`` says otherwise.
        at_most: it is the most, not the least.
        compiled: the limit where the cores run compiled.
    """

    limit: float
    at_most: bool = False
    compiled: float | None = None

    @property
    def here(self) -> float:
        """The limit of the build that runs."""
        return self.limit if self.compiled is None or running() == PURE else self.compiled

    def __str__(self) -> str:
        return f"ratio {'<=' if self.at_most else '>='} {self.here:g}"

    def met(self, ratio: float) -> bool:
        """Say whether a ratio is within the limit."""
        return ratio <= self.here if self.at_most else ratio >= self.here


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of every row."""

    seed: int
    images: Path | None  # a folder of OTA files, None for the default
    quick: bool  # tiny sizes: shows that a row works, its figures mean nothing


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a row found.

    Attributes:
        value: our figure, in the row's unit.
        peer: the same figure of what is compared with, measured in the same run.
        note: what a reader needs besides, e.g. how much was measured.
        faults: results so wrong that the goal is missed whatever the figures say.
    """

    value: float
    peer: float
    note: str = ""
    faults: tuple[str, ...] = ()


Measure = Callable[[Options], Measurement]


@dataclass(frozen=True, slots=True)
class Row:
    """One registered benchmark."""

    name: str
    unit: str
    goal: Goal
    measure: Measure = field(repr=False)


ROWS: dict[str, Row] = {}


def row(name: str, *, unit: str, goal: Goal) -> Callable[[Measure], Measure]:
    """Register the function below as the row ``name``.

    Args:
        name: as given on the command line and written to the results.
        unit: of ``value`` and ``peer``.
        goal: what the row is held to.
    """

    def register(measure: Measure) -> Measure:
        if name in ROWS:
            raise ValueError(f"there are two rows named {name}")
        ROWS[name] = Row(name, unit, goal, measure)
        return measure

    return register


def judge(row: Row, found: Measurement, seed: int) -> dict[str, object]:
    """Put a measurement beside its goal, in the form of ``build/bench.json``."""
    ratio = found.value / found.peer
    return {
        "name": row.name,
        "value": found.value,
        "unit": row.unit,
        "peer": found.peer,
        "ratio": ratio,
        "goal": str(row.goal),
        "met": row.goal.met(ratio) and not found.faults,
        "seed": seed,
        "versions": versions(),
        "note": "; ".join((*found.faults, found.note)),
    }


def versions() -> dict[str, str]:
    """Name what was measured on: interpreter, machine, build, and the packages that matter."""
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": running(),
    }
    for package in ("zota", "zigpy", "construct", "trio"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
