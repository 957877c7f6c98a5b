"""Runs targets on made-up inputs until time or count is over; keeps what breaks them."""

import hashlib
import random
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from mutation import mutate
from reached import Reached
from targets import Target

SLOWEST: Final = 20.0  # processor seconds for one input; above it, a walk has no end
MOST_KEPT: Final = 2_000  # inputs that reached something new
MOST_DEFECTS: Final = 20  # of one target; after so many it is broken, and the next is due
DIGITS: Final = 12  # of SHA-256, in names of inputs
SHOWN_FRAMES: Final = 8  # of a traceback; an endless recursion has a thousand


class TooSlow(Exception):  # noqa: N818 - a verdict on an input, not a failure of this program
    """An input that keeps a target busy for longer than any file may."""


class Broken(NamedTuple):
    """What an input broke.

    Attributes:
        place: file and line that raised.
        trace: the end of the traceback.
    """

    place: str
    trace: str


class Defect(NamedTuple):
    """The first input that broke something in a place, and where it was written."""

    place: str
    trace: str
    kept: Path


class Tally(NamedTuple):
    """What came of fuzzing one target."""

    name: str
    runs: int
    kept: int
    lines: int
    defects: tuple[Defect, ...]


def fuzz(name: str, target: Target, seed: int, until: float, most: int, folder: Path) -> Tally:
    """Feed one target.

    Args:
        name: of the target.
        target: what to feed.
        seed: of all chance: the same seed makes the same inputs in the same order.
        until: when to stop, on the monotonic clock.
        most: inputs at most.
        folder: where inputs that break something are kept.
    """
    draw = random.Random(f"{seed} {name}")
    root = Path(__file__).resolve().parents[2]
    reached = Reached((root / "images", root / "ota_engine"))
    corpus, defects = list(target.seeds()), dict[str, Defect]()
    runs = 0
    for data in _inputs(draw, corpus):
        if runs >= most or time.monotonic() >= until or len(defects) >= MOST_DEFECTS:
            break
        runs += 1
        new, broken = attempt(target, data, reached)
        if broken is not None and broken.place not in defects:
            defects[broken.place] = Defect(*broken, _keep(folder / name, data))
        elif new and len(corpus) < MOST_KEPT:
            corpus.append(data)
    return Tally(name, runs, len(corpus), reached.lines, tuple(defects.values()))


def _inputs(draw: random.Random, corpus: list[bytes]) -> Iterator[bytes]:
    """All seeds as they are, then changed inputs without end; the corpus may grow meanwhile."""
    yield from tuple(corpus)
    while True:
        yield mutate(draw, draw.choice(corpus), corpus)


def attempt(target: Target, data: bytes, reached: Reached) -> tuple[bool, Broken | None]:
    """Feed one input; whether it reached something new, and what it broke."""
    try:
        with _limited():
            return reached.by(lambda: target.run(data)), None
    except (Exception, TooSlow, RecursionError) as error:  # noqa: BLE001 - reported, whatever it is
        trace = "".join(traceback.format_exception(error, limit=-SHOWN_FRAMES))
        return False, Broken(_place(error), trace)


def _keep(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:DIGITS]
    path.write_bytes(data)
    return path


def _place(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


@contextmanager
def _limited() -> Iterator[None]:
    """Raise ``TooSlow`` inside what takes too long."""
    earlier = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, earlier)


def _give_up(number: int, frame: FrameType | None) -> None:
    raise TooSlow(f"more than {SLOWEST:g} s of processor time for one input")
