"""Keeps the inputs of a target and what was done with them, for runs to come and processes beside.

A target has a folder: its inputs, each named by its digest, and ``state.json``. Inputs are written
whole under another name first; the state is read, raised and written under a lock. So several
processes may feed one target: each adds what it did, and takes over what others found.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

STATE: Final = "state.json"
LOCK: Final = ".lock"
DIGITS: Final = 16  # of SHA-256, in names of inputs
PROVEN: Final = 10_000_000  # executions, after which a target has been fed enough
FLAT_AT_LEAST: Final = 1_000_000  # executions without a new place; or half of all, if that is more


class FuzzState(NamedTuple):
    """What was done with a target so far, by all processes in all runs.

    Attributes:
        executions: inputs fed.
        seconds: of processor time spent on it.
        runs: processes that began.
        quiet: executions since the last new place, of the sources named by ``sources``.
        new_at: when a new place was reached last, in seconds since 1970; 0 for never.
        reached: places of the target's own modules.
        places: there are in these modules.
        sources: digest of these modules.
    """

    executions: int = 0
    seconds: float = 0.0
    runs: int = 0
    quiet: int = 0
    new_at: float = 0.0
    reached: int = 0
    places: int = 0
    sources: str = ""

    @property
    def verdict(self) -> str:
        """Whether it was fed enough: ``10^7``, ``flat N`` executions, or an empty text."""
        if self.executions >= PROVEN:
            return "10^7"
        return f"flat {self.quiet:,}" if self.flat else ""

    @property
    def flat(self) -> bool:
        """No new place in the last million executions, and in no less than half of all."""
        return self.quiet >= max(FLAT_AT_LEAST, self.executions // 2)


class Done(NamedTuple):
    """What a process did since it last told."""

    executions: int
    seconds: float
    quiet: int | None  # executions since its last new place; None where it found none
    new_at: float


def digest(data: bytes) -> str:
    """The name of an input."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Write an input, whole or not at all; what has the name already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(data)
        unfinished.rename(path)
    return path


class Corpus:
    """The folder of one target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, sources: str, adds: Callable[[bytes], bool]) -> tuple[FuzzState, list[bytes]]:
        """Feed all inputs kept, smallest first, and take away those that add nothing to the others.

        Args:
            sources: digest of what is fuzzed; where it is another than before, quiet starts anew.
            adds: feeds an input; whether it reached a place that none before it did.

        Returns:
            the state, with this process counted, and the inputs.
        """
        with self._locked():
            kept = []
            for path, data in sorted(self._stored(), key=lambda one: (len(one[1]), one[0].name)):
                self._known.add(path.name)
                if adds(data):
                    kept.append(data)
                else:
                    path.unlink()
            state = self._read()
            state = state._replace(
                runs=state.runs + 1,
                sources=sources,
                quiet=state.quiet if state.sources == sources else 0,
            )
            self._write(state)
        return state, kept

    def add(self, data: bytes) -> None:
        """Keep an input that reached something new."""
        self._known.add(keep(self.folder, digest(data), data).name)

    def found_by_others(self) -> list[bytes]:
        """Inputs that appeared since they were last asked for."""
        fresh = [(path, data) for path, data in self._stored() if path.name not in self._known]
        self._known.update(path.name for path, _ in fresh)
        return [data for _, data in fresh]

    def tell(self, done: Done, reached: int, places: int) -> FuzzState:
        """Add what this process did to the state."""
        with self._locked():
            state = self._read()
            state = state._replace(
                executions=state.executions + done.executions,
                seconds=state.seconds + done.seconds,
                quiet=state.quiet + done.executions if done.quiet is None else done.quiet,
                new_at=max(state.new_at, done.new_at),
                reached=reached,
                places=places,
            )
            self._write(state)
        return state

    def state(self) -> FuzzState:
        """What was done so far."""
        with self._locked():
            return self._read()

    def _stored(self) -> Iterator[tuple[Path, bytes]]:
        for path in self.folder.iterdir():
            if path.name != STATE and not path.name.startswith("."):
                yield path, path.read_bytes()

    def _read(self) -> FuzzState:
        path = self.folder / STATE
        content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return FuzzState(**{key: content[key] for key in FuzzState._fields if key in content})

    def _write(self, state: FuzzState) -> None:
        unfinished = self.folder / f".{STATE}"
        unfinished.write_text(json.dumps(state._asdict(), indent=1))
        unfinished.rename(self.folder / STATE)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield  # the lock goes with the file
