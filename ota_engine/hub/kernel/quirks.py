"""What particular vendors' clients need, as rows; behaviour differences live here and nowhere else."""

from dataclasses import dataclass
from enum import StrEnum


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
    stall_after: float | None = None  # seconds without a request until the place is given away
    verify_for: float = 1800.0  # seconds it may check the whole image until it counts as stalled
    restart_for: float = 900.0  # seconds it may take to come back with its version


DEFAULT = Quirk()

#: (manufacturer code, image type or None for all) -> row; the more specific wins.
QUIRKS: dict[tuple[int, int | None], Quirk] = {
    (0x1209, None): Quirk(stall_after=7200.0),  # Bosch: pauses of up to an hour between blocks
    (0x1021, None): Quirk(verify_for=3600.0),  # Legrand: two-processor devices copy first
    (0x117A, None): Quirk(block_cap=40),  # Insta
    (0x1135, None): Quirk(block_cap=40),  # Dresden Elektronik
    (0x101E, None): Quirk(time_form=TimeForm.ABSOLUTE),  # Digi XBee compares both times
}


def quirk_for(manufacturer_code: int, image_type: int) -> Quirk:
    """Return the row for a client, the default when there is none."""
    return QUIRKS.get(
        (manufacturer_code, image_type), QUIRKS.get((manufacturer_code, None), DEFAULT)
    )
