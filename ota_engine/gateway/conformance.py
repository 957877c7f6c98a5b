"""What every gateway must do, as checks anybody can run on any implementation.

Knows what fleet and gateway say to each other, and nothing of how a gateway brings it to a hub. Time is
the bench's: a gateway in virtual time passes at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from images.eui64 import Eui64
from ota_engine.errors import ZotaError
from ota_engine.fleet.port import USERS_ORDER, HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.contract import FleetGateway
from ota_engine.times import Utc

STEP_S: Final = 60.0  # between two looks at what a gateway says
PATIENCE_S: Final = 14_400.0  # that a delivery or an activation may take
SILENCE_S: Final = 3_600.0  # in which nothing comes that must not come
LATER_S: Final = 21_600.0  # until an activation that is for later
STRANGE_IMAGE: Final = "00" * 32  # nobody has
STRANGE_HOME: Final = "nobody lives here"
CAMPAIGN: Final = "conformance"


class NonConformingGatewayError(ZotaError):
    """A gateway does not keep its promise; the text says which."""


@dataclass(slots=True)
class GatewayBench:
    """A gateway to be checked and what is at hand around it.

    Attributes:
        gateway: under test.
        name: that the fleet knows it by.
        home: pseudonym of a home of it.
        device: in that home; it can be reached, and runs an older version.
        sha256: of an image for it.
        version: of that image.
        commanded: the device runs an image on a signed order only.
        pass_time: lets so many seconds pass.
        utc: tells the time.
        restart: kills the gateway and gives the new one; None where that cannot be done.
        user: who orders by service requests; None where nobody does.
        sign: writes that user's command to run the image, with a counter, at a time or at once; None where
            the device takes no commands.
        is_hub: the device is the hub itself, for whose firmware no user has an order.
        given: instructions made so far.
    """

    gateway: FleetGateway
    name: str
    home: str
    device: Eui64
    sha256: str
    version: int
    commanded: bool
    pass_time: Callable[[float], Awaitable[None]]
    utc: Callable[[], Utc]
    restart: Callable[[], Awaitable[FleetGateway]] | None = None
    user: Eui64 | None = None
    sign: Callable[[int, float | None], bytes] | None = None
    is_hub: bool = False
    given: int = 0

    def instruction(
        self, verb: Verb, *, attempt: int = 1, at_utc: float | None = None
    ) -> Instruction:
        """Make the next instruction for the device."""
        self.given += 1
        return Instruction(
            f"{CAMPAIGN}/{self.home}/{self.given}/{verb}",
            self.name,
            CAMPAIGN,
            attempt,
            self.home,
            self.device,
            verb,
            self.sha256,
            self.version,
            at_utc,
            number=self.given,
            commanded=self.commanded,
        )

    def order(self, verb: Verb, *, counter: int = 0, at_utc: float | None = None) -> Instruction:
        """Make the next order of the user for the device; each is one of its own.

        Args:
            verb: what to do.
            counter: of the user.
            at_utc: when the command is to be carried out, None for at once.
        """
        told = self.instruction(verb)
        octets = b"" if self.sign is None else self.sign(counter, at_utc)
        return replace(
            told,
            campaign=f"{USERS_ORDER}{self.given}",
            number=1,
            command=octets if verb is Verb.COMMAND else b"",
            user=self.user,
            counter=counter,
        )


#: Makes a bench anew for every check.
GatewayBenchFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[GatewayBench]]
GatewayCheck: TypeAlias = Callable[[GatewayBench], Awaitable[None]]

#: Every check, to be run on its own or by ``check_gateway``.
GATEWAY_CHECKS: list[GatewayCheck] = []


def _check(body: GatewayCheck) -> GatewayCheck:
    GATEWAY_CHECKS.append(body)
    return body


async def check_gateway(factory: GatewayBenchFactory) -> None:
    """Run every check, each on a bench of its own.

    Raises:
        NonConformingGatewayError: a promise is not kept.
    """
    for check in GATEWAY_CHECKS:
        async with factory() as bench:
            await check(bench)


# --- what is taken -------------------------------------------------------------------------------


@_check
async def check_taking(bench: GatewayBench) -> None:
    """What is taken is named by its key, each time it is given."""
    one = bench.instruction(Verb.ASSIGN)
    for _ in range(2):
        taken = await bench.gateway.give([one])
        _demand([row.key for row in taken] == [one.key], "an instruction is taken by its key")


@_check
async def check_delivery(bench: GatewayBench) -> None:
    """A device that is assigned an image comes to hold it, and does not run it by that."""
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    said = await _until(bench, HubWord.TRANSFERRED)
    words = _words(said)
    _demand(words.index(HubWord.REACHED) < words.index(HubWord.TRANSFERRED), "reached comes first")
    await bench.pass_time(SILENCE_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "nothing runs unordered")


@_check
async def check_names(bench: GatewayBench) -> None:
    """What is said of an instruction names its campaign, attempt, home and device."""
    await bench.gateway.give([bench.instruction(Verb.ASSIGN, attempt=3)])
    for one in await _until(bench, HubWord.TRANSFERRED):
        if one.campaign:
            told = (one.campaign, one.attempt, one.home, one.device)
            _demand(told == (CAMPAIGN, 3, bench.home, bench.device), f"{one.word} names {told}")


@_check
async def check_activation(bench: GatewayBench) -> None:
    """A device that is told to activate says itself which version it runs."""
    said = await _activated(bench)
    (ended,) = [one for one in said if one.word is HubWord.ACTIVATED]
    _demand(ended.version == bench.version, "the version is the one that the device reported")


@_check
async def check_activation_for_later(bench: GatewayBench) -> None:
    """Nothing is activated before its time."""
    await _held(bench)
    at = bench.utc() + LATER_S
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE, at_utc=at)])
    await bench.pass_time(LATER_S - STEP_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "its time has not come")
    said = await _until(bench, HubWord.ACTIVATED)
    (ended,) = [one for one in said if one.word is HubWord.ACTIVATED]
    _demand(ended.utc >= at - 1.0, "an outcome bears the time at which it happened")


# --- twice, late, in the wrong order ---------------------------------------------------------------


@_check
async def check_twice(bench: GatewayBench) -> None:
    """An instruction that comes twice is done once."""
    one = bench.instruction(Verb.ASSIGN)
    await bench.gateway.give([one, one])
    await _until(bench, HubWord.TRANSFERRED)
    before = [row.key for row in await _heard(bench)]
    await bench.gateway.give([one])
    await bench.pass_time(SILENCE_S)
    after = [row.key for row in await _heard(bench)]
    _demand(before == after, "what is known leads to nothing new")


@_check
async def check_another_attempt(bench: GatewayBench) -> None:
    """Another attempt is answered as such, by outcomes with keys of their own."""
    await bench.gateway.give([bench.instruction(Verb.ASSIGN, attempt=1)])
    first = {one.key for one in await _until(bench, HubWord.TRANSFERRED)}
    await bench.gateway.settle(sorted(first))
    await bench.gateway.give([bench.instruction(Verb.ASSIGN, attempt=2)])
    second = await _until(bench, HubWord.TRANSFERRED)
    _demand(not first & {one.key for one in second}, "keys are used once")
    (held,) = [one for one in second if one.word is HubWord.TRANSFERRED]
    _demand(held.attempt == 2, "the attempt is the newest")


@_check
async def check_late_assignment(bench: GatewayBench) -> None:
    """An older instruction that comes after a newer one means nothing."""
    older, newer = bench.instruction(Verb.ASSIGN), bench.instruction(Verb.WITHDRAW)
    await bench.gateway.give([newer])
    taken = await bench.gateway.give([older])
    _demand([row.key for row in taken] == [older.key], "it is taken all the same")
    await bench.pass_time(SILENCE_S)
    _demand(HubWord.REACHED not in _words(await _heard(bench)), "withdrawn is withdrawn")


@_check
async def check_withdrawal(bench: GatewayBench) -> None:
    """What is withdrawn before it has begun does not begin; assigned anew, it does."""
    await bench.gateway.give([bench.instruction(Verb.ASSIGN), bench.instruction(Verb.WITHDRAW)])
    await bench.pass_time(SILENCE_S)
    _demand(HubWord.TRANSFERRED not in _words(await _heard(bench)), "withdrawn is withdrawn")
    await bench.gateway.give([bench.instruction(Verb.ASSIGN, attempt=2)])
    await _until(bench, HubWord.TRANSFERRED)


@_check
async def check_withdrawal_of_what_is_held(bench: GatewayBench) -> None:
    """A device that holds an image which is withdrawn does not come to run it."""
    await _held(bench)
    at = bench.utc() + LATER_S
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE, at_utc=at)])
    await bench.pass_time(SILENCE_S)
    await bench.gateway.give([bench.instruction(Verb.WITHDRAW)])
    await bench.pass_time(LATER_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "withdrawn is withdrawn")


@_check
async def check_recall(bench: GatewayBench) -> None:
    """An activation that is recalled does not happen; ordered anew, it does, without a delivery."""
    await _held(bench)
    at = bench.utc() + LATER_S
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE, at_utc=at)])
    await bench.pass_time(SILENCE_S)
    await bench.gateway.give([bench.instruction(Verb.RECALL)])
    await bench.pass_time(LATER_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "recalled is recalled")
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE)])
    said = _words(await _until(bench, HubWord.ACTIVATED))
    _demand(said.count(HubWord.TRANSFERRED) == 1, "what is held is not delivered again")


# --- quiet times ---------------------------------------------------------------------------------


@_check
async def check_calendar(bench: GatewayBench) -> None:
    """A home is not touched in a quiet time; what waits for its end is done then."""
    until = bench.utc() + LATER_S
    await bench.gateway.give([_quiet(bench, 1, until), bench.instruction(Verb.ASSIGN)])
    await bench.pass_time(LATER_S - STEP_S)
    _demand(HubWord.REACHED not in _words(await _heard(bench)), "nothing begins in a quiet time")
    await _until(bench, HubWord.TRANSFERRED)
    until = bench.utc() + LATER_S
    await bench.gateway.give([_quiet(bench, 2, until), bench.instruction(Verb.ACTIVATE)])
    await bench.pass_time(LATER_S - STEP_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "nothing runs in a quiet time")
    said = await _until(bench, HubWord.ACTIVATED)
    (ended,) = [one for one in said if one.word is HubWord.ACTIVATED]
    _demand(ended.utc >= until - 1.0, "it is activated when the quiet time is over")


@_check
async def check_calendar_after_the_order(bench: GatewayBench) -> None:
    """An activation that was ordered already moves out of a quiet time that is told later."""
    await _held(bench)
    at = bench.utc() + LATER_S
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE, at_utc=at)])
    await bench.pass_time(SILENCE_S)
    until = at + LATER_S
    await bench.gateway.give([replace(_quiet(bench, 1, until), at_utc=at - SILENCE_S)])
    await bench.pass_time(until - bench.utc() - STEP_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "nothing runs in a quiet time")
    await _until(bench, HubWord.ACTIVATED)


@_check
async def check_calendar_that_is_lifted(bench: GatewayBench) -> None:
    """The newest word on quiet times holds, whichever comes last."""
    now = bench.utc()
    lifted = replace(_quiet(bench, 2, now), at_utc=now)
    await bench.gateway.give([lifted, _quiet(bench, 1, now + 10 * LATER_S)])
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    await _until(bench, HubWord.TRANSFERRED)


# --- what is said ----------------------------------------------------------------------------------


@_check
async def check_settling(bench: GatewayBench) -> None:
    """What is not settled is said again, under the same key, in the same order; the rest is not."""
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    first = [one.key for one in await _until(bench, HubWord.TRANSFERRED)]
    _demand(len(first) == len(set(first)), "each outcome has a key of its own")
    again = [one.key for one in await _heard(bench)]
    _demand(again == first, "what is not settled is said again")
    await bench.gateway.settle([first[0], "a key that nobody knows"])
    _demand([one.key for one in await _heard(bench)] == first[1:], "what is settled is not")


@_check
async def check_unknown_image(bench: GatewayBench) -> None:
    """An image that the gateway does not have fails, with a reason of one line."""
    await bench.gateway.give([replace(bench.instruction(Verb.ASSIGN), sha256=STRANGE_IMAGE)])
    (failed,) = [one for one in await _until(bench, HubWord.FAILED) if one.campaign]
    _demand(bool(failed.reason) and "\n" not in failed.reason, "a failure has a reason of one line")


@_check
async def check_unknown_home(bench: GatewayBench) -> None:
    """A home that is not the gateway's fails, with a reason of one line."""
    await bench.gateway.give([replace(bench.instruction(Verb.ASSIGN), home=STRANGE_HOME)])
    (failed,) = await _until(bench, HubWord.FAILED)
    _demand(failed.home == STRANGE_HOME, "the home is named")
    _demand(bool(failed.reason) and "\n" not in failed.reason, "a failure has a reason of one line")


