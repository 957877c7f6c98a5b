"""A town whose campaign has come to its end, with all that is evidence of it."""

from ota_engine.fleet.port import HubWord, InstructionState, InstructionTaken, Verb
from ota_engine.store.fleet.book import FleetStore
from tests.fleet.estate import DAY
from tests.fleet.town import Town

WORDS = (HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED)


def run(town: Town, days: int = 30) -> None:
    """Let every home do what it is told, and every party hear what it is sent."""
    said = set()
    for _ in range(days):
        town.deliver()
        waiting = [one for one in town.instructions() if one.state is InstructionState.WAITING]
        town.happen(*(InstructionTaken(one.key) for one in waiting))
        for one in waiting:
            if one.verb is Verb.ASSIGN and one.key not in said:
                said.add(one.key)
                for word in WORDS:
                    town.say(one.home, word)
        town.pass_time(DAY)


def finished(homes: int = 4, store: FleetStore | None = None) -> Town:
    """Have a town where that is over."""
    town = Town(store=store)
    for number in range(homes):
        town.home(f"h{number}", ("east", "west")[number % 2])
    town.campaign()
    run(town)
    town.deliver()
    return town
