"""Image blocks: the image and the requests that zota and zigpy are given alike.

Knows how zigpy's own block handler is raced; knows nothing of who races it.
"""

import hashlib
import random
from collections.abc import Callable
from functools import partial

from clocks import Work, alternating
from row import Options
from zigpy_peer import ZigpyServer

from images import ImageSpec, build
from ota_engine.hub.kernel.images import ImageKey, ServedImage
from ota_engine.records import ImageRecord
from ota_engine.times import Utc
from ota_engine.zcl.commands import ImageBlockRequest
from ota_engine.zcl.hot import encode_block_request

IMAGE_SIZE = 128 * 1024  # octets of payload
BLOCK = 48  # octets asked for: what most devices in the field ask
KEY = ImageKey(manufacturer_code=0x121D, image_type=0x0084, file_version=0x01020304)
ROUNDS = 5  # of which the median counts
DOWNLOADS = 3  # of zigpy in a round: about two seconds


def make_image(options: Options) -> ServedImage:
    """Build an image, the same from the same seed, in the form the server hands it out."""
    size = 4 * BLOCK if options.quick else IMAGE_SIZE
    payload = random.Random(options.seed).randbytes(size)
    spec = ImageSpec(
        manufacturer_code=KEY.manufacturer_code,
        image_type=KEY.image_type,
        file_version=KEY.file_version,
    )
    data = build(payload, spec)
    return ServedImage.of(
        ImageRecord(
            sha256=hashlib.sha256(data).hexdigest(),
            name="bench",
            manufacturer_code=KEY.manufacturer_code,
            image_type=KEY.image_type,
            file_version=KEY.file_version,
            zigbee_stack_version=2,
            header_string="",
            minimum_hardware_version=None,
            maximum_hardware_version=None,
            upgrade_file_destination=None,
            manufacturer_image_hash="",
            added_utc=Utc(0.0),
            data=data,
        )
    )


def block_requests(image: ServedImage) -> list[bytes]:
    """The Image Block Requests of one whole download."""
    return [
        encode_block_request(number & 0xFF, ImageBlockRequest(0, *image.key, offset, BLOCK))
        for number, offset in enumerate(range(0, image.size, BLOCK))
    ]


def against_zigpy(options: Options, deliver: Callable[[], int]) -> tuple[float, float]:
    """Race a delivery with zigpy's block handler, five times in turn.

    zigpy serves blocks to one device and does nothing else: no air, no devices, no store.

    Args:
        options: of the row.
        deliver: delivers, the same every time, and returns how many blocks it took.

    Returns:
        blocks in a second of processor time, ours and zigpy's: the median round of each.
    """
    image = make_image(options)
    requests = block_requests(image) * DOWNLOADS
    delivered: list[int] = []

    def ours() -> Work:
        return lambda: delivered.append(deliver())

    with ZigpyServer(image.data) as zigpy:
        peer, seconds = alternating(
            1 if options.quick else ROUNDS, lambda: partial(zigpy.serve, requests), ours
        )
    return delivered[0] / seconds, len(requests) / peer
