"""Jobs that workers do, as JSON in and JSON out, and how their results are taken; pure.

A job may be done twice: its worker dies before anybody has the result, or nearly does. The first whole
result counts. Jobs that are alike give the same result whoever does them; when two differ, somebody runs
other code than the rest, and nothing that came back can be believed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ota_engine.errors import LocalError

JsonObject: TypeAlias = dict[str, Any]
SayProgress: TypeAlias = Callable[
    [JsonObject], None
]  # tells how far a job is; raises where nobody wants it any more
JobWork: TypeAlias = Callable[
    [JsonObject, bytes | None, SayProgress], JsonObject
]  # a task, and what all share


class Job(NamedTuple):
    """One piece of work.

    Attributes:
        name: no other of the same run has it.
        task: what to do.
        alike: whoever does it, the result is the same, to the octet.
        near: address of the worker that does it best; empty for any.
    """

    name: str
    task: JsonObject
    alike: bool = True
    near: str = ""


class JobEnd(NamedTuple):
    """What came of a job.

    Attributes:
        name: whose.
        result: None where none came back.
        seconds: of a worker's wall time.
        trouble: why there is no result.
        worker: address of the one that did it.
    """

    name: str
    result: JsonObject | None
    seconds: float = 0.0
    trouble: str = ""
    worker: str = ""


class JobTakenBackError(Exception):
    """Nobody waits for the result of this job any more."""


class SchedulerGoneError(LocalError):
    """The scheduler, or its last worker, does not answer any more."""


class Twins:
    """Compares the results of jobs that were done more than once."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def saw(self, name: str, sha256: str) -> None:
        """Take the hash of a result.

        Raises:
            LocalError: another one was seen for the same job.
        """
        first = self._seen.setdefault(name, sha256)
        if first != sha256:
            raise LocalError(
                f"{name}: two workers gave different results, SHA-256 {first} and {sha256}: believe"
                " none of them, and see what differs between the machines"
            )
