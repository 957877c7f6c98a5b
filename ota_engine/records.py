"""What the engine asks the store to remember: one frozen record per row.

Pure values. Times are UTC seconds since 1970-01-01 (``utc``). Device identity is the EUI-64, an
image's identity is the SHA-256 of its OTA file in lower-case hexadecimal.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from images.catalogue.status import ImageStatus
from images.catalogue.terms import Terms
from images.eui64 import Eui64
from ota_engine.audience import OPERATORS_ONLY, Audience
from ota_engine.gbcs.verification import Verification
from ota_engine.times import Utc


class VersionPolicy(StrEnum):
    """Which version step an assignment allows (Query Next Image, ZCL 11.10)."""

    UPGRADE = "upgrade"  # only a higher version
    REINSTALL = "reinstall"  # also the version already running
    DOWNGRADE = "downgrade"  # also a lower version


class Activation(StrEnum):
    """When a device may run the image it holds."""

    IMMEDIATE = "immediate"  # Upgrade End Response: now
    DELAYED = "delayed"  # after ``activation_delay`` seconds
    AT = "at"  # at ``activation_utc``
    WAIT = "wait"  # told 0xFFFFFFFF until an operator releases it
    EXTERNAL = "external"  # by a signed command outside this cluster


class FirmwareSource(StrEnum):
    """How a device told what one of its firmwares is."""

    QUERY = "query"  # Query Next Image Request, which always names the firmware
    ATTRIBUTES = "attributes"  # the version together with ManufacturerID and ImageTypeID


class SessionState(StrEnum):
    """Where one device stands with one image. The table is in ``delivery.session``."""

    ASSIGNED = "assigned"
    OFFERED = "offered"
    QUEUED = "queued"
    DOWNLOADING = "downloading"
    PAUSED = "paused"
    STALLED = "stalled"
    VERIFYING = "verifying"
    WAIT_FOR_MORE = "waiting for more files"
    HELD = "held"
    SCHEDULED = "scheduled"
    AWAITING_COMMAND = "awaiting command"
    RESTARTING = "restarting"
    UPDATED = "updated"
    FAILED = "failed"
    ABORTED = "aborted"


class OrderState(StrEnum):
    """Where one order to activate stands. The table is in ``activation.life``."""

    DRAFTED = "drafted"
    COMMITTED = "committed"
    SENT = "sent"
    ACCEPTED = "accepted"
    DUE = "due"
    ACTIVATED = "activated"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OutcomeKind(StrEnum):
    """What an outcome is the end of, or the word of."""

    TRANSFER = "transfer"
    ACTIVATION = "activation"
    ALERT = "alert"
    ORDER = "order"
    VERSION = "version"
    TENANCY = "tenancy"
    SUPPLIER = "supplier"


class Verdict(StrEnum):
    """Whether an outcome is good news."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @classmethod
    def of(cls, succeeded: bool) -> "Verdict":
        """The verdict on what succeeded, or did not."""
        return cls.SUCCEEDED if succeeded else cls.FAILED


class Term(StrEnum):
    """One of the terms on which a catalogue releases an image; ``ImageTerms`` holds them."""

    STATUS = "status"
    MODEL = "model"
    MAKER = "maker"
    BASE = "base"
    HARDWARE = "hardware"


class PremisesSubject(StrEnum):
    """What changes about the premises."""

    TENANCY = "tenancy"  # who lives there
    SUPPLIER = "supplier"  # who supplies them


class PremisesReply(StrEnum):
    """What the hub knows of a device that it had a change to tell."""

    ASKED = "asked"  # it asked, and was answered
    TAKEN = "taken"  # it acknowledged what was published
    REFUSED = "refused"  # it refused what was published


class PushState(StrEnum):
    """Where one push stands."""

    RUNNING = "running"
    STOPPED = "stopped"  # by a person, or by the next push
    ENDED = "ended"  # every device has come to its end


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One firmware file in the catalogue; ``data`` is the OTA file exactly as it is served."""

    sha256: str
    name: str
    manufacturer_code: int
    image_type: int
    file_version: int
    zigbee_stack_version: int
    header_string: str
    minimum_hardware_version: int | None
    maximum_hardware_version: int | None
    upgrade_file_destination: Eui64 | None
    manufacturer_image_hash: str
    added_utc: Utc
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImageTerms:
    """For whom an image is and whether it may be served, as a catalogue says; keyed by ``sha256``.

    The newest replaces the one before. An image without is for whom its header says.
    """

    sha256: str
    status: ImageStatus
    terms: Terms


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What the engine knows of one device, as the device itself told it."""

    device: Eui64
    network_address: int
    endpoint: int
    profile: int
    channel: int
    relays: int
    sleepy: bool
    cluster_revision: int | None
    power_source: int | None  # Basic cluster, attribute 0x0007
    period_unit_ms: int | None  # 1 or 1000: the unit of its MinimumBlockPeriod
    block_limit: int | None  # learned: largest block that arrives, octets
    last_seen_utc: Utc
    model: str | None = None  # Basic cluster, ModelIdentifier; "" when it tells none
    maker: str | None = None  # Basic cluster, ManufacturerName; "" when it tells none


