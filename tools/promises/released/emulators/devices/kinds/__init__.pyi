# Declarations as released; written by `python tools/promises --release`.

@dataclass(frozen=True, slots=True, eq=False)
class DeviceKind:
    word: str
    label: str
    image_type: int
    device_id: int
    make: type[EmulatedDevice] = EmulatedDevice
    commanded: bool = False
    gbcs: GbcsHabits | None = None
    battery: bool = False
    profile: int = SMART_ENERGY
    cells: bool = False
    sleepy: bool = False
    timers: TimerProfile = LAB
    options: ClientOptions = USUAL
    premises: str = ""
    furnished: Placement | None = None

    @property
    def chargeable(self) -> bool: ...
    def specimen(self, number: int) -> DeviceSpec: ...

KINDS: Final[Mapping[str, DeviceKind]] = ...

def kind_of(spec: DeviceSpec) -> DeviceKind: ...
