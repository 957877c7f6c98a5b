"""The firmware images of a hub, as they are handed out: identity and octets, immutable.

An image is found by its whole digest, or by the firmware it is for together with its version or its
hash; never by a hash alone, which two files for different devices may share.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from images.errors import ImageError
from images.model import parse
from ota_engine.errors import PeerError
from ota_engine.hub.kernel.output import Output
from ota_engine.records import ImageRecord, ImageTerms
from ota_engine.zcl.hot import block_image, encode_block

UNKNOWN_VERSION = 0xFFFFFFFF  # ZCL OTA, CurrentFileVersion: the client does not know


class ImageKey(NamedTuple):
    """What a client calls an image by (ZCL OTA, Image Block Request)."""

    manufacturer_code: int
    image_type: int
    file_version: int


@dataclass(frozen=True, slots=True)
class ServedImage:
    """One immutable image.

    Of what ``bare`` returns data and size are those of the first element, which some clients take
    instead.

    Attributes:
        key: what a client calls it by.
        size: of the whole OTA file, octets.
        data: the whole OTA file.
        record: its row in the catalogue.
        named: the octets that name it in every Image Block Response.
    """

    key: ImageKey
    size: int
    data: bytes = field(repr=False)
    record: ImageRecord = field(repr=False)
    named: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, record: ImageRecord) -> "ServedImage":
        """Make the served form of a catalogue row."""
        key = ImageKey(record.manufacturer_code, record.image_type, record.file_version)
        return cls(key, len(record.data), record.data, record, block_image(*key))

    @property
    def sha256(self) -> str:
        """SHA-256 of the OTA file, lower-case hexadecimal."""
        return self.record.sha256

    def bare(self) -> "ServedImage":
        """The first element's octets alone; the file as it is where it has no element."""
        return _bare(self)

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
        """Write the frame of the Image Block Response that carries ``size`` octets from ``offset``."""
        return encode_block(self.named, sequence, offset, self.data[offset : offset + size])


@lru_cache(maxsize=64)
def _bare(image: ServedImage) -> ServedImage:
    try:
        elements = parse(image.data).elements
    except ImageError:
        return image
    if not elements:
        return image
    data = bytes(elements[0].data)
    return replace(image, data=data, size=len(data))


class Images:
    """Every image that may be assigned, by the SHA-256 of its file, and the terms it is released on."""

    __slots__ = ("_images", "_output", "_terms")

    def __init__(
        self, records: Iterable[ImageRecord], terms: Iterable[ImageTerms], output: Output
    ) -> None:
        self._images = {record.sha256: ServedImage.of(record) for record in records}
        self._terms = {stated.sha256: stated for stated in terms}
        self._output = output

    def add(self, record: ImageRecord) -> ServedImage:
        """Take an image in, and have it stored; the same octets twice are one image."""
        image = self._images.get(record.sha256)
        if image is None:
            image = self._images[record.sha256] = ServedImage.of(record)
            self._output.persist(record)
        return image

    def get(self, sha256: str) -> ServedImage | None:
        """Look an image up by the SHA-256 of its file, lower-case hexadecimal."""
        return self._images.get(sha256)

    def state(self, terms: ImageTerms) -> None:
        """Take what a catalogue says of an image that is there, and have it stored."""
        if self._terms.get(terms.sha256) != terms:
            self._terms[terms.sha256] = terms
            self._output.persist(terms)

    def terms(self, sha256: str) -> ImageTerms | None:
        """The terms of an image; None where its header says all that is known."""
        return self._terms.get(sha256)

    @property
    def have_terms(self) -> bool:
        """Whether there is any image of which more is known than its header says."""
        return bool(self._terms)

    def reported(self, image: ServedImage) -> int:
        """The version a device reports that runs an image: that of its file, unless terms say so."""
        return self.reported_by(image.record) if self._terms else image.key.file_version

    def reported_by(self, record: ImageRecord) -> int:
        """The same of an image that need not have been added."""
        terms = self._terms.get(record.sha256)
        version = record.file_version
        return version if terms is None else terms.terms.reported(version)

    def of_hash(
        self, manufacturer_image_hash: bytes, targets: Collection[tuple[int, int]]
    ) -> ImageRecord | None:
        """Look up the newest image of this hash that is for one of these firmwares.

        Args:
            manufacturer_image_hash: SHA-256, 32 octets.
            targets: manufacturer codes with image types.
        """
        digest = manufacturer_image_hash.hex()
        found = [
            image.record
            for image in self._images.values()
            if image.key[:2] in targets and image.record.manufacturer_image_hash == digest
        ]
        return max(found, key=lambda record: record.added_utc, default=None)
