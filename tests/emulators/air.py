"""A tiny node and a tiny coordinator, for tests of the air between them."""

from collections.abc import Sequence
from math import inf
from random import Random

from emulators.air.network import Network
from emulators.air.radio import CALM, Conditions
from emulators.air.station import Placement
from emulators.node import Announce, NodeAction, Note, Transmit
from images.eui64 import Eui64
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    Effect,
    LinkEvent,
    Packet,
    Send,
)
from ota_engine.times import NEVER, Monotonic

REQUEST = bytes(17)  # the length of an Image Block Request
RESPONSE = bytes(65)  # the length of an Image Block Response with 48 octets


def request(payload: bytes = REQUEST, *, ack: bool = False) -> Transmit:
    return Transmit(1, OTA_SERVER_ENDPOINT, SMART_ENERGY, OTA_UPGRADE_CLUSTER, payload, ack)


def response(device: int, payload: bytes = RESPONSE, *, ack: bool = False) -> Send:
    return Send(
        Eui64(device),
        OTA_SERVER_ENDPOINT,
        1,
        SMART_ENERGY,
        OTA_UPGRADE_CLUSTER,
        payload,
        ack,
        False,
        0,
        0,
    )


class Echo:
    """Asks as soon as it was answered, and after three seconds of silence."""

    def __init__(self, eui64: int = 1, *, sleepy: bool = False, ack: bool = False) -> None:
        self.eui64 = Eui64(eui64)
        self.network_address = eui64 & 0xFFFF
        self.sleepy = sleepy
        self.clients = ((1, SMART_ENERGY),)
        self.wake_at = inf
        self.ack = ack
        self.received: list[tuple[float, bytes]] = []

    def power_on(self, now: float) -> Sequence[NodeAction]:
        return (Announce(), Note("on", {}), *self.wake(now))

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        self.received.append((now, frame.payload))
        return self.wake(now)

    def receive_from(self, source: Eui64, frame: Send, now: float) -> Sequence[NodeAction]:
        self.received.append((now, frame.payload))
        return ()

    def wake(self, now: float) -> Sequence[NodeAction]:
        self.wake_at = now + 3.0
        return (request(ack=self.ack),)


class Silent(Echo):
    """Only listens."""

    def wake(self, now: float) -> Sequence[NodeAction]:
        return ()


class Server:
    """Answers every packet with a block; remembers what it was told."""

    def __init__(self, *, ack: bool = False, answer: bool = True) -> None:
        self.next_wake = NEVER
        self.ack = ack
        self.answer = answer
        self.heard: list[LinkEvent] = []
        self.woken: list[float] = []

    def handle(self, event: LinkEvent, now: Monotonic) -> Sequence[Effect]:
        self.heard.append(event)
        if self.answer and isinstance(event, Packet):
            return (response(event.source, ack=self.ack),)
        return ()

    def wake(self, now: Monotonic) -> Sequence[Effect]:
        self.woken.append(now)
        self.next_wake = NEVER
        return ()


def network(
    *nodes: Echo,
    server: Server | None = None,
    placement: Placement | None = None,
    conditions: Conditions = CALM,
    seed: int = 1,
) -> tuple[Network, Server]:
    """Switch the nodes on, all at one place."""
    server = server or Server()
    net = Network(Random(seed), conditions=conditions)
    net.attach(server)
    for node in nodes:
        net.add(node, placement or Placement())
        net.power_on(node.eui64, Monotonic(0.0))
    return net, server
