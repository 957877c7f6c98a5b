"""The course of a push with one device: what it is asked, what it is assigned, where it stands.

Pure: takes what the device is seen to be and the time, returns commands and when to look again. What
has ended is worked out afresh whenever it is looked at, so an end that turns out to be none (a failed
device that queries again), and a choice made before the device had said all, are none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.backoff import doubled
from ota_engine.events import ALL_ENDPOINTS
from ota_engine.hub.delivery.commands import (
    Assign,
    Inquire,
    NotifyDevice,
    OperatorCommand,
    Withdraw,
)
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.devices import Client, Target
from ota_engine.hub.push.fitness import Candidate, Fit, Fitness, choose
from ota_engine.hub.push.seen import DeviceSeen, FirmwareSeen
from ota_engine.hub.push.verdict import (
    FITNESS_ENDS,
    PushStanding,
    PushVerdict,
    ending,
    ends_at,
    is_unstarted,
)
from ota_engine.records import AssignmentRecord, PushRecord, PushWish, SessionState
from ota_engine.times import LONG_AGO, NEVER, Monotonic, Utc

ACTOR = "zota push"
CHOSEN_ANEW = "the device has said more of itself: another image is for it"
ASK_AGAIN = 5.0  # seconds after the first question; doubled every time...
ASK_AT_LEAST = 60.0  # ...up to this
UNHEARD_FASTER = 3  # times as fast for a device that was not heard at all: it may be off
CHASE_FIRST = 2.0  # seconds after which one that has all is asked: some never say so; doubled...
CHASE_EVERY = 15.0  # ...up to this
RESTART_WITHIN = 30.0  # the same, to one that was told to restart: its word may have been lost
EVERYONE_WITHIN = 60.0  # seconds in which a device that nobody named has to answer
MORE_WITHIN = 10.0  # seconds a notified device has to query for firmware it has not told yet
PROOF_WITHIN = 60.0  # seconds in which an updated device has to send the alert that proves it


ANYWHERE = Client(ALL_ENDPOINTS, 0)  # of a device that the radio has not looked into
#: States in which a device that has the whole image owes a word.
SILENT = frozenset({SessionState.VERIFYING, SessionState.STALLED, SessionState.RESTARTING})


class AwaitedProof(NamedTuple):
    """A signed alert by which a device proves what became of its firmware.

    Attributes:
        what: it is, as people call it.
        of: the verdict that it proves.
    """

    what: str
    of: PushVerdict


class Rules(NamedTuple):
    """What holds for every device of a push.

    Attributes:
        push: what was asked for.
        candidates: its images.
        dry: nothing is assigned; what would be is said.
        command_within: seconds in which a device that awaits a command may be given one.
    """

    push: PushRecord
    candidates: tuple[Candidate, ...]
    dry: bool = False
    command_within: float = 0.0

    @property
    def names(self) -> bool:
        """Whether it counts which model a device is, or who made it."""
        stated = (one.terms.terms for one in self.candidates if one.terms is not None)
        return any(terms.models or terms.makers for terms in stated)


class _Firmware(NamedTuple):
    """One firmware of the device, as far as this push is concerned with it."""

    key: Target
    told: FirmwareSeen | None
    fit: Fit | None
    session: SessionStatus | None


class Course:
    """One device of a push.

    Args:
        device: which.
        client: where to ask it.
        proof: what is awaited of it besides, None for nothing.
        wish: how it is to be updated, None for as the push says.
    """

    def __init__(
        self,
        device: Eui64,
        client: Client = ANYWHERE,
        proof: AwaitedProof | None = None,
        wish: PushWish | None = None,
    ) -> None:
        self.device = device
        self._client = client
        self._proof = proof
        self._wish = wish
        self._proven_at = LONG_AGO
        self._chased = 0
        self._chased_since = LONG_AGO  # when the state it is asked in began
        self._since: Monotonic | None = None
        self._asked = 0
        self._ask_at = LONG_AGO
        self._hinted_at = NEVER  # when it was last let know that there may be something for it
        self._obstacle: dict[str, str] = {}  # by image: why it could not be assigned
        # what was worked out last, and from what: one look asks for it several times
        self._seen: DeviceSeen | None = None
        self._rules: Rules | None = None
        self._found_since = NEVER
        self._found: list[_Firmware] = []

    # --- what happens ----------------------------------------------------------------------------

    def proven(self, now: Monotonic) -> None:
        """The device sent an alert of the kind that proves an update."""
        self._proven_at = now

    def refused(self, sha256: str, reason: str) -> None:
        """An image could not be assigned to it, for now."""
        self._obstacle[sha256] = reason

    def act(
        self, seen: DeviceSeen, rules: Rules, now: Monotonic, utc: Utc
    ) -> list[OperatorCommand]:
        """Say what has to be done now.

        Args:
            seen: the device.
            rules: of the push.
            now: monotonic seconds.
            utc: the same moment on the wall clock.
        """
        self._since = now if self._since is None else self._since
        firmwares = self._firmwares(seen, rules)
        commands: list[OperatorCommand] = []
        for one in firmwares:
            commands += self._assign(one, rules, now, utc) or self._chase(one, now)
        if commands:
            return commands
        if self._must_say_more(firmwares):
            return self._ask(seen, rules, now)
        return self._hint(seen, firmwares, rules, now)

    def due(self, seen: DeviceSeen, rules: Rules, now: Monotonic) -> Monotonic:
        """When to look again though nothing happens, monotonic seconds."""
        if self._since is None:
            return now
        firmwares = self._firmwares(seen, rules)
        moments = []
        if now < self._hinted_at + MORE_WITHIN < NEVER and _missing(firmwares, rules):
            moments.append(self._hinted_at + MORE_WITHIN)
        if self._must_say_more(firmwares):
            moments.append(self._ask_at)
            if rules.push.everyone:
                moments.append(self._since + EVERYONE_WITHIN)
        for one in firmwares:
            if one.session is not None:
                moments += ends_at(one.session, rules.command_within), self._chase_at(one.session)
                if self._proof is not None:
                    moments.append(one.session.since + PROOF_WITHIN)
        return min((moment for moment in moments if moment > now), default=NEVER)

    # --- where it stands -------------------------------------------------------------------------

    def over(
        self, standings: Sequence[PushStanding], seen: DeviceSeen, rules: Rules, now: Monotonic
    ) -> bool:
        """Whether there is nothing left to wait for, when its firmwares stand like this."""
        return all(one.verdict is not None for one in standings) and not self._awaits_more(
            seen, self._firmwares(seen, rules), rules, now
        )

    def standings(self, seen: DeviceSeen, rules: Rules, now: Monotonic) -> list[PushStanding]:
        """Where each firmware stands; one line for the device while it has told none of them."""
        firmwares = self._firmwares(seen, rules)
        ours = [one for one in firmwares if one.session is not None or _is_meant(one.fit)]
        if ours:
            return [self._standing(one, seen, rules, now) for one in ours]
        verdict, reason = self._nothing_for_it(seen, firmwares, rules, now)
        told = firmwares[0] if firmwares else None
        return [
            PushStanding(
                self.device,
                verdict,
                reason,
                None,
                told.told.running if told and told.told else None,
                seen.last_heard,
                told.key if told else None,
            )
        ]

    def _standing(
        self, one: _Firmware, seen: DeviceSeen, rules: Rules, now: Monotonic
    ) -> PushStanding:
        running = _running(one)
        verdict: PushVerdict | None = None
        proof = ""
        if one.session is not None:
            verdict, reason = ending(one.session, now, rules.command_within), one.session.reason
            sha256 = one.session.sha256
            if self._proof is not None and verdict is self._proof.of:
                verdict, reason, proof = self._proved(self._proof, one.session, reason, now)
        else:
            assert one.fit is not None  # noqa: S101 - it has neither session nor fit otherwise
            sha256 = "" if one.fit.image is None else one.fit.image.sha256
            verdict, reason = FITNESS_ENDS.get(one.fit.answer), one.fit.reason
            if one.fit.answer is Fitness.FITS:
                verdict = PushVerdict.WOULD if rules.dry else None
                reason = self._obstacle.get(sha256, "")
            elif verdict is None and self._gave_up(rules, now):
                verdict = PushVerdict.PASSED_OVER
        return PushStanding(
            self.device,
            verdict,
            reason,
            one.session,
            running,
            seen.last_heard,
            one.key,
            sha256,
            proof,
        )

    def _proved(
        self, proof: AwaitedProof, session: SessionStatus, reason: str, now: Monotonic
    ) -> tuple[PushVerdict | None, str, str]:
        """Wait a while for the alert that proves a verdict, and say when it did not come."""
        if self._proven_at >= session.since - PROOF_WITHIN:
            return proof.of, reason, ""
        if now < session.since + PROOF_WITHIN:
            return None, f"{reason}; waits for {proof.what}, {PROOF_WITHIN:.0f} s at most", ""
        missed = f"{proof.what} did not come within {PROOF_WITHIN:.0f} s"
        return proof.of, f"{reason}; {missed}", missed

    def _nothing_for_it(
        self, seen: DeviceSeen, firmwares: Sequence[_Firmware], rules: Rules, now: Monotonic
    ) -> tuple[PushVerdict | None, str]:
        """Why nothing is assigned to the device."""
        if not firmwares:
            said = _silence(seen, self._since or Monotonic(0.0))
            return (PushVerdict.PASSED_OVER if self._gave_up(rules, now) else None), said
        told = firmwares[0].fit
        reason = "" if told is None else told.reason
        if self._awaits_more(seen, firmwares, rules, now):
            return None, f"{reason}; has {MORE_WITHIN:.0f} s to tell of other firmware"
        if rules.push.everyone:
            return PushVerdict.PASSED_OVER, reason
        return PushVerdict.REFUSED, reason

    def _gave_up(self, rules: Rules, now: Monotonic) -> bool:
        since = self._since
        return rules.push.everyone and since is not None and now >= since + EVERYONE_WITHIN

    # --- within ----------------------------------------------------------------------------------

    def _firmwares(self, seen: DeviceSeen, rules: Rules) -> list[_Firmware]:
        """Every firmware that was told since the push began, or that has a session of it."""
        since = NEVER if self._since is None else self._since
        if self._seen is seen and self._rules is rules and self._found_since == since:
            return self._found
        push = rules.push
        waived = tuple(one.term for one in push.overrides)
        found: dict[Target, _Firmware] = {}
        for told in seen.firmwares:
            if told.told_at >= since:
                session = seen.sessions.get(told.key)
                now_told = _newest_word(told, session)
                policy = push.policy if self._wish is None else self._wish.policy
                fit = choose(rules.candidates, seen, now_told, policy, waived)
                found[told.key] = _Firmware(told.key, now_told, fit, session)
        for key, session in seen.sessions.items():
            found.setdefault(key, _Firmware(key, None, None, session))
        self._seen, self._rules, self._found_since = seen, rules, since
        self._found = list(found.values())
        return self._found

    def _must_say_more(self, firmwares: Sequence[_Firmware]) -> bool:
        """Whether it has to be asked before anything can be chosen."""
        untold = any(
            one.session is None and one.fit is not None and one.fit.answer is Fitness.UNTOLD
            for one in firmwares
        )
        return untold or not firmwares

    def _awaits_more(
        self, seen: DeviceSeen, firmwares: Sequence[_Firmware], rules: Rules, now: Monotonic
    ) -> bool:
        """Whether the device may still show firmware that an image is for."""
        if not firmwares or not seen.reachable:
            return False
        return now < self._hinted_at + MORE_WITHIN and _missing(firmwares, rules)

    def _assign(
        self, one: _Firmware, rules: Rules, now: Monotonic, utc: Utc
    ) -> list[OperatorCommand]:
        """Assign what fits, also in the place of what was chosen when less was known."""
        if rules.dry or one.fit is None or one.fit.image is None:
            return []
        image, session = one.fit.image, one.session
        before: list[OperatorCommand] = []
        if session is not None:
            if session.sha256 == image.sha256 or not _makes_way(session, image.key.file_version):
                return []
            if session.state is not SessionState.UPDATED:
                before = [Withdraw(self.device, session.sha256, ACTOR, CHOSEN_ANEW)]
        self._hinted_at = now
        push = rules.push
        how = self._wish or PushWish(
            self.device, push.policy, push.activation, activation_utc=push.activation_utc
        )
        wish = AssignmentRecord(
            device=self.device,
            sha256=image.sha256,
            policy=how.policy,
            activation=how.activation,
            activation_delay=how.activation_delay,
            activation_utc=how.activation_utc,
            created_utc=max(utc, push.created_utc),
            waived=tuple(override.term for override in push.overrides),
            rank=push.images.index(image.sha256) if push.in_order else 0,
        )
        return [*before, Assign(wish, ACTOR)]

    def _ask(self, seen: DeviceSeen, rules: Rules, now: Monotonic) -> list[OperatorCommand]:
        """Ask again now and then; one that is heard but does not say all is notified, so it queries."""
        if now < self._ask_at or self._gave_up(rules, now):
            return []
        self._asked += 1
        since = self._since or Monotonic(0.0)
        heard = seen.last_heard > since
        times = self._asked if heard else 1 + UNHEARD_FASTER * (self._asked - 1)
        self._ask_at = now + doubled(ASK_AGAIN, ASK_AT_LEAST, times)
        untold = not any(told.told_at >= since for told in seen.firmwares)
        if self._asked > 1 and heard and seen.reachable and untold:
            self._hinted_at = now
            return [NotifyDevice(self.device, actor=ACTOR)]
        return [Inquire(self.device, *self._client, actor=ACTOR, names=rules.names)]

    def _hint(
        self, seen: DeviceSeen, firmwares: Sequence[_Firmware], rules: Rules, now: Monotonic
    ) -> list[OperatorCommand]:
        """Let a device know, once, that there may be something for firmware it has not told."""
        if self._hinted_at < NEVER or not seen.reachable or not _missing(firmwares, rules):
            return []
        self._hinted_at = now
        return [NotifyDevice(self.device, actor=ACTOR)]

    def _chase(self, one: _Firmware, now: Monotonic) -> list[OperatorCommand]:
        """Ask a device that has the whole image and does not say what it does with it."""
        if one.session is None or now < self._chase_at(one.session):
            return []
        if self._chased_since != one.session.since:
            self._chased, self._chased_since = 0, one.session.since
        self._chased += 1
        self._ask_at = now + _patience(one.session, self._chased)
        return [Inquire(self.device, actor=ACTOR, version_only=True)]

    def _chase_at(self, session: SessionStatus) -> Monotonic:
        if session.state not in SILENT or session.offset < session.size:
            return NEVER
        return max(self._ask_at, session.since + _patience(session, 0))


def _patience(session: SessionStatus, asked: int) -> float:
    """Seconds until a device that has all is asked again, or for the first time."""
    if session.state is SessionState.RESTARTING:
        return RESTART_WITHIN
    return doubled(CHASE_FIRST, CHASE_EVERY, asked + 1)


def _missing(firmwares: Sequence[_Firmware], rules: Rules) -> bool:
    """Whether an image is for a firmware that the device has not told, and may have."""
    shown = {one.key for one in firmwares}
    return any(one.image.key[:2] not in shown for one in rules.candidates)


def _is_meant(fit: Fit | None) -> bool:
    """Whether an image of the push is for a firmware, fitting or not."""
    return fit is not None and fit.answer is not Fitness.OTHER_KIND


def _newest_word(told: FirmwareSeen, session: SessionStatus | None) -> FirmwareSeen:
    """What a firmware runs: as it told, or as its session found out later."""
    if (
        session is None
        or session.state is not SessionState.UPDATED
        or session.version_after is None
        or session.since < told.told_at
    ):
        return told
    return told._replace(running=session.version_after)


def _running(one: _Firmware) -> int | None:
    if one.told is not None:
        return one.told.running
    return None if one.session is None else one.session.version_after


def _makes_way(session: SessionStatus, version: int) -> bool:
    """Whether another image may be assigned after, or in the place of, that of a session."""
    if session.state is SessionState.UPDATED:
        return version > session.file_version  # the next step on the way to the newest
    return is_unstarted(session)


def _silence(seen: DeviceSeen, since: Monotonic) -> str:
    """Why a device cannot be assigned anything yet."""
    if seen.last_heard < since or not seen.last_heard:
        return "asked what it runs; not heard yet: is it on, and in range?"
    if seen.told_at < since:
        return "asked what it runs; has not answered yet"
    return "asked for its manufacturer and image type; has not told them yet"
