"""Files that break the rules about payloads and their way to the device (32-37)."""

from images.digests import integrity_code
from tests.images import firmware
from tests.images.cases import SE, Case, E, I, W
from tests.images.samples import FIRMWARE, element, gb, ota, plain
from tests.images.test_shapes import TELINK

NOISE = b"".join(integrity_code(bytes((number & 255, number >> 8))) for number in range(1024))


def wrapped(payload: bytes, **fields: object) -> bytes:
    """The payload in element 0x0000, at byte 62."""
    return ota(element(0, payload), **fields)


def tail(size: int) -> bytes:
    """A file of so many bytes."""
    return wrapped((FIRMWARE * 3)[: size - 62])


PAYLOAD_CASES = [
    Case(32, I, plain(), 56),
    Case(32, W, wrapped(firmware.telink(crc=False)), 56),
    Case(32, I, ota(element(0, FIRMWARE) + element(0xF001, b"x")), 56),
    Case(33, E, wrapped(firmware.gbl(crc=0)), 62 + len(firmware.gbl()) - 4),
    Case(33, E, wrapped(firmware.gbl(end=False)), 62 + len(firmware.gbl(end=False))),
    Case(33, E, wrapped(firmware.gbl()[:400]), 62 + 52),
    Case(33, E, wrapped(firmware.gbl()[:5]), 62),
    Case(33, W, wrapped(firmware.gbl(tail=b"more")), 62 + len(firmware.gbl())),
    Case(33, W, wrapped(firmware.gbl(version=0x01020303)), 62),
    Case(33, I, wrapped(firmware.gbl(version=7)), 62),
    Case(33, I, wrapped(firmware.gbl(version=1), file_version=20), 62),
    Case(33, I, wrapped(firmware.gbl()), 62),
    Case(33, E, wrapped(firmware.ebl(crc=0)), 62 + 144 + 4 + 1024 + 4),
    Case(33, W, wrapped(firmware.ebl(multiple=1)), 62),
    Case(33, I, wrapped(firmware.ebl()), 62),
    Case(33, E, wrapped(firmware.mcuboot(digest=bytes(32))), 62 + 32 + 1024),
    Case(33, E, wrapped(firmware.mcuboot(size=9999)), 62 + 12),
    Case(33, W, wrapped(firmware.mcuboot(tlvs=False)), 62 + 32 + 1024),
    Case(33, I, wrapped(firmware.mcuboot(signed=True)), 62),
    Case(33, E, wrapped(firmware.esp(checksum=1)), 62 + len(firmware.esp()) - 33),
    Case(33, E, wrapped(firmware.esp(digest=bytes(32))), 62 + len(firmware.esp()) - 32),
    Case(33, W, wrapped(firmware.esp(length=5000)), 63),
    Case(33, I, wrapped(firmware.esp()), 62),
    Case(33, W, wrapped(firmware.ti_oad(length=9)), 62 + 24),
    Case(33, I, wrapped(firmware.ti_oad()), 62),
    Case(33, W, wrapped(firmware.k32w(size=9999)), 62 + 64 + 12),
    Case(33, W, wrapped(firmware.k32w(block=99999)), 62 + 44),
    Case(33, W, wrapped(firmware.k32w(marker=1)), 62 + 64),
    Case(33, I, wrapped(firmware.k32w()), 62),
    Case(33, I, wrapped(firmware.jn51()), 62),
    Case(33, W, wrapped(firmware.telink(size=99999)), 62 + 24),
    Case(33, I, wrapped(firmware.telink()), 62),
    Case(33, I, gb(body=firmware.gbl()), 60),
    Case(34, W, wrapped(b"\xff" * 500), 62),
    Case(34, W, wrapped(bytes(500)), 62),
    Case(34, W, wrapped(b"\xff" * 5000 + b"x"), 62),
    Case(34, I, wrapped(NOISE), 62),
    Case(35, W, ota(TELINK), 64),
    Case(35, W, wrapped(firmware.gbl(tail=b"\xff")), 62),
    Case(35, I, plain(), 52),
    Case(36, E, plain(), 52, expect={"slot_size": 261}),
    Case(36, I, plain(), 52),
    Case(36, I, plain(), 52, SE, expect={"block_size": 40}),
    Case(37, I, tail(48 * 6 + 1), 52),
    Case(37, I, tail(50 * 6 + 3), 52),
    Case(37, W, tail(40 * 8 + 2), 52, expect={"block_size": 40}),
]

GOOD_PAYLOADS = {
    "GBL": firmware.gbl(flags=0x100),
    "EBL": firmware.ebl(),
    "MCUboot": firmware.mcuboot(signed=True),
    "ESP": firmware.esp(),
    "Telink": firmware.telink(),
}
UNCHECKED_PAYLOADS = {
    "TI OAD": firmware.ti_oad(),
    "NXP K32W": firmware.k32w(),
    "NXP JN51xx": firmware.jn51(),
    "Telink": firmware.telink(crc=False),
}
