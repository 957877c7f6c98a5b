"""The errands of one hub: what a fleet wants becomes orders to the engine, what that shows becomes words.

Pure: takes instructions, rows of the engine and looks at it, with the time; returns effects. Where an
errand stands is worked out from the engine whenever it is looked at, so what an engine did while nobody
looked, or before it was started anew, is found all the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.gateway.effects import Direct, GatewayEffect
from ota_engine.gateway.errands import (
    ERRANDS,
    Errand,
    ErrandState,
    ErrandStep,
    GatewayRow,
    HeardUpTo,
    PremisesNews,
    QuietTime,
    UserErrand,
    UserErrandState,
    errand_key,
)
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.gateway.premises import PremisesErrands
from ota_engine.gateway.sight import ActivationWay, Ending, OwnHub, Sight, see, see_own
from ota_engine.gateway.users import ACTOR, UserOrders
from ota_engine.gateway.voice import HubVoice
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.activation.requests import ActivateImage, CancelOrder
from ota_engine.hub.delivery.commands import ApplyNow, Inquire, Pause, Resume, Withdraw
from ota_engine.hub.engine import Engine
from ota_engine.hub.own_firmware.firmware import ActivateOwn, DropOwn, RecallOwn, StageOwn
from ota_engine.hub.own_firmware.life import OwnState
from ota_engine.hub.push.commands import BeginPush, StopPush
from ota_engine.records import (
    Activation,
    ImageRecord,
    OutcomeRecord,
    Record,
    VersionPolicy,
)
from ota_engine.times import LONG_AGO, Monotonic, Utc

UNHEARD_S: Final = 86_400.0  # until the hub says that nobody answers there
TURN_S: Final = 21_600.0  # that a silent device keeps others of its home waiting
HAN_WITHIN_S: Final = 3_600.0  # in which a hub with new firmware has to hear one of its devices
QUIET: Final = "its home is not to be touched now"
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
_INSTEAD: Final = {
    Verb.ACTIVATE: ErrandStep.TIME,
    Verb.RECALL: ErrandStep.RECALL,
    Verb.WITHDRAW: ErrandStep.WITHDRAW,
}

#: Finds an image by its SHA-256; None where it is not at hand.
ImageFinder = Callable[[str], ImageRecord | None]


class GatewayCore:
    """What one hub is to do, has done and has to say.

    Args:
        home: pseudonym of the hub's home.
        images: where the gateway keeps them.
        rows: that it remembers.
        own: the hub itself, where it is upgraded, too.
        unanswered_s: seconds until a user is told that a device has not answered.
    """

    def __init__(
        self,
        home: str,
        images: ImageFinder,
        rows: Iterable[GatewayRow] = (),
        own: OwnHub | None = None,
        unanswered_s: float = UNANSWERED_S,
    ) -> None:
        self._images = images
        self._own = own
        self._memory = GatewayMemory(home, rows)
        self._voice = HubVoice(self._memory)
        self._users = UserOrders(self._memory, self._voice, own, unanswered_s)
        self._premises = PremisesErrands(self._memory)

    # --- what the fleet says ---------------------------------------------------------------------

    def take(self, instruction: Instruction, utc: Utc) -> list[GatewayEffect]:
        """Take an instruction: what it changes is to be remembered; an older or known one changes nothing."""
        if instruction.verb is Verb.CALENDAR:
            self._take_calendar(instruction, utc)
        elif not (self._premises.take(instruction, utc) or self._users.take(instruction, utc)):
            self._take_errand(instruction, utc)
        return self._memory.drain()

    def settle(self, keys: Iterable[str]) -> list[GatewayEffect]:
        """Say no more what the fleet keeps now."""
        self._voice.settle(keys)
        return self._memory.drain()

    @property
    def outcomes(self) -> tuple[HubOutcome, ...]:
        """What is to be said until it is settled, the oldest first."""
        return self._voice.outcomes

    @property
    def last(self) -> int:
        """The number of the last outcome."""
        return self._voice.last

    @property
    def wanted_images(self) -> frozenset[str]:
        """SHA-256 of the images that errands may still need."""
        return frozenset(one.sha256 for one in self._memory.errands if one.state in _OPEN)

    def settle_up_to(self, number: int, utc: Utc) -> list[GatewayEffect]:
        """Take a fleet's word of how much it has heard, and forget what was settled long ago."""
        self._voice.settle_up_to(number, utc)
        self._voice.forget_old(utc)
        return self._memory.drain()

    def let_go(self, utc: Utc) -> list[GatewayEffect]:
        """Do nothing more for the home: it belongs to another gateway."""
        for errand in self._memory.errands:  # should the home come back, all of it is told anew
            self._step(replace(errand, number=0), ErrandStep.WITHDRAW, utc, stay=True)
        for user in self._memory.all(UserErrand):
            self._memory.remember(replace(user, state=UserErrandState.CLOSED))
        for kind in (QuietTime, PremisesNews):
            for row in self._memory.all(kind):
                self._memory.forget(row)
        return self._memory.drain()

    def _take_calendar(self, told: Instruction, utc: Utc) -> None:
        begin = utc if told.at_utc is None else told.at_utc
        row = QuietTime(told.campaign, told.home, told.number, begin, told.until_utc)
        known = self._memory.get(QuietTime, row.key)
        if known is None or told.number > known.number:
            self._memory.remember(row)

    def _take_errand(self, told: Instruction, utc: Utc) -> None:
        key = errand_key(told.campaign, told.home, told.device)
        known = self._memory.get(Errand, key)
        if known is None or known.device != told.device:
            number = 0 if known is None else known.number
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
            known = replace(known, activate_utc=None)
        self._step(known, _INSTEAD[told.verb], utc, stay=True)

    def _assign(self, known: Errand, told: Instruction, utc: Utc) -> None:
        other = told.sha256 != known.sha256
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
        assigned = self._step(known, ErrandStep.ASSIGN, utc, stay=True)
        if assigned.is_users and self._own_of(assigned) is not None:
            self._fail(assigned, "the firmware of the hub itself is no user's to order", utc)

    # --- what the hub does -----------------------------------------------------------------------

    def heard(self, records: Iterable[Record]) -> list[GatewayEffect]:
        """Take rows that the engine has written: messages that say or prove something are in them."""
        last = ""
        for record in records:
            if isinstance(record, OutcomeRecord):
                last = record.key
                if record.message and not self._users.heard(record):
                    self._voice.prove(record)
        if last:
            self._memory.remember(HeardUpTo(last))
        return self._memory.drain()

    def restarted(self, engine: Engine, utc: Utc) -> list[GatewayEffect]:
        """Find out, once, what a new engine knows nothing of: it was killed before it was told."""
        quiet = self._memory.quiet_until(utc) is not None
        for errand in self._memory.errands:
            if errand.paused and quiet:
                self._memory.direct(Pause(errand.device, QUIET, ACTOR), errand)
            own = self._own_of(errand)
            if own is not None:
                if errand.han_since_utc:
                    self._memory.remember(replace(errand, han_since_utc=utc))
                    self._ask_devices(own, errand)
                missed = _own_missed(own, errand)
            else:
                missed = _missed(engine, errand)
            if missed and errand.state is ErrandState.DELIVERING:
                self._step(errand, ErrandStep.TURN, utc)
            elif missed and errand.state is ErrandState.ACTIVATING:
                self._step(replace(errand, order=0), ErrandStep.UNDO, utc)
        self._users.restarted(engine)
        self._premises.restarted(engine)
        return self._memory.drain()

    def refused(self, request: Direct, reason: str, utc: Utc) -> list[GatewayEffect]:
        """Take the engine's refusal of what it was asked."""
        users = self._memory.get(UserErrand, request.errand)
        if users is not None and not isinstance(request.request, Inquire):
            self._users.refused(users, reason, utc)
        errand = self._memory.get(Errand, request.errand)
        begins = isinstance(request.request, BeginPush | ActivateImage | ApplyNow)
        if begins and errand is not None:
            given = isinstance(request.request, ActivateImage)
            self._fail(replace(errand, order=0) if given else errand, reason, utc)
        return self._memory.drain()

    def look(self, engine: Engine, now: Monotonic, utc: Utc) -> list[GatewayEffect]:
        """Look at every errand, and do what its time has come for."""
        for errand in self._memory.errands:
            if errand.state in _UNDER_WAY:
                self._look_at(errand, self._see(engine, now, errand), utc)
            if errand.han_since_utc:
                self._look_for_devices(errand, engine, utc)
        for errand in self._memory.errands:
            self._take_back(errand, self._see(engine, now, errand))
            version = self._version_of(errand, engine)
            if version is not None:
                self._voice.say_version(errand.device, version, utc)
        quiet = self._memory.quiet_until(utc) is not None
        for errand in self._memory.errands:
            self._keep_quiet(errand, quiet)
            if errand.state is ErrandState.TIMED:
                self._activate(errand, self._see(engine, now, errand), engine, utc)
            elif errand.state is ErrandState.QUEUED and _is_past(errand.until_utc, utc):
                self._fail(errand, "its time has passed before its turn came", utc)
        if not quiet:
            self._begin_next(engine, utc, own=False)
            self._begin_next(engine, utc, own=True)
        self._users.look(engine, utc)
        self._premises.look(engine, utc)
        return self._memory.drain()

    def next_wake(self, utc: Utc) -> Utc | None:
        """When to look again though nothing happens; None for never."""
        moments = [
            moment
            for errand in self._memory.errands
            if errand.state in _OPEN
            for moment in (
                errand.at_utc,
                errand.until_utc,
                errand.activate_utc,
                errand.begun_utc + TURN_S,
                errand.begun_utc + UNHEARD_S,
            )
        ]
        moments += [one.han_since_utc + HAN_WITHIN_S for one in self._memory.errands]
        moments += self._users.moments()
        moments += self._premises.moments()
        moments += [row.from_utc for row in self._memory.all(QuietTime)]
        moments += [row.until_utc for row in self._memory.all(QuietTime)]
        later = (moment for moment in moments if moment is not None and moment > utc)
        return min(map(Utc, later), default=None)

    # --- where an errand stands ------------------------------------------------------------------

    def _see(self, engine: Engine, now: Monotonic, errand: Errand) -> Sight:
        own = self._own_of(errand)
        return see(engine, now, errand) if own is None else see_own(own.firmware, errand)

    def _own_of(self, errand: Errand) -> OwnHub | None:
        """The hub itself, where an errand is for it."""
        own = self._own
        return own if own is not None and errand.device == own.chf else None

    def _look_at(self, errand: Errand, sight: Sight, utc: Utc) -> None:
        if not errand.begun_utc and sight.begun_utc:
            errand = self._memory.remember(replace(errand, begun_utc=sight.begun_utc))
        if sight.begun:
            errand = self._voice.say(errand, HubWord.REACHED, utc)
        if sight.delivered:
            errand = self._delivered(errand, sight, utc)
        end = sight.ending
        if end is None and errand.state is ErrandState.DELIVERING:
            self._miss(errand, sight, utc)
        elif end is not None and end.kind is Ending.FAILED:
            self._fail(errand, end.reason, utc)
        elif end is not None:
            errand = self._voice.say(
                errand, HubWord.ACTIVATED, utc, version=end.version, message=end.message
            )
            own = self._own_of(errand)
            watched = errand if own is None else replace(errand, han_since_utc=utc)
            self._step(watched, ErrandStep.RUN, utc)
            if own is not None:
                self._ask_devices(own, errand)

    def _delivered(self, errand: Errand, sight: Sight, utc: Utc) -> Errand:
        errand = self._voice.say(errand, HubWord.TRANSFERRED, utc)
        errand = self._step(errand, ErrandStep.HOLD, utc)
        if self._falls_into_quiet(errand, utc):
            errand = self._step(errand, ErrandStep.RECALL, utc)
        if errand.activate_utc is not None:  # said before the device held anything, or to be anew
            errand = self._step(errand, ErrandStep.TIME, utc)
        if _refuses_the_hub(errand, sight):
            errand = self._step(errand, ErrandStep.UNDO, utc)
        return errand

    def _falls_into_quiet(self, errand: Errand, utc: Utc) -> bool:
        """Whether a device is to activate, later, in what has become a quiet time."""
        at = errand.activate_utc
        if errand.state is not ErrandState.ACTIVATING or at is None or at <= utc:
            return False
        return self._memory.quiet_until(at) is not None

    def _miss(self, errand: Errand, sight: Sight, utc: Utc) -> None:
        """Say that nobody answers; let others of the home go first meanwhile."""
        unheard = sight.unheard_s(utc, errand.begun_utc)
        if unheard >= UNHEARD_S:
            reason = sight.no_radio or "the device does not answer"
            errand = self._voice.say(errand, HubWord.UNREACHABLE, utc, reason=reason)
        waits = any(one.state is ErrandState.QUEUED for one in self._memory.errands)
        if unheard >= TURN_S and waits:
            self._step(replace(errand, begun_utc=0.0), ErrandStep.TURN, utc)
            self._memory.direct(StopPush(ACTOR), errand)

    # --- what is taken back ----------------------------------------------------------------------

    def _take_back(self, errand: Errand, sight: Sight) -> None:
        """Undo at the hub what it still does for an errand and should not; until that is so."""
        withdrawn = errand.state is ErrandState.WITHDRAWN
        if self._own_of(errand) is not None:
            if withdrawn and sight.served:
                self._memory.direct(DropOwn(), errand)
            elif errand.state is ErrandState.HOLDING and sight.ordered:
                self._memory.direct(RecallOwn(), errand)
            return
        if sight.ordered and errand.state is not ErrandState.ACTIVATING:
            self._memory.direct(CancelOrder(errand.order, ACTOR), errand)
        if not withdrawn or self._is_wanted_again(errand):
            return
        if sight.pushing:
            self._memory.direct(StopPush(ACTOR), errand)
        elif sight.served:
            reason = "the fleet takes it back"
            self._memory.direct(Withdraw(errand.device, errand.sha256, ACTOR, reason), errand)

    def _is_wanted_again(self, errand: Errand) -> bool:
        """Whether another campaign wants the same image there."""
        return any(
            (one.device, one.sha256) == (errand.device, errand.sha256) and one.state in _UNDER_WAY
            for one in self._memory.errands
        )

    # --- what is to be done ----------------------------------------------------------------------

    def _begin_next(self, engine: Engine, utc: Utc, *, own: bool) -> None:
        """Begin the errand that has waited longest, when the hub is free.

        Args:
            engine: of the hub.
            utc: now.
            own: errands for the hub itself, which comes by its image another way than its devices.
        """
        errands = [one for one in self._memory.errands if (self._own_of(one) is not None) is own]
        if any(one.state is ErrandState.DELIVERING for one in errands):
            return
        queued = sorted(
            (one for one in errands if one.state is ErrandState.QUEUED), key=lambda o: o.since_utc
        )
        for errand in queued:
            if errand.at_utc is not None and utc < errand.at_utc:
                continue
            image = self._image(errand, utc)
            if image is None:
                continue
            last = engine.pushes.last
            number = 0 if own else 1 + (0 if last is None else last.number)
            begun = replace(errand, push=number, begun_utc=0.0)
            request = _stage(image) if own else _push(image, errand)
            self._memory.direct(request, self._step(begun, ErrandStep.BEGIN, utc))
            return

    def _image(self, errand: Errand, utc: Utc) -> ImageRecord | None:
        """Find the image of an errand, which fails where there is none."""
        image = self._images(errand.sha256)
        if image is None:
            self._fail(errand, f"the gateway has no image {errand.sha256[:16]}", utc)
        return image

    def _activate(self, errand: Errand, sight: Sight, engine: Engine, utc: Utc) -> None:
        """Tell a device to run what it holds, or when to, as its kind wants it."""
        if errand.activate_utc is None or sight.way is None:
            return
        at = self._memory.after_quiet(max(errand.activate_utc, utc))
        if at is None:
            return
        errand = replace(errand, activate_utc=at)
        match sight.way:
            case ActivationWay.OWN:
                done = self._step(errand, ErrandStep.COMMAND, utc)
                self._memory.direct(ActivateOwn(Utc(at)), done)
            case ActivationWay.SIGNED if not self._is_ordering(engine, errand.device):
                self._order(errand, engine, Utc(at) if at > utc else None, utc)
            case ActivationWay.WORD if at <= utc and engine.link_down is None:
                done = self._step(errand, ErrandStep.COMMAND, utc)
                self._memory.direct(ApplyNow(errand.device, ACTOR), done)

    def _is_ordering(self, engine: Engine, device: Eui64) -> bool:
        """Whether an order has to wait: one of the device is open, or the next number is another's."""
        return self._memory.directs(ActivateImage) or _has_order(engine, device)

    def _order(self, errand: Errand, engine: Engine, at: Utc | None, utc: Utc) -> None:
        image = self._image(errand, utc)
        if image is None:
            return
        order = 1 + max((one.number for one in engine.orders()), default=0)
        done = self._step(replace(errand, order=order), ErrandStep.COMMAND, utc)
        digest = bytes.fromhex(image.manufacturer_image_hash)
        self._memory.direct(
            ActivateImage(errand.device, digest, at, ACTOR, sha256=errand.sha256), done
        )

    def _look_for_devices(self, errand: Errand, engine: Engine, utc: Utc) -> None:
        """See whether a hub that runs new firmware still has its devices."""
        devices = () if self._own is None else self._own.devices
        seen = [status for one in devices if (status := engine.device(one)) is not None]
        if any(status.last_heard for status in seen) or not devices:
            self._memory.remember(replace(errand, han_since_utc=0.0))
        elif utc >= errand.han_since_utc + HAN_WITHIN_S:
            reason = f"none of {len(devices)} devices was heard since the hub runs its new firmware"
            errand = self._voice.say(errand, HubWord.HAN_LOST, utc, reason=reason)
            self._memory.remember(replace(errand, han_since_utc=0.0))

    def _ask_devices(self, own: OwnHub, errand: Errand) -> None:
        """Ask all devices of a hub that was started anew to speak: it has heard nobody yet."""
        for device in own.devices:
            self._memory.direct(Inquire(device, actor=ACTOR), errand)

    def _keep_quiet(self, errand: Errand, quiet: bool) -> None:
        delivering = errand.state is ErrandState.DELIVERING
        if quiet and delivering and not errand.paused:
            self._memory.direct(
                Pause(errand.device, QUIET, ACTOR),
                self._memory.remember(replace(errand, paused=True)),
            )
        elif errand.paused and not (quiet and delivering):
            self._memory.direct(
                Resume(errand.device, ACTOR), self._memory.remember(replace(errand, paused=False))
            )

    # --- what is said ----------------------------------------------------------------------------

    def _version_of(self, errand: Errand, engine: Engine) -> int | None:
        """What the device of an errand has said since the hub started that it runs."""
        own = self._own_of(errand)
        if own is not None:
            versions = own.firmware.versions
            return None if versions is None else versions[0]
        image, device = self._images(errand.sha256), engine.device(errand.device)
        if image is None or device is None:
            return None
        told = device.firmware(image.manufacturer_code, image.image_type)
        if told is None or told.told_at == LONG_AGO or told.file_version == UNKNOWN_VERSION:
            return None
        return told.file_version

    def _fail(self, errand: Errand, reason: str, utc: Utc) -> None:
        if errand.state in _OPEN:
            errand = self._voice.say(errand, HubWord.FAILED, utc, reason=reason)
            self._step(errand, ErrandStep.FAIL, utc)

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
            return self._memory.remember(replace(errand, state=state, since_utc=utc))
        return self._memory.remember(errand) if stay else errand


