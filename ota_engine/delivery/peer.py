"""One device as the server sees it: how to reach it, what it said of itself, what it may carry."""

from images.eui64 import Eui64
from ota_engine.delivery.image import ServedImage
from ota_engine.events import Packet
from ota_engine.records import AssignmentRecord, DeviceRecord, SessionRecord, SessionState


class Page:
    """One Image Page Request being answered; mutable, replaced by every new request."""

    __slots__ = ("end", "offset", "packet", "session", "size", "spacing")

    def __init__(
        self, packet: Packet, session: "Session", offset: int, end: int, size: int, spacing: float
    ) -> None:
        self.packet = packet
        self.session = session
        self.offset = offset  # of the next block
        self.end = end  # exclusive
        self.size = size  # octets of every block but the last; never changes inside a page
        self.spacing = spacing  # seconds the client asked for


UNKNOWN_ENDPOINT = 0xFF  # every endpoint of the device
BATTERY = 0x03  # Basic cluster, PowerSource


class Session:
    """One assignment of one device; mutable, owned by the server, saved as ``SessionRecord``."""

    __slots__ = (
        "assignment",
        "attempt",
        "blocks",
        "came_back",
        "complete",
        "due_utc",
        "flush_at",
        "flush_due",
        "image",
        "notified",
        "offset",
        "reason",
        "released",
        "retries",
        "since",
        "since_utc",
        "started_utc",
        "state",
        "version_after",
        "version_before",
    )

    def __init__(self, assignment: AssignmentRecord, image: ServedImage) -> None:
        self.assignment = assignment
        self.image = image
        self.state = SessionState.ASSIGNED
        self.reason = "assigned; the device has not queried yet"
        self.since = 0.0  # monotonic
        self.since_utc = assignment.created_utc
        self.started_utc = assignment.created_utc
        self.attempt = 0
        self.offset = 0
        self.blocks = 0
        self.retries = 0
        self.complete = False  # the last octet has been asked for
        self.came_back = False  # announced itself after it was told to apply
        self.released = False  # an operator let it apply
        self.version_before: int | None = None
        self.version_after: int | None = None
        self.due_utc: float | None = None
        self.flush_at = 0
        self.flush_due = 0.0
        self.notified = False

    def record(self, device: Eui64, endpoint: int) -> SessionRecord:
        """Freeze for the store."""
        return SessionRecord(
            device=device,
            endpoint=endpoint,
            sha256=self.image.sha256,
            attempt=self.attempt,
            state=self.state,
            reason=self.reason,
            since_utc=self.since_utc,
            offset=self.offset,
            blocks=self.blocks,
            retries=self.retries,
            version_before=self.version_before,
            version_after=self.version_after,
            due_utc=self.due_utc,
            started_utc=self.started_utc,
        )

    @classmethod
    def restored(
        cls, record: SessionRecord, assignment: AssignmentRecord, image: ServedImage
    ) -> "Session":
        """Thaw after a restart; a place on the channel has to be asked for again."""
        session = cls(assignment, image)
        session.state = (
            SessionState.STALLED
            if record.state in (SessionState.DOWNLOADING, SessionState.QUEUED)
            else record.state
        )
        session.reason = (
            "the engine restarted; waiting for the device to go on"
            if session.state != record.state
            else record.reason
        )
        session.since_utc = record.since_utc
        session.started_utc = record.started_utc
        session.attempt = record.attempt
        session.offset = record.offset
        session.blocks = record.blocks
        session.retries = record.retries
        session.complete = record.offset >= image.size
        session.version_before = record.version_before
        session.version_after = record.version_after
        session.due_utc = record.due_utc
        session.came_back = False
        return session


class Peer:
    """What is known of one device; the fields of ``DeviceRecord`` plus what only this run knows."""

    __slots__ = (
        "block_limit",
        "carries",
        "channel",
        "cluster_revision",
        "current",
        "dropped",
        "endpoint",
        "eui64",
        "failures",
        "file_version",
        "hardware_version",
        "image_type",
        "last_heard",
        "last_offset",
        "level",
        "level_at",
        "manufacturer_code",
        "network_address",
        "own_endpoint",
        "page",
        "paused",
        "period_asked_at",
        "period_unit_ms",
        "power_source",
        "profile",
        "refused",
        "relays",
        "sessions",
        "sleepy",
        "stall_armed",
        "waits_until",
    )

    def __init__(self, eui64: Eui64) -> None:
        self.eui64 = eui64
        self.network_address = 0xFFFE
        self.endpoint = UNKNOWN_ENDPOINT
        self.own_endpoint = 1
        self.profile = 0
        self.channel = 0
        self.relays = 0
        self.sleepy = False
        self.manufacturer_code: int | None = None
        self.image_type: int | None = None
        self.file_version: int | None = None
        self.hardware_version: int | None = None
        self.cluster_revision: int | None = None
        self.power_source: int | None = None
        self.period_unit_ms: int | None = None
        self.block_limit: int | None = None
        self.carries = 0  # largest block the link takes to this device, octets
        self.sessions: dict[str, Session] = {}  # by sha256
        self.current: Session | None = None
        self.page: Page | None = None
        self.paused: str | None = None  # an operator's reason
        self.refused: tuple[int, ...] | None = None  # the image last refused, to say so once
        self.last_heard = 0.0
        self.last_offset = -1
        self.failures = 0
        self.level = 0.0
        self.level_at = 0.0
        self.waits_until = 0.0
        self.dropped = 0
        self.period_asked_at: float | None = None
        self.stall_armed = False

    @classmethod
    def restored(cls, record: DeviceRecord) -> "Peer":
        """Thaw after a restart."""
        peer = cls(record.device)
        for name in RECORDED:
            setattr(peer, name, getattr(record, name))
        return peer

    def record(self, last_seen_utc: float) -> DeviceRecord:
        """Freeze for the store."""
        return DeviceRecord(
            device=self.eui64,
            last_seen_utc=last_seen_utc,
            **{name: getattr(self, name) for name in RECORDED},
        )


#: Fields a ``Peer`` and its ``DeviceRecord`` share under one name.
RECORDED = (
    "network_address",
    "endpoint",
    "profile",
    "channel",
    "relays",
    "sleepy",
    "manufacturer_code",
    "image_type",
    "file_version",
    "hardware_version",
    "cluster_revision",
    "power_source",
    "period_unit_ms",
    "block_limit",
)
