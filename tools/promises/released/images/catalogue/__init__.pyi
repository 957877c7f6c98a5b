# Declarations as released; written by `python tools/promises --release`.

@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    sha256: str
    size: int
    manufacturer_code: int
    image_type: int
    file_version: int
    origin: Origin
    header_string: str = ""
    destination: int | None = None
    hardware: Range | None = None
    manufacturer_image_hash: str = ""
    terms: Terms = ANYBODY
    status: ImageStatus = ImageStatus.DRAFT
    accepted: tuple[str, ...] = ()
    history: tuple[UpgradeStep, ...] = ()

    @property
    def identity(self) -> tuple[int, int, int]: ...
    @property
    def name(self) -> str: ...
    def ordered(
        self, order: StatusDecision, utc: float, who: str, reason: str
    ) -> "CatalogueEntry": ...

class Draft(NamedTuple):
    entry: CatalogueEntry
    octets: bytes

class ImageStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"

class Listing(NamedTuple):
    name: str
    places: tuple[tuple[str, ...], ...]
    identity: tuple[int | None, int | None, int | None]
    size: int | None
    algorithm: str
    digest: bytes
    terms: Terms
    problem: str = ""

class Origin(NamedTuple):
    source: str
    name: str
    sha256: str
    container: str = ""

class Range(NamedTuple):
    low: int
    high: int

class Released(NamedTuple):
    entry: CatalogueEntry
    name: str
    sha512: str
    sha3_256: str

class StatusDecision(StrEnum):
    APPROVE = "approve"
    WITHDRAW = "withdraw"

@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    bases: tuple[Range, ...] | None = None
    hardware: Range | None = None
    models: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    notes: str = ""
    force: bool = False
    reports: int | None = None

    def reported(self, file_version: int) -> int: ...

class UpgradeStep(NamedTuple):
    utc: float
    who: str
    what: str
    reason: str = ""

def clashes(
    entry: CatalogueEntry, others: Iterable[CatalogueEntry]
) -> list[CatalogueEntry]: ...
def draft(data: bytes, terms: Terms, source: str, name: str) -> Draft: ...
def fits(entry: CatalogueEntry, running: int, hardware: int | None = None) -> bool: ...
def read_listings(text: bytes) -> tuple[Listing, ...]: ...
def read_record(text: bytes) -> CatalogueEntry: ...
def rivalries(entries: Iterable[CatalogueEntry]) -> dict[str, list[CatalogueEntry]]: ...
def route(
    entries: Iterable[CatalogueEntry], running: int, hardware: int | None = None
) -> list[CatalogueEntry] | None: ...
def suits(entry: CatalogueEntry, hardware: int | None) -> bool: ...
def within(terms: Terms, header: OtaHeader) -> Terms: ...
def write_folder_index(released: Iterable[Released]) -> bytes: ...
def write_record(entry: CatalogueEntry) -> bytes: ...
def write_zigbee2mqtt(released: Iterable[Released], base_url: str = "") -> bytes: ...
def write_zigpy(released: Iterable[Released], base_url: str = "") -> bytes: ...
