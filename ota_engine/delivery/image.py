"""A firmware image as the server hands it out: identity and octets, immutable."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ota_engine.records import ImageRecord


class ImageKey(NamedTuple):
    """What a client calls an image by (ZCL OTA, Image Block Request)."""

    manufacturer_code: int
    image_type: int
    file_version: int


@dataclass(frozen=True, slots=True)
class ServedImage:
    """One immutable image; ``data`` is the whole OTA file, ``size`` its length in octets."""

    key: ImageKey
    size: int
    data: bytes = field(repr=False)
    record: ImageRecord = field(repr=False)

    @classmethod
    def of(cls, record: ImageRecord) -> "ServedImage":
        """Make the served form of a catalogue row."""
        key = ImageKey(record.manufacturer_code, record.image_type, record.file_version)
        return cls(key, len(record.data), record.data, record)

    @property
    def sha256(self) -> str:
        """SHA-256 of the OTA file, lower-case hexadecimal."""
        return self.record.sha256
