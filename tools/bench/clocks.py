"""How time and memory are measured: processor time of this process, its best of several rounds."""

import gc
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

MEGABYTE = 1_000_000  # octets


Work: TypeAlias = Callable[[], object]


def interleaved(rounds: int, *contenders: Callable[[], Work]) -> tuple[float, ...]:
    """Run every contender once per round, in turn; return each one's best processor seconds.

    A contender prepares itself, untimed, and returns the work to time.

    Interleaving gives all of them the same weather: a slow stretch of the machine meets each, and
    the best round is the one without. Garbage is collected before a run, never during it.
    """
    best = [float("inf")] * len(contenders)
    for _ in range(rounds):
        for place, contender in enumerate(contenders):
            best[place] = min(best[place], processor_seconds(contender()))
    return tuple(best)


def processor_seconds(work: Work) -> float:
    """Processor time of one run of ``work``."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        if enabled:
            gc.enable()


def peak_memory() -> float:
    """Largest resident set of this process so far, in megabytes of 10^6 octets.

    Linux keeps it per address space in ``VmHWM``. ``getrusage`` would also count the process that
    started this one, because a new program inherits the peak of the fork it came from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MEGABYTE
    octets_per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * octets_per_unit / MEGABYTE
