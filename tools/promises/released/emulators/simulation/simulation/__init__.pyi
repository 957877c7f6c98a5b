# Declarations as released; written by `python tools/promises --release`.

class Simulation:
    def __init__(
        self,
        settings: SimulationSettings,
        store: Store,
        journal: Journal,
        make_host: HostFactory = EngineHost,
        capture: Callable[[bytes], object] | None = None,
    ) -> None: ...
    def run(
        self, on_progress: Callable[[float, int], None] | None = None
    ) -> SimulationResult: ...
    @property
    def end(self) -> Monotonic: ...
    @property
    def blocks(self) -> int: ...
    def statuses(self) -> list[SessionStatus]: ...
    def standings(self) -> Sequence[PushStanding]: ...
    def begin(self) -> None: ...
    def slices(self) -> Iterator[float]: ...
    def judge(self) -> SimulationResult: ...

@dataclass(frozen=True, slots=True)
class SimulationSettings:
    members: tuple[SimulatedDevice, ...]
    firmware: SimulatedFirmware = field(repr=False)
    plan: FaultPlan
    seed: int
    hours: float
    channels: int = 1
    config: DeliveryConfig = DEFAULT
    keys: Keystore | None = field(default=None, repr=False)
    security: Security | None = None

@dataclass(frozen=True, slots=True)
class SimulationResult:
    journal_sha256: str
    journal_lines: int
    virtual_seconds: float
    blocks: int
    judgements: tuple[Judgement, ...]
    journeys: tuple[Journey, ...]
    samples: tuple[Sample, ...]
    faults: tuple[Fault, ...]
    struck: dict[str, int]
    air: AirCounters
    counters: dict[str, int]
    engine_starts: int
    commits: int
    audit_fault: str | None
    outcomes: int
    telling: Telling