# --- what users order ------------------------------------------------------------------------------


@_check
async def check_users_delivery(bench: GatewayBench) -> None:
    """What a user has delivered runs as it is delivered, but for a device that awaits a command."""
    if bench.user is None or bench.is_hub:
        return
    told = bench.order(Verb.ASSIGN)
    await bench.gateway.give([told])
    said = await _until(bench, HubWord.TRANSFERRED if bench.commanded else HubWord.ACTIVATED)
    if bench.commanded:
        await bench.pass_time(SILENCE_S)
        said = await _heard(bench)
        _demand(HubWord.ACTIVATED not in _words(said), "it runs on a command only")
    named = [one for one in said if one.word is HubWord.TRANSFERRED]
    _demand([one.campaign for one in named] == [told.campaign], "what is said names the order")


@_check
async def check_question(bench: GatewayBench) -> None:
    """A device that is asked on behalf of a user answers, once, by a message of its own."""
    if bench.user is None:
        return
    one = bench.order(Verb.READ, counter=1)
    answer = await _answered_once(bench, one)
    told = (answer.campaign, answer.device, bool(answer.message))
    _demand(told == (one.campaign, bench.device, True), "the answer is the device's own message")


@_check
async def check_command(bench: GatewayBench) -> None:
    """A user's command is carried out once, and its answer is the device's own message."""
    if bench.sign is None:
        return
    await _held(bench)
    one = bench.order(Verb.COMMAND, counter=1000)
    answer = await _answered_once(bench, one)
    told = (answer.campaign, answer.version, bool(answer.message))
    _demand(told == (one.campaign, bench.version, True), "the answer says what runs now")


