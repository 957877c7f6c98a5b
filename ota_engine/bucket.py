"""A token bucket: how often something may happen, with some saved up; knows not what happens."""

from ota_engine.times import Monotonic

ROUNDING = 1e-9  # tokens: what sums of floating point times may be wrong by


class Bucket:
    """A token bucket: ``rate`` tokens a second, at most ``burst`` saved up; begins full."""

    __slots__ = ("burst", "level", "rate", "updated")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst
        self.updated = 0.0

    def short_of(self, cost: float, now: Monotonic) -> float:
        """Seconds until ``cost`` can be spent; what costs more than ``burst`` waits for a full one."""
        burst, level = self.burst, self.level + (now - self.updated) * self.rate
        self.level = level = burst if level > burst else level  # noqa: FURB136 - min() costs more
        self.updated = now
        missing = (burst if cost > burst else cost) - level  # noqa: FURB136
        return missing / self.rate if missing > ROUNDING else 0.0

    def spend(self, cost: float) -> None:
        """Take ``cost``, whether it is there or not: a debt is paid before the next spending."""
        self.level -= cost

    def take(self, cost: float, now: Monotonic) -> bool:
        """Spend ``cost`` if it is there."""
        if self.short_of(cost, now):
            return False
        self.spend(cost)
        return True
