"""Events on their way to a reader who may be slow; bounded. Knows no radio."""

import trio

from ota_engine.events import LinkEvent

LIMIT = 1024  # events that wait; clients whose frames are dropped ask again


class Inbox:
    """Gathers events into batches: what arrives while a batch waits joins it.

    Attributes:
        events: where the reader takes batches from.
        dropped: events that found no room.
    """

    def __init__(self) -> None:
        self.events: trio.MemoryReceiveChannel[list[LinkEvent]]
        self._into, self.events = trio.open_memory_channel[list[LinkEvent]](1)
        self._waiting: list[LinkEvent] = []
        self.dropped = 0

    def put(self, event: LinkEvent, *, always: bool = False) -> None:
        """Hand over an event; ``always`` one that may not be lost."""
        if not self._into.statistics().current_buffer_used:
            self._waiting = [event]
            self._into.send_nowait(self._waiting)
        elif always or len(self._waiting) < LIMIT:
            self._waiting.append(event)
        else:
            self.dropped += 1

    def close(self) -> None:
        """Tell the reader that nothing more will come."""
        self._into.close()
