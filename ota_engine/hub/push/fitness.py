"""Which of some images fits a device, by what the device said of itself; decides, sends nothing."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ota_engine.hub.delivery.config import HardwarePolicy
from ota_engine.hub.delivery.policy import decide
from ota_engine.hub.delivery.status import DeviceStatus
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.records import ImageRecord, VersionPolicy


class Fitness(Enum):
    """How some images and a device go together."""

    UNTOLD = "the device has not said enough"
    OTHER_KIND = "none is for its manufacturer and image type"
    CURRENT = "it runs the version already"
    REFUSED = "one is for its kind, but not for it"
    FITS = "it may be given one"


class Fit(NamedTuple):
    """What a device may be given: ``image`` with FITS; in all other cases ``reason`` says why not."""

    answer: Fitness
    image: ImageRecord | None
    reason: str


def choose(images: Sequence[ImageRecord], device: DeviceStatus, policy: VersionPolicy) -> Fit:
    """Find the image for a device: of those for its type and hardware, the highest version.

    A hardware version the device has not told is not held against it here: it is part of its query,
    and the server refuses to offer an image whose range it is not in.
    """
    if device.file_version is None:
        return Fit(Fitness.UNTOLD, None, "has not told which version it runs")
    if device.manufacturer_code is None or device.image_type is None:
        return Fit(Fitness.UNTOLD, None, "has not told its manufacturer and image type")
    kind = device.manufacturer_code, device.image_type
    own = [image for image in images if _kind(image) == kind]
    if not own:
        return Fit(Fitness.OTHER_KIND, None, _takes_another(images, *kind))
    own.sort(key=lambda image: image.file_version, reverse=True)
    fits = [_fit(image, device, device.file_version, policy) for image in own]
    for wanted in (Fitness.FITS, Fitness.CURRENT):
        for fit in fits:
            if fit.answer is wanted:
                return fit
    return fits[0]


def _fit(image: ImageRecord, device: DeviceStatus, running: int, policy: VersionPolicy) -> Fit:
    served = ServedImage.of(image)
    hardware = device.hardware_version
    verdict = decide(served, policy, device.device, running, hardware, HardwarePolicy.LENIENT)
    if verdict.offer:
        return Fit(Fitness.FITS, image, "")
    return Fit(Fitness.CURRENT if verdict.same else Fitness.REFUSED, None, verdict.reason)


def _kind(image: ImageRecord) -> tuple[int, int]:
    return image.manufacturer_code, image.image_type


def _takes_another(images: Sequence[ImageRecord], code: int, kind: int) -> str:
    """Say in one line what the device takes and what there is."""
    kinds = dict.fromkeys(_kind(image) for image in images)
    offered = ", ".join(f"0x{kind:04X} of 0x{code:04X}" for code, kind in kinds)
    return f"takes image type 0x{kind:04X} of manufacturer 0x{code:04X}, not {offered}"
