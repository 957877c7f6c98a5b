"""Firmware updates that users order (11.1, 11.4): which devices of a list get the image, and why not others.

However many devices a list has, they are looked at by how they stand, not one by one; their rows are made
later, some at a time (``batches``).
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import UpdateFirmware
from ota_engine.duis.responses import FirmwareWarning
from ota_engine.fleet.inventory.rows import InventoryStatus, Variant
from ota_engine.fleet.kernel.rows import RowKey, Select, Standees, Standing
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served
from ota_engine.fleet.orders.codes import rules_of
from ota_engine.fleet.orders.events import OrderedImage
from ota_engine.fleet.orders.lives import IN_PROGRESS
from ota_engine.fleet.orders.rows import (
    DeviceOrder,
    ImageOrder,
    OrderBatch,
    OrderRules,
    ServiceUser,
)
from ota_engine.fleet.orders.suppliers import answers_for
from ota_engine.fleet.releases.rows import CataloguedImage, CplEntry
from ota_engine.times import Utc
from ota_engine.wording import counted

BATCH: Final = 1_000  # devices that are handed on in one commit
DIGITS: Final = 16  # of a device in a batch
METERS: Final = frozenset({"ESME", "GSME", "HCALCS"})  # that 11.1 is for
DISPLAYS: Final = frozenset({"PPMID"})  # that 11.4 is for
OUT_OF_SCOPE: Final = frozenset({"IHD"})  # no firmware comes to it by any request


class PassedOver(NamedTuple):
    """Devices that do not get the image, by the list they are put in."""

    invalid: set[Eui64]
    not_commissioned: set[Eui64]
    not_applicable: set[Eui64]
    in_progress: set[Eui64]
    wrong_gbcs: set[Eui64]


def order_image(asked: Asked, work: Work, utc: Utc) -> Served:
    """Take an order of firmware, for those of its devices that may have it.

    Raises:
        RequestRefused: no device of it may.
        RowsWanted: rows are missing.
    """
    body, image = asked.request.body, asked.image
    assert isinstance(body, UpdateFirmware)  # noqa: S101 - by its variant
    if image is None:
        raise RequestRefused(ResponseCase.IMAGE_REFUSED, "the image of the request is not at hand")
    rules = rules_of(work)
    _check_list(body)
    _check_image(body, image, work)
    standees = work.standings(body.devices)
    over = _sort(body, asked.user, image, rules, standees, work)
    passed = set().union(*over)
    taken = [device for device in body.devices if device not in passed]
    if not taken and not (over.not_commissioned or over.in_progress or over.wrong_gbcs):
        raise RequestRefused(
            ResponseCase.NO_DEVICE_ELIGIBLE, "no device of the list may have this image"
        )
    if taken:
        _keep(asked, body, image, taken, work, utc)
    text = f"{counted(len(taken), 'device')}, {len(passed):,} passed over"
    return Served(_warning(body, over), True, text=text) if passed else Served(text=text)


def _check_list(body: UpdateFirmware) -> None:
    if len(set(body.devices)) < len(body.devices):
        raise RequestRefused(
            ResponseCase.DEVICE_LIST_REFUSED, "the list names a device twice: name each once"
        )


def _check_image(body: UpdateFirmware, image: OrderedImage, work: Work) -> None:
    if image.trouble:
        raise RequestRefused(ResponseCase.IMAGE_REFUSED, image.trouble)
    if not is_version(body.version, image.version):
        raise RequestRefused(
            ResponseCase.VERSION_REFUSED,
            f"the image is version {image.version:08X}, the request says {body.version!a}",
        )
    known = work.get(CataloguedImage, image.sha256)
    named = image.manufacturer_code, image.image_type, image.version
    if known is not None and named != (
        known.manufacturer_code,
        known.image_type,
        known.version,
    ):
        raise RequestRefused(
            ResponseCase.IMAGE_REFUSED, "the header of the image is not that of the catalogue"
        )
    if known is not None and not known.approved:
        raise RequestRefused(
            ResponseCase.IMAGE_REFUSED, "the catalogue does not let the image be served"
        )


def is_version(text: str, version: int) -> bool:
    """Whether a text of a request names a version: hexadecimal digits, zeros before them left out."""
    try:
        return int(text, 16) == version
    except ValueError:
        return False


def _sort(
    body: UpdateFirmware,
    user: ServiceUser,
    image: OrderedImage,
    rules: OrderRules,
    standees: Standees,
    work: Work,
) -> PassedOver:
    over = PassedOver(set(), set(), set(), set(), set())
    over.invalid.update(set(body.devices).difference(*standees.alike.values()))
    listed = _listed_variants(image, rules, standees.alike, work)
    if rules.listed_only and not listed:
        raise RequestRefused(
            ResponseCase.VERSION_REFUSED,
            f"version {image.version:08X} is in the Central Products List for no device named",
        )
    for standing, devices in standees.alike.items():
        why = _look(standing, body.ppmid, user, image, rules, listed, work)
        if why is not None:
            why(over).update(devices)
    passed = set().union(*over)
    over.in_progress.update(_under_way(user, image, standees, passed, work))
    return over


_List = Callable[[PassedOver], set[Eui64]]


def _look(
    standing: Standing,
    ppmid: bool,
    user: ServiceUser,
    image: OrderedImage,
    rules: OrderRules,
    listed: Mapping[str, Variant],
    work: Work,
) -> _List | None:
    """Say in which list devices belong that stand so; None where they get the image.

    Whose the devices are not, learns nothing of them: to that user they are unknown.
    """
    variant = work.get(Variant, standing.variant)
    least = dict(rules.least_gbcs).get(standing.kind, "")
    out_of_scope = standing.kind in OUT_OF_SCOPE or (variant is not None and variant.smets == 1)
    reasons: tuple[tuple[bool, _List], ...] = (
        (not answers_for(user, standing), attrgetter("invalid")),
        (out_of_scope, attrgetter("not_applicable")),
        (standing.kind not in (DISPLAYS if ppmid else METERS), attrgetter("invalid")),
        (standing.status != InventoryStatus.COMMISSIONED, attrgetter("not_commissioned")),
        (standing.variant not in listed, attrgetter("not_applicable")),
        (not _fits(variant, image, rules), attrgetter("not_applicable")),
        (_numbers(standing.gbcs_version) < _numbers(least), attrgetter("wrong_gbcs")),
    )
    return next((where for applies, where in reasons if applies), None)


def _listed_variants(
    image: OrderedImage, rules: OrderRules, standings: Iterable[Standing], work: Work
) -> dict[str, Variant]:
    """Find the variants for which the image is a listed version, or all where that is not asked."""
    names = sorted({standing.variant for standing in standings})
    work.require(
        [
            *(RowKey(Variant, (name,)) for name in names),
            *(_entry(name, image.version) for name in names if rules.listed_only),
        ]
    )
    return {
        name: variant
        for name in names
        if (variant := work.get(Variant, name)) is not None
        and (not rules.listed_only or work.selected(_entry(name, image.version)))
    }


def _entry(variant: str, version: int) -> Select:
    return Select(CplEntry, (("variant", variant), ("version", version)))


def _fits(variant: Variant | None, image: OrderedImage, rules: OrderRules) -> bool:
    if variant is None:
        return False
    for held, wanted in (
        (image.manufacturer_code, variant.manufacturer_code),
        (image.image_type, variant.image_type),
    ):
        if wanted is not None and held != wanted:
            return False
    most = dict(rules.most_octets).get(variant.kind)
    return most is None or image.size <= most


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".") if part)


def _under_way(
    user: ServiceUser, image: OrderedImage, standees: Standees, passed: set[Eui64], work: Work
) -> set[Eui64]:
    """Find devices for which something is under way that this order does not take the place of."""
    waiting = {
        Eui64(int(batch.devices[at : at + DIGITS], 16))
        for batch in work.select(OrderBatch, at_most={"due_utc": float("inf")})
        for at in range(0, len(batch.devices), DIGITS)
    }
    names = {one: name for one, name in standees.ordered.items() if one not in passed}
    work.require(RowKey(DeviceOrder, (name,)) for name in names.values())
    busy = {
        device
        for device, name in names.items()
        if not _gives_way(work.get(DeviceOrder, name), user, image)
    }
    return (busy | standees.upgraded | waiting) - passed


def _gives_way(order: DeviceOrder | None, user: ServiceUser, image: OrderedImage) -> bool:
    """Whether an order that is under way makes room: the same user says so, or it waits for nobody."""
    if order is None or order.state not in IN_PROGRESS:
        return True
    return order.user == user.user and image.force_replace


def _warning(body: UpdateFirmware, over: PassedOver) -> FirmwareWarning:
    lists = [
        tuple(device for device in body.devices if device in one) if one else () for one in over
    ]
    invalid, not_commissioned, not_applicable, in_progress, wrong_gbcs = lists
    return FirmwareWarning(
        body.ppmid, invalid, not_commissioned, not_applicable, in_progress, wrong_gbcs
    )


def _keep(
    asked: Asked,
    body: UpdateFirmware,
    image: OrderedImage,
    taken: list[Eui64],
    work: Work,
    utc: Utc,
) -> None:
    user = asked.user
    work.put(
        ImageOrder(
            asked.name,
            user.user,
            user.party,
            body.ppmid,
            image.sha256,
            image.manufacturer_hash,
            image.version,
            body.version,
            len(taken),
            utc,
        )
    )
    for number, start in enumerate(range(0, len(taken), BATCH), 1):
        devices = "".join(f"{device:016X}" for device in taken[start : start + BATCH])
        work.put(OrderBatch(asked.name, number, devices, utc))
