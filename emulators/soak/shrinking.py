"""Finds the smallest plan that still fails: fewer faults, fewer devices, fewer hours, calmer air.

Delta debugging (A. Zeller, R. Hildebrandt: Simplifying and Isolating Failure-Inducing Input, 2002). Pure over
whoever runs a plan and says whether it fails; knows no simulation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from emulators.air.radio import CALM
from emulators.simulation.faults import Fault
from emulators.soak.plans import SoakPlan

T = TypeVar("T")

SHARES = (0.5, 0.75, 0.9)  # of the hours that are tried
SHORTEST = 0.01  # hours


@dataclass(frozen=True, slots=True)
class ShrinkStep:
    """How far it is: plans tried, and the smallest that failed so far."""

    tried: int
    smallest: SoakPlan


class Shrinker:
    """Makes one plan smaller, as long as it fails.

    Args:
        plan: one that fails.
        fails: runs a plan and says whether it fails in the same way; always the same for equal plans.
        say: is told after each try.

    Attributes:
        smallest: that failed so far.
        tried: plans that were run.
    """

    def __init__(
        self,
        plan: SoakPlan,
        fails: Callable[[SoakPlan], bool],
        say: Callable[[ShrinkStep], None] | None = None,
    ) -> None:
        self.smallest = plan
        self.tried = 0
        self._fails = fails
        self._say = say
        self._passed: list[SoakPlan] = []

    def run(self) -> SoakPlan:
        """Try until nothing that can be left out is left; the smallest plan."""
        before = None
        while before != self.smallest:
            before = self.smallest
            self._calm()
            self._fewer_faults()
            self._fewer_members()
            self._fewer_hours()
        return self.smallest

    def _calm(self) -> None:
        self._still(replace(self.smallest, plan=replace(self.smallest.plan, air=CALM)))

    def _fewer_faults(self) -> None:
        whole = self.smallest
        end = whole.hours * 3600.0

        def fails(faults: Sequence[Fault]) -> bool:
            return self._still(
                replace(self.smallest, plan=replace(whole.plan, faults=tuple(faults)))
            )

        in_time = [fault for fault in whole.plan.faults if fault.at <= end]
        fewest(in_time, fails, least=0)

    def _fewer_members(self) -> None:
        def fails(members: Sequence[int]) -> bool:
            return self._still(replace(self.smallest, members=tuple(members)))

        fewest(self.smallest.members, fails, least=1)

    def _fewer_hours(self) -> None:
        shares = list(SHARES)
        while shares:
            hours = round(self.smallest.hours * shares[0], 4)
            if hours < SHORTEST or not self._still(replace(self.smallest, hours=hours)):
                shares.pop(0)

    def _still(self, plan: SoakPlan) -> bool:
        """Whether a plan fails; if so it is the smallest from now on."""
        if plan == self.smallest:
            return True
        if plan in self._passed:
            return False
        self.tried += 1
        failed = self._fails(plan)
        if failed:
            self.smallest = plan
        else:
            self._passed.append(plan)
        if self._say is not None:
            self._say(ShrinkStep(self.tried, self.smallest))
        return failed


def fewest(items: Sequence[T], fails: Callable[[Sequence[T]], bool], *, least: int = 0) -> list[T]:
    """Find items that fail, none of which can be left out.

    Args:
        items: that fail together.
        fails: whether some of them fail, in their order.
        least: give no fewer.

    Returns:
        Those items; leaving out any one of them does not fail.
    """
    left = list(items)
    if least == 0 and left and fails([]):
        return []
    parts = 2
    while len(left) > max(1, least):
        found = _one_step(left, parts, fails, least)
        if found is not None:
            left, parts = found
        elif parts >= len(left):
            break
        else:
            parts = min(2 * parts, len(left))
    return left


def _one_step(
    left: list[T], parts: int, fails: Callable[[Sequence[T]], bool], least: int
) -> tuple[list[T], int] | None:
    """Try each part alone, then all but each; None where none of them fails."""
    ends = [len(left) * number // parts for number in range(parts + 1)]
    pieces = [left[start:end] for start, end in pairwise(ends)]
    for piece in pieces:
        if len(piece) >= least and fails(piece):
            return piece, 2
    if parts == 2:  # all but one is the other one
        return None
    for number in range(parts):
        rest = [one for at, piece in enumerate(pieces) if at != number for one in piece]
        if len(rest) >= least and fails(rest):
            return rest, parts - 1
    return None
