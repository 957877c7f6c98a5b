"""Bounds how often somebody may try to register in vain; in memory, as a code is not to be guessed anyway.

It is the log and the database that are spared. Who registers with a good code is never held up.
"""

from collections import OrderedDict
from typing import Final

from ota_engine.bucket import Bucket
from ota_engine.times import Monotonic

BURST: Final = 10  # failures of one address at once
PER_S: Final = 1 / 6.0
MOST: Final = 10_000  # addresses that are remembered


class VainAttempts:
    """Failures by address."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait_s(self, address: str, now: Monotonic) -> float:
        """Seconds until somebody may try; 0 for now."""
        bucket = self._buckets.get(address)
        return 0.0 if bucket is None else bucket.short_of(1.0, now)

    def failed(self, address: str, now: Monotonic) -> None:
        """Count a failure."""
        bucket = self._buckets.setdefault(address, Bucket(PER_S, BURST))
        self._buckets.move_to_end(address)
        bucket.take(1.0, now)
        while len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
