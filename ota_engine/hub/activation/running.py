"""Whether a device is known to run an image already, so that to order it again changes nothing.

Knows orders and what a device said of its firmwares, as values; sends and stores nothing.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.kernel.devices import Firmware
from ota_engine.records import FirmwareSource, ImageRecord, OrderRecord, OrderState
from ota_engine.times import Utc

#: How a device told a version, in words.
WORDS = {
    FirmwareSource.QUERY: "by its own query",
    FirmwareSource.ATTRIBUTES: "by its own attributes",
}


class RunsAlready(NamedTuple):
    """What is known of a device that runs what it would be ordered to run.

    Attributes:
        device: who.
        manufacturer_image_hash: of the image, 32 octets.
        version: that it says it runs, None where its answer named none.
        since_utc: since when that is known, UTC seconds.
        known_by: whose word that is.
        order: the order that it obeyed, None if it was none of ours.
    """

    device: Eui64
    manufacturer_image_hash: bytes
    version: int | None
    since_utc: Utc
    known_by: str
    order: OrderRecord | None


def runs_already(
    device: Eui64,
    manufacturer_image_hash: bytes,
    image: ImageRecord | None,
    orders: Iterable[OrderRecord],
    firmwares: Collection[Firmware],
    *,
    reports: int | None,
    waits: bool = False,
) -> RunsAlready | None:
    """Say how it is known that a device runs an image; None where it is not known.

    The last order it obeyed is a proof until the device says otherwise, or the image is delivered
    to it anew. Without one its own version counts, where the image is at hand to compare with.

    Args:
        device: who.
        manufacturer_image_hash: of the image, 32 octets.
        image: the image, None where only its hash is known.
        orders: of all devices.
        firmwares: what the device said of each.
        reports: the version a device tells that runs it, None where only its hash is known.
        waits: whether a delivery of the image goes on, so that it may hold it without running it.
    """
    if waits:
        return None
    proof = _proof(device, manufacturer_image_hash, image, orders)
    target = None if image is None else (image.manufacturer_code, image.image_type)
    told = next((one for one in firmwares if one.target == target), None)
    if proof is not None and not _is_contradicted(proof, firmwares if told is None else (told,)):
        known_by = f"by its signed answer to order {proof.number}"
        version, since = proof.firmware_version, proof.since_utc
    elif told is not None and told.file_version == reports:
        known_by, version, since = WORDS[told.source], told.file_version, told.since_utc
        proof = None
    else:
        return None
    return RunsAlready(device, manufacturer_image_hash, version, since, known_by, proof)


def _proof(
    device: Eui64, digest: bytes, image: ImageRecord | None, orders: Iterable[OrderRecord]
) -> OrderRecord | None:
    """The last order that a device obeyed, if it was for this image."""
    obeyed = (one for one in orders if one.device == device and one.state is OrderState.ACTIVATED)
    last = max(obeyed, key=lambda order: order.since_utc, default=None)
    if last is None or last.manufacturer_image_hash != digest:
        return None
    other = image is not None and last.sha256 not in ("", image.sha256)
    return None if other else last


def _is_contradicted(proof: OrderRecord, firmwares: Iterable[Firmware]) -> bool:
    """Whether the device has said since that it runs something else."""
    return any(
        one.since_utc > proof.since_utc and one.file_version != proof.firmware_version
        for one in firmwares
    )
