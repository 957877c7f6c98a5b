"""What a gateway says to its head end next, and when; pure: events and the time in, a report to send out.

Knows numbers and keys; what stands in outcomes, and how they travel, is for others. One report is under
way at a time. What is to be said is said together after a short while, and again, later and later, while
nobody answers. Up to where a head end has heard is for the head end to say: whether it says more or less
than before, the gateway goes on after that.
"""

from random import Random
from typing import Final, NamedTuple

from ota_engine.backoff import doubled
from ota_engine.gateway.wire import MOST_KEYS
from ota_engine.times import NEVER, Monotonic

LINGER_S: Final = 0.25  # for more to come that is said together
FIRST_PAUSE_S: Final = 1.0  # after a failure; twice as long after each that follows...
LONGEST_PAUSE_S: Final = 300.0  # ...up to this
SHORTEST_SHARE: Final = 0.5  # of a pause; how long it is beyond that is drawn
LONG_LIFE_S: Final = 30.0  # after which what ends has not failed


class Patience:
    """When to try again what has failed: later every time, and never all gateways at once.

    Args:
        rng: of this gateway.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._failures = 0

    def failed(self, now: Monotonic, after_s: float | None = None) -> Monotonic:
        """Choose when to try again.

        Args:
            now: of the failure.
            after_s: seconds that the other side asks for; None for none.
        """
        self._failures += 1
        pause = doubled(FIRST_PAUSE_S, LONGEST_PAUSE_S, self._failures)
        share = SHORTEST_SHARE + (1.0 - SHORTEST_SHARE) * self._rng.random()
        return Monotonic(now + max(pause * share, after_s or 0.0))

    def worked(self) -> None:
        """Begin anew with short pauses."""
        self._failures = 0


class ReportWanted(NamedTuple):
    """A report that is to be sent.

    Attributes:
        after: outcomes with numbers above this.
        taken: keys of instructions that were taken.
        whole: everything that a first report after a hello holds.
    """

    after: int
    taken: tuple[str, ...]
    whole: bool


class Reporting:
    """What one gateway has to report.

    Args:
        rng: of its pauses.
    """

    def __init__(self, rng: Random) -> None:
        self._patience = Patience(rng)
        self._connected = False
        self._heard = 0
        self._said = 0
        self._taken: dict[str, None] = {}
        self._whole = False
        self._changed = False
        self._since = NEVER  # there is something to say
        self._not_before = Monotonic(0.0)
        self._under_way: ReportWanted | None = None

    @property
    def heard(self) -> int:
        """Up to which number the head end has said that it heard."""
        return self._heard

    # --- what happens ----------------------------------------------------------------------------

    def greeted(self, heard: int, now: Monotonic) -> None:
        """The head end has begun to speak."""
        self._connected, self._heard = True, heard
        self._whole = True
        self._patience.worked()
        self._not_before = now
        self._begin(now)

    def parted(self) -> None:
        """It speaks no more; nothing is told before it greets again."""
        self._connected = False

    def said(self, number: int, now: Monotonic) -> None:
        """Outcomes were said, up to this number."""
        self._said = number
        if number > self._heard:
            self._begin(now)

    def took(self, key: str, now: Monotonic) -> None:
        """An instruction was taken."""
        self._taken[key] = None
        self._begin(now)

    def changed(self, now: Monotonic) -> None:
        """Something else that is reported is another."""
        self._changed = True
        self._begin(now)

    def answered(self, heard: int, now: Monotonic) -> None:
        """The report that was under way is kept; the head end has heard up to this number."""
        sent, self._under_way = self._under_way, None
        if sent is None:
            return
        for key in sent.taken:
            self._taken.pop(key, None)
        before, self._heard = self._heard, heard
        stuck = self._said > heard and heard <= before
        if stuck:
            self._not_before = self._patience.failed(now)
        else:
            self._patience.worked()
            self._not_before = now
        self._since = now if self._is_wanted else NEVER

    def failed(self, now: Monotonic, after_s: float | None = None) -> None:
        """The report that was under way may not have arrived."""
        sent, self._under_way = self._under_way, None
        if sent is not None:
            self._whole |= sent.whole
            self._changed = True
            self._not_before = self._patience.failed(now, after_s)
            self._since = now

    # --- what is to be done ----------------------------------------------------------------------

    @property
    def wake(self) -> Monotonic:
        """When ``next_report`` gives one, if nothing happens before; never while nobody would hear it."""
        if not self._connected or self._under_way is not None:
            return NEVER
        return max(Monotonic(self._since + LINGER_S), self._not_before)

    def next_report(self, now: Monotonic) -> ReportWanted | None:
        """The report whose time has come, which is under way from now on; None for none."""
        if now < self.wake:
            return None
        taken = tuple(self._taken)[:MOST_KEYS]
        self._under_way = ReportWanted(self._heard, taken, self._whole)
        self._whole = self._changed = False
        return self._under_way

    @property
    def _is_wanted(self) -> bool:
        return self._said > self._heard or bool(self._taken) or self._whole or self._changed

    def _begin(self, now: Monotonic) -> None:
        if self._since == NEVER or self._under_way is not None:
            self._since = min(self._since, now)
