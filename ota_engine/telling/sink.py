"""What a courier needs of whoever is told of outcomes; knows no transport and no store."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

from ota_engine.backoff import stepped
from ota_engine.records import OutcomeRecord


class Fate(Enum):
    """What became of one attempt to tell outcomes."""

    ACCEPTED = auto()  # they are theirs now
    HELD = auto()  # they are there, but cannot take them now: try again later
    AWAY = auto()  # nobody answered, so others need not be tried either: try again later
    REFUSED = auto()  # they never will: give these up


class SinkAnswer(NamedTuple):
    """What a sink said, and in one line why, unless it accepted."""

    fate: Fate
    problem: str = ""


class CourierPatience(NamedTuple):
    """How long to go on trying.

    Attributes:
        pauses: seconds after the first, second ... failed attempt; the last one thereafter.
        most: attempts, after which a letter is dead; by default after some four days. None: no
            letter ever is, and none is told before those that came earlier.
    """

    pauses: tuple[float, ...] = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
    most: int | None = 100

    def after(self, attempts: int) -> float:
        """Seconds to wait after so many failed attempts."""
        return stepped(self.pauses, attempts)


DEFAULT_PATIENCE = CourierPatience()


class Sink(Protocol):
    """Somebody who is told of outcomes."""

    @property
    def name(self) -> str:
        """Under which the store notes what was told; the same for ever, wherever they live."""

    @property
    def audience(self) -> str:
        """The party they speak for, which must be in an outcome's audience; the same for ever."""

    @property
    def at_once(self) -> int:
        """How many outcomes they take at once, at most."""

    @property
    def patience(self) -> CourierPatience:
        """How long to go on trying with them."""

    @property
    def remote(self) -> bool:
        """Whether they answer in their own time, and so cannot be told while time jumps."""

    async def tell(self, outcomes: Sequence[OutcomeRecord]) -> SinkAnswer:
        """Tell some outcomes, oldest first, all of which meet the answer's fate.

        Told again under the same keys, they must have no second effect.
        """
