"""Which devices of an order get the image, and in which list of the warning all others belong; pure.

Devices are looked at by how they stand, not one by one. Whose they are not, learns nothing of them: to that
user they are unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.fleet.inventory.rows import InventoryStatus, Variant
from ota_engine.fleet.kernel.rows import RowKey, Select, Standees, Standing
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import RequestRefused
from ota_engine.fleet.orders.events import OrderedImage
from ota_engine.fleet.orders.lives import IN_PROGRESS
from ota_engine.fleet.orders.rows import (
    DeviceOrder,
    OrderBatch,
    OrderRules,
    Prenotified,
    ServiceUser,
)
from ota_engine.fleet.orders.suppliers import answers_for
from ota_engine.fleet.releases.rows import CplEntry

METERS: Final = frozenset({"ESME", "GSME", "HCALCS"})  # that 11.1 is for
DISPLAYS: Final = frozenset({"PPMID"})  # that 11.4 is for
OUT_OF_SCOPE: Final = frozenset({"IHD"})  # no firmware comes to it by any request


#: Parts of orders that were not handed on yet.
WAITING: Final = Select(OrderBatch, at_most=(("due_utc", float("inf")),))


class PassedOver(NamedTuple):
    """Devices that do not get the image, by the list they are put in."""

    invalid: set[Eui64]
    not_commissioned: set[Eui64]
    not_applicable: set[Eui64]
    in_progress: set[Eui64]
    wrong_gbcs: set[Eui64]

    @property
    def all(self) -> set[Eui64]:
        """All of them."""
        return set().union(*self)

    @property
    def must_wait(self) -> bool:
        """Whether some could have the image at another time, or with another firmware."""
        return bool(self.not_commissioned or self.in_progress or self.wrong_gbcs)


class Sorted(NamedTuple):
    """What became of the devices of an order.

    Attributes:
        over: those that do not get the image.
        case: what to answer where none gets it.
    """

    over: PassedOver
    case: ResponseCase


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order is about.

    Attributes:
        user: who orders.
        ppmid: it is 11.4.
        image: what.
        rules: of this fleet.
    """

    user: ServiceUser
    ppmid: bool
    image: OrderedImage
    rules: OrderRules


class _Place(NamedTuple):
    """Where devices belong that do not get the image.

    Attributes:
        where: name of the list.
        case: what to answer where there are none but such.
    """

    where: str
    case: ResponseCase = ResponseCase.NO_DEVICE_ELIGIBLE


_INVALID: Final = _Place("invalid")
_NOT_APPLICABLE: Final = _Place("not_applicable")
_SMETS1: Final = _Place("not_applicable", ResponseCase.SMETS1_NOT_SERVED)
_NOT_LISTED: Final = _Place("not_applicable", ResponseCase.VERSION_REFUSED)
_TOO_LARGE: Final = _Place("not_applicable", ResponseCase.IMAGE_TOO_LARGE)


def sort_devices(
    terms: OrderTerms, devices: Sequence[Eui64], standees: Standees, work: Work
) -> Sorted:
    """Sort the devices of an order.

    Raises:
        RequestRefused: a device is named twice.
        RowsWanted: rows are missing.
    """
    listed = _listed_variants(terms, standees.alike, work)
    asked = set(devices)
    if len(asked) < len(devices):
        raise RequestRefused(
            ResponseCase.DEVICE_LIST_REFUSED, "the list names a device twice: name each once"
        )
    over = PassedOver(set(), set(), set(), set(), set())
    unknown: set[Eui64] = set()
    if sum(map(len, standees.alike.values())) < len(asked):
        unknown = asked.difference(*standees.alike.values())
    over.not_commissioned.update(_announced(unknown, terms.user, work))
    over.invalid.update(unknown - over.not_commissioned)
    cases = {ResponseCase.NO_DEVICE_ELIGIBLE} if over.invalid else set()
    for standing, those in standees.alike.items():
        place = _place(terms, standing, listed, work)
        if place is not None:
            attrgetter(place.where)(over).update(those)
            cases.add(place.case)
    passed = over.all
    left = asked - passed if passed else asked
    over.in_progress.update(_under_way(terms, left, standees, work))
    case = cases.pop() if len(cases) == 1 else ResponseCase.NO_DEVICE_ELIGIBLE
    return Sorted(over, case)


