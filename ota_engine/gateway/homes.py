"""A gateway that stands for the hubs of several homes: each gets what is for it, and all are heard.

Pure but for the hubs that it is given; knows nothing of how they pass their time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken, Verb
from ota_engine.times import Utc

#: What is said to an instruction for a home that there is not.
_REFUSALS: Final = {
    Verb.ASSIGN: HubWord.FAILED,
    Verb.ACTIVATE: HubWord.FAILED,
    Verb.COMMAND: HubWord.REFUSED,
    Verb.READ: HubWord.REFUSED,
}


class HubDoor(Protocol):
    """One hub with its gateway's core, whoever gives it its life."""

    @property
    def utc(self) -> Utc:
        """The time there."""

    def give(self, instructions: Iterable[Instruction]) -> list[InstructionTaken]:
        """Tell it something; what is taken is remembered."""

    def outcomes(self) -> Sequence[HubOutcome]:
        """Hear what is not settled yet."""

    def settle(self, keys: Sequence[str]) -> None:
        """Say that outcomes are kept."""


class HomesGateway:
    """Hubs in this process, as one gateway.

    Args:
        hubs: by the pseudonym of their homes; may grow.
    """

    def __init__(self, hubs: Mapping[str, HubDoor]) -> None:
        self._hubs = hubs
        self._strange: dict[str, HubOutcome] = {}

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        """Tell each hub what is for it."""
        taken: list[InstructionTaken] = []
        for instruction in instructions:
            hub = self._hubs.get(instruction.home)
            if hub is not None:
                taken += hub.give([instruction])
            else:
                self._refuse(instruction)
                taken.append(InstructionTaken(instruction.key))
        return taken

    async def outcomes(self) -> Sequence[HubOutcome]:
        """Hear all hubs, each in the order in which it spoke."""
        return [*self._strange.values(), *self._said()]

    async def settle(self, keys: Sequence[str]) -> None:
        """Say to all hubs that outcomes are kept."""
        kept = set(keys)
        for key in kept & self._strange.keys():
            del self._strange[key]
        for hub in self._hubs.values():
            mine = [one.key for one in hub.outcomes() if one.key in kept]
            if mine:
                hub.settle(mine)

    def _said(self) -> Iterator[HubOutcome]:
        for hub in self._hubs.values():
            yield from hub.outcomes()

    def _refuse(self, told: Instruction) -> None:
        word = _REFUSALS.get(told.verb)
        if word is None:
            return
        utc = max((hub.utc for hub in self._hubs.values()), default=Utc(0.0))
        key = f"{told.campaign}/{told.home}/{told.device:016x}/{told.attempt}/{word}"
        self._strange[key] = HubOutcome(
            key,
            told.campaign,
            told.attempt,
            told.home,
            told.device,
            word,
            f"{told.gateway} has no hub of that home: correct the home's gateway",
            None,
            b"",
            utc,
        )
