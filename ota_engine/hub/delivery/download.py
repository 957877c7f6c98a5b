"""One image on its way to one device, from the assignment to its end; and a page being answered.

Keep their own invariants and their frozen form for the store. What may follow what is the table's
to say (``session``); who is told, ``transfers``'.
"""

from dataclasses import replace
from typing import Final

from ota_engine.events import Packet
from ota_engine.hub.delivery.session import ARRIVED, HOLDING, End
from ota_engine.hub.kernel.devices import Target
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.records import Activation, AssignmentRecord, SessionRecord, SessionState
from ota_engine.times import LONG_AGO, NEVER, Monotonic, Utc

DOWNLOADING: Final = SessionState.DOWNLOADING
#: States after which a new offer begins a new attempt.
ENDED = frozenset({SessionState.FAILED, SessionState.UPDATED})
#: States in which a device keeps the image and was not told to run it.
WAITING = HOLDING - {SessionState.RESTARTING}


class Session:
    """One assignment of one device; saved as ``SessionRecord``.

    Attributes:
        target: the firmware it is for: manufacturer code and image type.
        served: what the device is given of the image: the file, or its bare element.
        since: when its state began, monotonic.
        aborts: downloads the device broke off in this attempt.
        arrived: the good end of this attempt's transfer was told.
        complete: the last octet has been asked for.
        came_back: the device announced itself after it was told to apply.
        missed: it could not be heard for a while since it holds the image, and may have run it then.
        silent: it was told to apply, and was given up because it said nothing.
        queried_with: the version that its query named while it is asked whether it holds the image still.
        deadline: monotonic: until when the device may verify or restart.
        due: monotonic: when a delayed activation is due; no clock step can move it.
        waits_for: which other firmware of the device goes first, "" without one.
        heard: monotonic: when the device last asked for something of this image.
    """

    __slots__ = (
        "_flush_at",
        "_flush_due",
        "_furthest",
        "_last_offset",
        "_said_once",
        "aborts",
        "arrived",
        "assignment",
        "attempt",
        "blocks",
        "came_back",
        "complete",
        "deadline",
        "due",
        "due_utc",
        "heard",
        "image",
        "missed",
        "offset",
        "queried_with",
        "reason",
        "retries",
        "served",
        "silent",
        "since",
        "since_utc",
        "started_utc",
        "state",
        "target",
        "version_after",
        "version_before",
        "waits_for",
    )

    def __init__(self, assignment: AssignmentRecord, image: ServedImage) -> None:
        self.assignment = assignment
        self.image = image
        self.served = image
        self.target: Target = image.key[:2]
        self.state = SessionState.ASSIGNED
        self.reason = ""
        self.since = Monotonic(0.0)
        self.since_utc = assignment.created_utc
        self.started_utc = assignment.created_utc
        self.attempt = 0
        self.offset = 0
        self.blocks = 0
        self.retries = 0
        self.aborts = 0
        self.arrived = False
        self.complete = False
        self.came_back = False
        self.missed = False
        self.silent = False
        self.queried_with: int | None = None
        self.deadline = NEVER
        self.version_before: int | None = None
        self.version_after: int | None = None
        self.due_utc: Utc | None = None
        self.due = NEVER
        self.heard = LONG_AGO
        self.waits_for = ""
        self._flush_at = 0
        self._flush_due = LONG_AGO
        self._furthest = -1  # offset of the furthest block asked for, also before a new beginning
        self._last_offset = -1
        self._said_once = False  # that it runs what it never had whole, in the midst of an attempt

    @property
    def about_to_restart(self) -> bool:
        """Whether the device was told to apply and has not come back."""
        return self.state is SessionState.RESTARTING and not self.came_back

    @property
    def ordered(self) -> bool:
        """Whether the device was told to apply, and is awaited or was given up as silent since."""
        return self.silent or self.state is SessionState.RESTARTING

    @property
    def doubtful(self) -> bool:
        """Whether it was taken to run what it never had whole, and has yet to say so once more.

        It might be one garbled frame by which it said so; one that has asked for more since did not.
        """
        updated = self.state is SessionState.UPDATED
        return updated and not self.complete and (self._said_once or self.heard > self.since)

    @property
    def paused_for(self) -> str | None:
        """The operator's reason, if this session stands still by an operator's pause alone."""
        held = self.state is SessionState.HELD and self.assignment.activation is not Activation.WAIT
        return self.reason if held or self.state is SessionState.PAUSED else None

    # --- where it stands -------------------------------------------------------------------------

    def begin_at(self, reason: str, now: Monotonic, utc: Utc) -> None:
        """Begin, newly assigned."""
        self.reason, self.since, self.since_utc = reason, now, utc

    def enter(self, state: SessionState, reason: str, now: Monotonic, utc: Utc) -> None:
        """Take another state."""
        waits_still = self.state in WAITING and state in WAITING
        self.state, self.reason, self.since, self.since_utc = state, reason, now, utc
        self.came_back &= waits_still
        self.missed &= state in HOLDING
        self.queried_with = None
        self.waits_for = ""
        if state is SessionState.FAILED:
            self.attempt = max(self.attempt, 1)  # also where it had not begun
        else:
            self.silent = False

    def explain(self, reason: str) -> bool:
        """Change why it waits; returns whether that is new."""
        changed = self.reason != reason
        self.reason = reason
        return changed

    def put_off(self, reason: str) -> None:
        """Let it wait for another firmware of the device."""
        self.waits_for = reason

    def let_go(self) -> bool:
        """It waits for no other firmware of the device any more; returns whether it did."""
        waited, self.waits_for = bool(self.waits_for), ""
        return waited

    def take_up(self, now: Monotonic, utc: Utc) -> None:
        """Reckon in this run's time since when its state lasts; it is of an earlier run."""
        self.since = min(now, now + self.since_utc - utc)

    def overrun(self) -> None:
        """The device took longer than it was allowed: one that was told to apply is given up."""
        self.silent = self.state is SessionState.RESTARTING

    def allow_until(self, deadline: Monotonic) -> None:
        """Let the device check the image, or restart, until then."""
        self.deadline = deadline

    # --- what is wanted --------------------------------------------------------------------------

    def reassign(self, assignment: AssignmentRecord) -> None:
        """The same image is wanted anew: its time is another, what was achieved stays."""
        self.assignment = assignment
        self.due_utc, self.due = None, NEVER

    def activate_by(self, activation: Activation) -> AssignmentRecord:
        """Have the image activated in another way; returns the assignment to store."""
        self.assignment = replace(self.assignment, activation=activation)
        return self.assignment

    def set_due(self, due: Monotonic, due_utc: Utc) -> None:
        """Set when a delayed activation is due."""
        self.due, self.due_utc = due, due_utc

    def schedule_utc(self, due_utc: Utc | None) -> None:
        """Set when it is to be activated by the wall clock."""
        self.due_utc = due_utc

    # --- the download ----------------------------------------------------------------------------

    def offered(self, running: int, utc: Utc) -> None:
        """The device was offered the image; after an end that is a new attempt."""
        if self.state in ENDED:
            self.attempt += 1
            self.offset = self.blocks = self.aborts = 0
            self.version_after = self.due_utc = None
            self.due = NEVER
            self.complete = self.came_back = self.arrived = self._said_once = False
        if self.state is SessionState.ASSIGNED:
            self.started_utc = utc
        self.attempt = max(self.attempt, 1)
        if not self.complete:
            self.version_before = running
            self.served = _served(self.image, running)

    def refused(self, running: int) -> None:
        """The image does not fit what the device says it runs."""
        if self.version_before is None:
            self.version_before = running
        self.attempt = max(self.attempt, 1)

    def begin(self, running: int | None, utc: Utc) -> None:
        """Blocks are served from now on, to a device that last said that it runs this version."""
        if self.version_before is None:
            self.version_before = running  # it goes on with what an earlier delivery began
            self.served = _served(self.image, running)
        if self.attempt == 0:
            self.attempt = 1
            self.started_utc = utc

    def tell(self, end: End) -> bool:
        """Note an end; returns whether it is to be told, as every transfer arrives but once an attempt."""
        arrives = end == ARRIVED
        again = arrives and self.arrived
        self.arrived |= arrives
        return not again

    def vouched_for(self, now: Monotonic) -> None:
        """The device says once more that it runs it, whatever it has asked for since it did first."""
        if now > self.since:  # else that was the first time
            self.heard = LONG_AGO
            self._said_once = False

    def runs_already(self, version: int) -> None:
        """The device says that it runs the image, which it was not given whole."""
        self.runs(version)
        self._said_once = self.attempt > 0

    def asked_for(self, now: Monotonic) -> None:
        """The device asks for something of this image."""
        self.heard = now

    def note_block(self, offset: int, now: Monotonic) -> bool:
        """Note what a device asked for; returns whether its progress is to be written."""
        self.heard = now
        if offset == self._last_offset:
            self.retries += 1
            return False
        self._last_offset = offset
        if offset <= self._furthest:
            self.retries += 1  # it was served that before
        else:
            self.blocks += 1
            self._furthest = offset
        if offset > self.offset:
            self.offset = offset
            return offset >= self._flush_at or now >= self._flush_due
        if not offset and self.state is DOWNLOADING:
            self.offset = 0  # it has begun again
        return False

    def flush_after(self, octets: int, due: Monotonic) -> None:
        """Have progress written after so many octets, or at ``due``."""
        self._flush_at = self.offset + octets
        self._flush_due = due

    def note_page(self, offset: int) -> None:
        """Note that the device asked for a page from here."""
        self.offset = max(self.offset, offset)

    def note_page_block(self) -> None:
        """Note that a block of a page was sent."""
        self.blocks += 1

    def ask_from(self, offset: int) -> None:
        """The device asks again though it had all: the truth is what it asks for."""
        self.offset = offset

    def turned_to(self) -> None:
        """The device comes from another file: its next block is no repetition."""
        self._last_offset = -1

    def all_asked(self, deadline: Monotonic) -> None:
        """The last octet has been asked for: the device may check the image until then."""
        self.complete = True
        self.offset = self.served.size
        self.deadline = deadline

    def broke_off(self) -> None:
        """The device broke the download off, which says nothing about the image."""
        self.aborts += 1

    # --- what the device says --------------------------------------------------------------------

    def announced(self) -> None:
        """The device announced itself: if it holds the image, it came back with or without it."""
        self.came_back = self.state in HOLDING or self.ordered

    def holds_still(self) -> bool:
        """The device says that it holds the image; returns whether it seemed to have restarted as it was told."""
        seemed = self.ordered and self.came_back
        self.came_back &= not seemed
        self.missed = False
        self.queried_with = None
        return seemed

    def queried(self, running: int | None) -> None:
        """Its query names this version, of which more is to be said; None once that is settled."""
        self.queried_with = running

    def unheard(self) -> None:
        """The device could not be heard: one that waits may have come back meanwhile, for all we know."""
        waits = self.state in WAITING
        self.came_back |= waits
        self.missed |= waits

    def spoke_after(self, moment: Monotonic, now: Monotonic) -> None:
        """The device speaks as it would not before a restart that takes until ``moment``."""
        self.came_back |= now >= moment

    def runs(self, version: int) -> None:
        """The device reports this version."""
        self.version_after = version

    # --- the store -------------------------------------------------------------------------------

    def record(self, endpoint: int) -> SessionRecord:
        """Freeze for the store."""
        return SessionRecord(
            device=self.assignment.device,
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
            arrived=self.arrived,
            silent=self.silent,
        )

    @classmethod
    def restored(
        cls, record: SessionRecord, assignment: AssignmentRecord, image: ServedImage
    ) -> "Session":
        """Thaw after a restart, as it was; ``presence`` ends what the restart interrupted."""
        session = cls(assignment, image)
        session.state = record.state
        session.reason = record.reason
        session.since_utc = record.since_utc
        session.started_utc = record.started_utc
        session.attempt = record.attempt
        session.offset = record.offset
        session._furthest = record.offset if record.blocks else -1
        session.blocks = record.blocks
        session.retries = record.retries
        session.version_before = record.version_before
        session.served = _served(image, record.version_before)
        session.complete = record.offset >= session.served.size
        session.arrived = record.arrived
        session.silent = record.silent
        session.version_after = record.version_after
        session.due_utc = record.due_utc
        # Whether it has said so once more is not kept: it may be asked again.
        unproven = record.attempt > 0 and not session.complete
        session._said_once = unproven and record.state is SessionState.UPDATED
        return session


