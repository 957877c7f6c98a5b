"""Firmware formats inside an OTA file: structure, checksums, flags; knows no OTA header."""

from collections.abc import Callable
from typing import Final

from images.payloads.espressif import espressif
from images.payloads.facts import PayloadDefect, PayloadFacts
from images.payloads.mcuboot import mcuboot
from images.payloads.others import jn51, k32w, telink, ti_oad
from images.payloads.silabs import ebl, gbl

__all__ = ["PayloadDefect", "PayloadFacts", "examine"]

# The surer a format is told, the earlier it is asked for.
_FORMATS: Final[tuple[Callable[[memoryview], PayloadFacts | None], ...]] = (
    gbl,
    ebl,
    mcuboot,
    ti_oad,
    jn51,
    k32w,
    telink,
    espressif,
)


def examine(data: memoryview) -> PayloadFacts | None:
    """Recognise a payload and look for what is wrong with it; None for an unknown format."""
    for look in _FORMATS:
        found = look(data)
        if found is not None:
            return found
    return None
