# Declarations as released; written by `python tools/promises --release`.

class Packet(NamedTuple):
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
    device: Eui64
    network_address: int
    sleepy: bool
    channel: int
    relays: int
    time: Monotonic

class Left(NamedTuple):
    device: Eui64
    time: Monotonic

class LinkUp(NamedTuple):
    link: str
    own: Eui64
    max_payload: int
    aps_security: bool
    time: Monotonic

class LinkDown(NamedTuple):
    link: str
    reason: str
    time: Monotonic

class SendFailed(NamedTuple):
    send: "Send"
    status: int
    time: Monotonic

class SendStatus(IntEnum):
    MESSAGE_TOO_LONG = 116
    DELIVERY_FAILED = 102
    NO_SUCH_DEVICE = 112
    BUSY = 114
    LINK_DOWN = 144

class ClockObserved(NamedTuple):
    utc: Utc
    time: Monotonic

class Priority(IntEnum):
    LOW = -1
    NORMAL = 0
    HIGH = 1

class Send(NamedTuple):
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
    records: tuple[Record, ...]

class Notify(NamedTuple): ...