def _served(image: ServedImage, running: int | None) -> ServedImage:
    """What a device that runs this version is given of an image."""
    bare = running is not None and quirk_for(*image.key[:2]).wants_element(running)
    return image.bare() if bare else image


class Page:
    """One Image Page Request being answered; replaced by every new request.

    Attributes:
        offset: of the next block.
        end: exclusive.
        size: octets of every block but the last; smaller only after one was too long for the air.
        spacing: seconds the client asked for between two blocks.
        due: when the next block may leave, monotonic.
    """

    __slots__ = ("due", "end", "offset", "packet", "session", "size", "spacing")

    def __init__(
        self, packet: Packet, session: Session, offset: int, end: int, size: int, spacing: float
    ) -> None:
        self.packet = packet
        self.session = session
        self.offset = offset
        self.end = end
        self.size = size
        self.spacing = spacing
        self.due = LONG_AGO

    def sent(self, octets: int) -> None:
        """A block left."""
        self.offset += octets
        self.session.note_page_block()

    def wait_until(self, due: Monotonic) -> None:
        """Let the next block wait."""
        self.due = due

    def shrink(self, size: int, offset: int) -> None:
        """Go on from a block that was too long, with smaller ones."""
        self.size = min(self.size, size)
        self.offset = min(self.offset, offset)
