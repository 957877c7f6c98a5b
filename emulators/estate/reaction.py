"""How homes react to instructions, by numbers: delays, failures, silence; all from a seed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class ReactionModel:
    """What a home does with an image.

    Attributes:
        reach_s: mean time until the delivery begins.
        transfer_s: mean time of the delivery.
        activate_s: mean time until the new firmware runs.
        failing: share of homes in which a version never runs, by version; 0 for all others.
        silent: share of homes that never answer.
    """

    reach_s: float = 1_800.0
    transfer_s: float = 14_400.0
    activate_s: float = 900.0
    failing: Mapping[int, float] = field(default_factory=dict)
    silent: float = 0.002


def react(
    model: ReactionModel, seed: int, instruction: Instruction, utc: Utc
) -> Iterator[HubOutcome]:
    """Say what a hub will say of an instruction, with its times; nothing of one that takes back."""
    silent = random.Random(f"{seed}/{instruction.home}").random() < model.silent
    if silent:
        return
    draw = random.Random(f"{seed}/{instruction.key}")
    at = utc if instruction.at_utc is None else max(utc, instruction.at_utc)
    for word, mean in _steps(model, seed, instruction):
        at = Utc(at + draw.expovariate(1.0 / mean))
        yield HubOutcome(
            f"{instruction.key}/{word}",
            instruction.campaign,
            instruction.attempt,
            instruction.home,
            instruction.device,
            word,
            "the new firmware did not start" if word is HubWord.FAILED else "",
            instruction.version if word is HubWord.ACTIVATED else None,
            b"",
            at,
        )


def _steps(
    model: ReactionModel, seed: int, instruction: Instruction
) -> list[tuple[HubWord, float]]:
    match instruction.verb:
        case Verb.ASSIGN:
            return [(HubWord.REACHED, model.reach_s), (HubWord.TRANSFERRED, model.transfer_s)]
        case Verb.ACTIVATE:
            fate = random.Random(f"{seed}/{instruction.home}/{instruction.version}")
            bad = fate.random() < model.failing.get(instruction.version, 0.0)
            return [(HubWord.FAILED if bad else HubWord.ACTIVATED, model.activate_s)]
        case _:
            return []
