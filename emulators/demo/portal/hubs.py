"""The hubs of the example estate as one gateway in the server's process: they react by numbers.

What they were told and have not done is read from the fleet when they are started anew: the fleet has it,
and the same instruction comes to the same end, though not at the same time.
"""

from collections.abc import Callable, Sequence
from typing import Final

from emulators.estate.hubs import StatisticalHubs
from emulators.estate.reaction import ReactionModel
from ota_engine.fleet.campaigns.plan.cohorts import BUSY_STATES
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionState, InstructionTaken
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

AT_ONCE: Final = 20_000  # instructions that are looked through


class EstateGateway:
    """All hubs of an estate.

    Args:
        model: how they react.
        seed: of every draw.
        clock: gives the time of the calendar.
    """

    def __init__(self, model: ReactionModel, seed: int, clock: Callable[[], Utc]) -> None:
        self._hubs = StatisticalHubs(model, seed)
        self._clock = clock
        self._said: dict[str, HubOutcome] = {}

    def resume(self, under_way: Sequence[Instruction]) -> None:
        """Go on with what was told before.

        Args:
            under_way: in the order in which it was told.
        """
        for instruction in under_way:
            self._hubs.tell(instruction, self._clock())

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        """Tell hubs something."""
        for instruction in instructions:
            self._hubs.tell(instruction, self._clock())
        return [InstructionTaken(instruction.key) for instruction in instructions]

    async def outcomes(self) -> Sequence[HubOutcome]:
        """Hear what hubs have said."""
        self._said |= {one.key: one for one in self._hubs.said(self._clock())}
        return list(self._said.values())

    async def settle(self, keys: Sequence[str]) -> None:
        """Forget what is kept."""
        for key in keys:
            self._said.pop(key, None)


def under_way(desk: FleetDesk, gateway: str) -> list[Instruction]:
    """Read what a gateway has taken and its homes have not ended."""
    with desk.store.reading():
        members = desk.store.select(Select(Member))
        busy = {(one.campaign, one.home) for one in members if one.state in BUSY_STATES}
        where = (("state", InstructionState.TAKEN), ("gateway", gateway))
        taken = desk.store.select(Select(Instruction, where, (), ("number", "key")))
    return [one for one in taken if (one.campaign, one.home) in busy]
