"""How long to wait before the next try: pauses that grow with every failure, up to a longest one."""

from collections.abc import Sequence
from typing import Final

MAX_DOUBLINGS: Final = 64  # far beyond any longest pause, and within a float


def doubled(first: float, longest: float, failures: int) -> float:
    """Seconds to wait after so many failures: ``first`` after one, then twice as long every time.

    Args:
        first: seconds after the first failure; none counts as one.
        longest: seconds that no pause exceeds.
        failures: in a row, so far.
    """
    return min(first * 2.0 ** min(max(failures - 1, 0), MAX_DOUBLINGS), longest)


def stepped(pauses: Sequence[float], failures: int) -> float:
    """Seconds to wait after so many failures: one pause for each, and the last for all that follow.

    Args:
        pauses: seconds, at least one of them.
        failures: in a row, so far; none counts as one.
    """
    return pauses[min(max(failures, 1), len(pauses)) - 1]
