# Declarations as released; written by `python tools/promises --release`.

async def check_link(factory: BenchFactory) -> None: ...

@dataclass(frozen=True, slots=True)
class Bench:
    link: Link
    device: Eui64
    endpoint: int = ALL_ENDPOINTS
    profile: int = SMART_ENERGY
    clients: tuple[ClientEndpoint, ...] | None = None
    prompt: Callable[[], Awaitable[None]] | None = None
    unplug: Callable[[], Awaitable[None]] | None = None
    plug_in: Callable[[], Awaitable[None]] | None = None

class NonConformityError(ZotaError): ...
