"""What users command and ask of devices: passed on once, and everything that devices say of it told.

Knows rows, instructions and the hub's outcomes; the hub decides what may be passed on, and believes
messages or not. A home's quiet times are those of campaigns: what a user has signed does not wait for them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.errands import (
    AlertsSaid,
    Errand,
    ErrandState,
    UserErrand,
    UserErrandState,
    errand_key,
)
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.gateway.sight import OwnHub
from ota_engine.gateway.voice import HubVoice
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.payloads import FutureDatedOutcome, read_payload
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.activation.requests import AskVersion, PassCommand, TellVersion
from ota_engine.hub.delivery.commands import Inquire
from ota_engine.hub.engine import Engine
from ota_engine.records import OrderRecord, OrderState, OutcomeRecord, Verdict
from ota_engine.times import Utc

ACTOR: Final = "fleet"
MEET_WITHIN_S: Final = 15.0  # that a device has to speak, before something is sent all the same
MEET_EVERY_S: Final = 900.0  # between two times that a silent device is asked to
REMEMBERED: Final = 64  # alerts of a device that are known to have been told
_NO_ANSWER: Final = "the device has not answered"
_TAKEN_BACK: Final = "it was taken back before it was sent"
_OVER: Final = frozenset({ErrandState.RUNNING, ErrandState.WITHDRAWN})


class UserOrders:
    """The commands and questions of users for one hub, and the alerts of its devices.

    Args:
        memory: what is remembered.
        voice: says what is to be said.
        own: the hub itself, where it is upgraded, too.
        unanswered_s: seconds until a user is told that a device has not answered.
    """

    def __init__(
        self,
        memory: GatewayMemory,
        voice: HubVoice,
        own: OwnHub | None,
        unanswered_s: float,
    ) -> None:
        self._memory = memory
        self._voice = voice
        self._own = own
        self._unanswered_s = unanswered_s
        self._inquired: dict[Eui64, Utc] = {}  # devices that were asked to speak, by this run

    # --- what the fleet says ---------------------------------------------------------------------

    def take(self, told: Instruction, utc: Utc) -> bool:
        """Take an instruction that is about a user's command or question.

        Returns:
            whether it is.
        """
        known = self._known(told)
        asks = told.verb in (Verb.COMMAND, Verb.READ)
        if not asks and known is None:
            return False
        last = 0 if known is None else known.number
        if told.number <= max(last, self._taken_back(told)):
            return True
        if known is not None:
            known = self._memory.remember(replace(known, number=told.number))
            if known.state is UserErrandState.WAITING and told.verb is Verb.WITHDRAW:
                self.refused(known, _TAKEN_BACK, utc)
        else:
            self._memory.remember(_errand(told, utc))
        return True

    def _taken_back(self, told: Instruction) -> int:
        """The number under which something was taken back before it had come."""
        key = errand_key(told.campaign, told.home, told.device)
        errand = self._memory.get(Errand, key)
        return 0 if errand is None else errand.number

    def _known(self, told: Instruction) -> UserErrand | None:
        key = f"user/{told.campaign}/{told.home}/{told.device:016x}"
        return self._memory.get(UserErrand, key)

    # --- what the hub does -----------------------------------------------------------------------

    def refused(self, errand: UserErrand, reason: str, utc: Utc) -> None:
        """Take the hub's refusal to pass something on."""
        self._close(self._voice.say_word(errand, HubWord.REFUSED, utc, reason=reason), utc)

    def restarted(self, engine: Engine) -> None:
        """Ask anew for what a new engine knows nothing of."""
        for errand in self._passed():
            if HubWord.ANSWERED in errand.said or self._is_known(errand, engine):
                continue
            if self._asks_the_hub(errand):  # which has to say first what it runs now
                self._memory.remember(replace(errand, state=UserErrandState.WAITING))
            else:
                self._pass_on(errand)

    def look(self, engine: Engine, utc: Utc) -> None:
        """Pass on what its time has come for, and find out what came of the rest."""
        for errand in self._passed():
            self._look_at(errand, engine, utc)
            if HubWord.ANSWERED not in errand.said:
                self._meet(errand, engine, utc)
        for errand in self._memory.all(UserErrand):
            waits = errand.state is UserErrandState.WAITING
            if waits and self._may_go(errand, utc) and self._meet(errand, engine, utc):
                passed = replace(errand, state=UserErrandState.PASSED, since_utc=utc)
                self._pass_on(self._memory.remember(passed))

    def moments(self) -> Iterator[float]:
        """When to look again though nothing happens."""
        for errand in self._memory.all(UserErrand):
            if errand.state is UserErrandState.WAITING and errand.at_utc is not None:
                yield errand.at_utc
            elif errand.state is UserErrandState.PASSED:
                yield errand.since_utc + self._unanswered_s
        for utc in self._inquired.values():
            yield utc + MEET_WITHIN_S
            yield utc + MEET_EVERY_S

    def heard(self, record: OutcomeRecord) -> bool:
        """Take an outcome of the hub that has a message.

        Returns:
            whether that answers a user.
        """
        try:
            message = parse(record.message)
            if message.cra is Cra.ALERT:
                self._alert(record, message)
                return False
            errand = self._answered(message)
        except PeerError:
            return False
        if errand is None:
            return False
        version = record.version_after
        if version is not None:
            self._voice.note_version(errand.device, version)
        self._voice.say_word(
            errand, HubWord.ANSWERED, record.utc, version=version, message=record.message
        )
        return True

    # --- within ----------------------------------------------------------------------------------

    def _passed(self) -> list[UserErrand]:
        errands = self._memory.all(UserErrand)
        return [one for one in errands if one.state is UserErrandState.PASSED]

    def _meet(self, errand: UserErrand, engine: Engine, utc: Utc) -> bool:
        """Ask a device to speak that was not heard since the hub started, so that it can be reached.

        Returns:
            whether to go on: it was heard, does not speak, or the hub waits for its radio.
        """
        status = engine.device(errand.device)
        heard = status is not None and status.last_heard > 0
        if heard or engine.link_down is not None or self._asks_the_hub(errand):
            return True
        asked = self._inquired.get(errand.device)
        if asked is None or utc >= asked + MEET_EVERY_S:
            self._inquired[errand.device] = utc
            self._memory.direct(Inquire(errand.device, actor=ACTOR), errand)
        return asked is not None and utc >= asked + MEET_WITHIN_S

    def _pass_on(self, errand: UserErrand) -> None:
        if errand.command:
            request = PassCommand(errand.device, errand.command, ACTOR, errand.user)
            self._memory.direct(request, errand)
        elif self._asks_the_hub(errand):
            self._tell_own(errand)
        else:
            self._memory.direct(
                AskVersion(errand.device, ACTOR, errand.user, errand.counter), errand
            )

    def _may_go(self, errand: UserErrand, utc: Utc) -> bool:
        """Whether the time of an errand has come; a hub that restarts cannot say yet what it runs."""
        come = errand.at_utc is None or errand.at_utc <= utc
        own = self._own
        silent = own is not None and own.firmware.versions is None
        return come and not (silent and self._asks_the_hub(errand))

    def _asks_the_hub(self, errand: UserErrand) -> bool:
        """Whether it is the hub itself that is asked."""
        own = self._own
        return own is not None and errand.device == own.chf and not errand.command

    def _tell_own(self, errand: UserErrand) -> None:
        """Have the hub answer for itself."""
        versions = None if self._own is None else self._own.firmware.versions
        if versions is not None and errand.user is not None:
            answer = TellVersion(versions[0], ACTOR, errand.user, errand.counter)
            self._memory.direct(answer, errand)

    def _is_known(self, errand: UserErrand, engine: Engine) -> bool:
        if errand.command:
            return self._order(errand, engine) is not None
        return errand.user is not None and engine.asks(errand.device, errand.user, errand.counter)

    def _order(self, errand: UserErrand, engine: Engine) -> OrderRecord | None:
        if errand.user is None:
            return None
        order = engine.command(errand.device, errand.user, errand.counter)
        return order if order is not None and errand.command in order.command else None

    def _look_at(self, errand: UserErrand, engine: Engine, utc: Utc) -> None:
        """See whether an answer is still to be awaited."""
        answered = HubWord.ANSWERED in errand.said
        if errand.command:
            order = self._order(errand, engine)
            ended = order is not None and has_ended(order)
            lost = order is not None and order.state is OrderState.EXPIRED
            reason = "" if order is None else order.reason
        else:
            ended = answered or not self._is_known(errand, engine)
            lost, reason = False, ""
        if not answered and (ended or utc >= errand.since_utc + self._unanswered_s):
            errand = self._voice.say_word(
                errand, HubWord.UNANSWERED, utc, reason=reason or _NO_ANSWER
            )
        elif lost:  # it was noted for its time, and no alert came
            errand = self._voice.say_word(errand, HubWord.UNANSWERED, utc, reason=reason)
        if ended:
            self._close(errand, utc)

    def _close(self, errand: UserErrand, utc: Utc) -> None:
        self._memory.remember(replace(errand, state=UserErrandState.CLOSED, since_utc=utc))

    def _answered(self, message: Message) -> UserErrand | None:
        """The command or question that a response answers."""
        information = message.other_information
        if message.message_code == MessageCode.ACTIVATE_FIRMWARE:
            return self._find(message.originator, message.recipient, message.counter, command=True)
        party, counter = information.party, information.party_counter
        return self._find(message.originator, party, counter, command=False)

    def _find(
        self, device: int, user: int | None, counter: int | None, *, command: bool
    ) -> UserErrand | None:
        wanted = (device, user, counter, command)
        found = (
            one
            for one in reversed(self._memory.all(UserErrand))
            if (one.device, one.user, one.counter, bool(one.command)) == wanted
            and HubWord.REFUSED not in one.said
        )
        return next(found, None)

    # --- alerts ----------------------------------------------------------------------------------

    def _alert(self, record: OutcomeRecord, message: Message) -> None:
        """Tell an alert, once."""
        said = self._memory.get(AlertsSaid, f"alerts/{record.device:016x}")
        told = () if said is None else said.alerts
        if record.key in told:
            return
        by_hub = message.originator != record.device
        errand = self._commanded(message) or self._delivering(record, message)
        self._voice.tell(
            HubOutcome(
                f"{self._memory.home}/alert/{record.key}",
                "" if errand is None else errand.campaign,
                0 if errand is None else errand.attempt,
                self._memory.home,
                record.device,
                HubWord.RECEIVED if by_hub else HubWord.ALERT,
                record.reason if record.verdict is Verdict.FAILED else "",
                None if by_hub else record.version_after,
                record.message,
                record.utc,
            )
        )
        self._memory.remember(AlertsSaid(record.device, (*told, record.key)[-REMEMBERED:]))

    def _commanded(self, message: Message) -> UserErrand | None:
        """The dated command of a user that an alert tells the outcome of."""
        said = read_payload(message)
        if not isinstance(said, FutureDatedOutcome):
            return None
        counter = said.originator_counter
        return self._find(message.originator, message.recipient, counter, command=True)

    def _delivering(self, record: OutcomeRecord, message: Message) -> Errand | None:
        """The errand whose image an alert is about."""
        mine = [one for one in reversed(self._memory.errands) if one.device == record.device]
        if record.sha256:
            meant = (one for one in mine if one.sha256 == record.sha256)
        elif message.message_code == MessageCode.PPMID_ACTIVATION_ALERT:
            failed = record.verdict is Verdict.FAILED
            meant = (
                one
                for one in mine
                if one.version == record.version_after or (failed and one.state not in _OVER)
            )
        else:
            return None
        return next(meant, None)


def _errand(told: Instruction, utc: Utc) -> UserErrand:
    user, counter = told.user, told.counter
    if told.verb is Verb.COMMAND:
        try:
            message = parse(told.command)
        except PeerError:
            counter = 0  # the hub says what is wrong with it
        else:
            user = Eui64(message.originator) if user is None else user
            counter = message.counter
    return UserErrand(
        told.campaign,
        told.attempt,
        told.home,
        told.device,
        told.number,
        told.command if told.verb is Verb.COMMAND else b"",
        user,
        counter,
        UserErrandState.WAITING,
        utc,
        told.at_utc,
    )