def _announced(devices: set[Eui64], user: ServiceUser, work: Work) -> set[Eui64]:
    """Find devices that the user's party said would be installed."""
    work.require(RowKey(Prenotified, (device,)) for device in devices)
    return {
        device
        for device in devices
        if (row := work.get(Prenotified, device)) is not None and row.party == user.party
    }


def _place(
    terms: OrderTerms, standing: Standing, listed: Mapping[str, Variant], work: Work
) -> _Place | None:
    """Say in which list devices belong that stand so; None where they get the image."""
    variant = work.get(Variant, standing.variant)
    image, rules = terms.image, terms.rules
    least = dict(rules.least_gbcs).get(standing.kind, "")
    most = dict(rules.most_octets).get(standing.kind)
    reasons = (
        (not answers_for(terms.user, standing), _INVALID),
        (variant is not None and variant.smets == 1, _SMETS1),
        (standing.kind in OUT_OF_SCOPE, _NOT_APPLICABLE),
        (standing.kind not in (DISPLAYS if terms.ppmid else METERS), _INVALID),
        (standing.status != InventoryStatus.COMMISSIONED, _Place("not_commissioned")),
        (standing.variant not in listed, _NOT_LISTED),
        (not _fits(variant, image), _NOT_APPLICABLE),
        (most is not None and image.size > most, _TOO_LARGE),
        (_numbers(standing.gbcs_version) < _numbers(least), _Place("wrong_gbcs")),
    )
    return next((place for applies, place in reasons if applies), None)


def _listed_variants(
    terms: OrderTerms, standings: Iterable[Standing], work: Work
) -> dict[str, Variant]:
    """Find the variants for which the image is a listed version, or all where that is not asked."""
    names = sorted({standing.variant for standing in standings})
    version, listed_only = terms.image.version, terms.rules.listed_only
    work.require(
        [
            *(RowKey(Variant, (name,)) for name in names),
            *(_entry(name, version) for name in names if listed_only),
        ]
    )
    return {
        name: variant
        for name in names
        if (variant := work.get(Variant, name)) is not None
        and (not listed_only or work.selected(_entry(name, version)))
    }


def _entry(variant: str, version: int) -> Select:
    return Select(CplEntry, (("variant", variant), ("version", version)))


def _fits(variant: Variant | None, image: OrderedImage) -> bool:
    """Whether an image is of the maker and for the product, as far as those are known."""
    if variant is None:
        return False
    wanted = (variant.manufacturer_code, variant.image_type)
    held = (image.manufacturer_code, image.image_type)
    return all(one in (None, other) for one, other in zip(wanted, held, strict=True))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".") if part)


def _under_way(terms: OrderTerms, asked: set[Eui64], standees: Standees, work: Work) -> set[Eui64]:
    """Find devices for which something is under way that this order does not take the place of."""
    waiting: set[Eui64] = set()
    for batch in work.selected(WAITING):
        waiting.update(batch.each)
    names = {one: name for one, name in standees.ordered.items() if one in asked}
    work.require(RowKey(DeviceOrder, (name,)) for name in names.values())
    busy = {
        device
        for device, name in names.items()
        if not _gives_way(work.get(DeviceOrder, name), terms)
    }
    return (busy | standees.upgraded | waiting) & asked


def _gives_way(order: DeviceOrder | None, terms: OrderTerms) -> bool:
    """Whether an order that is under way makes room: the same user says so, or nobody waits for it."""
    if order is None or order.state not in IN_PROGRESS:
        return True
    return order.user == terms.user.user and terms.image.force_replace
