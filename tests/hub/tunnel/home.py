"""A hub and devices that do nothing but tunnel, on the emulated air; and messages for them."""

from collections.abc import Sequence
from random import Random

from emulators.air.network import Network
from emulators.air.radio import CALM, Conditions, max_payload
from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.gbcs.tunnel import DeviceTunnel
from emulators.node import Announce, NodeAction, Note
from emulators.platform.endpoint import Endpoint
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.events import (
    SMART_ENERGY,
    TUNNELING_CLUSTER,
    Effect,
    Joined,
    Left,
    LinkDown,
    LinkEvent,
    Packet,
    Send,
    SendFailed,
)
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import MAC_BYTES, Message, OtherInformation, serialise
from ota_engine.hub.tunnel import (
    MessageDelivered,
    MessageReceived,
    MessageUndelivered,
    Route,
    TunnelEvent,
    TunnelSettings,
)
from ota_engine.times import Monotonic
from tests.hub.tunnel.alone import LoneTunnels

FIRST = 0x00DB_1234_5678_9000
ROOM = max_payload(0)


def message(octets: int = 300, *, seed: int = 0, maced: bool = True) -> bytes:
    """A GBCS message with so many octets of payload; nothing in it is true."""
    random = Random(seed)
    return serialise(
        Message(
            Cra.COMMAND,
            1000 + seed,
            1,
            2,
            OtherInformation(0x0012),
            random.randbytes(octets),
            signature=random.randbytes(64),
            mac=random.randbytes(MAC_BYTES) if maced else None,
        )
    )


def spec(number: int = 0, *, sleepy: bool = False) -> DeviceSpec:
    return DeviceSpec(
        Eui64(FIRST + number),
        kinds.HCALCS,
        0x1001 + number,
        0x121D,
        0x0087,
        1,
        sleepy=sleepy,
        seed=number,
    )


class Talker:
    """A node with nothing but its end of the tunnels."""

    def __init__(
        self, number: int = 0, *, sleepy: bool = False, get_every: float = 5.0, echo: bool = False
    ) -> None:
        what = spec(number, sleepy=sleepy)
        self.eui64 = what.eui64
        self.network_address = what.network_address
        self.sleepy = sleepy
        self.clients: tuple[tuple[int, int], ...] = ()  # it takes no firmware
        self.tunnel = DeviceTunnel(what, Endpoint(what), get_every=get_every)
        self.received: list[bytes] = []
        self.echo = echo
        self.notes: list[Note] = []

    @property
    def wake_at(self) -> float:
        return self.tunnel.wake_at

    @wake_at.setter
    def wake_at(self, time: float) -> None:
        self.tunnel.wake_at = time

    def power_on(self, now: float) -> Sequence[NodeAction]:
        self.tunnel.power_off()
        self.tunnel.power_on(now)
        return (Announce(),)

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        actions, messages = self.tunnel.receive(frame, now)
        self.received += messages
        answers: list[NodeAction] = []
        for octets in messages if self.echo else ():
            answers += self.tunnel.send(octets, now)
        return self._noted([*actions, *answers])

    def receive_from(self, source: Eui64, frame: Send, now: float) -> Sequence[NodeAction]:
        return ()

    def wake(self, now: float) -> Sequence[NodeAction]:
        return self._noted(self.tunnel.wake(now))

    def _noted(self, actions: Sequence[NodeAction]) -> Sequence[NodeAction]:
        self.notes += [action for action in actions if isinstance(action, Note)]
        return actions


class Hub:
    """A coordinator with nothing but the hub's tunnels."""

    def __init__(self, settings: TunnelSettings | None = None) -> None:
        self.tunnels = LoneTunnels(settings)
        self.events: list[TunnelEvent] = []
        self.sent: list[Send] = []

    @property
    def next_wake(self) -> Monotonic:
        return self.tunnels.next_wake

    def handle(self, event: LinkEvent, now: Monotonic) -> list[Effect]:
        match event:
            case Packet(cluster=cluster) if cluster == TUNNELING_CLUSTER:
                self.tunnels.receive(event, now)
            case SendFailed():
                self.tunnels.failed(event, now)
            case Joined():
                self.tunnels.joined(event.device, now)
            case Left():
                self.tunnels.left(event.device, now)
            case LinkDown():
                self.tunnels.link_down(now)
        return self.collect()

    def wake(self, now: Monotonic) -> list[Effect]:
        self.tunnels.wake(now)
        return self.collect()

    def collect(self) -> list[Effect]:
        frames, events = self.tunnels.drain()
        self.events += events
        self.sent += frames
        return list(frames)

    @property
    def received(self) -> list[bytes]:
        return [event.octets for event in self.events if isinstance(event, MessageReceived)]

    @property
    def delivered(self) -> list[int]:
        return [event.token for event in self.events if isinstance(event, MessageDelivered)]

    @property
    def undelivered(self) -> list[tuple[int, str]]:
        return [
            (event.token, event.reason)
            for event in self.events
            if isinstance(event, MessageUndelivered)
        ]


class Home:
    """A hub and its devices in virtual time."""

    def __init__(
        self,
        *talkers: Talker,
        conditions: Conditions = CALM,
        seed: int = 1,
        settings: TunnelSettings | None = None,
        placement: Placement = Placement(),  # noqa: B008 - a frozen value
    ) -> None:
        self.network = Network(Random(seed), conditions=conditions)
        self.hub = Hub(settings)
        self.port = self.network.attach(self.hub)
        for talker in talkers:
            self.network.add(talker, placement)
            self.network.power_on(talker.eui64, Monotonic(0.0))

    @property
    def now(self) -> float:
        return self.network.agenda.now

    def run(self, seconds: float) -> None:
        self.network.run(self.now + seconds)

    def to(self, talker: Talker, octets: bytes, token: int = 1, *, room: int = ROOM) -> None:
        """The hub sends a message."""
        route = Route(1, SMART_ENERGY, talker.sleepy, room)
        self.hub.tunnels.send(talker.eui64, route, octets, token, Monotonic(self.now))
        self.network.submit(self.port, self.hub.collect(), Monotonic(self.now))

    def up(self, talker: Talker, octets: bytes) -> None:
        """A device sends a message."""
        self.network.perform(
            talker.eui64, talker.tunnel.send(octets, self.now), Monotonic(self.now)
        )

    def new_hub(self, settings: TunnelSettings | None = None) -> None:
        """The hub's process ends and another begins, which remembers nothing."""
        if self.port.attached:
            self.network.detach(self.port)
        self.hub = Hub(settings)
        self.port = self.network.attach(self.hub)
