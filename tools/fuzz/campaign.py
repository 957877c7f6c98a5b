"""Feeds one target with made-up inputs until time or count is over; keeps what breaks it."""

import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from corpus import Corpus, Done, FuzzState, digest, keep
from mutation import Given, mutate, words_of
from probes import Probes
from targets.target import Target

SLOWEST: Final = 20.0  # processor seconds for one input; above it, a walk has no end
STILL: Final = 240.0  # seconds on the clock for one input; above it, it waits for what never comes
MOST_DEFECTS: Final = 20  # of one target; after so many it is broken, and the next is due
SHOWN_FRAMES: Final = 8  # of a traceback; an endless recursion has a thousand
TOLD_EVERY: Final = 10.0  # seconds between two notes of what was done
LOOKED_EVERY: Final = 64  # inputs between two looks at the clock
TICKS: Final = 4  # in that time


class TooSlow(Exception):  # noqa: N818 - a verdict on an input, not a failure of this program
    """An input that keeps a target for longer than any file may."""


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


class Limits(NamedTuple):
    """When to stop.

    Attributes:
        until: on the monotonic clock.
        most: inputs.
        proven: or as soon as the target was fed enough.
    """

    until: float
    most: int
    proven: bool = False


class Tally(NamedTuple):
    """What came of feeding one target.

    Attributes:
        name: of the target.
        runs: inputs fed now.
        kept: inputs to begin with next time.
        state: after all runs.
        defects: found now.
    """

    name: str
    runs: int
    kept: int
    state: FuzzState
    defects: tuple[Defect, ...]


class Watch:
    """Sees what a process does; does nothing about it by itself."""

    def before(self, data: bytes) -> None:
        """An input is about to be fed."""

    def tick(self) -> None:
        """A quarter of the time that one input may take has gone by."""


class Feeding:
    """One process at one target.

    Args:
        name: of the target.
        target: what to feed.
        probes: marks of all modules that it runs through.
        folder: of all corpora and of what broke.
        watch: sees what happens.
    """

    def __init__(
        self, name: str, target: Target, probes: Probes, folder: Path, watch: Watch | None = None
    ) -> None:
        self.name = name
        self.defects: dict[str, Defect] = {}
        self.runs = 0
        self._target = target
        self._probes = probes
        self._broken = folder / "defects" / name
        self._corpus = Corpus(folder / "corpus" / name)
        self._watch = watch or Watch()
        self._fed = 0  # runs, and inputs that others made
        self._told = 0  # runs, at the last note
        self._new_run: int | None = None  # the last run that reached something new, since then
        self._new_at = 0.0
        self._spent = time.process_time()

    def go_on(self, seed: int, limits: Limits) -> Tally:
        """Feed the target from where all runs before stopped.

        Args:
            seed: of all chance: it makes the same inputs in the same order from the same corpus.
            limits: when to stop.
        """
        with _ticking(lambda: self._fed, self._watch.tick):
            seeds = list(self._target.seeds())
            for data in seeds[: limits.most]:
                self.runs += 1
                self._adds(data)
            modules = self._target.modules
            state, kept = self._corpus.begin(self._probes.sources(modules), self._adds)
            self._own = self._probes.within(modules)
            draw = random.Random(f"{seed} {self.name} {state.runs}")
            words = words_of(self._probes.words(modules))
            given = Given(draw, [*seeds, *kept], self._target.largest, words)
            state = self._until_over(given, limits)
        kept_now = len(given.corpus) - len(seeds)
        return Tally(self.name, self.runs, kept_now, state, tuple(self.defects.values()))

    def _until_over(self, given: Given, limits: Limits) -> FuzzState:
        state, tell_at = self._tell(), time.monotonic() + TOLD_EVERY
        while self.runs < limits.most and len(self.defects) < MOST_DEFECTS:
            for _ in range(min(LOOKED_EVERY, limits.most - self.runs)):
                self._feed_one(given)
            now = time.monotonic()
            if now >= tell_at or now >= limits.until:
                state, tell_at = self._tell(), now + TOLD_EVERY
                given.corpus.extend(filter(self._adds, self._corpus.found_by_others()))
            if now >= limits.until or (limits.proven and state.verdict):
                break
        return self._tell()

    def _feed_one(self, given: Given) -> None:
        """Make an input and feed it; keep it where it went somewhere new."""
        corpus = given.corpus
        data = mutate(given, corpus[given.below(len(corpus))])
        self.runs += 1
        if self._adds(data):
            corpus.append(data)
            self._corpus.add(data)
            self._new_run, self._new_at = self.runs, time.time()

    def _adds(self, data: bytes) -> bool:
        """Feed an input; whether it stood and reached a place that none before it did."""
        self._fed += 1
        self._watch.before(data)
        before = len(self._probes.marks)
        broken = attempt(self._target, data)
        if broken is None:
            return len(self._probes.marks) > before
        if broken.place not in self.defects:
            kept = keep(self._broken, digest(broken.place.encode()), data)
            self.defects[broken.place] = Defect(*broken, kept)
        return False

    def _tell(self) -> FuzzState:
        spent = time.process_time()
        quiet = None if self._new_run is None else self.runs - self._new_run
        done = Done(self.runs - self._told, spent - self._spent, quiet, self._new_at)
        self._told, self._spent, self._new_run = self.runs, spent, None
        reached = len(self._own & self._probes.marks.keys())
        return self._corpus.tell(done, reached, len(self._own))


def attempt(target: Target, data: bytes) -> Broken | None:
    """Feed one input; what it broke."""
    try:
        target.run(data)
    except (Exception, TooSlow) as error:  # noqa: BLE001 - reported, whatever it is
        trace = "".join(traceback.format_exception(error, limit=-SHOWN_FRAMES))
        return Broken(_place(error), trace)
    return None


def _place(error: BaseException) -> str:
    """Where it was raised; for what must hold of any target, the target that says so."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if Path(frame.filename).name != "target.py"]
    last = (outside or frames)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


@contextmanager
def _ticking(fed: Callable[[], int], tick: Callable[[], None]) -> Iterator[None]:
    """Raise ``TooSlow`` inside what takes too long; timers for all inputs cost none of them."""
    with (
        _timed(signal.SIGVTALRM, signal.ITIMER_VIRTUAL, (SLOWEST, "processor time"), fed, tick),
        _timed(signal.SIGALRM, signal.ITIMER_REAL, (STILL, "waiting"), fed, tick),
    ):
        yield


@contextmanager
def _timed(
    number: signal.Signals,
    timer: int,
    most: tuple[float, str],
    fed: Callable[[], int],
    tick: Callable[[], None],
) -> Iterator[None]:
    """Look at a target by one timer: ``most`` is how long one input may take, and of what."""
    seconds, of_what = most
    seen, same = -1, 0

    def look(number: int, frame: FrameType | None) -> None:
        nonlocal seen, same
        tick()
        seen, same = fed(), same + 1 if fed() == seen else 0
        if same >= TICKS:
            same = 0
            raise TooSlow(f"more than {seconds:g} s of {of_what} for one input")

    earlier = signal.signal(number, look)
    signal.setitimer(timer, seconds / TICKS, seconds / TICKS)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, earlier)
