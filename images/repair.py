"""Rewrites OTA files: mends unsigned ones, strips, signs, takes out; knows no files on disk.

Every function returns new bytes and leaves what it was given alone.
"""

from typing import Final, NamedTuple

from images.building import signed_body
from images.digests import INTEGRITY_CODE_BYTES, Convention, integrity_code, recognise_integrity
from images.elements import HEAD_BYTES, SubElement, Tag, walk
from images.errors import ImageError
from images.header import HEADER_STRING_BYTES, OtaHeader
from images.model import OtaImage, parse
from images.signing import SigningFunction

SIGNATURE_TAGS: Final = frozenset((Tag.ECDSA_SIGNATURE_1, Tag.ECDSA_SIGNATURE_2))
SECURITY_TAGS: Final = SIGNATURE_TAGS | {
    Tag.ECDSA_CERTIFICATE_1,
    Tag.ECDSA_CERTIFICATE_2,
    Tag.IMAGE_INTEGRITY_CODE,
}


class Fixed(NamedTuple):
    """A mended file.

    Attributes:
        data: its bytes.
        changes: what was done, one line each; empty for a file that needed nothing.
    """

    data: bytes
    changes: tuple[str, ...]


def unwrap(image: OtaImage) -> bytes:
    """The bare OTA file: without container and without trailing bytes.

    Raises:
        ImageError: it is cut off.
    """
    require_whole(image)
    return bytes(image.ota)


def extract(image: OtaImage, tag: int | None = None) -> bytes:
    """One element's data; without a tag the firmware itself.

    Raises:
        ImageError: there is no such element, or it is cut off.
    """
    if tag is None and not image.elements:
        require_whole(image)
        return bytes(image.body if image.manufacturer_image is None else image.manufacturer_image)
    wanted = Tag.UPGRADE_IMAGE if tag is None else tag
    element = image.element(wanted)
    if element is None:
        there = ", ".join(dict.fromkeys(f"{one.tag:#06x}" for one in image.elements)) or "none"
        raise ImageError(f"no element {wanted:#06x}; there are {there}: give one with --tag")
    if element.clipped:
        raise ImageError(f"element {wanted:#06x} is cut off", image.offset + element.offset)
    return bytes(element.data)


def strip(image: OtaImage) -> bytes:
    """The file without signature, certificate and integrity code.

    Raises:
        ImageError: it carries none of them, or its elements do not add up.
    """
    require_whole(image)
    if image.signature is not None and image.manufacturer_image is not None:
        return _assembled(image.header, bytes(image.manufacturer_image))
    require_elements(image)
    kept = [element for element in image.elements if element.tag not in SECURITY_TAGS]
    if len(kept) == len(image.elements):
        raise ImageError("nothing to strip: no signature, certificate or integrity code")
    return _assembled(image.header, _body(kept))


def sign(image: OtaImage, key: bytes | SigningFunction, *, force_replace: bool = False) -> bytes:
    """Append the GB signature trailer to an unsigned GB file.

    Raises:
        ImageError: it is signed already, is no GB file, or the key is unusable.
    """
    require_whole(image)
    require_unsigned(image)
    if image.layout != "gb":
        raise ImageError(
            f"the layout is {image.layout}, not gb: only a Manufacturer Image gets this signature"
        )
    body = signed_body(bytes(image.body), key, force_replace=force_replace)
    return _assembled(image.header, body)


def fix(image: OtaImage) -> Fixed:
    """Mend what can be mended without guessing: size, trailing bytes, integrity code, string.

    Raises:
        ImageError: the file is signed, or damaged in a way only its maker can mend.
    """
    require_unsigned(image)
    image, changes = _right_size(image)
    require_unsigned(image)  # a declared size that lied may have hidden a signature
    header = image.header
    clean = header.header_string.partition(b"\x00")[0].ljust(HEADER_STRING_BYTES, b"\x00")
    if clean != header.header_string:
        changes.append("removed what followed the header string's NUL")
        header = header._replace(header_string=clean)
    body = bytes(image.body)
    element = image.element(Tag.IMAGE_INTEGRITY_CODE)
    if element is not None:
        body = _recoded(image, header, body, element, changes)
    return Fixed(_assembled(header, body), tuple(changes))


def _right_size(image: OtaImage) -> tuple[OtaImage, list[str]]:
    """Find the size that the elements agree with: the declared one, or that of the file."""
    changes: list[str] = []
    if image.container is not None:
        changes.append(f"taken out of its {image.container} container")
    if _adds_up(image):
        if image.trailing is not None and image.container is None:
            changes.append(f"cut off {image.trailing.length} bytes after the OTA file")
        return parse(bytes(image.ota)), changes
    start = image.header.body_offset
    whole = image.file[image.offset :]
    elements, stop = walk(whole, start, len(whole))
    if image.container is not None or not elements or stop != len(whole):
        raise ImageError("the elements do not add up to any size: build the file again")
    changes.append(f"total image size {image.header.total_image_size} became {len(whole)}")
    header = image.header._replace(total_image_size=len(whole))
    return parse(header.serialise() + bytes(whole[start:])), changes


def _adds_up(image: OtaImage) -> bool:
    """Whether the declared size is one the body agrees with."""
    if image.truncated or image.header.total_image_size <= image.header.body_offset:
        return False
    clipped = any(element.clipped for element in image.elements)
    return not clipped and not (image.elements and len(image.residue))


def _recoded(
    image: OtaImage, header: OtaHeader, body: bytes, element: SubElement, changes: list[str]
) -> bytes:
    """Compute the integrity code anew where it is wrong, or where what it covers has changed."""
    right = header == image.header and recognise_integrity(image, element) is not None
    if element.length != INTEGRITY_CODE_BYTES or image.elements[-1] is not element:
        raise ImageError(
            "the integrity code is not the last element of 16 bytes: strip it, and build it again",
            image.offset + element.offset,
        )
    if right:
        return body
    place = element.offset - image.header.body_offset
    code = integrity_code(header.serialise() + body[: place - HEAD_BYTES])
    changes.append(f"integrity code computed anew, convention {Convention.A.name}")
    return body[:place] + code


def require_whole(image: OtaImage) -> None:
    """Raise ``ImageError`` for a file that is cut off."""
    if image.truncated:
        missing = image.header.total_image_size - len(image.ota)
        raise ImageError(f"the file is cut off: {missing} bytes are missing")


def require_unsigned(image: OtaImage) -> None:
    """Raise ``ImageError`` for a file with a signature of any kind."""
    if image.signature is not None or any(one.tag in SIGNATURE_TAGS for one in image.elements):
        raise ImageError("the file is signed: any change would break the signature; strip it first")


def require_elements(image: OtaImage) -> None:
    """Raise ``ImageError`` for a body that is anything but whole elements."""
    if not image.elements or len(image.residue) or image.elements[-1].clipped:
        raise ImageError(f"no elements that add up: the layout is {image.layout}")


def _body(elements: list[SubElement]) -> bytes:
    return b"".join(bytes(part) for element in elements for part in element.parts())


def _assembled(header: OtaHeader, body: bytes) -> bytes:
    return header._replace(total_image_size=header.body_offset + len(body)).serialise() + body
