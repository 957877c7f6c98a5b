"""How an emulated device and the emulated air speak to each other; pure values and one protocol."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple, Protocol, TypeAlias

from images.eui64 import Eui64
from ota_engine.events import Send

NEVER = inf
COORDINATOR = Eui64(0x00DB_1234_00C0_0000)  # of every emulated network, unless it is told another


class Transmit(NamedTuple):
    """A device puts one application frame on the air, to the coordinator."""

    source_endpoint: int
    destination_endpoint: int
    profile: int
    cluster: int
    payload: bytes
    ack: bool


class TransmitTo(NamedTuple):
    """A device puts one application frame on the air, to another device of its network."""

    destination: Eui64
    frame: Transmit


class Announce(NamedTuple):
    """A device (re)joins and announces itself (ZDO Device_annce)."""


class Note(NamedTuple):
    """Something the journal should hold about the device: a state it entered, a fault it met."""

    kind: str
    detail: dict[str, object]


NodeAction: TypeAlias = Transmit | TransmitTo | Announce | Note


class Node(Protocol):
    """An emulated device as the network sees it; sans-IO, time comes in as ``now`` (seconds).

    After every call the network reads ``wake_at`` and calls ``wake`` no earlier than then. Frames
    between the device and its flash, clock and self are its own business.
    """

    eui64: Eui64
    network_address: int
    sleepy: bool
    wake_at: float

    @property
    def clients(self) -> Sequence[tuple[int, int]]:
        """Endpoint and profile of each of its OTA clients, as its simple descriptors tell."""

    def power_on(self, now: float) -> Sequence[NodeAction]:
        """Start or restart; the device announces itself when it is ready."""

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take one frame addressed to this device (or broadcast)."""

    def receive_from(self, source: Eui64, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take one frame that another device has sent to this one."""

    def wake(self, now: float) -> Sequence[NodeAction]:
        """Do what was due at ``wake_at``."""
