"""Firmware updates that users order (11.1, 11.4): the image is looked at, the devices are sorted; pure.

However many devices a list has, their rows are made later, some at a time (``deliveries``).
"""

import re
from collections.abc import Sequence
from typing import Final

from images.eui64 import Eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import UpdateFirmware
from ota_engine.duis.responses import FirmwareWarning
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served
from ota_engine.fleet.orders.codes import rules_of
from ota_engine.fleet.orders.events import OrderedImage
from ota_engine.fleet.orders.rows import ImageOrder, OrderBatch
from ota_engine.fleet.orders.sorting import WAITING, OrderTerms, PassedOver, sort_devices
from ota_engine.fleet.releases.rows import CataloguedImage
from ota_engine.times import Utc
from ota_engine.wording import counted

BATCH: Final = 1_000  # devices that are handed on in one commit
_VERSION: Final = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)


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
    # What is wanted is asked for before anything is done for every device: each want begins anew.
    work.require((RowKey(CataloguedImage, (image.sha256,)), _same_version(image), WAITING))
    _check_image(body, image, work)
    standees = work.standings(body.devices)
    terms = OrderTerms(asked.user, body.ppmid, image, rules_of(work))
    over, case = sort_devices(terms, body.devices, standees, work)
    passed = over.all
    taken = [one for one in body.devices if one not in passed] if passed else body.devices
    if not taken and not over.must_wait:
        raise RequestRefused(case, "no device of the list may have this image")
    if taken:
        _keep(asked, body, image, taken, work, utc)
    text = f"{counted(len(taken), 'device')}, {len(passed):,} passed over"
    return Served(_warning(body, over), True, text=text) if passed else Served(text=text)


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
    if known is None and not _is_of_catalogue(image, body.ppmid, work):
        raise RequestRefused(
            ResponseCase.IMAGE_REFUSED, "the catalogue has another image of this version"
        )


def _is_of_catalogue(image: OrderedImage, ppmid: bool, work: Work) -> bool:
    """Whether the catalogue has the image by its maker's part, or nothing of this version at all.

    Files that users sign themselves differ all; one for a PPMID bears no signature of theirs.
    """
    same = work.selected(_same_version(image))
    hashes = {row.manufacturer_hash for row in same if row.manufacturer_hash}
    if hashes:
        return image.manufacturer_hash in hashes
    return not (same and ppmid)


def _same_version(image: OrderedImage) -> Select:
    return Select(
        CataloguedImage,
        (
            ("manufacturer_code", image.manufacturer_code),
            ("image_type", image.image_type),
            ("version", image.version),
        ),
    )


def is_version(text: str, version: int) -> bool:
    """Whether a text of a request names a version: hexadecimal digits, zeros before them left out."""
    return _VERSION.fullmatch(text) is not None and int(text, 16) == version


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
    taken: Sequence[Eui64],
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
        devices = taken[start : start + BATCH]
        work.put(OrderBatch(asked.name, number, OrderBatch.written(devices), utc))
