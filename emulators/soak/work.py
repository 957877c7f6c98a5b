"""What the work of soaks is cut into, and who does it: shards by soak, and a crew that takes one after another.

Knows no process and no network; ``emulators.soak.processes`` and ``emulators.soak.spread`` are crews.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from emulators.soak.soak import ShardJson, SoakSpec


class Unit(NamedTuple):
    """One shard of one soak."""

    spec: SoakSpec
    shard: int


class UnitEnd(NamedTuple):
    """What came of a unit.

    Attributes:
        unit: which.
        result: of ``run_shard``; None when none came back.
        seconds: of a worker's wall time that it took; 0 when no result came back.
        trouble: why none did.
    """

    unit: Unit
    result: ShardJson | None
    seconds: float = 0.0
    trouble: str = ""


UnitProgress: TypeAlias = Callable[[Unit, float, int], None]  # virtual seconds, blocks


class Crew(Protocol):
    """Whoever runs units."""

    def run(self, units: Iterator[Unit], on_progress: UnitProgress) -> Iterator[UnitEnd]:
        """Run units, each once, as many at a time as there are hands; they end in any order.

        Args:
            units: asked for one by one, whenever somebody has nothing to do.
            on_progress: told how far a unit is, now and then.
        """
        ...


def nobody(unit: Unit, virtual: float, blocks: int) -> None:
    """Hear of progress and tell nobody."""
