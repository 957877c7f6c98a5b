"""What a worker of a Dask scheduler does with a job; also what its process is told when it starts.

Runs in a thread of the worker. Knows Dask's worker, and nothing of what jobs are about.
"""

import gc
import hashlib
import json
import signal
import time
import zlib
from typing import Any, Final, NamedTuple

import distributed

from emulators.cluster.code import code_sha256
from emulators.cluster.jobs import JobTakenBackError, JobWork, JsonObject
from ota_engine.canonical import canonical_json

PACKING: Final = 3  # of zlib: results are long and alike, and workers have better to do
SAID_EVERY: Final = 2.0  # seconds between two words of one job
YOUNG_OBJECTS: Final = 200_000  # a simulation makes no cycles worth looking for more often


class OtherCodeError(Exception):
    """This worker does not run the zota that sent the job; its words are the worker's hash and address."""


class JobOrder(NamedTuple):
    """What comes with every job.

    Attributes:
        work: does it.
        code: hash of the zota that sent it.
        topic: on which the sender listens.
        name: of the job.
        task: as JSON.
        alike: whoever does it, the result is the same.
    """

    work: JobWork
    code: str
    topic: str
    name: str
    task: str
    alike: bool


class Labour(NamedTuple):
    """What goes back: who did it and how many seconds it took, the result as compressed JSON, its SHA-256."""

    worker: str
    seconds: float
    sha256: str
    packed: bytes


def labour(order: JobOrder, shared: bytes | None) -> Labour:
    """Do a job.

    Raises:
        OtherCodeError: of another zota.
        JobTakenBackError: nobody wants it any more.
    """
    own = code_sha256()
    if own != order.code:
        raise OtherCodeError(own, str(distributed.get_worker().address))
    _spare_the_collector()
    voice = _Voice(order)
    began = time.monotonic()
    text = canonical_json(order.work(json.loads(order.task), shared, voice.say)).encode("ascii")
    digest = hashlib.sha256(text).hexdigest()
    if order.alike:
        voice.ended(digest)
    packed = zlib.compress(text, PACKING)
    return Labour(voice.worker, time.monotonic() - began, digest, packed)


class _Voice:
    """Says how far a job is, not too often, and notices that nobody wants it any more."""

    def __init__(self, order: JobOrder) -> None:
        self._worker = distributed.get_worker()
        self._key = self._worker.get_current_task()
        self._order = order
        self._next = 0.0

    @property
    def worker(self) -> str:
        """The address of this worker."""
        return str(self._worker.address)

    def say(self, word: JsonObject) -> None:
        """Tell the sender something of the job."""
        task = self._worker.state.tasks.get(self._key)
        if task is None or task.state == "cancelled":
            raise JobTakenBackError(self._order.name)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SAID_EVERY
            self._tell({"word": word})

    def ended(self, sha256: str) -> None:
        """Tell what came of it before the result itself is fetched: it may be lost on the way."""
        self._tell({"sha256": sha256})

    def _tell(self, what: dict[str, Any]) -> None:
        self._worker.log_event(self._order.topic, {"name": self._order.name, **what})


def _spare_the_collector() -> None:
    """Let the garbage collector look at long-lived objects once, not at every block."""
    if gc.get_threshold()[0] != YOUNG_OBJECTS:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 20, 100)


def dask_setup(_: object) -> None:
    """Settle a worker process that we have started ourselves: the terminal's Ctrl-C is for its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
