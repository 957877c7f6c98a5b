"""The way down: frames of the coordinator until they reach emulated nodes, or fail to. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from emulators.air.agenda import Agenda
from emulators.air.radio import (
    ACK_SHIFT,
    APS_ACK_WAIT,
    APS_RETRIES,
    BACKOFF_UNIT,
    DRAW_SCALE,
    INDIRECT_TIMEOUT,
    POLL_TIME,
    QUEUE_LIMIT,
    FrameFate,
    Medium,
)
from emulators.air.station import Station
from images.airtime import BACKOFF_CHOICES
from images.eui64 import Eui64
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON, Send, SendStatus
from ota_engine.times import Monotonic

_new: Final = tuple.__new__  # what Flight's own constructor calls, without its argument parsing


class Flight(NamedTuple):
    """A frame on its way, who must hear of its failure, and how often the APS may repeat it."""

    send: Send
    sender: Any  # an object to a type checker, which the compiler of named tuples does not know
    retries: int


class Downlink:
    """Carries frames of the coordinator to nodes.

    Args:
        agenda: the heap of virtual time.
        stations: every node by its EUI-64.
        media: every radio channel.
        arrive: called with (station, frame, time) for every frame that arrives.
        fail: called with (sender, (frame, status), time) for every frame known to have failed.
    """

    __slots__ = ("_agenda", "_arrive", "_fail", "_media", "_stations", "up")

    def __init__(
        self,
        agenda: Agenda,
        stations: dict[Eui64, Station],
        media: Sequence[Medium],
        arrive: Callable[[Station, Send, Monotonic], None],
        fail: Callable[[object, tuple[Send, SendStatus], Monotonic], None],
    ) -> None:
        self._agenda = agenda
        self._stations = stations
        self._media = media
        self._arrive = arrive
        self._fail = fail
        self.up = True

    def send(self, sender: object, send: Send, now: float, retries: int = APS_RETRIES) -> None:
        """Put one frame of the coordinator on the air; ``sender`` hears of its failure."""
        fields: tuple[Any, ...] = send  # as objects, which need not be made numbers to be looked up
        station = self._stations.get(fields[0])
        if station is None or not self.up:
            self._no_station(sender, send, now)
            return
        medium = station.medium
        way = station.path
        length = len(send[5])
        start = medium.busy_until
        if start < now:
            start = now
        elif start - now > QUEUE_LIMIT:
            medium.counters.congested += 1
            self._failed(sender, send, SendStatus.BUSY, now)
            return
        if length >= len(way.down):
            medium.counters.oversized += 1
            self._failed(sender, send, SendStatus.MESSAGE_TOO_LONG, now)
            return
        if station.node.sleepy:
            self._hold(_new(Flight, (send, sender, 0)), station, start)
            return
        drawn = medium.draw()
        bits = int(drawn * DRAW_SCALE)
        arrival = start + way.down[length] + way.backoff[bits & way.mask]
        if drawn < medium.trouble[way.hops] or not (station.online and station.reachable):
            troubled = Flight(send, sender, retries)
            self._troubled(troubled, station, drawn, arrival, way.hops)
            return
        if send[6]:
            medium.busy_until = arrival + way.ack + way.backoff[bits >> ACK_SHIFT & way.mask]
        else:
            medium.busy_until = arrival
        self._agenda.push(arrival, self._arrive, station, send)

    # --- trouble ---------------------------------------------------------------------------------

    def _troubled(
        self, flight: Flight, station: Station, drawn: float, arrival: float, hops: int
    ) -> None:
        send, medium, way = flight.send, station.medium, station.path
        seconds = way.down[len(send.payload)] * hops / way.hops
        fate, extra = station.resolve(drawn, hops, seconds)
        arrival += extra
        medium.busy_until = arrival
        if fate is FrameFate.LOST:
            self._lost(flight, station, arrival)
            return
        medium.busy_until += way.ack if send.ack else 0.0
        if fate is FrameFate.GARBLED:
            send = send._replace(payload=medium.garble(send.payload))
        for time in medium.arrivals(fate, arrival):
            self._agenda.push(time, self._arrive, station, send)

    def _lost(self, flight: Flight, station: Station, lost_at: float) -> None:
        """Repeat a lost frame that wants an acknowledgement; after the last time, say so."""
        send, sender, retries = flight
        if not send.ack:
            return
        if retries:
            again = Flight(send, sender, retries - 1)
            self._agenda.push(lost_at + APS_ACK_WAIT, self._again, station, again)
        else:
            self._failed(sender, send, SendStatus.DELIVERY_FAILED, lost_at + APS_ACK_WAIT)

    def _again(self, _: Station, flight: Flight, now: float) -> None:
        self.send(flight.sender, flight.send, now, flight.retries)

    def _failed(self, sender: object, send: Send, status: SendStatus, time: float) -> None:
        self._agenda.push(time, self._fail, sender, (send, status))

    # --- broadcasts ------------------------------------------------------------------------------

    def _no_station(self, sender: object, send: Send, now: float) -> None:
        if not self.up:
            self._failed(sender, send, SendStatus.LINK_DOWN, now)
        elif send.destination in (BROADCAST_ALL, BROADCAST_RX_ON):
            self._broadcast(send, now)
        else:
            self._failed(sender, send, SendStatus.NO_SUCH_DEVICE, now)

    def _broadcast(self, send: Send, now: float) -> None:
        """Flood one frame on every channel; nobody acknowledges and nobody repeats it."""
        length = len(send.payload)
        farthest = {id(medium): 0.0 for medium in self._media}
        for station in self._stations.values():
            way, medium = station.path, station.medium
            if length >= len(way.up) or not (station.online and station.reachable):
                continue
            start = max(now, medium.busy_until)
            farthest[id(medium)] = max(farthest[id(medium)], start + way.up[length])
            if station.node.sleepy:
                if send.destination == BROADCAST_ALL:
                    self._keep(Flight(send, None, 0), station, start + way.up[length])
            elif medium.draw() >= medium.trouble[way.hops]:
                self._agenda.push(start + way.up[length], self._arrive, station, send)
        for medium in self._media:
            medium.busy_until = max(medium.busy_until, farthest[id(medium)])

    # --- sleepy children -------------------------------------------------------------------------

    def _hold(self, flight: Flight, station: Station, start: float) -> None:
        """Bring a frame to the parent of a sleepy child: every hop but the last."""
        way = station.path
        before = way.hops - 1
        at_parent = start + way.down[len(flight.send.payload)] * before / way.hops
        if before:
            station.medium.busy_until = at_parent
        self._keep(flight, station, at_parent)

    def _keep(self, flight: Flight, station: Station, since: float) -> None:
        """Let the parent keep a frame until its child polls; too late is lost."""
        poll = station.next_poll(since)
        if station.online and poll - since <= INDIRECT_TIMEOUT:
            self._agenda.push(poll, self._hand_over, station, flight)
            return
        station.medium.counters.expired += 1
        self._lost(flight, station, since + INDIRECT_TIMEOUT)

    def _hand_over(self, station: Station, flight: Flight, now: float) -> None:
        """The child asks its parent, which sends the frame over the last hop."""
        medium, way, send = station.medium, station.path, flight.send
        drawn = medium.draw()
        last = way.down[len(send.payload)] / way.hops
        backoff = int(drawn * DRAW_SCALE) % BACKOFF_CHOICES * BACKOFF_UNIT
        asked = max(now, medium.busy_until) + POLL_TIME
        arrival = asked + last + backoff
        if drawn < medium.trouble[1] or not (station.online and station.reachable):
            self._troubled(flight, station, drawn, arrival, 1)
            return
        medium.busy_until = arrival + (way.ack if send.ack else 0.0)
        self._agenda.push(arrival, self._arrive, station, send)