def heard_up_to(rows: Mapping[str, GatewayRow]) -> str:
    """The key of the last outcome that a gateway has heard; what came after it is to be heard anew."""
    heard = rows.get("heard")
    return heard.outcome if isinstance(heard, HeardUpTo) else ""


def _push(image: ImageRecord, errand: Errand) -> BeginPush:
    """The push that ``zota push --no-activate`` makes for one device.

    What a user has delivered runs as it is delivered, unless the device awaits a command (11.4, 11.1).
    """
    word = Activation.IMMEDIATE if errand.is_users else Activation.WAIT
    return BeginPush(
        images=(image,),
        devices=(errand.device,),
        everyone=False,
        policy=VersionPolicy.UPGRADE,
        activation=Activation.EXTERNAL if errand.commanded else word,
        actor=ACTOR,
    )


def _stage(image: ImageRecord) -> StageOwn:
    return StageOwn(image.sha256, image.file_version, len(image.data))


def _missed(engine: Engine, errand: Errand) -> bool:
    """Whether an engine that was started anew has never got what it was to do."""
    if errand.state is ErrandState.DELIVERING:
        last = engine.pushes.last
        return last is None or last.number < errand.push
    if errand.order:
        return engine.order(errand.order) is None
    return see(engine, LONG_AGO, errand).way is ActivationWay.WORD


def _own_missed(own: OwnHub, errand: Errand) -> bool:
    """Whether a hub that was started anew has never got what it was to do itself."""
    record = own.firmware.record
    if errand.state is ErrandState.DELIVERING:
        return record.sha256 != errand.sha256
    return record.state is OwnState.STAGED


def _refuses_the_hub(errand: Errand, sight: Sight) -> bool:
    """Whether a device that was told by its hub to run an image does so on a signed order only."""
    told = errand.state is ErrandState.ACTIVATING and not errand.order
    return told and sight.way is ActivationWay.SIGNED


def _has_order(engine: Engine, device: Eui64) -> bool:
    """Whether an order of a device is open, as one that is being cancelled is."""
    return any(one.device == device and not has_ended(one) for one in engine.orders())


def _is_past(moment: float | None, utc: Utc) -> bool:
    return moment is not None and utc >= moment
