"""Whether an order may be given at all: every refusal is one line that says what to do instead."""

from math import ceil
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.hub.activation.book import OrderBook
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import ImageRecord, OrderRecord, OrderState
from ota_engine.times import NEVER, Monotonic, Utc
from ota_engine.wording import utc_text

HASH_BYTES: Final = 32  # SHA-256
#: The last second before the one that cancels.
LATEST: Final = CANCELLATION_TIME.replace(second=58).timestamp()


def draft(
    request: ActivateImage,
    book: OrderBook,
    security: Security,
    kernel: Kernel,
    now: Monotonic,
) -> OrderRecord:
    """Write down an order that may be given.

    A hash that no image of the catalogue has is allowed, and so is a device that was not seen to
    hold the image: the device knows better, and answers. A device, too, takes a future dated CS06
    without looking for the image, and looks when its time has come (GBCS v1, page 140).

    Raises:
        LocalError: it may not.
    """
    digest = request.manufacturer_image_hash
    if len(digest) != HASH_BYTES:
        raise LocalError(f"a Manufacturer Image Hash has {HASH_BYTES} octets, not {len(digest)}")
    originator = security.supplier if request.originator is None else request.originator
    _require_no_other(book, request.device)
    security.require_signer(originator)
    security.require_agreement(request.device)
    security.require_certificate(request.device, KeyUse.SIGNING)
    execution = _execution_time(request.execution_utc, kernel, now)
    image = _image_of(request, kernel)
    if image is not None:
        _require_hardware(image, request.device, kernel)
    utc = kernel.clock.utc(now)
    return OrderRecord(
        number=book.next_number(),
        originator=originator,
        device=request.device,
        manufacturer_image_hash=digest,
        sha256="" if image is None else image.sha256,
        execution_utc=execution,
        created_utc=utc,
        state=OrderState.DRAFTED,
        since_utc=utc,
        reason="committed; not sent yet",
    )


def _image_of(request: ActivateImage, kernel: Kernel) -> ImageRecord | None:
    """The image that is ordered: the one named, else the device's own that has this hash."""
    if request.sha256:
        image = kernel.images.get(request.sha256)
        return None if image is None else image.record
    return kernel.image_held(request.device, request.manufacturer_image_hash)


def _require_no_other(book: OrderBook, device: Eui64) -> None:
    for other in book.open_orders(device):
        cure = (
            "it is a user's, wait for its end" if other.passed else "cancel it, or wait for its end"
        )
        raise LocalError(
            f"order {other.number} for {format_eui64(device)} is still open ({other.state}): {cure}"
        )


def _execution_time(execution: Utc | None, kernel: Kernel, now: Monotonic) -> Utc | None:
    """Take a time to the whole second, which is all a command can say."""
    clock = kernel.clock
    if clock.sane_at(now) == NEVER:
        raise LocalError("the wall clock has not been read yet: try again")
    if execution is None:
        return None
    doubt = clock.doubt(now)
    if doubt:
        raise LocalError(f"no order for a set time now: {doubt}")
    if execution <= clock.utc(now):
        raise LocalError(
            f"{utc_text(execution)} has passed: give a later time, or none to activate now"
        )
    if not execution <= LATEST:
        raise LocalError(
            f"no command can say {utc_text(execution)}: give a time before the year 9999"
        )
    return Utc(float(ceil(execution)))


def _require_hardware(image: ImageRecord, device: Eui64, kernel: Kernel) -> None:
    low, high = image.minimum_hardware_version, image.maximum_hardware_version
    known = kernel.devices.get(device)
    target = (image.manufacturer_code, image.image_type)
    firmware = None if known is None else known.firmwares.get(target)
    version = None if firmware is None else firmware.hardware_version
    if low is None or high is None or version is None or low <= version <= high:
        return
    raise LocalError(
        f"{format_eui64(device)} is hardware 0x{version:04X}, the image is for 0x{low:04X} to "
        f"0x{high:04X}: order an image made for it"
    )
