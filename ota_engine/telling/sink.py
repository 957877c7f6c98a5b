"""What a courier needs of whoever is told of outcomes one by one; knows no transport and no store."""

from enum import Enum, auto
from typing import NamedTuple, Protocol

from ota_engine.records import OutcomeRecord


class Fate(Enum):
    """What became of one attempt to tell one outcome."""

    ACCEPTED = auto()  # it is theirs now
    HELD = auto()  # they are there, but cannot take it now: try again later
    AWAY = auto()  # nobody answered, so others need not be tried either: try again later
    REFUSED = auto()  # they never will: give it up


class SinkAnswer(NamedTuple):
    """What a sink said, and in one line why, unless it accepted."""

    fate: Fate
    problem: str = ""


class Sink(Protocol):
    """Somebody who is told of outcomes."""

    @property
    def name(self) -> str:
        """Under which the store notes what was told; the same for ever, wherever they live."""

    async def tell(self, outcome: OutcomeRecord) -> SinkAnswer:
        """Tell one outcome; told again under the same key, it must have no second effect."""