@dataclass(frozen=True, slots=True)
class FirmwareRecord:
    """What a device said of one of its firmwares; keyed by (device, manufacturer_code, image_type).

    Attributes:
        device: whose.
        manufacturer_code: whose firmware it is (ManufacturerID, attribute 0x0007).
        image_type: which of its firmwares (ImageTypeID, attribute 0x0008).
        endpoint: where its OTA client lives, 0xFF while that is not known.
        profile: of that client's frames, 0 while that is not known.
        file_version: that it runs, 0xFFFFFFFF when it does not know itself.
        hardware_version: as this firmware's queries tell it, None if they never did.
        source: how it was first told like this.
        since_utc: when it was first told like this.
    """

    device: Eui64
    manufacturer_code: int
    image_type: int
    endpoint: int
    profile: int
    file_version: int
    hardware_version: int | None
    source: FirmwareSource
    since_utc: Utc


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """An operator's wish: this device shall run this image. Keyed by (device, sha256).

    Of several images of one device, those of a lower ``rank`` go first.
    """

    device: Eui64
    sha256: str
    policy: VersionPolicy
    activation: Activation
    activation_delay: int  # seconds, for Activation.DELAYED
    activation_utc: Utc | None  # for Activation.AT
    created_utc: Utc
    waived: tuple[Term, ...] = ()  # terms of the image that a person set aside, and answered for
    rank: int = 0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """How far one assignment has come; keyed by (device, sha256).

    ``attempt`` counts the downloads begun for it. ``offset`` is the lowest octet the device has not
    asked past: what it asked for, never what we sent. ``arrived`` is whether the good end of this
    attempt's transfer was told, ``silent`` whether the device was told to apply and given up because it
    said nothing.
    """

    device: Eui64
    endpoint: int
    sha256: str
    attempt: int
    state: SessionState
    reason: str
    since_utc: Utc
    offset: int
    blocks: int
    retries: int
    version_before: int | None
    version_after: int | None
    due_utc: Utc | None  # when a scheduled activation happens
    started_utc: Utc
    arrived: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of the journal."""

    utc: Utc
    device: Eui64 | None
    kind: str
    detail: str  # canonical JSON


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """The end of a transfer or an activation; goes to the outbox once per ``key``."""

    key: str  # the same outcome always has the same key, also when replayed after a crash
    utc: Utc
    device: Eui64
    kind: OutcomeKind
    verdict: Verdict
    reason: str
    sha256: str
    version_before: int | None
    version_after: int | None  # what the device reported, never what we hoped
    message: bytes = field(default=b"", repr=False)  # the GBCS message that proves it, as it came
    verification: Verification | None = None  # what ``message`` was worth when it came
    audience: Audience = OPERATORS_ONLY  # who may hear of it


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Something a person, or the engine on a person's behalf, did; hash-chained by the store."""

    utc: Utc
    actor: str
    action: str
    subject: str
    detail: str  # canonical JSON


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """The latest wall time the engine trusted; the newest record replaces the one before."""

    trusted_utc: Utc


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order to activate an image by CS06; keyed by ``number``.

    Attributes:
        number: what people call it; counted up from 1 by the engine.
        originator: the party that orders.
        device: whom.
        manufacturer_image_hash: of the image, 32 octets.
        sha256: the image in the catalogue, "" if it is not there.
        execution_utc: when, None for now.
        state: where it stands, and since when and why.
        counter: originator counter of the command; None while drafted.
        command: its octets, kept so that a retry sends the same.
        cancel_counter: of the cancellation, once there is one.
        cancel_command: its octets.
        attempts: how often the command was sent.
        code: the outcome the device told.
        firmware_version: that the device said it runs.
        evidence: the octets of the message that said so.
        passed: a user has signed the command, and the engine passes it on.
    """

    number: int
    originator: Eui64
    device: Eui64
    manufacturer_image_hash: bytes
    sha256: str
    execution_utc: Utc | None
    created_utc: Utc
    state: OrderState
    since_utc: Utc
    reason: str
    counter: int | None = None
    command: bytes = field(default=b"", repr=False)
    cancel_counter: int | None = None
    cancel_command: bytes = field(default=b"", repr=False)
    attempts: int = 0
    code: int | None = None
    firmware_version: int | None = None
    evidence: bytes = field(default=b"", repr=False)
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """A term that a person sets aside for one push, and why."""

    term: Term
    reason: str


@dataclass(frozen=True, slots=True)
class PushWish:
    """How one device of a push is to be updated, where that is not as all others are."""

    device: Eui64
    policy: VersionPolicy
    activation: Activation
    activation_delay: int = 0  # seconds, for Activation.DELAYED
    activation_utc: Utc | None = None  # for Activation.AT


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push: which images for which devices, and on which terms; keyed by ``number``.

    Attributes:
        number: counted up from 1 by the engine.
        images: SHA-256 of files that are served.
        devices: who is to be updated.
        everyone: nobody was named: a device that none of the images is for is passed over.
        policy: which version steps are allowed.
        activation: when devices may run what they hold.
        activation_utc: for ``Activation.AT``.
        created_utc: when it was asked for.
        in_order: the firmwares of one device are updated in the order of ``images``.
        overrides: terms of the images that do not count.
        wishes: for devices that are not as all others.
        state: where it stands.
        ended_utc: when it ended or was stopped.
    """

    number: int
    images: tuple[str, ...]
    devices: tuple[Eui64, ...]
    everyone: bool
    policy: VersionPolicy
    activation: Activation
    activation_utc: Utc | None
    created_utc: Utc
    in_order: bool = False
    overrides: tuple[Override, ...] = ()
    wishes: tuple[PushWish, ...] = ()
    state: PushState = PushState.RUNNING
    ended_utc: Utc | None = None


