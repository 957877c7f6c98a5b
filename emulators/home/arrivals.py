"""Who sits at the coordinator of a live home: keeps what arrives until its link hands it over. Pure.

Decides nothing, and knows no clock.
"""

from collections.abc import Sequence

from ota_engine.events import Effect, LinkEvent
from ota_engine.times import NEVER, Monotonic


class Arrivals:
    """The events since the link asked last, oldest first."""

    def __init__(self) -> None:
        self.next_wake = NEVER
        self._events: list[LinkEvent] = []

    def handle(self, event: LinkEvent, now: Monotonic) -> Sequence[Effect]:
        """Keep one event; nothing is to be done for it yet."""
        self._events.append(event)
        return ()

    def wake(self, now: Monotonic) -> Sequence[Effect]:
        """Do nothing: it never asks to be woken."""
        return ()

    def take(self) -> list[LinkEvent]:
        """Hand over what is kept."""
        events, self._events = self._events, []
        return events
