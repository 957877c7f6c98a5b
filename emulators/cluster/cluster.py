"""Sends jobs to the workers of a Dask scheduler and takes what comes back, whatever dies meanwhile.

Knows Dask's client. It runs a loop of its own in a thread: never to be used where trio runs.
"""

import hashlib
import json
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

import distributed
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker

from emulators.cluster.code import code_sha256
from emulators.cluster.jobs import (
    Job,
    JobEnd,
    JobWork,
    JsonObject,
    SchedulerGoneError,
    Twins,
)
from emulators.cluster.labour import JobOrder, Labour, OtherCodeError, labour
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.wording import counted

JOIN_S: Final = 60.0  # until the first worker has to be there
GONE_S: Final = 60.0  # without a scheduler, or without any worker, after which nobody waits
LOOK_S: Final = 1.0  # between two looks at who is there
FETCH_S: Final = 120.0  # until a result has to have come
TRIES: Final = 5  # of a job on whose workers Dask has given up
AHEAD: Final = 2  # jobs handed out for every one that runs: a worker never waits for us

HearJob = Callable[[str, JsonObject], None]  # a job's name, and what it says


def nobody_hears(name: str, word: JsonObject) -> None:
    """Hear what a job says of itself and tell nobody."""


@contextmanager
def _reached(client: distributed.Client, place: str, under_way: int = 0) -> Iterator[None]:
    """Say in our words that a scheduler has gone, for which Dask has many.

    Raises:
        SchedulerGoneError: it has gone.
    """
    try:
        yield
    except Exception as error:
        if client.status == "running" and not isinstance(error, CommClosedError):
            raise
        raise _gone(place, under_way) from None


def _gone(place: str, under_way: int) -> SchedulerGoneError:
    during = f", with {_under_way(under_way)}" if under_way else ""
    return SchedulerGoneError(
        f"{place}: the scheduler is gone{during}:"
        " start it and its workers (they end with it) again, then this command"
    )


def _under_way(jobs: int) -> str:
    return f"{counted(jobs, 'job')} under way"


class _Course:
    """A job under way."""

    def __init__(self, job: Job, future: "distributed.Future[Any]", tries: int) -> None:
        self.job = job
        self.future = future
        self.tries = tries


class Cluster:
    """The workers of one scheduler.

    Args:
        client: connected.
        place: where the scheduler is, in words.
        cure: what to do where no worker comes.
    """

    def __init__(self, client: distributed.Client, place: str, cure: str) -> None:
        self._client = client
        self._place = place
        self._cure = cure

    @property
    def workers(self) -> list[str]:
        """Addresses of those that are there now."""
        with _reached(self._client, self._place):
            return sorted(self._client.nthreads())

    def refuse_gone(self) -> None:
        """See that the scheduler is there, or may be back soon; nothing is waited for.

        Raises:
            SchedulerGoneError: it has gone for good.
        """
        if self._client.status == "closed":
            raise _gone(self._place, 0)

    def await_hands(self) -> None:
        """Wait until there is a worker.

        Raises:
            SchedulerGoneError: none comes, or the scheduler has gone.
        """
        try:
            with _reached(self._client, self._place):
                self._client.wait_for_workers(1, timeout=JOIN_S)
        except TimeoutError:
            raise SchedulerGoneError(
                f"{self._place}: no worker has come in {JOIN_S:.0f} s: {self._cure}"
            ) from None

    @contextmanager
    def begun(
        self,
        work: JobWork,
        hear: HearJob = nobody_hears,
        shared: bytes | None = None,
        most: int | None = None,
    ) -> "Iterator[JobRun]":
        """Have jobs of one kind done for a while; what is under way at its end is taken back.

        Args:
            work: does one; a function of a module that workers have, too.
            hear: told what jobs say of themselves.
            shared: octets that all jobs get.
            most: jobs at once; None for as many as keep all workers busy.

        Raises:
            SchedulerGoneError: there is no worker, or no scheduler any more.
        """
        self.await_hands()
        run = JobRun(self._client, self._place, work, shared, hear, most)
        try:
            yield run
        finally:
            run.close()

    def run(
        self,
        work: JobWork,
        jobs: Iterator[Job],
        hear: HearJob = nobody_hears,
        shared: bytes | None = None,
        most: int | None = None,
    ) -> Iterator[JobEnd]:
        """Have jobs done; see ``begun`` and ``JobRun.ends``."""
        with self.begun(work, hear, shared, most) as run:
            yield from run.ends(jobs)