@_check
async def check_command_for_later(bench: GatewayBench) -> None:
    """A command for later is answered at once, and its outcome is an alert at its time."""
    if bench.sign is None:
        return
    await _held(bench)
    at = float(round(bench.utc() + LATER_S))
    one = bench.order(Verb.COMMAND, counter=1000, at_utc=at)
    await bench.gateway.give([one])
    await _until(bench, HubWord.ANSWERED)
    await bench.pass_time(at - bench.utc() - STEP_S)
    _demand(not _commanded(await _heard(bench), one), "its time has not come")
    end = bench.utc() + PATIENCE_S
    while not (alerts := _commanded(await _heard(bench), one)) and bench.utc() < end:
        await bench.pass_time(STEP_S)
    _demand(len(alerts) == 1 and bool(alerts[0].message), "its outcome is an alert of the device")


@_check
async def check_used_counter(bench: GatewayBench) -> None:
    """A command whose counter is not the highest is refused, with a reason of one line."""
    if bench.sign is None:
        return
    await _held(bench)
    at = float(round(bench.utc() + LATER_S))
    await bench.gateway.give([bench.order(Verb.COMMAND, counter=1000, at_utc=at)])
    await _until(bench, HubWord.ANSWERED)
    late = bench.order(Verb.COMMAND, counter=999)
    await bench.gateway.give([late])
    said = await _until(bench, HubWord.REFUSED)
    (refused,) = [one for one in said if one.word is HubWord.REFUSED]
    _demand(refused.campaign == late.campaign, "the command is named")
    _demand(
        bool(refused.reason) and "\n" not in refused.reason, "a refusal has a reason of one line"
    )


