"""The emulated network: nodes, the air between them and the coordinator, in virtual time.

Pure and deterministic: the same nodes, seed and calls give the same events at the same times.
Knows frames, addresses and timers; knows nothing of what a frame says, nor what the coordinator
stores.
"""

from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import Any, Final

from emulators.air.agenda import Agenda
from emulators.air.downlink import Downlink
from emulators.air.port import Coordinator, EffectSink, Port
from emulators.air.radio import CALM, AirCounters, Conditions, Medium, max_payload, path
from emulators.air.station import Placement, Station
from emulators.air.uplink import Uplink, Upward
from emulators.node import Node, NodeAction, Note, Transmit, TransmitTo
from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    Effect,
    Joined,
    LinkDown,
    LinkEvent,
    LinkUp,
    Packet,
    Priority,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.times import Monotonic

HERE = Placement()

_new: Final = tuple.__new__  # what Packet's own constructor calls, without its argument parsing
# Asked for with every frame: compiled code looks a class of tuples up anew wherever it is named.
_PACKET: Final = Packet
_SEND: Final = Send
_TRANSMIT: Final = Transmit


class Network:
    """Nodes, channels and servers in virtual time.

    Args:
        rng: the only source of chance; each channel draws from its own generator seeded by it.
        channels: how many radio channels (one PAN each) there are.
        conditions: what the air does on all of them until told otherwise.
        aps_security: frames carry APS encryption.
        on_note: told of every ``Note`` of a device.

    Attributes:
        agenda: the heap of virtual time; others may hang their own calls in it.
        media: the radio channels.
        stations: the nodes by EUI-64.
    """

    def __init__(
        self,
        rng: Random,
        *,
        channels: int = 1,
        conditions: Conditions = CALM,
        aps_security: bool = False,
        on_note: Callable[[Eui64, Note, Monotonic], None] | None = None,
    ) -> None:
        self.agenda = Agenda()
        self.media = tuple(Medium(Random(rng.getrandbits(64)), conditions) for _ in range(channels))
        self.stations: dict[Eui64, Station] = {}
        self.aps_security = aps_security
        self._on_note = on_note
        self._ports: list[Port] = []
        self._main: Port | None = None
        self._uplink = Uplink(self.agenda, self._arrive_up)
        self._downlink = Downlink(
            self.agenda, self.stations, self.media, self._arrive_down, self._failed
        )
        self._between: dict[Eui64, Downlink] = {}  # from a node to others, by that node
        self._heard: Callable[[LinkEvent], object] | None = None
        self._sent: Callable[[Send, Monotonic], object] | None = None

    # --- composition -----------------------------------------------------------------------------

    @property
    def max_payload(self) -> int:
        """Octets of the largest ZCL frame to a neighbour."""
        return max_payload(0, self.aps_security)

    def add(self, node: Node, placement: Placement = HERE) -> None:
        """Place a node, switched off.

        Raises:
            LocalError: its EUI-64 is taken, or the channel does not exist.
        """
        if node.eui64 in self.stations:
            raise LocalError(f"{format_eui64(node.eui64)} is in the network already")
        if not 0 <= placement.channel < len(self.media):
            raise LocalError(f"channel {placement.channel}: there are {len(self.media)}")
        way = path(placement.relays, self.aps_security)
        self.stations[node.eui64] = Station(node, placement, way, self.media[placement.channel])

    def attach(
        self,
        coordinator: Coordinator,
        on_effect: EffectSink | None = None,
        *,
        beside: bool = False,
    ) -> Port:
        """Give the network a server.

        Args:
            coordinator: the server.
            on_effect: told of every effect of this server that is not a frame.
            beside: it does not take over, but turns up beside the one that is there and serves
                only the nodes that ``choose`` it.
        """
        port = Port(coordinator, on_effect)
        self._ports.append(port)
        if not beside:
            self._main = port
        self._arm_port(port)
        return port

    def detach(self, port: Port) -> None:
        """Take a server away: it hears nothing more and its wake-ups lapse."""
        self._ports.remove(port)
        port.attached = False
        if self._main is port:
            self._main = None

    def listen(
        self, heard: Callable[[LinkEvent], object], sent: Callable[[Send, Monotonic], object]
    ) -> None:
        """Put a sniffer beside the coordinator: it is told of all that arrives there or leaves."""
        self._heard = heard
        self._sent = sent

    def choose(self, device: Eui64, port: Port | None) -> None:
        """Let a node turn to a server of its choice; None: to the one that all others have."""
        self.stations[device].server = port

    def tell(self, port: Port, event: LinkEvent, now: Monotonic) -> None:
        """Hand one event to one server and do what it says."""
        self.submit(port, port.coordinator.handle(event, now), now)

    def submit(self, port: Port, effects: Iterable[Effect], now: Monotonic) -> None:
        """Carry out what a server wants, then see when it wants to be woken."""
        for effect in tuple(effects):  # compiled code goes through a tuple without an iterator
            if type(effect) is _SEND:
                if self._sent is not None:
                    self._sent(effect, now)
                self._downlink.send(port, effect, now)
            elif port.on_effect is not None:
                port.on_effect(effect, now)
        if port.coordinator.next_wake < port.timers[-1]:
            self._arm_port(port)

    def run(self, until: float) -> None:
        """Let virtual time pass up to and including ``until``."""
        self.agenda.run(until)

    def counters(self) -> AirCounters:
        """Add up what went wrong on all channels."""
        total = AirCounters()
        for medium in self.media:
            for name in AirCounters.__dataclass_fields__:
                setattr(total, name, getattr(total, name) + getattr(medium.counters, name))
        return total

    # --- the switches faults turn ----------------------------------------------------------------

    def power_on(self, device: Eui64, now: Monotonic) -> None:
        """Switch a node on."""
        station = self.stations[device]
        station.online = True
        self._perform(station, station.node.power_on(now), now)

    def power_off(self, device: Eui64) -> None:
        """Cut a node's power: it hears, sends and remembers nothing until it is switched on."""
        self.stations[device].online = False

    def perform(self, device: Eui64, actions: Iterable[NodeAction], now: Monotonic) -> None:
        """Carry out what a node decided outside of the network's own events, e.g. on a button."""
        self._perform(self.stations[device], actions, now)

    def reach(self, channel: int, router: int, reachable: bool) -> None:
        """Break or restore a router: everyone behind it on that channel."""
        for station in self.stations.values():
            if (station.placement.channel, station.placement.router) == (channel, router):
                station.reachable = reachable

    @property
    def link_is_up(self) -> bool:
        """Whether the coordinator is plugged in."""
        return self._downlink.up

    def link_down(self, reason: str, now: Monotonic) -> None:
        """Unplug the coordinator: nothing comes up or goes down."""
        self._downlink.up = False
        for port in tuple(self._ports):
            self.tell(port, LinkDown("sim", reason, now), now)

    def link_up(self, event: LinkUp, now: Monotonic) -> None:
        """Plug the coordinator in."""
        self._downlink.up = True
        for port in tuple(self._ports):
            self.tell(port, event, now)

    # --- frames ----------------------------------------------------------------------------------

    def _arrive_up(self, station: Station, frame: Upward, now: Monotonic) -> None:
        """Hand a frame that arrived to the server the node has chosen, an announcement to all."""
        if not self._downlink.up:
            return
        if type(frame) is not _TRANSMIT:
            if isinstance(frame, TransmitTo):
                self._pass_on(station, frame, now)
                return
            joined = self._joined(station, now)
            if self._heard is not None:
                self._heard(joined)
            for port in tuple(self._ports):
                self.tell(port, joined, now)
            return
        server = station.server or self._main
        if server is None or not server.attached:
            return
        fields: tuple[Any, ...] = frame  # they only go from one tuple into another
        source, destination, profile, cluster, payload, _ = fields
        station.aps_counter = counter = (station.aps_counter + 1) & 0xFF
        packet: Packet = _new(
            _PACKET,
            (
                station.eui64,
                station.node.network_address,
                source,
                destination,
                profile,
                cluster,
                counter,
                payload,
                station.link_quality,
                now,
            ),
        )
        if self._heard is not None:
            self._heard(packet)
        self.submit(server, server.coordinator.handle(packet, now), now)

    def _joined(self, station: Station, now: Monotonic) -> Joined:
        placement, node = station.placement, station.node
        return Joined(
            node.eui64,
            node.network_address,
            node.sleepy,
            placement.channel,
            placement.relays,
            now,
        )

    def _arrive_down(self, station: Station, send: Send, now: Monotonic) -> None:
        """Hand a frame that arrived to its node."""
        if station.online:
            self._perform(station, station.node.receive(send, now), now)

    def _pass_on(self, station: Station, sent: TransmitTo, now: Monotonic) -> None:
        """Bring a frame for another node on its way, as any router does: nobody here looks at it."""
        there = self.stations.get(sent.destination)
        if there is None:
            return
        frame = sent.frame
        send = Send(
            sent.destination,
            frame.source_endpoint,
            frame.destination_endpoint,
            frame.profile,
            frame.cluster,
            frame.payload,
            frame.ack,
            there.node.sleepy,
            Priority.NORMAL,
            0,
        )
        source = station.node.eui64
        way = self._between.get(source)
        if way is None:
            arrive = partial(self._arrive_between, source)
            way = Downlink(self.agenda, self.stations, self.media, arrive, _lost_between)
            self._between[source] = way
        way.send(None, send, now)

    def _arrive_between(self, source: Eui64, station: Station, send: Send, now: Monotonic) -> None:
        """Hand a frame of one node to another."""
        if station.online:
            self._perform(station, station.node.receive_from(source, send, now), now)

    def _failed(self, port: object, failure: tuple[Send, SendStatus], now: Monotonic) -> None:
        if isinstance(port, Port) and port.attached:
            self.tell(port, SendFailed(*failure, now), now)

    def _perform(self, station: Station, actions: Iterable[NodeAction], now: Monotonic) -> None:
        """Carry out what a node wants, then see when it wants to be woken."""
        for action in tuple(actions):
            if type(action) is _TRANSMIT:
                self._uplink.send(station, action, now)
            else:
                self._perform_rarely(station, action, now)
        if station.node.wake_at < station.timers[-1]:
            self._arm_node(station)

    def _perform_rarely(self, station: Station, action: NodeAction, now: Monotonic) -> None:
        if not isinstance(action, Note):
            self._uplink.send(station, action, now)
        elif self._on_note is not None:
            self._on_note(station.node.eui64, action, now)

    # --- timers ----------------------------------------------------------------------------------
    #
    # A wake-up is put in the agenda only when it is earlier than all that wait there for the same
    # node. One that comes too early, because the node moved its alarm, puts itself in again: so
    # moving an alarm later, as every block does, costs nothing.

    def _arm_node(self, station: Station) -> None:
        wake_at = max(station.node.wake_at, self.agenda.now)
        if wake_at < station.timers[-1]:
            station.timers.append(wake_at)
            self.agenda.remind(wake_at, self._wake_node, station, None)

    def _wake_node(self, station: Station, _: object, now: Monotonic) -> None:
        station.timers.pop()
        if not station.online:
            return
        if station.node.wake_at <= now:
            self._perform(station, station.node.wake(now), now)
        else:
            self._arm_node(station)

    def _arm_port(self, port: Port) -> None:
        wake_at = max(port.coordinator.next_wake, self.agenda.now)
        if wake_at < port.timers[-1]:
            port.timers.append(wake_at)
            self.agenda.remind(wake_at, self._wake_port, port, None)

    def _wake_port(self, port: Port, _: object, now: Monotonic) -> None:
        port.timers.pop()
        if not port.attached:
            return
        if port.coordinator.next_wake <= now:
            self.submit(port, port.coordinator.wake(now), now)
        else:
            self._arm_port(port)


def _lost_between(_: object, __: tuple[Send, SendStatus], ___: Monotonic) -> None:
    """A frame from one node to another is lost: whoever cares asks again."""
