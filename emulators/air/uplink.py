"""The way up: frames of emulated nodes until they reach the coordinator, which is a router, too. Pure."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from emulators.air.agenda import Agenda
from emulators.air.radio import (
    ACK_SHIFT,
    APS_ACK_WAIT,
    APS_RETRIES,
    DRAW_SCALE,
    QUEUE_LIMIT,
    FrameFate,
    Medium,
)
from emulators.air.station import Station
from emulators.node import Announce, Transmit, TransmitTo
from ota_engine.times import Monotonic

_TRANSMIT: Final = Transmit  # asked for with every frame
ANNOUNCE_OCTETS = 12  # ZDO Device_annce: sequence, network address, EUI-64, capabilities


#: What goes up: to the coordinator, to another node by way of it, or to everybody.
Upward: TypeAlias = Transmit | TransmitTo | Announce


class Repeat(NamedTuple):
    """A frame the node's APS sends again, and how often it still may."""

    frame: Transmit | TransmitTo
    retries: int


class Uplink:
    """Carries frames of nodes to the coordinator.

    Args:
        agenda: the heap of virtual time.
        arrive: called with (station, frame, time) for every frame that arrives.
    """

    __slots__ = ("_agenda", "_arrive")

    def __init__(
        self, agenda: Agenda, arrive: Callable[[Station, Upward, Monotonic], None]
    ) -> None:
        self._agenda = agenda
        self._arrive = arrive

    def send(
        self,
        station: Station,
        frame: Upward,
        now: float,
        retries: int = APS_RETRIES,
    ) -> None:
        """Put one frame of a node on the air; its APS may repeat it ``retries`` times."""
        medium, way = station.medium, station.path
        if type(frame) is _TRANSMIT:
            length, acked = len(frame[4]), frame[5]
        else:
            length, acked = _size(frame)
        station.fast_since = now
        if length >= len(way.up):
            medium.counters.oversized += 1
            return
        start = medium.busy_until
        if start < now:
            start = now
        elif start - now > QUEUE_LIMIT:
            medium.counters.congested += 1
            self._repeat(station, frame, now, retries)
            return
        drawn = medium.draw()
        bits = int(drawn * DRAW_SCALE)
        arrival = start + way.up[length] + way.backoff[bits & way.mask]
        if drawn < medium.trouble[way.hops] or not station.reachable:
            self._troubled(station, frame, drawn, arrival, retries)
            return
        if acked:
            medium.busy_until = arrival + way.ack + way.backoff[bits >> ACK_SHIFT & way.mask]
        else:
            medium.busy_until = arrival
        self._agenda.push(arrival, self._arrive, station, frame)

    def _troubled(
        self,
        station: Station,
        frame: Upward,
        drawn: float,
        arrival: float,
        retries: int,
    ) -> None:
        medium, way = station.medium, station.path
        length, acked = _size(frame)
        fate, extra = station.resolve(drawn, way.hops, way.up[length])
        arrival += extra
        medium.busy_until = arrival
        if fate is FrameFate.LOST:
            self._repeat(station, frame, arrival, retries)
            return
        if not isinstance(frame, Announce):
            medium.busy_until += way.ack if acked else 0.0
            if fate is FrameFate.GARBLED:
                frame = _garbled(frame, medium)
        for time in medium.arrivals(fate, arrival):
            self._agenda.push(time, self._arrive, station, frame)

    def _repeat(self, station: Station, frame: Upward, now: float, retries: int) -> None:
        """Let the APS send a frame again that wants an acknowledgement and got none."""
        if retries and not isinstance(frame, Announce) and _size(frame)[1]:
            again = Repeat(frame, retries - 1)
            self._agenda.push(now + APS_ACK_WAIT, self._again, station, again)

    def _again(self, station: Station, repeat: Repeat, now: float) -> None:
        if station.online:
            self.send(station, repeat.frame, now, repeat.retries)


def _size(frame: Upward) -> tuple[int, bool]:
    """Octets of a frame, and whether its receiver acknowledges it."""
    match frame:
        case Transmit():
            return len(frame.payload), frame.ack
        case TransmitTo(_, inner):
            return len(inner.payload), inner.ack
        case _:
            return ANNOUNCE_OCTETS, False


def _garbled(frame: Transmit | TransmitTo, medium: Medium) -> Transmit | TransmitTo:
    if isinstance(frame, Transmit):
        return frame._replace(payload=medium.garble(frame.payload))
    inner = frame.frame
    return frame._replace(frame=inner._replace(payload=medium.garble(inner.payload)))
