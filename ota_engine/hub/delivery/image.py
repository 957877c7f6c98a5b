"""A firmware image as the server hands it out: identity and octets, immutable."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ota_engine.errors import PeerError
from ota_engine.records import ImageRecord
from ota_engine.zcl.hot import encode_block_data


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

    def block_size(self, offset: int, asked: int, carries: int) -> int:
        """Say how long a block from ``offset`` is: what was asked, what the link carries, the rest.

        Raises:
            PeerError: MALFORMED_COMMAND, the block would begin past the end or hold nothing.
        """
        left = self.size - offset
        if left <= 0:
            raise PeerError(f"offset {offset} is past the image's {self.size} octets")
        size = asked if asked < carries else carries  # noqa: FURB136 - min() costs more, per block
        if size <= 0:
            raise PeerError("a block of 0 octets was asked for")
        return size if size < left else left  # noqa: FURB136

    def block(self, sequence: int, offset: int, size: int) -> bytes:
        """Write the frame of the Image Block Response with ``size`` octets from ``offset``."""
        manufacturer_code, image_type, file_version = self.key
        return encode_block_data(
            sequence,
            manufacturer_code,
            image_type,
            file_version,
            offset,
            self.data[offset : offset + size],
        )
