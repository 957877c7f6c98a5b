"""Each promise of the port is checked: a gateway that breaks one is found out, and by the check for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import pytest

from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken, Verb
from ota_engine.gateway import conformance
from ota_engine.gateway.conformance import (
    GatewayBench,
    GatewayCheck,
    NonConformingGatewayError,
)
from ota_engine.gateway.contract import FleetGateway
from ota_engine.gateway.homes import HomesGateway
from ota_engine.times import Utc
from tests.gateway.homes import FOR_HCALCS, FOR_PPMID, GATEWAY, HCALCS, NEW, PPMID, home
from tests.gateway.users import USER, signed


class Sound(HomesGateway):
    """A gateway as it should be; those below each break one promise."""


class TakesNothing(Sound):
    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        await super().give(instructions)
        return []


class ForgetsNumbers(Sound):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type] # as the one it is
        self._number = count(1)

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        return await super().give([replace(one, number=next(self._number)) for one in instructions])


class Deaf(Sound):
    """Does not hear one kind of instruction."""

    verb = Verb.WITHDRAW

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        await super().give([one for one in instructions if one.verb is not self.verb])
        return [InstructionTaken(one.key) for one in instructions]


class DeafToRecalls(Deaf):
    verb = Verb.RECALL


class DeafToCalendars(Deaf):
    verb = Verb.CALENDAR


class DeafToCommands(Deaf):
    verb = Verb.COMMAND


class DeafToQuestions(Deaf):
    verb = Verb.READ


class LosesMessages(Sound):
    async def outcomes(self) -> Sequence[HubOutcome]:
        return [one._replace(message=b"") for one in await super().outcomes()]


class Discreet(Sound):
    """Says nothing of what it does not pass on, nor of alerts."""

    async def outcomes(self) -> Sequence[HubOutcome]:
        said = await super().outcomes()
        return [one for one in said if one.word not in (HubWord.REFUSED, HubWord.ALERT)]


class Patient(Sound):
    """Has what a user delivers wait as for a campaign."""

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        told = [
            replace(one, campaign="c") if one.verb is Verb.ASSIGN else one for one in instructions
        ]
        return await super().give(told)


class Hasty(Sound):
    """Activates at once what is for later."""

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        return await super().give([replace(one, at_utc=None) for one in instructions])


class SaysOnce(Sound):
    async def outcomes(self) -> Sequence[HubOutcome]:
        said = await super().outcomes()
        await super().settle([one.key for one in said])
        return said


class NewKeys(Sound):
    _keys = count()

    async def outcomes(self) -> Sequence[HubOutcome]:
        return [one._replace(key=f"{next(self._keys)}") for one in await super().outcomes()]


class HopesForTheBest(Sound):
    """Says of a device that it runs what it was told to run."""

    async def outcomes(self) -> Sequence[HubOutcome]:
        said = await super().outcomes()
        return [
            one._replace(version=None) if one.word is HubWord.ACTIVATED else one for one in said
        ]


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (TakesNothing, conformance.check_taking),
        (ForgetsNumbers, conformance.check_late_assignment),
        (Deaf, conformance.check_withdrawal),
        (Deaf, conformance.check_withdrawal_of_what_is_held),
        (DeafToRecalls, conformance.check_recall),
        (DeafToCalendars, conformance.check_calendar),
        (Hasty, conformance.check_activation_for_later),
        (SaysOnce, conformance.check_settling),
        (NewKeys, conformance.check_twice),
        (HopesForTheBest, conformance.check_activation),
        (DeafToQuestions, conformance.check_question),
        (LosesMessages, conformance.check_question),
        (Patient, conformance.check_users_delivery),
    ],
)
async def test_a_gateway_that_breaks_a_promise_is_found_out(
    broken: Callable[..., FleetGateway], check: GatewayCheck
) -> None:
    lived = home()

    async def pass_time(seconds: float) -> None:
        lived.run(Utc(lived.utc + seconds))

    bench = GatewayBench(
        broken({"h1": lived}),
        GATEWAY,
        "h1",
        PPMID,
        FOR_PPMID.sha256,
        NEW,
        False,
        pass_time,
        lambda: lived.utc,
        user=USER,
    )
    with pytest.raises(NonConformingGatewayError):
        await check(bench)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (DeafToCommands, conformance.check_command),
        (LosesMessages, conformance.check_command),
        (LosesMessages, conformance.check_command_for_later),
        (Discreet, conformance.check_command_for_later),
        (Discreet, conformance.check_used_counter),
        (DeafToCommands, conformance.check_restart_with_command),
    ],
)
async def test_a_gateway_that_breaks_a_promise_to_users_is_found_out(
    broken: Callable[..., FleetGateway], check: GatewayCheck
) -> None:
    lived = home()

    async def pass_time(seconds: float) -> None:
        lived.run(Utc(lived.utc + seconds))

    async def restart() -> FleetGateway:
        lived.kill()
        lived.start()
        return broken({"h1": lived})

    bench = GatewayBench(
        broken({"h1": lived}),
        GATEWAY,
        "h1",
        HCALCS,
        FOR_HCALCS.sha256,
        NEW,
        True,
        pass_time,
        lambda: lived.utc,
        restart,
        USER,
        lambda counter, at: signed(counter, at=at),
    )
    with pytest.raises(NonConformingGatewayError):
        await check(bench)


async def test_a_gateway_that_forgets_is_found_out() -> None:
    lives = [home(), home()]

    async def pass_time(seconds: float) -> None:
        lives[0].run(Utc(lives[0].utc + seconds))

    async def restart() -> FleetGateway:
        lives.pop(0)
        return Sound({"h1": lives[0]})

    bench = GatewayBench(
        Sound({"h1": lives[0]}),
        GATEWAY,
        "h1",
        PPMID,
        FOR_PPMID.sha256,
        NEW,
        False,
        pass_time,
        lambda: lives[0].utc,
        restart,
    )
    with pytest.raises(NonConformingGatewayError, match="said: nothing"):
        await conformance.check_restart_before_delivery(bench)
