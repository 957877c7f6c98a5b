"""How homes react to instructions, by numbers: delays, failures, silence; all from a seed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ota_engine.fleet.port import HubOutcome, HubWord, Instruction
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
    """Say what a hub will say, with its times."""
    draw = random.Random(f"{seed}/{instruction.key}")
    silent = random.Random(f"{seed}/{instruction.home}").random() < model.silent
    if silent:
        return
    fate = random.Random(f"{seed}/{instruction.home}/{instruction.version}")
    bad = fate.random() < model.failing.get(instruction.version, 0.0)
    steps = [(HubWord.REACHED, model.reach_s), (HubWord.TRANSFERRED, model.transfer_s)]
    steps.append((HubWord.FAILED if bad else HubWord.ACTIVATED, model.activate_s))
    at = utc
    for word, mean in steps:
        at += draw.expovariate(1.0 / mean)
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
