"""A soak's worker process: ``python -m emulators.soak`` runs shards and reports in lines.

Reads JSON lines on standard input until that ends: ``{"spec", "shards", "journals", "captures"}``, the
last two folders or null. Writes one JSON line for progress now and then, and one for every shard that
is done, with the seconds it took; one for a file that cannot be written, after which it ends. Whoever
reads them trusts no line that is cut.
"""

import gc
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from emulators.soak.soak import ShardJson, SoakSpec, run_shard
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError

PROGRESS_EVERY = 0.5  # seconds of wall time between two lines
YOUNG_OBJECTS = 200_000  # a simulation makes no cycles worth looking for more often


def main() -> int:
    """Run the shards asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for our parent
    spare_the_collector()
    try:
        for line in iter(sys.stdin.readline, ""):
            work(json.loads(line))
    except BrokenPipeError:
        return 1  # nobody listens any more
    except _UnkeptError as error:
        say({"unkept": list(error.args)})
        return 2
    except (LocalError, OSError) as error:
        print(f"zota: {error}", file=sys.stderr)  # noqa: T201 - a process of its own
        return 2
    return 0


def work(task: ShardJson) -> None:
    """Do what one line asks for."""
    spec = SoakSpec(**task["spec"])
    firmware = spec.firmware()
    for shard in task["shards"]:
        with ExitStack() as stack:
            journal, capture = (
                stack.enter_context(_Kept(path(Path(folder), shard)))
                if folder is not None
                else None
                for path, folder in (
                    (journal_path, task["journals"]),
                    (capture_path, task["captures"]),
                )
            )
            began = time.monotonic()
            result = run_shard(spec, shard, firmware, Reporter(shard), journal, capture)
            took = time.monotonic() - began
        say({"result": result, "seconds": took})


class _UnkeptError(Exception):
    """A file cannot be written, which is our parent's to complain of: error number, text and path."""


class _Kept:
    """A file that is kept of a shard, while it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Callable[[bytes], object]:
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise self._unkept(error) from None
        return self._write

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._unkept(error) from None

    def _write(self, octets: bytes) -> None:
        try:
            self._file.write(octets)
        except OSError as error:
            raise self._unkept(error) from None

    def _unkept(self, error: OSError) -> _UnkeptError:
        return _UnkeptError(error.errno, error.strerror, str(self._path))


def journal_path(folder: Path, shard: int) -> Path:
    """Where the journal of a shard is kept."""
    return folder / f"journal-{shard:04}.jsonl"


def capture_path(folder: Path, shard: int) -> Path:
    """Where the frames of a shard are kept."""
    return folder / f"capture-{shard:04}.pcapng"


def spare_the_collector() -> None:
    """Let the garbage collector look at long-lived objects once, not at every block."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)


def say(line: ShardJson) -> None:
    """Write one line."""
    sys.stdout.write(canonical_json(line) + "\n")
    sys.stdout.flush()


class Reporter:
    """Says how far a shard is, not too often."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self._next = 0.0

    def __call__(self, virtual: float, blocks: int) -> None:
        """Take the virtual seconds and the blocks so far."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PROGRESS_EVERY
            say({"progress": [self._shard, virtual, blocks]})
