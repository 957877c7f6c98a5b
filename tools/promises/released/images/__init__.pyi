# Declarations as released; written by `python tools/promises --release`.

def parse(data: bytes | bytearray | memoryview) -> OtaImage: ...
def build(payload: bytes, spec: ImageSpec) -> bytes: ...
def lint(
    data: bytes | memoryview,
    *,
    profile: Profile | None = None,
    name: str | None = None,
    expect: Expectations | None = None,
    vendor: str | None = None,
) -> Report: ...

@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    manufacturer_code: int
    image_type: int
    file_version: int
    layout: BuildLayout = "zcl"
    header_string: str = ""
    zigbee_stack_version: int = ZIGBEE_PRO
    security_credential_version: int | None = None
    upgrade_file_destination: int | None = None
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    elements: tuple[tuple[int, bytes], ...] = ()
    integrity: bool = False
    sign_key: bytes | SigningFunction | None = None
    force_replace: bool = False

    @property
    def hardware_versions(self) -> tuple[int, int] | None: ...

@dataclass(frozen=True, slots=True)
class OtaImage:
    header: OtaHeader
    layout: Layout
    elements: tuple[SubElement, ...]
    residue: memoryview
    ota: memoryview
    file: memoryview
    offset: int
    container: Container | None
    trailing: Trailing | None

    @property
    def body(self) -> memoryview: ...
    @property
    def truncated(self) -> bool: ...
    @property
    def manufacturer_image(self) -> memoryview | None: ...
    @property
    def manufacturer_image_hash(self) -> bytes | None: ...
    @property
    def force_replace(self) -> int | None: ...
    @property
    def signature(self) -> memoryview | None: ...
    def element(self, tag: int) -> SubElement | None: ...
    def serialise(self) -> bytes: ...

class OtaHeader(NamedTuple):
    header_version: int
    header_length: int
    field_control: int
    manufacturer_code: int
    image_type: int
    file_version: int
    zigbee_stack_version: int
    header_string: bytes
    total_image_size: int
    security_credential_version: int | None = None
    upgrade_file_destination: int | None = None
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    extension: bytes = b""

    @property
    def header_text(self) -> str: ...
    @property
    def fields_length(self) -> int: ...
    @property
    def body_offset(self) -> int: ...
    def serialise(self) -> bytes: ...

class SubElement(NamedTuple):
    tag: int
    length: int
    offset: int
    data: memoryview
    info: memoryview | None = None

    @property
    def clipped(self) -> bool: ...
    def parts(self) -> tuple[bytes | memoryview, ...]: ...

class Trailing(NamedTuple):
    offset: int
    length: int
    kind: TrailingKind

@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    manufacturer_code: int | None = None
    manufacturer_codes: tuple[int, ...] = ()
    image_type: int | None = None
    previous_version: int | None = None
    device_hardware: int | None = None
    bcd_version: bool = False
    null_image: bool = False
    release_version: int | None = None
    manufacturer_image_hash: bytes | None = None
    max_bytes: int | None = None
    slot_size: int | None = None
    block_size: int | None = None
    ca_key: bytes | None = None
    ca_eui64: int | None = None
    manifest: Manifest = field(default_factory=Manifest)
    namesake: bool = False
    retracted: frozenset[bytes] = frozenset()

class Profile(StrEnum):
    ZCL = "zcl"
    SE = "se"
    GB = "gb"

class Report(NamedTuple):
    profile: Profile
    findings: tuple[Finding, ...]
    vendor: str | None = None
    parsed: bool = True

    @property
    def judged_by(self) -> str: ...
    def count(self, severity: Severity) -> int: ...
    @property
    def worst(self) -> Severity | None: ...

class Finding(NamedTuple):
    rule: str
    severity: Severity
    message: str
    offset: int | None
    expected: str
    actual: str
    why: str
    cure: str

class Severity(IntEnum):
    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def label(self) -> str: ...

class ImageError(Exception):
    def __init__(self, reason: str, offset: int | None = None) -> None: ...