class JobRun:
    """Jobs of one kind on the workers of a scheduler; made by ``Cluster.begun``.

    Attributes:
        name: no other run has it.
    """

    def __init__(
        self,
        client: distributed.Client,
        place: str,
        work: JobWork,
        shared: bytes | None,
        hear: HearJob,
        most: int | None = None,
    ) -> None:
        self._most = most
        self._client = client
        self._place = place
        self._work = work
        self._octets = shared
        self._hear = hear
        self.name = f"zota-{uuid.uuid4().hex}"
        self._told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._courses: dict[str, _Course] = {}
        self._lost: list[_Course] = []
        self._twins = Twins()
        self._room = 0
        self._look_at = 0.0
        self._seen_at = time.monotonic()
        with _reached(client, place):
            self._shared = self._scatter()
            client.subscribe_topic(self.name, self._event)

    def _scatter(self) -> Any:
        if self._octets is None:
            return None
        return self._client.scatter(self._octets, broadcast=True, hash=False)

    def _event(self, event: tuple[float, JsonObject]) -> None:
        """Take what a worker has said, in the thread of the client's loop."""
        self._told.put((str(event[1].get("name")), event[1]))

    def close(self) -> None:
        """Take back what is under way."""
        with suppress(Exception):  # the scheduler may be gone: then there is nothing to take back
            self._client.unsubscribe_topic(self.name)
            self._client.cancel([course.future for course in self._courses.values()])

    def ends(self, jobs: Iterator[Job]) -> Iterator[JobEnd]:
        """Hand out jobs and take what comes of them until all are done; they end in any order.

        Args:
            jobs: asked for one by one, whenever there is room.

        Raises:
            LocalError: workers run another zota, or two results of one job differ.
            SchedulerGoneError: scheduler or workers are gone for good.
        """
        while True:
            self._look()
            while len(self._courses) < self._room and (job := next(jobs, None)) is not None:
                self._submit(job, 0)
            if not self._courses:
                return
            with suppress(Empty):
                name, what = self._told.get(timeout=LOOK_S)
                yield from self._take(name, what)

    def _look(self) -> None:
        """Count who is there now and then; they come and go.

        Raises:
            SchedulerGoneError: nobody has been for too long.
        """
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        hands = 0
        if self._client.status == "running":
            with suppress(Exception):  # it is gone, or about to be: the next look says
                hands = sum(self._client.nthreads().values())
        if hands:
            self._seen_at = now
            self._room = hands * AHEAD if self._most is None else self._most
            self._find_lost()
        elif self._client.status == "closed":
            raise _gone(self._place, len(self._courses))
        elif now > self._seen_at + GONE_S:
            raise SchedulerGoneError(
                f"{self._place}: no worker is left, with {_under_way(len(self._courses))}:"
                " start workers again, then this command"
            )

    def _find_lost(self) -> None:
        """Hand out again what a scheduler that was away for a while has forgotten."""
        if not self._lost:
            return
        try:
            with _reached(self._client, self._place):
                self._shared = self._scatter()
        except SchedulerGoneError:
            return  # it is away again: the next look says
        lost, self._lost = self._lost, []
        for course in lost:
            self._submit(course.job, course.tries + 1)

    def _submit(self, job: Job, tries: int) -> None:
        task = canonical_json(job.task)
        order = JobOrder(self._work, code_sha256(), self.name, job.name, task, job.alike)
        key = f"{job.name}-{self.name}-{tries}"
        with _reached(self._client, self._place, len(self._courses)):
            future = self._client.submit(
                *(labour, order, self._shared),
                key=key,
                pure=False,
                retries=0,
                workers=[job.near] if job.near else None,
                allow_other_workers=bool(job.near),
            )
        self._courses[job.name] = _Course(job, future, tries)
        future.add_done_callback(lambda done: self._told.put((job.name, done)))

    def _take(self, name: str, what: Any) -> Iterator[JobEnd]:
        course = self._courses.get(name)
        if isinstance(what, dict):
            self._hear_of(name, what, course)
        elif course is not None and what.key == course.future.key:
            yield from self._ended(course)

    def _hear_of(self, name: str, what: JsonObject, course: _Course | None) -> None:
        if "sha256" in what:
            self._twins.saw(name, str(what["sha256"]))
        elif course is not None:
            self._hear(name, what["word"])

    def _ended(self, course: _Course) -> Iterator[JobEnd]:
        name, future = course.job.name, course.future
        if future.status == "error":
            error = future.exception()
            if isinstance(error, OtherCodeError):
                which = error.args[-1] if len(error.args) > 1 else "that does not say which it is"
                raise LocalError(
                    f"{self._place}: the worker {which} runs another zota than this one: install the"
                    " same there, and start it again"
                )
            if not isinstance(error, KilledWorker):
                del self._courses[name]
                yield JobEnd(name, None, trouble=f"{type(error).__name__}: {error}")
                return
        elif future.status == "finished" and (end := self._fetched(course)) is not None:
            del self._courses[name]
            yield end
            return
        if course.tries + 1 >= TRIES:
            del self._courses[name]
            yield JobEnd(name, None, trouble="workers died of it again and again")
        elif future.status == "cancelled":
            self._lost.append(course)
        else:
            self._submit(course.job, course.tries + 1)

    def _fetched(self, course: _Course) -> JobEnd | None:
        """Fetch a result; None when its worker died before, and it has to be done once more."""
        done: Labour
        try:
            done = course.future.result(timeout=FETCH_S)
            text = zlib.decompress(done.packed)
        except Exception:  # noqa: BLE001 - Dask has many words for this
            return None
        if hashlib.sha256(text).hexdigest() != done.sha256:
            return None
        if course.job.alike:
            self._twins.saw(course.job.name, done.sha256)
        return JobEnd(course.job.name, json.loads(text), done.seconds, worker=done.worker)
