"""The pushes of one hub: begins one, lets every device of it take its course, and knows when it is over.

Hears what devices tell and how their sessions change (``kernel.happenings``), looks again when a
deadline of its own has come, and asks the delivery for what is to be done; sends nothing itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import ALL_ENDPOINTS
from ota_engine.hub.delivery.commands import AddImage, Assign, Withdraw
from ota_engine.hub.delivery.status import DeviceStatus, SessionStatus
from ota_engine.hub.kernel.deadlines import Alarm, Deadline
from ota_engine.hub.kernel.devices import Client, Target
from ota_engine.hub.kernel.happenings import (
    AlertTold,
    FirmwareTold,
    NamesTold,
    Refused,
    SessionChanged,
    Wanted,
)
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.push.commands import BeginPush, ResumePush, StopPush
from ota_engine.hub.push.course import ANYWHERE, AwaitedProof, Course, Rules
from ota_engine.hub.push.fitness import Candidate
from ota_engine.hub.push.seen import DeviceSeen, FirmwareSeen
from ota_engine.hub.push.verdict import COMMAND_WITHIN, PushStanding
from ota_engine.records import PushRecord, PushState, PushTargetRecord, SessionState
from ota_engine.times import NEVER, Monotonic, Utc
from ota_engine.wording import one_line

UNKNOWN_IDENTITY: Final = 0xFFFF  # ManufacturerID, ImageTypeID: the client does not say
LATER: Final = 0.001  # seconds: outcomes name what was given when to the millisecond
NEW_PUSH: Final = "a new push begins"
STOPPED_BY_HAND: Final = "the push was stopped"
#: Deliveries that the end of a push ends: those in which something more may be served. A device
#: that holds its image, or is about to run it, is left to do so.
OPEN: Final = frozenset(
    {
        SessionState.ASSIGNED,
        SessionState.OFFERED,
        SessionState.QUEUED,
        SessionState.DOWNLOADING,
        SessionState.PAUSED,
        SessionState.STALLED,
        SessionState.FAILED,
        SessionState.ABORTED,
    }
)

#: States between which nothing changes for a push: it has assigned an image, and nothing has ended.
GOES_ON: Final = frozenset(
    {
        SessionState.ASSIGNED,
        SessionState.OFFERED,
        SessionState.QUEUED,
        SessionState.DOWNLOADING,
    }
)


class DeliveryView(NamedTuple):
    """What a push may look at.

    Attributes:
        device: shows one device; None if nothing is known of it.
        sessions: shows every session there is.
        sessions_of: shows those of one device.
    """

    device: Callable[[Eui64], DeviceStatus | None]
    sessions: Callable[[], Iterable[SessionStatus]]
    sessions_of: Callable[[Eui64], Iterable[SessionStatus]]


class _Running:
    """The push under way."""

    def __init__(self, record: PushRecord, rules: Rules, courses: Mapping[Eui64, Course]) -> None:
        self.record = record
        self.rules = rules
        self.courses = courses
        self.going = set(courses)  # devices that have not come to their end
        self.written: dict[tuple[Eui64, Target], tuple[str, str]] = {}


class Pushes:
    """Every push, of which one at most is under way.

    Args:
        kernel: of the hub.
        pushes: what the store remembers.
        view: of the delivery.
        by_order: signed orders will be given afterwards, so a device that awaits one is done.
    """

    def __init__(
        self,
        kernel: Kernel,
        pushes: Iterable[PushRecord],
        view: DeliveryView,
        *,
        by_order: bool,
    ) -> None:
        self._kernel = kernel
        self._pushes = {push.number: push for push in pushes}
        self._view = view
        self._command_within = 0.0 if by_order else COMMAND_WITHIN
        self._running: _Running | None = None
        self._standings: tuple[PushStanding, ...] = ()
        #: Deliveries of earlier pushes that the last one withdrew when it began.
        self.withdrawn = 0

    # --- commands --------------------------------------------------------------------------------

    def begin(self, command: BeginPush, now: Monotonic) -> None:
        """Begin a push, and stop the one before.

        Raises:
            LocalError: it is for no image or no device, or an override gives no reason.
        """
        _check(command)
        kernel, utc = self._kernel, self._kernel.clock.utc(now)
        if not command.dry:
            self._supersede(command.actor, now)
        stated = {one.sha256: one for one in command.terms}
        for image in command.images:
            kernel.happen(Wanted(AddImage(image, command.actor, stated.get(image.sha256))))
        record = PushRecord(
            number=max(self._pushes, default=0) + 1,
            images=tuple(dict.fromkeys(image.sha256 for image in command.images)),
            devices=tuple(dict.fromkeys(command.devices)),
            everyone=command.everyone,
            policy=command.policy,
            activation=command.activation,
            activation_utc=command.activation_utc,
            created_utc=self._after_earlier(command, utc),
            in_order=command.in_order,
            overrides=command.overrides,
            wishes=command.wishes,
        )
        for override in command.overrides:
            kernel.output.audit(
                one_line(command.actor),
                "override term",
                f"push {record.number}",
                now,
                term=override.term,
                reason=one_line(override.reason),
            )
        self._write(record)
        self._start(record, command.clients, command.proofs, now, dry=command.dry)

    def _after_earlier(self, command: BeginPush, utc: Utc) -> Utc:
        """Now, or after what its devices were given before, where the clock was set back since.

        By its time alone what a push gives is told from what an earlier one gave.
        """
        images = {image.sha256 for image in command.images}
        given = (
            Utc(session.assigned_utc + LATER)
            for device in command.devices
            for session in self._view.sessions_of(device)
            if session.sha256 in images
        )
        return max((utc, *given))

    def resume(self, command: ResumePush, now: Monotonic) -> None:
        """Go on with the last push.

        Raises:
            LocalError: there is none, it has ended, or an image of it is gone.
        """
        record = self.last
        if command.if_any and (record is None or record.state is not PushState.RUNNING):
            return
        if record is None:
            raise LocalError("no push was begun here: give files to push")
        if record.state is not PushState.RUNNING:
            raise LocalError("the last push has ended: give files for a new one")
        for sha256 in record.images:
            if self._kernel.images.get(sha256) is None:
                raise LocalError(f"image {sha256[:16]} is not stored any more: give the file again")
        self._start(record, command.clients, command.proofs, now, dry=False)

    def stop(self, command: StopPush, now: Monotonic) -> None:
        """Stop the last push.

        Raises:
            LocalError: none is under way.
        """
        record = self.last
        if record is None or record.state is not PushState.RUNNING:
            raise LocalError("no push is under way")
        for session in self._view.sessions():
            if _is_of(session, record) and session.state in OPEN:
                self._withdraw(session, command.actor, STOPPED_BY_HAND)
        self._close(record, PushState.STOPPED, now)

    # --- what happens ----------------------------------------------------------------------------

    def told(self, happening: FirmwareTold, now: Monotonic) -> None:
        """A device said something new of one of its firmwares: a choice may be made, or made again."""
        self._act(happening.device, now)

    def named(self, happening: NamesTold, now: Monotonic) -> None:
        """A device said which model it is: an image may be for it."""
        self._act(happening.device, now)

    def session_changed(self, happening: SessionChanged, now: Monotonic) -> None:
        """A session went on or ended."""
        began = happening.before is None or happening.before in GOES_ON
        if not (began and happening.state in GOES_ON):
            self._act(happening.device, now)

    def refused(self, happening: Refused, now: Monotonic) -> None:
        """Something that a push asked for may not be; it is tried again when something happens."""
        request = happening.request
        if self._running is not None and isinstance(request, Assign):
            wish = request.assignment
            course = self._running.courses.get(wish.device)
            if course is not None:
                course.refused(wish.sha256, happening.reason)

    def proven(self, happening: AlertTold, now: Monotonic) -> None:
        """A device sent a signed alert of its own."""
        course = None if self._running is None else self._running.courses.get(happening.device)
        if course is not None:
            course.proven(now)
            self._act(happening.device, now)

    def ring(self, deadline: Deadline, now: Monotonic) -> None:
        """Look at a device again though nothing happened."""
        self._act(Eui64(deadline.key), now)

    # --- views -----------------------------------------------------------------------------------

    @property
    def last(self) -> PushRecord | None:
        """The push begun last."""
        return self._pushes[max(self._pushes)] if self._pushes else None

    def standings(self, now: Monotonic) -> Sequence[PushStanding]:
        """Show where every firmware of the last push stands, in the order of its devices."""
        if self._running is None:
            return self._standings
        return self._all_standings(self._running, now)

    # --- within ----------------------------------------------------------------------------------

    def _start(
        self,
        record: PushRecord,
        clients: Mapping[Eui64, Client],
        proofs: Mapping[Eui64, AwaitedProof],
        now: Monotonic,
        *,
        dry: bool,
    ) -> None:
        wishes = {wish.device: wish for wish in record.wishes}
        courses = {
            device: Course(
                device, clients.get(device, ANYWHERE), proofs.get(device), wishes.get(device)
            )
            for device in record.devices
        }
        self._running = _Running(record, Rules(record, (), dry, self._command_within), courses)
        self._kernel.devices.listen(now)
        for device in record.devices:  # once the images have been added
            self._kernel.deadlines.move(now, Alarm.PUSH, device)

    def _supersede(self, actor: str, now: Monotonic) -> None:
        """Stop what is open: devices are served one push, so that each knows what it is for."""
        self.withdrawn = 0
        for session in self._view.sessions():
            if session.state in OPEN:
                self.withdrawn += 1
                self._withdraw(session, actor, NEW_PUSH)
        record = self.last
        if record is not None and record.state is PushState.RUNNING:
            self._close(record, PushState.STOPPED, now)

    def _withdraw(self, session: SessionStatus, actor: str, reason: str) -> None:
        self._kernel.happen(Wanted(Withdraw(session.device, session.sha256, actor, reason)))

    def _act(self, device: Eui64, now: Monotonic) -> None:
        """Let a device take its course, and see whether all have come to their end."""
        running = self._running
        course = None if running is None else running.courses.get(device)
        if running is None or course is None:
            return
        if not running.rules.candidates:
            running.rules = running.rules._replace(candidates=self._candidates(running.record))
        seen, utc = self._seen(running, device), self._kernel.clock.utc(now)
        commands = course.act(seen, running.rules, now, utc)
        for command in commands:
            self._kernel.happen(Wanted(command))
        self._kernel.deadlines.move(course.due(seen, running.rules, now), Alarm.PUSH, device)
        standings = course.standings(seen, running.rules, now)
        self._note(running, standings, utc)
        if commands or not course.over(standings, seen, running.rules, now):
            running.going.add(device)
            return
        running.going.discard(device)
        if not running.going and self._is_over(running, now):
            self._standings = tuple(self._all_standings(running, now))
            self._close(running.record, PushState.ENDED, now)

    def _candidates(self, record: PushRecord) -> tuple[Candidate, ...]:
        images = self._kernel.images
        found = ((images.get(sha256), images.terms(sha256)) for sha256 in record.images)
        return tuple(Candidate(image, terms) for image, terms in found if image is not None)

    def _is_over(self, running: _Running, now: Monotonic) -> bool:
        """Whether all have come to their end, and none has gone on from there unnoticed."""
        rules = running.rules
        for device, course in running.courses.items():
            seen = self._seen(running, device)
            if not course.over(course.standings(seen, rules, now), seen, rules, now):
                running.going.add(device)
        return not running.going

    def _all_standings(self, running: _Running, now: Monotonic) -> list[PushStanding]:
        return [
            standing
            for device, course in running.courses.items()
            for standing in course.standings(self._seen(running, device), running.rules, now)
        ]

    def _close(self, record: PushRecord, state: PushState, now: Monotonic) -> None:
        utc = self._kernel.clock.utc(now)
        for device in record.devices:
            self._kernel.deadlines.move(NEVER, Alarm.PUSH, device)
        self._running = None
        self._write(replace(record, state=state, ended_utc=utc))

    def _write(self, record: PushRecord) -> None:
        self._pushes[record.number] = record
        self._kernel.output.persist(record)

    def _note(self, running: _Running, standings: Iterable[PushStanding], utc: Utc) -> None:
        """Write where firmwares stand, when that is another place than before."""
        for one in standings:
            key = one.firmware or (UNKNOWN_IDENTITY, UNKNOWN_IDENTITY)
            verdict = "" if one.verdict is None else one.verdict.value
            if running.written.get((one.device, key)) == (one.sha256, verdict):
                continue
            running.written[one.device, key] = one.sha256, verdict
            number = running.record.number
            self._kernel.output.persist(
                PushTargetRecord(number, one.device, *key, one.sha256, verdict, one.reason, utc)
            )

    def _seen(self, running: _Running, device: Eui64) -> DeviceSeen:
        sessions = {
            session.firmware: session
            for session in self._view.sessions_of(device)
            if _is_of(session, running.record)
        }
        status = self._view.device(device)
        if status is None:
            return DeviceSeen(device, sessions=sessions)
        return DeviceSeen(
            device,
            status.endpoint != ALL_ENDPOINTS,
            status.last_heard,
            status.told_at,
            status.model,
            status.maker,
            tuple(
                FirmwareSeen(one.target, one.file_version, one.hardware_version, one.told_at)
                for one in status.firmwares
            ),
            sessions,
        )


def _is_of(session: SessionStatus, record: PushRecord) -> bool:
    """Whether a session is a push's; an older one of the same image was somebody else's wish."""
    return session.sha256 in record.images and session.assigned_utc >= record.created_utc


def _check(command: BeginPush) -> None:
    if not command.images:
        raise LocalError("nothing to push: name OTA files")
    if not command.devices:
        raise LocalError("for whom? name devices")
    for override in command.overrides:
        if not override.reason.strip():
            raise LocalError(f"why does the {override.term} not count? give a reason: it is kept")