@_check
async def check_restart_with_command(bench: GatewayBench) -> None:
    """A gateway that is killed right after it has taken a command passes it on once."""
    if bench.sign is None or bench.restart is None:
        return
    await _held(bench)
    one = bench.order(Verb.COMMAND, counter=1000)
    await bench.gateway.give([one])
    bench.gateway = await bench.restart()
    await bench.gateway.give([one])
    await _until(bench, HubWord.ANSWERED)
    await bench.pass_time(SILENCE_S)
    words = _words(await _heard(bench))
    _demand(words.count(HubWord.ANSWERED) == 1, "it is answered once")
    _demand(HubWord.REFUSED not in words, "it is the same command")


# --- started anew ----------------------------------------------------------------------------------


@_check
async def check_restart_before_delivery(bench: GatewayBench) -> None:
    """A gateway that is killed right after it has taken an instruction carries it out."""
    if bench.restart is None:
        return
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    bench.gateway = await bench.restart()
    await _until(bench, HubWord.TRANSFERRED)


@_check
async def check_restart_with_outcomes(bench: GatewayBench) -> None:
    """What was not settled before a restart is said after it, under the same keys."""
    if bench.restart is None:
        return
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    before = [one.key for one in await _until(bench, HubWord.TRANSFERRED)]
    bench.gateway = await bench.restart()
    after = [one.key for one in await _heard(bench)]
    _demand(after[: len(before)] == before, "nothing that was said is lost")


