"""The errands of one hub: what a fleet wants becomes orders to the engine, what that shows becomes words.

Pure: takes instructions, rows of the engine and looks at it, with the time; returns effects. Where an
errand stands is worked out from the engine whenever it is looked at, so what an engine did while nobody
looked, or before it was started anew, is found all the same.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.effects import Direct, Forget, GatewayEffect, Remember
from ota_engine.gateway.errands import (
    ERRANDS,
    Errand,
    ErrandState,
    ErrandStep,
    GatewayRow,
    QuietTime,
    Unsettled,
    VersionSaid,
)
from ota_engine.gateway.sight import DELIVERED, Ending, Sight, see
from ota_engine.hub.activation.requests import ActivateImage, CancelOrder
from ota_engine.hub.delivery.commands import ApplyNow, Pause, Resume, Withdraw
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import Engine
from ota_engine.hub.push.commands import BeginPush, StopPush
from ota_engine.records import (
    Activation,
    ImageRecord,
    OrderState,
    OutcomeKind,
    OutcomeRecord,
    Record,
    SessionState,
    Verdict,
    VersionPolicy,
)
from ota_engine.times import LONG_AGO, Monotonic, Utc

ACTOR: Final = "fleet"
UNHEARD_S: Final = 86_400.0  # until the hub says that nobody answers there
TURN_S: Final = 21_600.0  # that a silent device keeps others of its home waiting
UNKNOWN_VERSION: Final = 0xFFFF_FFFF  # a device does not know itself what it runs
_OPEN: Final = frozenset(
    {
        ErrandState.QUEUED,
        ErrandState.DELIVERING,
        ErrandState.HOLDING,
        ErrandState.TIMED,
        ErrandState.ACTIVATING,
    }
)
_UNDER_WAY: Final = _OPEN - {ErrandState.QUEUED}
_ORDERS_OPEN: Final = frozenset(
    {
        OrderState.DRAFTED,
        OrderState.COMMITTED,
        OrderState.SENT,
        OrderState.ACCEPTED,
        OrderState.DUE,
    }
)
_INSTEAD: Final = {
    Verb.ACTIVATE: ErrandStep.TIME,
    Verb.RECALL: ErrandStep.RECALL,
    Verb.WITHDRAW: ErrandStep.WITHDRAW,
}

_Row = TypeVar("_Row", bound=GatewayRow)

#: Finds an image by its SHA-256; None where it is not at hand.
ImageFinder = Callable[[str], ImageRecord | None]


class GatewayCore:
    """What one hub is to do, has done and has to say.

    Args:
        home: pseudonym of the hub's home.
        images: where the gateway keeps them.
        rows: that it remembers.
    """

    def __init__(self, home: str, images: ImageFinder, rows: Iterable[GatewayRow] = ()) -> None:
        self.home = home
        self._images = images
        self._rows: dict[str, GatewayRow] = {row.key: row for row in rows}
        self._effects: list[GatewayEffect] = []
        self._proofs: dict[tuple[Eui64, str], bytes] = {}
        self._last = max((row.sequence for row in self._all(Unsettled)), default=0)

    # --- what the fleet says ---------------------------------------------------------------------

    def take(self, instruction: Instruction, utc: Utc) -> list[GatewayEffect]:
        """Take an instruction: what it changes is to be remembered; an older or known one changes nothing."""
        if instruction.verb is Verb.CALENDAR:
            self._take_calendar(instruction, utc)
        else:
            self._take_errand(instruction, utc)
        return self._drain()

    def settle(self, keys: Iterable[str]) -> list[GatewayEffect]:
        """Say no more what the fleet keeps now."""
        for key in keys:
            row = self._rows.pop(f"outcome/{key}", None)
            if row is not None:
                self._effects.append(Forget(row))
        return self._drain()

    @property
    def outcomes(self) -> tuple[HubOutcome, ...]:
        """What is to be said until it is settled, the oldest first."""
        rows = sorted(self._all(Unsettled), key=lambda row: row.sequence)
        return tuple(row.outcome for row in rows)

    def _take_calendar(self, told: Instruction, utc: Utc) -> None:
        begin = utc if told.at_utc is None else told.at_utc
        row = QuietTime(told.campaign, self.home, told.number, begin, told.until_utc)
        known = self._rows.get(row.key)
        if not isinstance(known, QuietTime) or told.number > known.number:
            self._remember(row)

    def _take_errand(self, told: Instruction, utc: Utc) -> None:
        known = self._rows.get(f"errand/{told.campaign}/{told.home}")
        if not isinstance(known, Errand) or known.device != told.device:
            number = known.number if isinstance(known, Errand) else 0
            known = Errand(
                told.campaign,
                told.home,
                told.device,
                told.attempt,
                number,
                told.sha256,
                told.version,
                ErrandState.WITHDRAWN,
                utc,
            )
        if told.number <= known.number:
            return
        known = replace(known, number=told.number)
        if told.verb is Verb.ASSIGN:
            self._assign(known, told, utc)
            return
        if told.verb is Verb.ACTIVATE:
            known = replace(known, activate_utc=utc if told.at_utc is None else told.at_utc)
        else:
            self._take_back(known, told.verb, utc)
            known = replace(known, activate_utc=None)
        self._step(known, _INSTEAD[told.verb], utc, stay=True)

    def _assign(self, known: Errand, told: Instruction, utc: Utc) -> None:
        other = told.sha256 != known.sha256
        if other and known.state in _UNDER_WAY:
            self._take_back(known, Verb.WITHDRAW, utc)
        known = replace(
            known,
            attempt=told.attempt,
            sha256=told.sha256,
            version=told.version,
            state=ErrandState.WITHDRAWN if other else known.state,
            at_utc=told.at_utc,
            until_utc=told.until_utc,
            activate_utc=None,
            commanded=told.commanded,
            said=(),
        )
        self._step(known, ErrandStep.ASSIGN, utc, stay=True)

    def _take_back(self, errand: Errand, verb: Verb, utc: Utc) -> None:
        """Undo at the hub what can be undone there."""
        if errand.state is ErrandState.ACTIVATING and errand.order:
            self._direct(CancelOrder(errand.order, ACTOR), errand)
        if verb is not Verb.WITHDRAW:
            return
        if errand.state is ErrandState.DELIVERING:
            self._direct(StopPush(ACTOR), errand)
        elif errand.state in _UNDER_WAY:
            reason = "the fleet takes it back"
            self._direct(Withdraw(errand.device, errand.sha256, ACTOR, reason), errand)

    # --- what the hub does -----------------------------------------------------------------------

    def heard(self, records: Iterable[Record], utc: Utc) -> list[GatewayEffect]:
        """Take rows that the engine has written: messages that prove something are in them."""
        for record in records:
            if isinstance(record, OutcomeRecord) and record.message:
                self._take_proof(record)
        return self._drain()

    def restarted(self, engine: Engine, utc: Utc) -> list[GatewayEffect]:
        """Find out, once, what a new engine knows nothing of: it was killed before it was told."""
        last = engine.pushes.last
        for errand in self._errands:
            if errand.state is ErrandState.DELIVERING:
                if last is None or last.number < errand.push:
                    self._step(errand, ErrandStep.TURN, utc)
            elif errand.state is ErrandState.ACTIVATING:
                session = see(engine, LONG_AGO, errand).session
                held = session is not None and session.state is SessionState.HELD
                lost = engine.order(errand.order) is None if errand.order else held
                if lost:
                    self._step(replace(errand, order=0), ErrandStep.UNDO, utc)
        return self._drain()

    def refused(self, request: Direct, reason: str, utc: Utc) -> list[GatewayEffect]:
        """Take the engine's refusal of what it was asked."""
        errand = self._rows.get(request.errand)
        begins = isinstance(request.request, BeginPush | ActivateImage | ApplyNow)
        if begins and isinstance(errand, Errand):
            self._fail(errand, reason, utc)
        return self._drain()

    def look(self, engine: Engine, now: Monotonic, utc: Utc) -> list[GatewayEffect]:
        """Look at every errand, and do what its time has come for."""
        for errand in self._errands:
            if errand.state in _UNDER_WAY:
                self._look_at(errand, see(engine, now, errand), utc)
        self._say_versions(engine, utc)
        quiet = self._quiet_until(utc) is not None
        for errand in self._errands:
            self._keep_quiet(errand, quiet)
            if errand.state is ErrandState.TIMED and engine.link_down is None:
                self._activate(errand, see(engine, now, errand), engine, utc)
            elif errand.state is ErrandState.QUEUED and _is_past(errand.until_utc, utc):
                self._fail(errand, "its time has passed before its turn came", utc)
        if not quiet:
            self._begin_next(engine, now, utc)
        return self._drain()

    def next_wake(self, utc: Utc) -> Utc | None:
        """When to look again though nothing happens; None for never."""
        moments = [
            moment
            for errand in self._errands
            if errand.state in _OPEN
            for moment in (
                errand.at_utc,
                errand.until_utc,
                errand.activate_utc,
                errand.begun_utc + TURN_S,
                errand.begun_utc + UNHEARD_S,
            )
        ]
        moments += [row.from_utc for row in self._all(QuietTime)]
        moments += [row.until_utc for row in self._all(QuietTime)]
        later = (moment for moment in moments if moment is not None and moment > utc)
        return min(map(Utc, later), default=None)

    # --- where an errand stands ------------------------------------------------------------------

    def _look_at(self, errand: Errand, sight: Sight, utc: Utc) -> None:
        errand = self._note_push(errand, sight)
        session = sight.session
        if session is not None and sight.begun:
            errand = self._say(errand, HubWord.REACHED, utc)
        if session is not None and session.state in DELIVERED:
            message = self._proofs.pop((errand.device, errand.sha256), b"")
            errand = self._say(errand, HubWord.TRANSFERRED, utc, message=message)
            errand = self._step(errand, ErrandStep.HOLD, utc)
            if errand.activate_utc is not None:  # said before the device held anything
                errand = self._step(errand, ErrandStep.TIME, utc)
            if _refuses_the_hub(errand, session):
                errand = self._step(errand, ErrandStep.UNDO, utc)
        self._end(errand, sight, utc)

    def _note_push(self, errand: Errand, sight: Sight) -> Errand:
        if errand.begun_utc or sight.push is None:
            return errand
        return self._remember(replace(errand, begun_utc=sight.push.created_utc))

    def _end(self, errand: Errand, sight: Sight, utc: Utc) -> None:
        end = sight.ending
        if end is None:
            if errand.state is ErrandState.DELIVERING:
                self._miss(errand, sight, utc)
            return
        if end.kind is Ending.RUNS:
            self._say(
                self._step(errand, ErrandStep.RUN, utc),
                HubWord.ACTIVATED,
                utc,
                version=end.version,
                message=end.message,
            )
            if end.version is not None:
                self._note_version(errand.device, end.version)
        else:
            self._fail(errand, end.reason, utc)

    def _miss(self, errand: Errand, sight: Sight, utc: Utc) -> None:
        """Say that nobody answers; let others of the home go first meanwhile."""
        unheard = sight.unheard_s(utc, errand.begun_utc)
        if unheard >= UNHEARD_S:
            reason = sight.no_radio or "the device does not answer"
            errand = self._say(errand, HubWord.UNREACHABLE, utc, reason=reason)
        waits = any(one.state is ErrandState.QUEUED for one in self._errands)
        if unheard >= TURN_S and waits:
            self._step(replace(errand, begun_utc=0.0), ErrandStep.TURN, utc)
            self._direct(StopPush(ACTOR), errand)

    # --- what is to be done ----------------------------------------------------------------------

    def _begin_next(self, engine: Engine, now: Monotonic, utc: Utc) -> None:
        """Begin the errand that has waited longest, when the hub is free."""
        errands = tuple(self._errands)
        if any(one.state is ErrandState.DELIVERING for one in errands):
            return
        queued = sorted(
            (one for one in errands if one.state is ErrandState.QUEUED), key=lambda o: o.since_utc
        )
        for errand in queued:
            if errand.at_utc is not None and utc < errand.at_utc:
                continue
            image = self._images(errand.sha256)
            if image is None:
                self._fail(errand, f"the gateway has no image {errand.sha256[:16]}", utc)
                continue
            last = engine.pushes.last
            number = 1 + (0 if last is None else last.number)
            errand = replace(errand, push=number, begun_utc=0.0, order=0)  # noqa: PLW2901 - as begun
            self._direct(_push(image, errand), self._step(errand, ErrandStep.BEGIN, utc))
            return

    def _activate(self, errand: Errand, sight: Sight, engine: Engine, utc: Utc) -> None:
        """Tell a device to run what it holds, or when to, as its kind wants it."""
        session, at = sight.session, errand.activate_utc
        if session is None or at is None or _has_order(engine, errand.device):
            return
        at = self._after_quiet(max(at, utc))
        if session.state is SessionState.AWAITING_COMMAND and at is not None:
            image = self._images(errand.sha256)
            if image is None:
                self._fail(errand, f"the gateway has no image {errand.sha256[:16]}", utc)
                return
            order = 1 + max((one.number for one in engine.orders()), default=0)
            done = self._step(replace(errand, order=order), ErrandStep.COMMAND, utc)
            digest = bytes.fromhex(image.manufacturer_image_hash)
            when = Utc(at) if at > utc else None
            request = ActivateImage(errand.device, digest, when, ACTOR, sha256=errand.sha256)
            self._direct(request, done)
        elif session.state is SessionState.HELD and at is not None and at <= utc:
            done = self._step(errand, ErrandStep.COMMAND, utc)
            self._direct(ApplyNow(errand.device, ACTOR), done)

    def _keep_quiet(self, errand: Errand, quiet: bool) -> None:
        delivering = errand.state is ErrandState.DELIVERING
        if quiet and delivering and not errand.paused:
            reason = "its home is not to be touched now"
            self._direct(
                Pause(errand.device, reason, ACTOR), self._remember(replace(errand, paused=True))
            )
        elif errand.paused and not (quiet and delivering):
            self._direct(
                Resume(errand.device, ACTOR), self._remember(replace(errand, paused=False))
            )

    def _quiet_until(self, utc: float) -> float | None:
        """The end of the quiet time that a moment lies in; infinite for none, None outside of any."""
        ends = [row.until_utc for row in self._all(QuietTime) if row.holds(utc)]
        if not ends:
            return None
        return max(float("inf") if end is None else end for end in ends)

    def _after_quiet(self, utc: float) -> float | None:
        """The first moment from one on that lies in no quiet time; None for none."""
        at = utc
        while (end := self._quiet_until(at)) is not None:
            if end == float("inf"):
                return None
            at = end
        return at

    # --- what is said ----------------------------------------------------------------------------

    def _say_versions(self, engine: Engine, utc: Utc) -> None:
        """Tell the fleet when a device says that it runs another version than it said last."""
        for errand in self._errands:
            image, device = self._images(errand.sha256), engine.device(errand.device)
            if image is None or device is None:
                continue
            told = device.firmware(image.manufacturer_code, image.image_type)
            if told is None or told.told_at == LONG_AGO or told.file_version == UNKNOWN_VERSION:
                continue
            if self._note_version(errand.device, told.file_version):
                said = self._rows[f"version/{errand.device:016x}"]
                assert isinstance(said, VersionSaid)  # noqa: S101 - just noted
                name = f"{said.key}/{said.count}/{said.version:08x}"
                self._say_of_itself(errand.device, name, said.version, b"", utc)

    def _note_version(self, device: Eui64, version: int) -> bool:
        """Note what a device runs; whether that is news."""
        known = self._rows.get(f"version/{device:016x}")
        count = known.count if isinstance(known, VersionSaid) else 0
        if isinstance(known, VersionSaid) and known.version == version:
            return False
        self._remember(VersionSaid(device, version, count + 1))
        return True

    def _take_proof(self, record: OutcomeRecord) -> None:
        if not any(one.device == record.device for one in self._errands):
            return
        if record.kind is OutcomeKind.ORDER and record.verdict is Verdict.FAILED:
            return  # told as the end of its errand
        if record.version_after is not None:
            self._say_of_itself(
                record.device,
                f"proof/{record.key}",
                record.version_after,
                record.message,
                record.utc,
            )
            self._note_version(record.device, record.version_after)
        elif record.kind is OutcomeKind.ALERT and record.sha256:
            self._proofs[record.device, record.sha256] = record.message

    def _say_of_itself(
        self, device: Eui64, name: str, version: int, message: bytes, utc: Utc
    ) -> None:
        key = f"{self.home}/{name}"
        self._tell(
            HubOutcome(key, "", 0, self.home, device, HubWord.VERSION, "", version, message, utc)
        )

    def _say(
        self,
        errand: Errand,
        word: HubWord,
        utc: Utc,
        *,
        reason: str = "",
        version: int | None = None,
        message: bytes = b"",
    ) -> Errand:
        if word in errand.said:
            return errand
        key = f"{errand.campaign}/{errand.home}/{errand.attempt}/{word}"
        self._tell(
            HubOutcome(
                key,
                errand.campaign,
                errand.attempt,
                errand.home,
                errand.device,
                word,
                reason,
                version,
                message,
                utc,
            )
        )
        return self._remember(replace(errand, said=(*errand.said, word)))

    def _tell(self, outcome: HubOutcome) -> None:
        self._last += 1
        self._remember(Unsettled(self._last, outcome))

    def _fail(self, errand: Errand, reason: str, utc: Utc) -> None:
        if errand.state in _OPEN:
            failed = self._step(errand, ErrandStep.FAIL, utc)
            self._say(failed, HubWord.FAILED, utc, reason=reason)

    # --- rows ------------------------------------------------------------------------------------

    @property
    def _errands(self) -> Iterator[Errand]:
        yield from self._all(Errand)

    def _all(self, kind: type[Any]) -> list[Any]:
        return [row for row in self._rows.values() if isinstance(row, kind)]

    def _step(self, errand: Errand, step: ErrandStep, utc: Utc, *, stay: bool = False) -> Errand:
        """Let something happen to an errand.

        Args:
            errand: as it was, with what else changes.
            step: what happens.
            utc: now.
            stay: keep the other changes where the step means nothing.
        """
        state = ERRANDS.turn(errand.state, step)
        if state is not None:
            return self._remember(replace(errand, state=state, since_utc=utc))
        return self._remember(errand) if stay else errand

    def _remember(self, row: _Row) -> _Row:
        self._rows[row.key] = row
        self._effects.append(Remember(row))
        return row

    def _direct(self, request: Any, errand: Errand) -> None:
        self._effects.append(Direct(request, errand.key))

    def _drain(self) -> list[GatewayEffect]:
        effects, self._effects = self._effects, []
        return effects


def _push(image: ImageRecord, errand: Errand) -> BeginPush:
    """The push that ``zota push --hold`` makes for one device."""
    return BeginPush(
        images=(image,),
        devices=(errand.device,),
        everyone=False,
        policy=VersionPolicy.UPGRADE,
        activation=Activation.EXTERNAL if errand.commanded else Activation.WAIT,
        actor=ACTOR,
    )


def _refuses_the_hub(errand: Errand, session: SessionStatus) -> bool:
    """Whether a device that was told by its hub to run an image does so on a signed order only."""
    state = SessionState.AWAITING_COMMAND
    return errand.state is ErrandState.ACTIVATING and not errand.order and session.state is state


def _has_order(engine: Engine, device: Eui64) -> bool:
    """Whether an order of a device is open, as one that is being cancelled is."""
    return any(one.device == device and one.state in _ORDERS_OPEN for one in engine.orders())


def _is_past(moment: float | None, utc: Utc) -> bool:
    return moment is not None and utc >= moment
