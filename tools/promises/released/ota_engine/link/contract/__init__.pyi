# Declarations as released; written by `python tools/promises --release`.

class Link(Protocol):
    @property
    def info(self) -> LinkInfo: ...
    @property
    def events(self) -> trio.abc.ReceiveChannel[list[LinkEvent]]: ...
    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]: ...
    @property
    def dropped(self) -> int: ...
    async def send(self, frame: Send) -> None: ...
    async def permit(self, seconds: int) -> None: ...
    async def __aenter__(self) -> Self: ...

@dataclass(frozen=True, slots=True)
class LinkInfo:
    own: Eui64
    pan_id: int
    channel: int
    kind: str
    max_payload: int
    aps_security: bool
    max_in_flight: int

@dataclass(frozen=True, slots=True)
class NodeInfo:
    network_address: int
    sleepy: bool
    link_quality: int
    relays: int
    last_seen: Monotonic
    clients: tuple[ClientEndpoint, ...] = ()
    device_ids: frozenset[int] = frozenset()

    @property
    def endpoint(self) -> int: ...
    @property
    def profile(self) -> int: ...

class ClientEndpoint(NamedTuple):
    endpoint: int
    profile: int

class SendFailedError(ZotaError):
    def __init__(self, status: int) -> None: ...

class LinkDownError(LinkError): ...
