"""What a device has to say and the hub has not confirmed: kept, sent, and sent again; pure.

Knows octets and numbers of messages, not what they say. All that matters lies in the memory that
outlives a power cut; that a message is under way does not, so a start sends all of them again.
"""

from math import inf
from typing import Final

from emulators.gbcs.memory import Outgoing, SecureMemory
from emulators.platform.spec import SecurityOptions
from ota_engine.backoff import doubled

FIRST_RETRY: Final = 60.0  # seconds until a message that did not get through is sent again
LAST_RETRY: Final = 3600.0  # the pauses double up to this
MOST_OUTGOING: Final = 16  # messages; with more, the oldest are forgotten


class Outbox:
    """The outgoing messages of one device.

    Args:
        memory: where they lie.
        options: how the device loses, delays and repeats them.
    """

    __slots__ = ("_lost", "_memory", "_options", "_under_way")

    def __init__(self, memory: SecureMemory, options: SecurityOptions) -> None:
        self._memory = memory
        self._options = options
        self._lost = 0
        self._under_way: set[int] = set()  # numbers of messages the tunnel has

    @property
    def wake_at(self) -> float:
        """When ``take`` has something to give, the shell's time."""
        return min((message.due for message in self._waiting()), default=inf)

    def draw(self, utc: float | None) -> int:
        """Draw a counter of the device's own: the date in milliseconds, or one more than the last.

        So that a device whose memory is lost with its emulation goes on where it was.

        Args:
            utc: seconds since 1970, None when the device does not know the date.
        """
        self._memory.counter = max(self._memory.counter + 1, int((utc or 0.0) * 1000))
        return self._memory.counter

    def put(self, octets: bytes, now: float) -> None:
        """Keep a message to be sent when the device gets round to it."""
        memory, due = self._memory, now + self._options.message_delay
        for _ in range(2 if self._options.send_twice else 1):
            memory.sent += 1
            if self._lost < self._options.lose_messages:
                self._lost += 1
            else:
                memory.outgoing += (Outgoing(memory.sent, due, octets),)
        memory.outgoing = memory.outgoing[-MOST_OUTGOING:]

    def take(self, now: float) -> tuple[Outgoing, ...]:
        """Hand out what is due; ``settled`` must tell how each of them fared."""
        ready = tuple(message for message in self._waiting() if message.due <= now)
        self._under_way.update(message.number for message in ready)
        return ready

    def settled(self, number: int, now: float, *, delivered: bool) -> None:
        """Forget a message the hub has, or send it again later."""
        self._under_way.discard(number)
        kept = []
        for message in self._memory.outgoing:
            if message.number != number:
                kept.append(message)
            elif not delivered:
                tries = message.tries + 1
                due = now + doubled(FIRST_RETRY, LAST_RETRY, tries)
                kept.append(message._replace(due=due, tries=tries))
        self._memory.outgoing = tuple(kept)

    def reset(self) -> None:
        """Know of no message that it is under way, as after a start."""
        self._under_way.clear()

    def _waiting(self) -> list[Outgoing]:
        return [each for each in self._memory.outgoing if each.number not in self._under_way]
