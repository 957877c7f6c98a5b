"""The vocabulary of the engine: what happens to it (events) and what it wants done (effects).

Pure values, no behaviour. Records on the path of every block are ``NamedTuple`` because building
one costs a third of a frozen dataclass (ADR 0003). Identity is always the EUI-64; the network
address may change at any rejoin. Times named ``time`` are seconds on the shell's monotonic clock.
"""

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.records import Record
from ota_engine.times import Monotonic, Utc

HOME_AUTOMATION: Final = 0x0104  # profile
SMART_ENERGY: Final = 0x0109  # profile
LIGHT_LINK = 0xC05E  # profile; it stands in simple descriptors, and only touchlink travels on it
OTA_UPGRADE_CLUSTER: Final = 0x0019
BASIC_CLUSTER: Final = 0x0000
TUNNELING_CLUSTER: Final = 0x0704
DEVICE_MANAGEMENT_CLUSTER: Final = 0x0708
ALL_ENDPOINTS: Final = 0xFF  # of a node; also for a client whose endpoint is not known
OTA_SERVER_ENDPOINT: Final = 10  # ours for Smart Energy, as registered by every link
#: The profile on which an endpoint is spoken to, where it is not the one its descriptor names.
SPOKEN_ON = {LIGHT_LINK: HOME_AUTOMATION}
#: Our endpoint for each profile, from which frames leave that answer nothing; the usual one else. A
#: stack may drop what comes back to an endpoint on another profile than it was registered with.
SERVER_ENDPOINTS = {SMART_ENERGY: OTA_SERVER_ENDPOINT, HOME_AUTOMATION: 1}

BROADCAST_ALL = Eui64(0xFFFF_FFFF_FFFF_FFFF)  # network address 0xFFFF
BROADCAST_RX_ON = Eui64(0xFFFF_FFFF_FFFF_FFFD)  # 0xFFFD, receivers that never sleep


class Priority(IntEnum):
    """Who goes first when a radio has more to send than it can (bellows' own scale)."""

    LOW = -1
    NORMAL = 0
    HIGH = 1


# --- events: what a link or a person tells the engine -------------------------------------------


class Packet(NamedTuple):
    """One application frame received over the air.

    ``payload`` is the ZCL frame, header included. ``time`` is when its last octet arrived.
    """

    source: Eui64
    network_address: int
    source_endpoint: int
    destination_endpoint: int
    profile: int
    cluster: int
    aps_counter: int
    payload: bytes
    link_quality: int
    time: Monotonic


class Joined(NamedTuple):
    """A device announced itself: it joined, rejoined, or restarted.

    ``channel`` numbers the radio medium it shares with others (one per PAN), ``relays`` counts
    the routers between it and the coordinator, ``sleepy`` says that it polls a parent.
    """

    device: Eui64
    network_address: int
    sleepy: bool
    channel: int
    relays: int
    time: Monotonic


class Left(NamedTuple):
    """A device left the network."""

    device: Eui64
    time: Monotonic


class LinkUp(NamedTuple):
    """The radio is ready.

    ``max_payload`` is the largest APS payload (ZCL frame) in octets to a neighbour without source
    route; ``aps_security`` says that frames carry APS encryption (9 octets less already counted).
    """

    link: str
    own: Eui64
    max_payload: int
    aps_security: bool
    time: Monotonic


class LinkDown(NamedTuple):
    """The radio is gone; every session waits, with this reason shown."""

    link: str
    reason: str
    time: Monotonic


class SendFailed(NamedTuple):
    """A ``Send`` did not leave or was not delivered.

    ``status`` is a ``SendStatus``.
    """

    send: "Send"
    status: int
    time: Monotonic


class SendStatus(IntEnum):
    """Why a frame was not delivered, whatever the radio library calls it."""

    MESSAGE_TOO_LONG = 0x74
    DELIVERY_FAILED = 0x66
    NO_SUCH_DEVICE = 0x70
    BUSY = 0x72
    LINK_DOWN = 0x90


class ClockObserved(NamedTuple):
    """The shell read the wall clock: ``utc`` is seconds since 1970-01-01 at ``time``."""

    utc: Utc
    time: Monotonic


# --- effects: what the engine wants done ---------------------------------------------------------


class Send(NamedTuple):
    """One application frame to put on the air.

    ``token`` is 0 or a number by which the engine knows the frame again in ``SendFailed``.
    """

    destination: Eui64
    source_endpoint: int
    destination_endpoint: int
    profile: int
    cluster: int
    payload: bytes
    ack: bool
    sleepy: bool
    priority: int
    token: int


class Persist(NamedTuple):
    """Rows that must be committed before any ``Send`` that follows in the same list leaves."""

    records: tuple[Record, ...]


class Notify(NamedTuple):
    """The outbox has something new; wake the couriers."""


LinkEvent: TypeAlias = Packet | Joined | Left | LinkUp | LinkDown | SendFailed
Effect: TypeAlias = Send | Persist | Notify
