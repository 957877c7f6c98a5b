"""Soaks on workers of a Dask scheduler, beside the same soaks in processes of this machine."""

import time

from clocks import MEGABYTE
from row import Goal, Measurement, Options, row

from emulators.cluster.door import opened
from emulators.cluster.place import SchedulerPlace
from emulators.soak.processes import LocalProcesses
from emulators.soak.soak import SoakSpec
from emulators.soak.spread import ClusterCrew
from emulators.soak.work import Crew, Unit

ROUNDS = 3
HANDS = 2


@row("dask-2", unit="blocks/s", goal=Goal(0.9))
def dask_2(options: Options) -> Measurement:
    """Harsh soaks on two workers of a Dask scheduler that runs already.

    The peer is two lone processes that have started already. Both in turn, by the clock on the wall, best of
    three: with other work on the machine, of no worth.
    """
    shards, size = (2, 1024) if options.quick else (8, 8 * 1024)
    specs = [SoakSpec(250, 2.0, options.seed + one, "harsh", "sim", size) for one in range(shards)]
    with opened(SchedulerPlace(workers=HANDS)) as cluster:
        crews: list[Crew] = [ClusterCrew(cluster), LocalProcesses(HANDS)]
        found = [
            [_soaked(crew, specs) for crew in crews] for _ in range(1 if options.quick else ROUNDS)
        ]
    ours, theirs = (max(pace for pace, _ in paces) for paces in zip(*found, strict=True))
    hashes = {told for paces in found for _, told in paces}
    faults = () if len(hashes) == 1 else ("the journals differ",)
    note = f"{shards} shards of 250 devices, {size / MEGABYTE:.2g} MB each, {HANDS} at once"
    return Measurement(ours, theirs, note, faults)


def _soaked(crew: Crew, specs: list[SoakSpec]) -> tuple[float, tuple[str | None, ...]]:
    """Soak all, and say how many blocks were carried in a second, from the first word of a worker on."""
    began: list[float] = []
    blocks = 0
    journals: dict[int, str | None] = {}

    def heard(unit: Unit, virtual: float, blocks: int) -> None:
        if not began:
            began.append(time.monotonic())

    for end in crew.run((Unit(spec, 0) for spec in specs), heard):
        if end.result is None:
            raise RuntimeError(end.trouble)
        blocks += end.result["blocks"]
        journals[end.unit.spec.seed] = end.result["journal_sha256"]
    return blocks / (time.monotonic() - began[0]), tuple(journals[spec.seed] for spec in specs)
