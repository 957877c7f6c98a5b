"""Whether a device may be offered an image: terms, versions, hardware, destination. Pure decisions."""

from enum import Enum
from typing import NamedTuple

from images.catalogue.status import ImageStatus
from images.catalogue.terms import Range
from images.eui64 import Eui64, format_eui64
from ota_engine.hub.delivery.config import HardwarePolicy
from ota_engine.hub.kernel.images import UNKNOWN_VERSION, ServedImage
from ota_engine.records import ImageTerms, Term, VersionPolicy

SHOWN = 3  # names, or ranges, that a reason lists


class Answer(Enum):
    """What a query is answered with, in kind."""

    OFFER = "the image"
    SAME = "no image: it runs that version"
    UNTOLD = "no image yet: it has not said what the terms of the image ask for"
    OTHER_MODEL = "no image: it is for another model or maker"
    UNFIT = "no image: it is for other hardware"
    REFUSED = "no image: the terms or the policy forbid the step"


class OfferDecision(NamedTuple):
    """How a query is answered, and why it is not with the image."""

    answer: Answer
    reason: str = ""

    @property
    def offer(self) -> bool:
        """Whether the image is offered."""
        return self.answer is Answer.OFFER

    @property
    def same(self) -> bool:
        """Whether the device runs that version already."""
        return self.answer is Answer.SAME

    @property
    def untold(self) -> bool:
        """Whether the device has to say more first."""
        return self.answer is Answer.UNTOLD

    @property
    def unfit(self) -> bool:
        """Whether the image is for other hardware."""
        return self.answer is Answer.UNFIT


class Asker(NamedTuple):
    """A firmware that asks, as it describes itself.

    Attributes:
        device: whose it is; an image with a destination is for that one device.
        running: the version it says it runs; 0xFFFFFFFF when it does not know.
        hardware: its hardware version, None when it tells none.
        model: ModelIdentifier of its Basic cluster (ZCL 3.2.2.2.6), None while not told.
        maker: ManufacturerName of its Basic cluster (ZCL 3.2.2.2.5), None while not told.
    """

    device: Eui64
    running: int
    hardware: int | None = None
    model: str | None = None
    maker: str | None = None


class OfferTerms(NamedTuple):
    """What a person, the catalogue and the operator's settings say about one offer.

    Attributes:
        policy: which version steps are allowed.
        terms: of the image; None for whom its header says.
        waived: terms that do not count.
        hardware: what a missing hardware version means.
    """

    policy: VersionPolicy = VersionPolicy.UPGRADE
    terms: ImageTerms | None = None
    waived: tuple[Term, ...] = ()
    hardware: HardwarePolicy = HardwarePolicy.LENIENT


OFFER = OfferDecision(Answer.OFFER)


def decide(image: ServedImage, asker: Asker, on: OfferTerms) -> OfferDecision:
    """Decide on one query; a file is never edited to get round a rule."""
    destination = image.record.upgrade_file_destination
    if destination is not None and destination != asker.device:
        return _refused(f"the image is for {format_eui64(destination)} alone")
    unfit = _hardware_misfit(image, asker.hardware, on.hardware)
    if unfit:
        return OfferDecision(Answer.UNFIT, unfit)
    return (
        (on.terms and _terms(on.terms, asker, on))
        or _version_step(image.key.file_version, on, asker.running)
        or (on.terms and _base(on.terms, asker.running, on.waived))
        or OFFER
    )


def forbidden(terms: ImageTerms | None, waived: tuple[Term, ...]) -> str:
    """Why an image may be served to nobody, as far as its status goes; empty when it may."""
    if terms is None or terms.status is ImageStatus.APPROVED or Term.STATUS in waived:
        return ""
    if terms.status is ImageStatus.DRAFT:
        return "the image is a draft in the catalogue, approved by nobody"
    return "the image was withdrawn in the catalogue"


# --- terms ----------------------------------------------------------------------------------------


def _terms(terms: ImageTerms, asker: Asker, on: OfferTerms) -> OfferDecision | None:
    """What the terms say of the device, whatever it runs; None when they let it have the image."""
    waived = on.waived
    status = forbidden(terms, waived)
    if status:
        return _refused(status)
    if Term.HARDWARE not in waived:
        unfit = _outside(terms.terms.hardware, asker.hardware, on.hardware)
        if unfit:
            return OfferDecision(Answer.UNFIT, unfit)
    for term, what, wanted, told in (
        (Term.MODEL, "model", terms.terms.models, asker.model),
        (Term.MAKER, "manufacturer name", terms.terms.makers, asker.maker),
    ):
        if not wanted or term in waived:
            continue
        if told is None:
            return OfferDecision(Answer.UNTOLD, f"asked for its {what}; has not told it yet")
        if told not in wanted:
            return OfferDecision(
                Answer.OTHER_MODEL, f"its {what} is {told!a}, the image is for {_listed(wanted)}"
            )
    return None


def _base(terms: ImageTerms, running: int, waived: tuple[Term, ...]) -> OfferDecision | None:
    bases = terms.terms.bases
    if bases is None or Term.BASE in waived or any(running in base for base in bases):
        return None
    if not bases:
        return _refused("the image is applied to no other version")
    ranges = _listed([_range_text(base) for base in bases])
    if running == UNKNOWN_VERSION:
        return _refused(f"the image is applied to {ranges}, and the device runs it knows not which")
    return _refused(f"the image is applied to {ranges}, the device runs 0x{running:08X}")


def _range_text(base: Range) -> str:
    if base.low == base.high:
        return f"0x{base.low:08X}"
    return f"0x{base.low:08X} to 0x{base.high:08X}"


def _listed(names: "tuple[str, ...] | list[str]") -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


# --- versions and hardware ------------------------------------------------------------------------


def _version_step(offered: int, on: OfferTerms, running: int) -> OfferDecision | None:
    policy = on.policy
    if running == UNKNOWN_VERSION:
        return None
    if running == (offered if on.terms is None else on.terms.terms.reported(offered)):
        if policy is VersionPolicy.REINSTALL:
            return None
        return OfferDecision(Answer.SAME, f"the device already runs 0x{running:08X}")
    if offered < running and policy is not VersionPolicy.DOWNGRADE:
        return _refused(
            f"0x{offered:08X} would be a downgrade from 0x{running:08X}, which needs the "
            "downgrade policy"
        )
    return None


def _hardware_misfit(
    image: ServedImage, hardware: int | None, policy: HardwarePolicy
) -> str | None:
    low = image.record.minimum_hardware_version
    high = image.record.maximum_hardware_version
    if low is None or high is None:
        return None
    return _outside(Range(low, high), hardware, policy)


def _outside(wanted: Range | None, hardware: int | None, policy: HardwarePolicy) -> str | None:
    if wanted is None:
        return None
    low, high = wanted
    if hardware is None:
        if policy is HardwarePolicy.LENIENT:
            return None
        return (
            f"the image is for hardware 0x{low:04X} to 0x{high:04X} and the device does not "
            "tell its hardware version"
        )
    if low <= hardware <= high:
        return None
    return f"hardware 0x{hardware:04X} is outside the image's 0x{low:04X} to 0x{high:04X}"


def _refused(reason: str) -> OfferDecision:
    return OfferDecision(Answer.REFUSED, reason)
