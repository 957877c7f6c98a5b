"""All hubs of an emulated estate at once: told what to do, they say what came of it; pure.

Keeps what is under way and nothing else. What was withdrawn, or told anew, is said no more.
"""

import heapq
from itertools import count

from emulators.estate.reaction import ReactionModel, react
from ota_engine.fleet.port import HubOutcome, Instruction, Verb
from ota_engine.times import Utc


class _Course:
    """What came of one instruction, as far as it has not been said."""

    __slots__ = ("left", "verb")

    def __init__(self, verb: Verb) -> None:
        self.left = 0
        self.verb = verb


class StatisticalHubs:
    """Hubs that react by numbers.

    Args:
        model: the numbers.
        seed: of every draw.
    """

    def __init__(self, model: ReactionModel, seed: int) -> None:
        self._model = model
        self._seed = seed
        self._ahead: list[tuple[float, int, HubOutcome, _Course]] = []
        self._number = count()
        self._courses: dict[tuple[str, str], _Course] = {}

    @property
    def next_utc(self) -> Utc | None:
        """When the next one says something; None for never."""
        return Utc(self._ahead[0][0]) if self._ahead else None

    def tell(self, instruction: Instruction, utc: Utc) -> None:
        """Tell a hub what to do."""
        if instruction.verb is Verb.CALENDAR:
            return  # the fleet itself leaves the home in peace
        name = instruction.campaign, instruction.home
        if instruction.verb is not Verb.RECALL or self._activates(name):
            self._courses.pop(name, None)
        course = _Course(instruction.verb)
        for outcome in react(self._model, self._seed, instruction, utc):
            course.left += 1
            heapq.heappush(self._ahead, (outcome.utc, next(self._number), outcome, course))
        if course.left:
            self._courses[name] = course

    def _activates(self, name: tuple[str, str]) -> bool:
        course = self._courses.get(name)
        return course is not None and course.verb is Verb.ACTIVATE

    def said(self, utc: Utc) -> list[HubOutcome]:
        """Take what hubs have said until a time, in order."""
        found = []
        while self._ahead and self._ahead[0][0] <= utc:
            _, _, outcome, course = heapq.heappop(self._ahead)
            name = outcome.campaign, outcome.home
            if self._courses.get(name) is not course:
                continue  # taken back meanwhile
            found.append(outcome)
            course.left -= 1
            if not course.left:
                del self._courses[name]
        return found
