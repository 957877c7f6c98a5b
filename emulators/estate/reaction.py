"""How homes react to instructions, by numbers: delays, failures, silence; pure, all from a seed.

Times are means, or what a soak has measured (``emulators.simulation.measured``). A hub is away for a
spell now and then; what it is told meanwhile it does afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from emulators.estate.lots import Lot
from emulators.simulation.measured import Span
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.times import Utc

NEVER_STARTED: Final = "the new firmware did not start"


@dataclass(frozen=True, slots=True)
class Badness:
    """What is wrong with one version.

    Attributes:
        fails: share of homes in which it never runs.
        loses_han: share of homes that lose their devices once it runs.
    """

    fails: float = 0.0
    loses_han: float = 0.0


_SOUND: Final = Badness()


@dataclass(frozen=True, slots=True)
class ReactionModel:
    """What a home does with an image.

    Attributes:
        reach: time until the delivery begins.
        transfer: time of the delivery.
        activate: time until the new firmware runs.
        bad: what is wrong with each version; nothing with all others.
        fails: share of attempts that end otherwise, by their reason.
        silent: share of homes that never answer.
        offline: share of the time for which a hub is away.
        offline_s: mean length of that, seconds.
    """

    reach: Span
    transfer: Span
    activate: Span
    bad: Mapping[int, Badness] = field(default_factory=dict)
    fails: Mapping[str, float] = field(default_factory=dict)
    silent: float = 0.002
    offline: float = 0.0
    offline_s: float = 172_800.0


class _Step(NamedTuple):
    word: HubWord
    lasts: Span | None  # None: it comes with the one before
    reason: str = ""


def react(
    model: ReactionModel, seed: int, instruction: Instruction, utc: Utc
) -> Iterator[HubOutcome]:
    """Say what a hub will say of an instruction, with its times; nothing of one that takes back."""
    if is_silent(model, seed, instruction.home):
        return
    lot = Lot(seed, "reaction", instruction.key)
    at = utc if instruction.at_utc is None else Utc(max(utc, instruction.at_utc))
    for word, lasts, reason in _steps(model, seed, instruction, lot):
        if lasts is not None:
            at = back_online(model, seed, instruction.home, Utc(at + lasts.at(lot.share())))
        yield HubOutcome(
            f"{instruction.key}/{word}",
            instruction.campaign,
            instruction.attempt,
            instruction.home,
            instruction.device,
            word,
            reason,
            instruction.version if word is HubWord.ACTIVATED else None,
            b"",
            at,
        )


def is_silent(model: ReactionModel, seed: int, home: str) -> bool:
    """Whether a home never answers."""
    return Lot(seed, "silent", home).chance(model.silent)


def _steps(model: ReactionModel, seed: int, told: Instruction, lot: Lot) -> Iterator[_Step]:
    match told.verb:
        case Verb.ASSIGN:
            yield _Step(HubWord.REACHED, model.reach)
            reason = _by_chance(model, lot)
            if reason:
                yield _Step(HubWord.FAILED, model.transfer, reason)
            else:
                yield _Step(HubWord.TRANSFERRED, model.transfer)
        case Verb.ACTIVATE:
            bad = model.bad.get(told.version, _SOUND)
            fate = Lot(seed, "fate", told.home, told.version)
            if fate.chance(bad.fails):
                yield _Step(HubWord.FAILED, model.activate, NEVER_STARTED)
                return
            yield _Step(HubWord.ACTIVATED, model.activate)
            if fate.chance(bad.loses_han):
                yield _Step(HubWord.HAN_LOST, None, "no device of the home answers")
        case _:
            return


def _by_chance(model: ReactionModel, lot: Lot) -> str:
    """Draw why an attempt fails, or nothing where it does not."""
    if not model.fails:
        return ""
    at = lot.share()
    for reason, share in model.fails.items():
        if at < share:
            return reason
        at -= share
    return ""


def back_online(model: ReactionModel, seed: int, home: str, utc: Utc) -> Utc:
    """Say when a hub can first do at a time, or after it, what it is told.

    Time falls into equal stretches; in each the hub is away once, from a moment and for a length that
    belong to the home and the stretch.
    """
    if model.offline <= 0:
        return utc
    stretch = model.offline_s / min(model.offline, 1.0)
    at = utc
    number = int(utc // stretch)
    for one in (number - 1, number, number + 1):
        lot = Lot(seed, "offline", home, one)
        from_utc = (one + lot.share()) * stretch
        until_utc = from_utc + lot.exponential(model.offline_s)
        if from_utc <= at < until_utc:
            at = Utc(until_utc)
    return at