@_check
async def check_restart_before_activation(bench: GatewayBench) -> None:
    """An activation for later survives a restart, and happens once."""
    if bench.restart is None:
        return
    await _held(bench)
    at = bench.utc() + LATER_S
    one = bench.instruction(Verb.ACTIVATE, at_utc=at)
    await bench.gateway.give([one])
    bench.gateway = await bench.restart()
    await bench.gateway.give([one])
    await bench.pass_time(LATER_S - STEP_S)
    _demand(HubWord.ACTIVATED not in _words(await _heard(bench)), "its time has not come")
    words = _words(await _until(bench, HubWord.ACTIVATED))
    _demand(words.count(HubWord.ACTIVATED) == 1, "it is said once")


@_check
async def check_restart_after_withdrawal(bench: GatewayBench) -> None:
    """What was withdrawn stays so after a restart, even if its assignment comes again."""
    if bench.restart is None:
        return
    assigned = bench.instruction(Verb.ASSIGN)
    await bench.gateway.give([assigned, bench.instruction(Verb.WITHDRAW)])
    bench.gateway = await bench.restart()
    await bench.gateway.give([assigned])
    await bench.pass_time(SILENCE_S)
    _demand(HubWord.REACHED not in _words(await _heard(bench)), "withdrawn is withdrawn")


# --- within ----------------------------------------------------------------------------------------


async def _held(bench: GatewayBench) -> None:
    await bench.gateway.give([bench.instruction(Verb.ASSIGN)])
    await _until(bench, HubWord.TRANSFERRED)


async def _activated(bench: GatewayBench) -> Sequence[HubOutcome]:
    await _held(bench)
    await bench.gateway.give([bench.instruction(Verb.ACTIVATE)])
    return await _until(bench, HubWord.ACTIVATED)


async def _heard(bench: GatewayBench) -> Sequence[HubOutcome]:
    return await bench.gateway.outcomes()


async def _answered_once(bench: GatewayBench, one: Instruction) -> HubOutcome:
    """Give what a user asks of a device three times over, and demand one answer."""
    await bench.gateway.give([one, one])
    await _until(bench, HubWord.ANSWERED)
    await bench.gateway.give([one])
    await bench.pass_time(SILENCE_S)
    answered = [row for row in await _heard(bench) if row.word is HubWord.ANSWERED]
    _demand(len(answered) == 1, "it is answered once")
    return answered[0]


async def _until(bench: GatewayBench, word: HubWord) -> Sequence[HubOutcome]:
    """Let time pass until something is said; everything that is not settled then."""
    end = bench.utc() + PATIENCE_S
    while True:
        said = await _heard(bench)
        if word in _words(said):
            return said
        if bench.utc() >= end:
            heard = ", ".join(_words(said)) or "nothing"
            raise NonConformingGatewayError(
                f"no {word!r} within {PATIENCE_S / 3600:.0f} h; said: {heard}"
            )
        await bench.pass_time(STEP_S)


def _commanded(said: Sequence[HubOutcome], one: Instruction) -> list[HubOutcome]:
    """The alerts that a command has led to."""
    return [row for row in said if row.word is HubWord.ALERT and row.campaign == one.campaign]


def _words(said: Sequence[HubOutcome]) -> list[HubWord]:
    return [one.word for one in said]


def _quiet(bench: GatewayBench, number: int, until_utc: float) -> Instruction:
    return Instruction(
        f"{CAMPAIGN}/{bench.home}/{number}/{Verb.CALENDAR}",
        bench.name,
        CAMPAIGN,
        0,
        bench.home,
        bench.device,
        Verb.CALENDAR,
        until_utc=until_utc,
        number=number,
    )


def _demand(kept: bool, promise: str) -> None:
    if not kept:
        raise NonConformingGatewayError(promise)
