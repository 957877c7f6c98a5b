# Declarations as released; written by `python tools/promises --release`.

class Dongle:
    def __init__(
        self,
        entries: Iterable[RosterEntry],
        memory: Memory | None = None,
        options: DongleOptions | None = None,
        keys: Keystore | None = None,
        on_note: Callable[[Eui64, Note, Monotonic], None] | None = None,
    ) -> None: ...
    def set_clocks(self, utc: float, now: float) -> None: ...
    def receive(self, data: bytes, now: float) -> None: ...
    def disconnect(self, now: float) -> None: ...
    def run(self, now: float) -> None: ...
    @property
    def next_wake(self) -> float: ...
    def take_output(self) -> bytes: ...
    @property
    def joined(self) -> int: ...
    def fail(self, fault: NcpFault, now: float) -> None: ...

@dataclass(frozen=True, slots=True)
class DongleOptions:
    version: int = LATEST
    baud: int = DEFAULT_BAUD
    pace: float = 1.0
    seed: int = 0
    conditions: Conditions = CALM
    faults: DongleFaultPlan = NO_FAULTS
