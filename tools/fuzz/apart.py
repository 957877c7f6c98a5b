"""Feeds a target in a process of its own, so that neither a crash nor a leak reaches the next.

The input being fed lies in memory that both processes see: where the child dies of it, the parent
keeps it.
"""

import mmap
import os
import pickle
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import Final

from campaign import Broken, Defect, Feeding, Limits, Tally, Watch
from corpus import Corpus, digest, keep
from probes import Probes
from targets.target import Target

LENGTH: Final = struct.Struct("<I")
ENDLESS: Final = 90  # processor seconds in code that is not Python's, which no exception ends; more than STILL / TICKS


class _Shown(Watch):
    """Shows each input to the parent; has the kernel end what no exception can."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._memory = mmap.mmap(-1, LENGTH.size + largest)

    def before(self, data: bytes) -> None:
        shown = data[: self._largest]
        self._memory[: LENGTH.size + len(shown)] = LENGTH.pack(len(shown)) + shown

    def tick(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, ENDLESS)  # from now: the kernel's clocks drift apart

    def last(self) -> bytes:
        """The input shown last."""
        (length,) = LENGTH.unpack(self._memory[: LENGTH.size])
        return self._memory[LENGTH.size : LENGTH.size + length]


def feed_apart(
    name: str, target: Target, probes: Probes, folder: Path, seed: int, limits: Limits
) -> Tally:
    """Feed a target in a child; see ``Feeding.go_on``.

    Returns:
        what came of it; a child that was killed is a defect of the input that it was given last.
    """
    shown = _Shown(target.largest)
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_child(Feeding(name, target, probes, folder, shown), seed, limits, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if said:
        tally: Tally = pickle.loads(said)  # noqa: S301 - our own child wrote it
        return tally
    code = os.waitstatus_to_exitcode(status)
    ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    kept = keep(folder / "defects" / name, digest(ended.encode()), shown.last())
    defect = Defect(*Broken(f"the process ended with {ended}", "no traceback"), kept)
    return Tally(name, 0, 0, Corpus(folder / "corpus" / name).state(), (defect,))


def _be_child(feeding: Feeding, seed: int, limits: Limits, writing: int) -> None:
    """Feed, tell, and leave without any of the parent's farewells."""
    code = 1
    try:
        tally = feeding.go_on(seed, limits)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(tally, pipe)
        code = 0
    except BaseException:
        traceback.print_exc()  # no input's fault: the target cannot even begin
        raise
    finally:
        os._exit(code)
