"""What a device is sent of files as vendors publish them: the image, whatever is around it.

The air, the device and the engine are the shipped ones; what the device runs in the end is compared
octet for octet.
"""

import struct
import zlib
from random import Random

import pytest

from images import ImageSpec, build
from ota_engine.records import SessionState
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, image, spec
from tests.emulators.street import Street
from tests.images.test_containers import ikea, legrand, third_reality

INNER = image(3000)
CRC32 = zlib.crc32(INNER).to_bytes(4, "little")

#: The file as published, and what of it belongs on the air.
FILES = {
    "IKEA's container": (ikea(INNER), INNER),
    "Legrand's container": (legrand(INNER), INNER),
    "Third Reality's container": (third_reality(INNER), INNER),
    "a checksum behind it, as Salus has it": (INNER + CRC32, INNER),
    "fill behind it": (INNER + b"\xff" * 64, INNER),
}


def delivered(published: bytes) -> bytes:
    street = Street(spec())
    street.assign(published)
    street.power_on()
    street.run(600.0)
    assert street.states() == [SessionState.UPDATED], street.reasons()
    return street.devices[0].flash.running_content()


@pytest.mark.parametrize(("published", "wanted"), FILES.values(), ids=FILES)
def test_a_device_gets_the_image_without_what_its_vendor_put_around_it(
    published: bytes, wanted: bytes
) -> None:
    assert delivered(published) == wanted


def plain(octets: bytes = b"") -> bytes:
    """A file without an integrity code; ``octets`` stand behind its element, inside its size."""
    what = ImageSpec(manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW)
    file = bytearray(build(Random(2).randbytes(2000), what) + octets)
    file[52:56] = struct.pack("<I", len(file))
    return bytes(file)


def test_octets_behind_the_last_element_are_sent_as_ledvance_publishes_them() -> None:
    file = plain(bytes(4))
    assert delivered(file) == file


def test_firmware_without_an_element_is_sent_from_the_header_on_as_hue_publishes_it() -> None:
    file = bytearray(plain()[:56]) + Random(3).randbytes(1500)
    file[52:56] = struct.pack("<I", len(file))
    file[20:52] = bytes(32)  # a header string of zeros, which stay zeros
    assert delivered(bytes(file)) == bytes(file)
