"""What particular vendors' clients need, as rows; behaviour differences live here and nowhere else."""

from dataclasses import dataclass
from enum import StrEnum

WHOLE_VERSION = 0xFFFF_FFFF
APPLICATION = 0xFFFF_0000  # the application's half of a file version (ZCL OTA, file version)
XBEE_VERSION = 0x00FF_FFFF  # of a Digi version; the highest octet says which modules it suits


class TimeForm(StrEnum):
    """How an Upgrade End Response writes its two times (ZCL OTA, 'current time' and 'upgrade time')."""

    RELATIVE = "relative"  # current 0, upgrade = seconds to wait
    RELATIVE_PLUS_ONE = "relative plus one"  # never 0/0: one second is the shortest wait
    ABSOLUTE = "absolute"  # both in UTC seconds since 2000-01-01


@dataclass(frozen=True, slots=True)
class Quirk:
    """One row: what differs for a client from the defaults written here."""

    time_form: TimeForm = TimeForm.RELATIVE
    block_cap: int | None = None  # octets; never send more than this in one block
    whole_blocks: bool = False  # takes no block shorter than it asked for, the file's last apart
    stall_after: float | None = None  # seconds without a request until the place is given away
    verify_for: float = 1800.0  # seconds it may check the whole image until it counts as stalled
    restart_for: float = 900.0  # seconds it may take to come back with its version
    bare_before: int | None = None  # what runs a Digi version below this takes the bare element
    told_bits: int = WHOLE_VERSION  # of a file's version: those its firmware tells as they are

    def wants_element(self, running: int) -> bool:
        """Whether a client that runs this version takes the first element's octets, not the file."""
        return self.bare_before is not None and running & XBEE_VERSION < self.bare_before

    def resembles(self, told: int, version: int) -> bool:
        """Whether a version told may be that of a file, written as this vendor's firmware does."""
        return (told ^ version) & self.told_bits == 0


DEFAULT = Quirk()

#: (manufacturer code, image type or None for all) -> row; the more specific wins. Behind each row
#: stands what was seen and who reported it; docs/vendor-habits.md has the whole of it.
QUIRKS: dict[tuple[int, int | None], Quirk] = {
    # Bosch: pauses of up to an hour between blocks (zigbee-herdsman-converters #6761).
    (0x1209, None): Quirk(stall_after=7200.0),
    # Legrand: takes a block shorter than asked for a bad image (zigbee-OTA #328), asks again after
    # minutes, copies to a second processor, and tells other stack octets than its file (#371).
    (0x1021, None): Quirk(
        whole_blocks=True, stall_after=1800.0, verify_for=3600.0, told_bits=APPLICATION
    ),
    # Insta, for Gira and Jung: 40 octets a block, in pages (zigbee-herdsman-converters #1082).
    (0x117A, None): Quirk(block_cap=40),
    # dresden elektronik: 40 octets a block, for the stack of its older ones (zigbee-herdsman #1664).
    (0x1135, None): Quirk(block_cap=40),
    # Digi XBee 3: compares both times; before 0x100A it takes the image without header and element
    # head, and counts offsets from there (xbee-python, its remote firmware updater).
    (0x101E, None): Quirk(time_form=TimeForm.ABSOLUTE, bare_before=0x100A),
    # Sonoff: those on Telink chips fail on a block shorter than asked (zigpy #1781).
    (0x1286, None): Quirk(whole_blocks=True),
    # Sonoff TRVZB: programs its second processor, an hour, before it ends (converters #6681).
    (0x1286, 0x2007): Quirk(whole_blocks=True, verify_for=7200.0),
}


def quirk_for(manufacturer_code: int, image_type: int) -> Quirk:
    """Return the row for a client, the default when there is none."""
    return QUIRKS.get(
        (manufacturer_code, image_type), QUIRKS.get((manufacturer_code, None), DEFAULT)
    )
