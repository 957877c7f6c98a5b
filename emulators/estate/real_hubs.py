"""The first homes of a rehearsal: real engines and emulated devices behind the port, block by block.

Knows which homes these are, and how long each lives: from its first instruction until what it was told has
come to an end. What its hub runs then, it runs when it lives again. Where they live is another's business.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from emulators.estate.reaction import is_silent
from emulators.estate.real_lot import RealHomes, by_home
from emulators.estate.scenario import Scenario
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken, Verb
from ota_engine.times import Utc

STEP_S: Final = 600.0  # between two looks at what the homes say
REST_S: Final = 2 * 3_600.0  # after its last word a home lives on for so long
_LAST_WORDS: Final = frozenset({HubWord.ACTIVATED, HubWord.FAILED, HubWord.HAN_LOST})


class RealHubs:
    """Hubs that do what they are told block by block.

    Args:
        scenario: what is rehearsed.
        most: how many homes.
        homes: where they live.
    """

    def __init__(self, scenario: Scenario, most: int, homes: RealHomes) -> None:
        self._scenario = scenario
        self._most = most
        self._homes = homes
        self._known: set[str] = set()
        self._lived: dict[str, None] = {}  # in the order in which they began to
        self._rests_utc: dict[str, float] = {}
        self._look_utc: Utc | None = None

    @property
    def next_utc(self) -> Utc | None:
        """When to look at them again; None while none lives."""
        return self._look_utc if self._lived else None

    @property
    def homes(self) -> int:
        """How many homes were real so far."""
        return len(self._known)

    def takes(self, told: Instruction) -> bool:
        """Whether an instruction is for one of these homes; the first that are told to deliver are."""
        if told.home in self._known:
            return True
        seed = self._scenario.estate.seed
        if (
            told.verb is not Verb.ASSIGN
            or len(self._known) >= self._most
            or is_silent(self._scenario.model, seed, told.home)
        ):
            return False
        self._known.add(told.home)
        return True

    def give(self, instructions: Sequence[Instruction], utc: Utc) -> list[InstructionTaken]:
        """Tell hubs what to do; one that is off takes nothing, and is told again."""
        if not instructions:
            return []
        for told in instructions:
            if told.home not in self._lived:
                self._lived[told.home] = None
                self._look_utc = Utc(utc + STEP_S)
            self._rests_utc.pop(told.home, None)
        return [InstructionTaken(key) for key in self._homes.give(instructions, utc)]

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Let time pass for all that live, and take what they say."""
        self._look_utc = Utc(utc + STEP_S)
        if not self._lived:
            return []
        said = by_home(self._homes.said(utc))
        return [one for name in self._lived for one in said.get(name, ())]

    def settle(self, said: Iterable[HubOutcome], utc: Utc) -> None:
        """Say that outcomes are kept, and let homes rest that have said their last word."""
        settled = by_home(said)
        for name, outcomes in settled.items():
            if any(one.word in _LAST_WORDS for one in outcomes):
                self._rests_utc[name] = utc + REST_S
        resting = [name for name, rests in self._rests_utc.items() if rests <= utc]
        for name in resting:
            del self._rests_utc[name]
            del self._lived[name]
        if settled or resting:
            keys = {name: [one.key for one in outcomes] for name, outcomes in settled.items()}
            self._homes.settle(keys, resting)
