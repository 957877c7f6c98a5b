"""Which of some images fits a firmware, by what its device said of itself; decides, sends nothing."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ota_engine.hub.delivery.config import HardwarePolicy
from ota_engine.hub.delivery.policy import Answer, Asker, OfferDecision, OfferTerms, decide
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.hub.push.seen import DeviceSeen, FirmwareSeen
from ota_engine.records import ImageTerms, Term, VersionPolicy


class Fitness(Enum):
    """How some images and a firmware go together."""

    UNTOLD = "the device has not said enough"
    OTHER_KIND = "none is for it"
    CURRENT = "it runs the version already"
    REFUSED = "one is for it, and may not be given"
    FITS = "it may be given one"


class Fit(NamedTuple):
    """What a firmware may be given: ``image`` with FITS; in all other cases ``reason`` says why not."""

    answer: Fitness
    image: ServedImage | None
    reason: str


class Candidate(NamedTuple):
    """One image that may be chosen, with the terms it is released on."""

    image: ServedImage
    terms: ImageTerms | None = None


_FITNESS = {
    Answer.OFFER: Fitness.FITS,
    Answer.SAME: Fitness.CURRENT,
    Answer.UNTOLD: Fitness.UNTOLD,
    Answer.OTHER_MODEL: Fitness.OTHER_KIND,
    Answer.UNFIT: Fitness.REFUSED,
    Answer.REFUSED: Fitness.REFUSED,
}
#: Answers for one image after which no lower version is looked at.
_SETTLED = frozenset({Fitness.FITS, Fitness.UNTOLD, Fitness.CURRENT})


def choose(
    candidates: Sequence[Candidate],
    seen: DeviceSeen,
    firmware: FirmwareSeen,
    policy: VersionPolicy,
    waived: tuple[Term, ...] = (),
) -> Fit:
    """Find the image for a firmware: of those for its type, model and hardware, the highest version.

    A hardware version the device has not told is not held against it here: it is part of its query,
    and the choice is made again then. A model it has not told is asked for before any lower version
    is chosen, so the order of the images never matters.
    """
    own = [one for one in candidates if one.image.key[:2] == firmware.key]
    if not own:
        return Fit(Fitness.OTHER_KIND, None, takes_another(candidates, firmware.key))
    own.sort(key=lambda one: (-one.image.key.file_version, one.image.sha256))
    asker = Asker(seen.device, firmware.running, firmware.hardware, seen.model, seen.maker)
    fits = []
    for one in own:
        on = OfferTerms(policy, one.terms, waived, HardwarePolicy.LENIENT)
        fit = _fit(one.image, decide(one.image, asker, on))
        fits.append(fit)
        if fit.answer in _SETTLED:
            return fit
    return next((fit for fit in fits if fit.answer is Fitness.REFUSED), fits[0])


def _fit(image: ServedImage, decision: OfferDecision) -> Fit:
    fitness = _FITNESS[decision.answer]
    return Fit(fitness, image if fitness is Fitness.FITS else None, decision.reason)


def takes_another(candidates: Sequence[Candidate], key: tuple[int, int]) -> str:
    """Say in one line what a firmware takes and what there is."""
    kinds = dict.fromkeys(one.image.key[:2] for one in candidates)
    offered = ", ".join(f"0x{kind:04X} of 0x{code:04X}" for code, kind in kinds)
    code, kind = key
    return f"takes image type 0x{kind:04X} of manufacturer 0x{code:04X}, not {offered}"
