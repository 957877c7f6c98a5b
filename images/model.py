"""The OTA file as a record: parse and serialise byte-exact; knows no radio, device or policy."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from images.containers import Container, Trailing, trailing, unwrap
from images.elements import SubElement
from images.header import OtaHeader, parse_header
from images.shapes import (
    GB_SIGNATURE_BYTES,
    GB_TRAILER_BYTES,
    Layout,
    has_gb_trailer,
    recognise,
)

__all__ = ["OtaHeader", "OtaImage", "SubElement", "Trailing", "parse"]


@dataclass(frozen=True, slots=True)
class OtaImage:
    """One OTA file, its parts as views into the bytes it was parsed from.

    Attributes:
        header: the OTA header.
        layout: shape of what follows the header, see ``images.shapes``.
        elements: tagged sub-elements; empty for ``hue``, ``raw`` and untagged ``gb`` bodies.
        residue: bytes of the body no element accounts for; all of it when there is none.
        ota: the OTA file exactly as a server serves it: from the header to the declared size,
            without container and trailing bytes; shorter when the file is truncated.
        file: the whole file as it lies on disk.
        offset: where ``ota`` starts in ``file``.
        container: the vendor wrapper around the OTA file, or None.
        trailing: what follows the OTA file on disk, or None.
    """

    header: OtaHeader
    layout: Layout
    elements: tuple[SubElement, ...]
    residue: memoryview
    ota: memoryview
    file: memoryview
    offset: int
    container: Container | None
    trailing: Trailing | None

    @property
    def body(self) -> memoryview:
        """Everything after the header."""
        return self.ota[self.header.body_offset :]

    @property
    def truncated(self) -> bool:
        """Whether the file ends before the size its header declares."""
        return len(self.ota) < self.header.total_image_size

    @property
    def manufacturer_image(self) -> memoryview | None:
        """What GB signs and activates by hash (GBCS 11.2); None unless the layout is ``gb``."""
        if self.layout != "gb":
            return None
        return self.body[:-GB_TRAILER_BYTES] if self.signature is not None else self.body

    @property
    def manufacturer_image_hash(self) -> bytes | None:
        """SHA-256 over the Manufacturer Image, as CS06 carries it; None unless ``gb``."""
        image = self.manufacturer_image
        return None if image is None else hashlib.sha256(image).digest()

    @property
    def force_replace(self) -> int | None:
        """The octet that tells a Communications Hub to overwrite a held image, or None."""
        return None if self.signature is None else self.body[-GB_TRAILER_BYTES]

    @property
    def signature(self) -> memoryview | None:
        """The 64 bytes r||s of a GB trailer (ECDSA P-256, SHA-256), or None."""
        if self.layout != "gb" or self.truncated:
            return None
        body = self.body
        return body[-GB_SIGNATURE_BYTES:] if has_gb_trailer(body) else None

    def element(self, tag: int) -> SubElement | None:
        """The first element with this tag, or None."""
        for element in self.elements:  # a loop: the rules ask this some twenty times per file
            if element.tag == tag:
                return element
        return None

    def serialise(self) -> bytes:
        """Put the file together again from its parts: the same bytes that were parsed."""
        end = self.offset + len(self.ota)
        head, tail = self.file[: self.offset], self.file[end:]
        return b"".join((head, self.header.serialise(), *self._body_parts(), tail))

    def _body_parts(self) -> Iterator[bytes | memoryview]:
        image, signature = self.manufacturer_image, self.signature
        if image is not None and signature is not None:
            yield from (image, bytes((self.force_replace or 0, GB_SIGNATURE_BYTES)), signature)
            return
        for element in self.elements:
            yield from element.parts()
        yield self.residue


def parse(data: bytes | bytearray | memoryview) -> OtaImage:
    """Read an OTA file, bare or in a known vendor container.

    Damage behind the header never fails here: lengths that lie clip to the bytes that exist, and
    the lint rules name them. Nothing is allocated by a declared length, and no payload is copied.

    Args:
        data: the whole file; it must not change while the image is in use.

    Raises:
        ImageError: there is no complete OTA header where one must be.
    """
    file = memoryview(data)
    found = unwrap(file)
    inner = file[found.offset : found.end]
    header = parse_header(inner, found.offset)
    ota = inner[: max(header.total_image_size, header.body_offset)]
    shape = recognise(ota, header)
    return OtaImage(
        header,
        shape.layout,
        shape.elements,
        ota[shape.residue :],
        ota,
        file,
        found.offset,
        found.container,
        trailing(file, found.offset + len(ota), found),
    )
