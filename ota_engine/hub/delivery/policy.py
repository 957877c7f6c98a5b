"""Whether a device may be offered an image: versions, hardware, destination. Pure decisions."""

from typing import NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.hub.delivery.config import HardwarePolicy
from ota_engine.hub.kernel.images import UNKNOWN_VERSION, ServedImage
from ota_engine.records import VersionPolicy


class OfferDecision(NamedTuple):
    """``offer`` the image, or not and why.

    ``same`` when the device runs that version already, ``unfit`` when its hardware is another.
    """

    offer: bool
    same: bool
    reason: str
    unfit: bool = False


OFFER = OfferDecision(True, False, "")


def decide(
    image: ServedImage,
    policy: VersionPolicy,
    device: Eui64,
    running: int,
    hardware: int | None,
    hardware_policy: HardwarePolicy,
) -> OfferDecision:
    """Decide on one query; a file is never edited to get round a rule.

    Args:
        image: the image assigned to the device.
        policy: which version steps the assignment allows.
        device: who asks; an image with a destination is for that one device.
        running: the version the device says it runs; 0xFFFFFFFF when it does not know.
        hardware: its hardware version, None when the query has none.
        hardware_policy: what a missing hardware version means.
    """
    destination = image.record.upgrade_file_destination
    if destination is not None and destination != device:
        return _refused(f"the image is for {format_eui64(destination)} alone")
    unfit = _hardware_misfit(image, hardware, hardware_policy)
    if unfit:
        return OfferDecision(False, False, unfit, unfit=True)
    return _version_step(image.key.file_version, policy, running)


def _version_step(offered: int, policy: VersionPolicy, running: int) -> OfferDecision:
    if running == UNKNOWN_VERSION:
        return OFFER
    if offered == running:
        if policy is VersionPolicy.REINSTALL:
            return OFFER
        return OfferDecision(False, True, f"the device already runs 0x{running:08X}")
    if offered < running and policy is not VersionPolicy.DOWNGRADE:
        return _refused(
            f"0x{offered:08X} would be a downgrade from 0x{running:08X}, which needs the "
            "downgrade policy"
        )
    return OFFER


def _hardware_misfit(
    image: ServedImage, hardware: int | None, policy: HardwarePolicy
) -> str | None:
    low = image.record.minimum_hardware_version
    high = image.record.maximum_hardware_version
    if low is None or high is None:
        return None
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
    return OfferDecision(False, False, reason)
