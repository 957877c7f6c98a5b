"""Bounds how many requests are open at once, over all and of each caller; knows no HTTP.

Whoever comes when it is full is told so at once: nobody waits in a queue that can grow.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ota_engine.head_end.api.problems import Problem, ProblemCode

MOST: Final = 64  # requests open at once
MOST_EACH: Final = 16  # of one caller
AGAIN_S: Final = "1"


class Crowd:
    """Requests that are open.

    Args:
        most: over all.
        most_each: of one caller.
    """

    def __init__(self, most: int = MOST, most_each: int = MOST_EACH) -> None:
        self._most = most
        self._most_each = most_each
        self._inside = 0
        self._callers: Counter[str] = Counter()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Count a request while it is open.

        Raises:
            Problem: there are too many.
        """
        if self._inside >= self._most:
            raise Problem(
                ProblemCode.BUSY,
                f"{self._most} requests are open already: try again in a moment",
                {"Retry-After": AGAIN_S},
            )
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @contextmanager
    def of(self, caller: str) -> Iterator[None]:
        """Count a request of a caller while it is open.

        Raises:
            Problem: the caller has too many.
        """
        if self._callers[caller] >= self._most_each:
            raise Problem(
                ProblemCode.TOO_MANY,
                f"{self._most_each} requests of yours are open: wait for one of them to end",
                {"Retry-After": AGAIN_S},
            )
        self._callers[caller] += 1
        try:
            yield
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]
