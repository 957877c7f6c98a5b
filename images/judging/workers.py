"""Judges many files, in several processes where that pays; one file in memory per process."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from images.errors import JudgingError
from images.files import MAX_FILE_BYTES, read_bounded
from images.judging.settings import JudgingSettings
from images.rules import Report

# Less is judged before another process has started
FILES_PER_PROCESS: Final = 100
OCTETS_PER_PROCESS: Final = 16 << 20  # two seconds, where they carry integrity codes
CHUNK: Final = 8  # files handed to a process at a time, at most
CHUNKS_PER_PROCESS: Final = 4  # at least, so that none is left waiting for the last one's


class Judged(NamedTuple):
    """A file and what the rules say, or why it could not be read."""

    path: Path
    report: Report | None
    reason: str = ""


def judge_files(
    paths: Sequence[Path], settings: JudgingSettings, jobs: int | None
) -> Iterator[Judged]:
    """Judge files; the results come in the order of the files.

    Args:
        paths: regular files, or what the user took for one.
        settings: what to go by.
        jobs: how many processes; None starts one per core when there are files enough.
    """
    processes = min(processes_for(paths) if jobs is None else jobs, len(paths))
    if processes <= 1:
        yield from map(partial(_judge, settings=settings), paths)
        return
    # Not fork: the parent may have threads, of which a copy would inherit only the locks.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _settle, (settings,)) as pool:
        try:
            chunk = min(CHUNK, len(paths) // (processes * CHUNKS_PER_PROCESS)) or 1
            yield from pool.map(_judge_settled, paths, chunksize=chunk)
        except BrokenProcessPool:
            raise JudgingError(
                "a checking process was killed, perhaps for want of memory: try --jobs 1"
            ) from None


def processes_for(paths: Sequence[Path]) -> int:
    """How many processes pay off: one per core at most, fewer where there is little to do."""
    octets = sum(_size(path) for path in paths)
    wanted = max(len(paths) // FILES_PER_PROCESS, octets // OCTETS_PER_PROCESS) + 1
    return min(os.cpu_count() or 1, wanted)


def _size(path: Path) -> int:
    """Octets that may have to be read; a file that cannot be looked at has none."""
    try:
        return min(path.stat().st_size, MAX_FILE_BYTES)
    except OSError:
        return 0


# Of a judging process, sent once: an index in it may be larger than all files.
_settled: list[JudgingSettings] = []


def _settle(settings: JudgingSettings) -> None:
    _settled[:] = [settings]


def _judge_settled(path: Path) -> Judged:
    return _judge(path, _settled[0])


def _judge(path: Path, settings: JudgingSettings) -> Judged:
    try:
        data = read_bounded(path)
    except OSError as error:
        return Judged(path, None, error.strerror or str(error))
    return Judged(path, settings.judge(path.as_posix(), data))