@dataclass(frozen=True, slots=True)
class PushTargetRecord:
    """Where a push stands with one firmware of one device; keyed by all but the last four.

    Attributes:
        push: the number of the push.
        device: whom.
        manufacturer_code: of the firmware; 0xFFFF while the device has not told any.
        image_type: of the firmware; 0xFFFF likewise.
        sha256: the image chosen for it, "" for none.
        verdict: how it ended, "" while it is under way.
        reason: why it waits, or why it ended so.
        since_utc: since when it stands so.
    """

    push: int
    device: Eui64
    manufacturer_code: int
    image_type: int
    sha256: str
    verdict: str
    reason: str
    since_utc: Utc


@dataclass(frozen=True, slots=True)
class CounterRecord:
    """The last originator counter of a party, used or about to be; the newest replaces the rest."""

    originator: Eui64
    last: int


@dataclass(frozen=True, slots=True)
class PremisesChangeRecord:
    """The last change announced of one subject; keyed by ``subject``.

    Attributes:
        subject: what changes.
        issuer_event_id: numbers the announcements, higher ones replace lower ones.
        provider: the supplier until then, as the cluster numbers suppliers.
        tariff_type: which side of the meters it is about; 0 delivered, 1 received, 2 both.
        control: what devices are to do, bits of ``zcl.device_management.ChangeControl``.
        implementation_utc: when, None for at once.
        announced_utc: when it was announced.
        cancelled: it was taken back.
        proposed_provider: the supplier from then on, 0 for a change of tenancy.
        name: of that supplier.
        contact: how that supplier is reached.
    """

    subject: PremisesSubject
    issuer_event_id: int
    provider: int
    tariff_type: int
    control: int
    implementation_utc: Utc | None
    announced_utc: Utc
    cancelled: bool = False
    proposed_provider: int = 0
    name: bytes = b""
    contact: bytes = b""


@dataclass(frozen=True, slots=True)
class PremisesReplyRecord:
    """What a device last let the hub know of a change; keyed by (subject, device).

    Attributes:
        subject: of the change.
        device: which.
        issuer_event_id: of the announcement it knows.
        cancelled: it knows that it was taken back.
        reply: how it let the hub know.
        status: of the ZCL, with which it acknowledged or refused.
        utc: when.
    """

    subject: PremisesSubject
    device: Eui64
    issuer_event_id: int
    cancelled: bool
    reply: PremisesReply
    status: int
    utc: Utc


@dataclass(frozen=True, slots=True)
class Unassigned:
    """One assignment of a device, and its session, are withdrawn."""

    device: Eui64
    sha256: str


Record: TypeAlias = (
    ImageRecord
    | DeviceRecord
    | FirmwareRecord
    | AssignmentRecord
    | SessionRecord
    | EventRecord
    | OutcomeRecord
    | AuditRecord
    | ClockRecord
    | OrderRecord
    | CounterRecord
    | ImageTerms
    | PushRecord
    | PushTargetRecord
    | PremisesChangeRecord
    | PremisesReplyRecord
    | Unassigned
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a restarted engine needs to go on as if nothing had happened."""

    images: tuple[ImageRecord, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    assignments: tuple[AssignmentRecord, ...] = ()
    sessions: tuple[SessionRecord, ...] = ()
    trusted_utc: Utc | None = None
    orders: tuple[OrderRecord, ...] = ()
    counters: tuple[CounterRecord, ...] = ()
    terms: tuple[ImageTerms, ...] = ()
    pushes: tuple[PushRecord, ...] = ()
    firmwares: tuple[FirmwareRecord, ...] = ()
    changes: tuple[PremisesChangeRecord, ...] = ()
    replies: tuple[PremisesReplyRecord, ...] = ()
