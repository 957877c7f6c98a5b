"""The hub's end of all tunnels of a home: one line for every device that has something to say.

Pure. Knows who may be spoken to at once and how frames are addressed; what a frame means is
``line``'s. A mains device is sent its messages as they come; a sleepy one opens its own tunnel and
fetches them. Memory is bounded: octets and messages that wait, tunnels, and conversations; and so is
what one device can have us do. The frame that acknowledges a message is drained together with the
message: whoever stores messages lets frames leave after that, and loses none.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.bucket import Bucket
from ota_engine.errors import LocalError, PeerError
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    TUNNELING_CLUSTER,
    Packet,
    Priority,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.gbcs.extent import message_length
from ota_engine.hub.kernel.deadlines import Alarm, Deadlines
from ota_engine.hub.kernel.devices import Route
from ota_engine.hub.tunnel.assembly import PUT
from ota_engine.hub.tunnel.bounds import Allowance, TunnelNumbers
from ota_engine.hub.tunnel.life import LineState
from ota_engine.hub.tunnel.line import Line
from ota_engine.hub.tunnel.queue import Item, Way
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.times import NEVER, Monotonic

SWEEP: Final = 3600.0  # seconds between two looks for tunnels that nobody uses
PATIENT: Final = TunnelSettings()
_WHY: Final[dict[int, str]] = {
    SendStatus.MESSAGE_TOO_LONG: "the frame is too long for the radio",
    SendStatus.DELIVERY_FAILED: "the device is out of reach",
    SendStatus.NO_SUCH_DEVICE: "the radio knows no such device",
    SendStatus.BUSY: "the radio has too much to send",
    SendStatus.LINK_DOWN: "the radio is gone",
}


class MessageReceived(NamedTuple):
    """A device sent a message; nothing in it is believed yet."""

    device: Eui64
    octets: bytes
    time: Monotonic


class MessageDelivered(NamedTuple):
    """A device has the whole message with this token."""

    device: Eui64
    token: int
    time: Monotonic


class MessageUndelivered(NamedTuple):
    """A device may not have the message with this token; ``reason`` is one line."""

    device: Eui64
    token: int
    reason: str
    time: Monotonic


TunnelEvent: TypeAlias = MessageReceived | MessageDelivered | MessageUndelivered


class _Peer:
    """One device: its line, and how it is reached."""

    __slots__ = ("line", "rate", "route", "sequence")

    def __init__(self, route: Route, rate: Bucket) -> None:
        self.rate = rate
        self.route = route
        self.sequence = 0
        self.line: Line

    def next_sequence(self) -> int:
        self.sequence = (self.sequence + 1) & 0xFF
        return self.sequence


class HubTunnels:
    """Tunnels between the hub and its devices.

    Args:
        deadlines: of the whole hub; ``ring`` and ``sweep`` are called when theirs are due.
        settings: patience and bounds.

    Attributes:
        counters: what went wrong, by name.
    """

    def __init__(self, deadlines: Deadlines, settings: TunnelSettings = PATIENT) -> None:
        self._deadlines = deadlines
        self._settings = settings
        self._counters: Counter[str] = Counter()
        self._numbers = TunnelNumbers(settings.tunnels)
        self._allowance = Allowance(settings.held)
        self._strangers = Bucket(settings.strangers, settings.strangers)
        self._peers: dict[Eui64, _Peer] = {}
        self._talking: dict[Eui64, None] = {}  # devices we speak to, oldest first
        self._waiting: dict[Eui64, None] = {}  # devices we shall speak to, first come first
        self._frames: list[Send] = []
        self._events: list[TunnelEvent] = []

    @property
    def counters(self) -> Mapping[str, int]:
        """What went wrong, by name."""
        return self._counters

    # --- what the engine wants --------------------------------------------------------------------

    def send(self, device: Eui64, route: Route, octets: bytes, token: int, now: Monotonic) -> None:
        """Take a message to a device; ends in a MessageDelivered or MessageUndelivered.

        Raises:
            LocalError: the octets are not one whole GBCS message, so that nobody could say where
                they end.
        """
        _check(octets)
        peer = self._peer(device, route)
        way, expires = Way.OURS, NEVER
        if route.sleepy:
            way, expires = Way.FETCHED, now + self._settings.fetch
        peer.line.sender.add(Item(bytes((PUT,)), octets, token, way, route.room, expires))
        self._settle(device, peer, now)

    def withdraw(self, device: Eui64, token: int, now: Monotonic) -> None:
        """Take back a message that waits; one that is under way goes on."""
        peer = self._peers.get(device)
        if peer is not None:
            peer.line.sender.withdraw(token)
            self._settle(device, peer, now)

    def receive(self, packet: Packet, now: Monotonic) -> None:
        """Take a frame of cluster 0x0704."""
        known = self._peers.get(packet.source)
        if not (known.rate if known else self._strangers).take(1.0, now):
            self._counters["frame_over_rate"] += 1
            return
        route = known.route if known else Route(0, 0, sleepy=False, room=0)
        route = route._replace(endpoint=packet.source_endpoint, profile=packet.profile)
        peer = self._peer(packet.source, route)
        peer.line.receive(packet.payload, now)
        self._settle(packet.source, peer, now)

    def failed(self, event: SendFailed, now: Monotonic) -> None:
        """Learn that a frame of ours did not arrive."""
        peer = self._peers.get(event.send.destination)
        if peer is None:
            return
        why = _WHY.get(event.status, f"the radio says status 0x{event.status:02X}")
        too_long = event.status == SendStatus.MESSAGE_TOO_LONG
        peer.line.sender.failed(event.send.payload, why, now, too_long=too_long)
        self._settle(event.send.destination, peer, now)

    def joined(self, device: Eui64, now: Monotonic) -> None:
        """A device announced itself: the tunnels it served may be gone."""
        peer = self._peers.get(device)
        if peer is not None:
            peer.line.lose(now)
            self._settle(device, peer, now)

    def left(self, device: Eui64, now: Monotonic) -> None:
        """A device left the network: its messages are not delivered."""
        peer = self._peers.get(device)
        if peer is not None:
            peer.line.discard()
            self._settle(device, peer, now)

    def link_down(self, now: Monotonic) -> None:
        """The radio is gone: what is not waiting to be fetched is not delivered."""
        for device, peer in tuple(self._peers.items()):
            peer.line.sender.give_up("the radio is gone", now, keep_fetched=True)
            self._settle(device, peer, now)

    def drain(self) -> tuple[list[Send], list[TunnelEvent]]:
        """Collect the frames to send, and what happened, each in order."""
        frames, self._frames = self._frames, []
        events, self._events = self._events, []
        return frames, events

    # --- time -------------------------------------------------------------------------------------

    def ring(self, device: Eui64, now: Monotonic) -> None:
        """A line may have waited long enough (``Alarm.LINE``)."""
        peer = self._peers.get(device)
        if peer is not None:
            if peer.line.wake_at <= now:
                peer.line.wake(now)
            self._settle(device, peer, now)

    def sweep(self, now: Monotonic) -> None:
        """Close tunnels that nobody uses (``Alarm.SWEEP``)."""
        for device, peer in tuple(self._peers.items()):
            peer.line.close_unused(now)
            self._settle(device, peer, now)

    # --- lines ------------------------------------------------------------------------------------

    def _peer(self, device: Eui64, route: Route) -> _Peer:
        peer = self._peers.get(device)
        if peer is None:
            peer = self._peers[device] = _Peer(
                route, Bucket(self._settings.rate, self._settings.burst)
            )
            peer.line = Line(
                self._settings,
                self._numbers,
                self._allowance,
                self._counters,
                peer.next_sequence,
                device,
            )
        peer.route = route
        return peer

    def _settle(self, device: Eui64, peer: _Peer, now: Monotonic) -> None:
        """After something happened on a line: collect, see who may speak next, set the alarm."""
        self._collect(device, peer, now)
        if peer.line.sender.state is LineState.IDLE:
            self._talking.pop(device, None)
            if peer.line.sender.eager:
                self._waiting.setdefault(device)
            else:
                self._waiting.pop(device, None)
        self._arm(device, peer, now)
        if peer.line.blank:
            del self._peers[device]
        self._start(now)

    def _start(self, now: Monotonic) -> None:
        """Begin conversations while there may be more."""
        while self._waiting and len(self._talking) < self._settings.conversations:
            device = next(iter(self._waiting))
            del self._waiting[device]
            self._talking[device] = None
            peer = self._peers[device]
            peer.line.sender.start(now)
            self._collect(device, peer, now)
            self._arm(device, peer, now)

    def _collect(self, device: Eui64, peer: _Peer, now: Monotonic) -> None:
        line, sender = peer.line, peer.line.sender
        self._frames += map(partial(_addressed, device, peer.route), line.frames)
        line.frames.clear()
        for incoming in line.incoming:
            if incoming.octets:
                self._events.append(MessageReceived(device, incoming.octets, now))
        line.incoming.clear()
        for token, reason in sender.collect():
            self._events.append(
                MessageDelivered(device, token, now)
                if reason is None
                else MessageUndelivered(device, token, reason, now)
            )

    def _arm(self, device: Eui64, peer: _Peer, now: Monotonic) -> None:
        self._deadlines.at_latest(peer.line.wake_at, Alarm.LINE, device)
        if peer.line.ends.open():
            self._deadlines.at_latest(now + SWEEP, Alarm.SWEEP, 0)


def _check(octets: bytes) -> None:
    try:
        length = message_length(octets)
    except PeerError as error:
        raise LocalError(f"no GBCS message to send: {error}") from None
    if length != len(octets):
        raise LocalError(f"{len(octets)} octets to send are not one whole GBCS message")


def _addressed(device: Eui64, route: Route, frame: bytes) -> Send:
    return Send(
        device,
        OTA_SERVER_ENDPOINT,
        route.endpoint,
        route.profile,
        TUNNELING_CLUSTER,
        frame,
        ack=True,
        sleepy=route.sleepy,
        priority=Priority.NORMAL,
        token=0,
    )
