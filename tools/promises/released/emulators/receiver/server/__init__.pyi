# Declarations as released; written by `python tools/promises --release`.

class Receiver:
    def __init__(
        self,
        book: RecordBook,
        faults: ReceiverFaults | None = None,
        watch: Callable[[Reception], None] = lambda taken: None,
        keys: Keystore | None = None,
        token: str | None = None,
        body_s: float = BODY_S,
    ) -> None: ...
    def status(self) -> dict[str, Any]: ...

@dataclass(slots=True)
class ReceiverFaults:
    fail: int = 0
    status: int = 503
    close: int = 0
    lose: int = 0
    delay: float = 0.0

class Reception(NamedTuple):
    what: str
    status: int | None
    id: str = ""
    reason: str = ""
    proof: str = ""

@asynccontextmanager
async def serve_receiver(receiver: Receiver, port: int = 0) -> AsyncIterator[str]: ...
