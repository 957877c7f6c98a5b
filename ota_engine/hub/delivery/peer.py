"""One device as the server sees it: how to reach it, what it said of itself, what it is owed.

Mutable state and its frozen form for the store; decides nothing, sends nothing.
"""

from math import inf
from typing import TypeAlias

from images.eui64 import Eui64
from ota_engine.bucket import Bucket
from ota_engine.events import OTA_SERVER_ENDPOINT, Packet
from ota_engine.hub.delivery.image import ServedImage
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    DeviceRecord,
    SessionRecord,
    SessionState,
)

UNKNOWN_ENDPOINT = 0xFF  # every endpoint of the device
UNKNOWN_ADDRESS = 0xFFFE  # network address of a device not seen yet
UNKNOWN_VERSION = 0xFFFFFFFF  # ZCL OTA, CurrentFileVersion: the client does not know
BATTERY = 0x03  # Basic cluster, PowerSource
PRIMARY_SOURCE = 0x7F  # mask of PowerSource without the bit for a second source
SPEECH_RATE = 20.0  # frames a second, other than block requests, that are answered
SPEECH_BURST = 40.0  # frames

#: Network address, source and destination endpoint, profile, cluster: as in ``Packet``.
Route: TypeAlias = tuple[int, ...]


class Page:
    """One Image Page Request being answered; replaced by every new request."""

    __slots__ = ("due", "end", "offset", "packet", "session", "size", "spacing")

    def __init__(
        self, packet: Packet, session: "Session", offset: int, end: int, size: int, spacing: float
    ) -> None:
        self.packet = packet
        self.session = session
        self.offset = offset  # of the next block
        self.end = end  # exclusive
        self.size = size  # octets of every block but the last; never changes inside a page
        self.spacing = spacing  # seconds the client asked for
        self.due = -inf  # when the next block may leave


class Session:
    """One assignment of one device; owned by the server, saved as ``SessionRecord``."""

    __slots__ = (
        "aborts",
        "assignment",
        "attempt",
        "blocks",
        "came_back",
        "complete",
        "deadline",
        "due",
        "due_utc",
        "flush_at",
        "flush_due",
        "image",
        "offset",
        "reason",
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
        self.reason = ""
        self.since = 0.0  # monotonic
        self.since_utc = assignment.created_utc
        self.started_utc = assignment.created_utc
        self.attempt = 0
        self.offset = 0
        self.blocks = 0
        self.retries = 0
        self.aborts = 0  # downloads the device broke off in this attempt
        self.complete = False  # the last octet has been asked for
        self.came_back = False  # announced itself after it was told to apply
        self.deadline = inf  # monotonic: until when it may verify or restart
        self.version_before: int | None = None
        self.version_after: int | None = None
        self.due_utc: float | None = None
        self.due = inf  # monotonic: when a delayed activation is due; no clock step can move it
        self.flush_at = 0
        self.flush_due = 0.0

    def begin_attempt(self) -> None:
        """Start over: what the device had is gone."""
        self.attempt += 1
        self.offset = self.blocks = self.aborts = 0
        self.version_after = self.due_utc = None
        self.due = inf
        self.complete = self.came_back = False

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
        """Thaw after a restart, as it was; ``OtaServer`` ends what the restart interrupted."""
        session = cls(assignment, image)
        session.state = record.state
        session.reason = record.reason
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
        return session

    @property
    def pause(self) -> str | None:
        """The operator's reason, if this session stands still by an operator's pause alone."""
        held = self.state is SessionState.HELD and self.assignment.activation is not Activation.WAIT
        return self.reason if held or self.state is SessionState.PAUSED else None


#: States that end with the engine that was in them.
INTERRUPTED = frozenset({SessionState.OFFERED, SessionState.QUEUED, SessionState.DOWNLOADING})


class Peer:
    """What is known of one device; the fields of ``DeviceRecord`` plus what only this run knows."""

    __slots__ = (
        "asked_at",
        "block_limit",
        "carries",
        "channel",
        "cluster_revision",
        "current",
        "endpoint",
        "eui64",
        "failed_after",
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
        "notified_at",
        "page",
        "paused",
        "period_asked",
        "period_asked_at",
        "period_unit_ms",
        "power_source",
        "profile",
        "purse",
        "quiet_until",
        "refused",
        "relays",
        "reply_to",
        "route",
        "sessions",
        "sleepy",
        "speech",
        "to_ask",
        "told_at",
        "waits_until",
    )

    def __init__(self, eui64: Eui64) -> None:
        self.eui64 = eui64
        self.network_address = UNKNOWN_ADDRESS
        self.endpoint = UNKNOWN_ENDPOINT
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
        # how its packets come, and the same turned round: the first fields of a reply
        self.route: Route = ()
        self.reply_to = (eui64, OTA_SERVER_ENDPOINT, UNKNOWN_ENDPOINT, 0, 0)
        self.last_heard = 0.0
        self.last_offset = -1
        # tokens for block requests, and since when; none are left while the client has to wait
        self.level = 0.0
        self.level_at = -inf
        self.waits_until = -inf
        self.quiet_until = -inf  # until when a request against the wait is not answered
        self.speech = Bucket(SPEECH_RATE, SPEECH_BURST)  # for every other frame
        self.purse: Bucket | None = None  # its part of a channel's air budget
        self.failures = 0  # blocks in a row that were not delivered
        self.failed_after = 0  # blocks of the session at the last such failure
        self.refused: tuple[tuple[int, ...], ...] = ()  # images refused, to say so once each
        self.period_asked_at: float | None = None
        self.period_asked = 0  # times it was asked for a period it does not keep
        self.notified_at: float | None = None
        self.asked_at = -inf
        self.to_ask = True  # its attributes have not been read in this run
        self.told_at = -inf  # when it last said which version it runs

    @property
    def on_battery(self) -> bool:
        """Whether the device says that it lives on its battery now."""
        return self.power_source is not None and self.power_source & PRIMARY_SOURCE == BATTERY

    def hold(self, until: float) -> None:
        """Let the client have no block before ``until``: it has no token until then, and then one."""
        self.waits_until = self.level_at = until
        self.level = 1.0

    def unhold(self) -> None:
        """Let the client have blocks again."""
        self.waits_until = self.level_at = -inf
        self.level = 0.0

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
