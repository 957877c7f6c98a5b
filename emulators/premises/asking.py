"""A device's questions for what has changed: one after the other, again until each is answered. Pure."""

from collections.abc import Sequence
from math import inf
from random import Random
from typing import Final, NamedTuple

from emulators.premises.habits import PremisesHabits
from emulators.premises.words import SUBJECTS

ANSWER_WITHIN: Final = 5.0  # seconds
TRIES: Final = (
    3  # questions in a row that are not answered, before the rest of the round is put off
)
PUT_OFF: Final = 60.0  # seconds; doubled each time, up to a usual round's
PATIENCE: Final = 6  # times a round is put off before it is given up


class PremisesQuestion(NamedTuple):
    """What is asked, and whom: a meter's EUI-64, or 0 for the hub."""

    server: int
    subject: str

    @property
    def command(self) -> int:
        """Its command identifier."""
        return SUBJECTS.index(self.subject)


class Asking:
    """When a device asks whom about what.

    Args:
        habits: of the device.
        servers: whom it asks beside the hub.
        rng: of its first question's time.

    Attributes:
        wake_at: when ``wake`` has something to do.
    """

    __slots__ = ("_habits", "_left", "_put_off", "_rng", "_servers", "_tries", "asked", "wake_at")

    def __init__(self, habits: PremisesHabits, servers: Sequence[int], rng: Random) -> None:
        self._habits = habits
        self._servers = (0, *servers)
        self._rng = rng
        self.wake_at = inf
        self.asked: dict[int, PremisesQuestion] = {}  # by sequence number
        self._left: list[PremisesQuestion] = []
        self._tries = 0
        self._put_off = 0

    def boot(self, now: float) -> None:
        """Ask soon after a start."""
        self.power_off()
        if self._habits.asks:
            self.wake_at = now + self._habits.first_ask * (1.0 + self._rng.random())

    def at(self, now: float) -> None:
        """Begin a round now, unless one is under way."""
        if not self._left:
            self.wake_at = now

    def power_off(self) -> None:
        """Forget what is under way."""
        self.wake_at = inf
        self.asked.clear()
        self._left = []
        self._tries = self._put_off = 0

    def wake(self, now: float) -> PremisesQuestion | None:
        """Say what is asked now; ``sent`` tells under which sequence number."""
        if now < self.wake_at:
            return None
        if not self._left:
            self._left = [
                PremisesQuestion(server, what) for server in self._servers for what in SUBJECTS
            ]
            self._tries = 0
        elif self._tries >= TRIES:
            self._next_server(now)
            return None
        self._tries += 1
        self.wake_at = now + ANSWER_WITHIN
        return self._left[0]

    def _next_server(self, now: float) -> None:
        """One that does not answer is left alone for a while, and so are the others."""
        self._put_off += 1
        if self._put_off > PATIENCE:
            self._left, self._put_off = [], 0
            self.wake_at = now + self._habits.ask_every
            return
        delay = min(PUT_OFF * 2 ** min(self._put_off - 1, 20), self._habits.ask_every)
        # those behind it have their turn first
        silent = self._left[0].server
        self._left.sort(key=lambda question: question.server == silent)
        self._tries = 0
        self.asked.clear()
        self.wake_at = now + delay

    def sent(self, sequence: int, question: PremisesQuestion) -> None:
        """A question has left under a sequence number."""
        self.asked[sequence] = question

    def answered(self, sequence: int, server: int, now: float, subject: str | None = None) -> bool:
        """Take the answer to a question, about ``subject`` if it says so; returns whether it is one."""
        question = self.asked.get(sequence)
        if question is None or question.server != server:
            return False
        if subject is not None and question.subject != subject:
            return False  # something else that came under the same number
        self.asked = {number: one for number, one in self.asked.items() if one != question}
        if self._left and self._left[0] == question:
            del self._left[0]
            self._tries = self._put_off = 0
            self.wake_at = now if self._left else now + self._habits.ask_every
        return True
