"""The file name the standard recommends, written and read; knows no files."""

import re
from typing import Final, NamedTuple, Protocol

_PATTERN: Final = re.compile(
    r"([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{8})(?![0-9a-f])", re.IGNORECASE
)


class Identified(Protocol):
    """Anything with the three numbers that identify an OTA file."""

    @property
    def manufacturer_code(self) -> int: ...  # noqa: D102
    @property
    def image_type(self) -> int: ...  # noqa: D102
    @property
    def file_version(self) -> int: ...  # noqa: D102


class NamedIdentity(NamedTuple):
    """What a file name claims."""

    manufacturer_code: int
    image_type: int
    file_version: int


def recommended_name(identity: Identified, text: str = "") -> str:
    """Write ``MMMM-TTTT-VVVVVVVV[-text].zigbee`` (ZCL OTA, file naming)."""
    numbers = (
        f"{identity.manufacturer_code:04X}-{identity.image_type:04X}-{identity.file_version:08X}"
    )
    if not text:
        return f"{numbers}.zigbee"
    clean = re.sub(r"[^A-Za-z0-9._]+", "_", text).strip("_.")
    return f"{numbers}-{clean}.zigbee" if clean else f"{numbers}.zigbee"


def named_identity(name: str) -> NamedIdentity | None:
    """Read the identity a file name begins with, or None when it follows another pattern."""
    found = _PATTERN.match(name)
    return None if found is None else NamedIdentity(*(int(group, 16) for group in found.groups()))
