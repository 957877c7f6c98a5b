"""How time and memory are measured: processor time, in rounds that every contender takes part in."""

import gc
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

MEGABYTE = 1_000_000  # octets


Work: TypeAlias = Callable[[], object]
Contender: TypeAlias = Callable[[], Work]  # prepares itself, untimed; returns the work to time


def interleaved(rounds: int, *contenders: Contender) -> tuple[float, ...]:
    """Run every contender once per round, in turn; return each one's best processor seconds.

    Interleaving gives all of them the same weather: a slow stretch of the machine meets each, and
    the best round is the one without. Garbage is collected before a run, never during it.
    """
    return tuple(map(min, _rounds(rounds, contenders)))


def alternating(rounds: int, *contenders: Contender) -> tuple[float, ...]:
    """Run every contender once per round, in turn; return each one's median processor seconds.

    For work so long that no round is without other work on the machine.
    """
    return tuple(map(statistics.median, _rounds(rounds, contenders)))


def apart(rounds: int, *timed: Callable[[], float]) -> tuple[float, ...]:
    """The same as ``interleaved``, with every contender in a process of its own, kept for all rounds.

    For work that copies megabytes: what a copy costs depends on how the heap of the process lies, and
    so on who else works in it.

    Args:
        rounds: how many.
        timed: functions of modules, or partials of such, that return processor seconds of their work.
    """
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = [stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for _ in timed]
        measured = [
            [pool.submit(work).result() for pool, work in zip(pools, timed, strict=True)]
            for _ in range(rounds)
        ]
    return tuple(map(min, zip(*measured, strict=True)))


def _rounds(rounds: int, contenders: Sequence[Contender]) -> list[tuple[float, ...]]:
    """Measure every contender in every round; returns the seconds of each contender."""
    measured = [[processor_seconds(contender()) for contender in contenders] for _ in range(rounds)]
    return list(zip(*measured, strict=True))


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
