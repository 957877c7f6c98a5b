"""What a stream brings, as events of ``text/event-stream``; pure: octets in, records out, and back.

Comments are heartbeats. Events of names that are not known are passed over: they are for others.
"""

from typing import Any, Final, NamedTuple

from ota_engine.fleet.port import Instruction
from ota_engine.gateway.wire import (
    MOST_BODY,
    Hello,
    HomesGiven,
    Parting,
    Watching,
    octets_of,
    record_of,
)
from ota_engine.gateway.wire_shapes import WireError

MEDIA_TYPE: Final = "text/event-stream"
HEARTBEAT: Final = b": here\n\n"

#: Names of events, and what they bring.
EVENTS: Final[dict[str, type[Any]]] = {
    "hello": Hello,
    "instruction": Instruction,
    "homes": HomesGiven,
    "watch": Watching,
    "bye": Parting,
}
_NAMES: Final = {kind: name for name, kind in EVENTS.items()}

StreamEvent = Hello | Instruction | HomesGiven | Watching | Parting


class Beat(NamedTuple):
    """A comment: the other side is there."""


def event_octets(told: StreamEvent) -> bytes:
    """Write an event.

    Raises:
        WireError: something of it cannot be said.
    """
    name = _NAMES[type(told)]
    return b"event: " + name.encode("ascii") + b"\ndata: " + octets_of(told) + b"\n\n"


class StreamReader:
    """Reads events from octets as they come."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_return = False
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, octets: bytes) -> list[StreamEvent | Beat]:
        """Take octets.

        Returns:
            the events that are whole with them, and heartbeats.

        Raises:
            WireError: this is no stream of ours: give it up.
        """
        found: list[StreamEvent | Beat] = []
        for part in octets.splitlines(keepends=True):
            if self._after_return and part == b"\n":
                self._after_return = False
                continue
            self._after_return = part.endswith(b"\r")
            self._line += part
            if len(self._line) + self._size > MOST_BODY:
                raise WireError(f"the stream: an event of more than {MOST_BODY} octets")
            if part.endswith((b"\r", b"\n")):
                line = bytes(self._line).rstrip(b"\r\n")
                self._line.clear()
                found += self._take(line)
        return found

    def _take(self, line: bytes) -> list[StreamEvent | Beat]:
        if not line:
            return self._end()
        if line.startswith(b":"):
            return [Beat()]
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"data":
            self._data.append(value)
            self._size += len(value)
        return []

    def _end(self) -> list[StreamEvent | Beat]:
        name, data = self._name, b"\n".join(self._data)
        there = bool(self._data)
        self._name, self._data, self._size = "", [], 0
        kind = EVENTS.get(name)
        if kind is None or not there:
            return []
        told: StreamEvent = record_of(kind, data)
        return [told]
