"""All a rule may look at: the bytes, the parsed image, the file name and what the user expects."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from images.elements import Tag
from images.errors import ImageError
from images.header import OtaHeader
from images.manifest import Manifest
from images.model import OtaImage, parse
from images.payloads import PayloadFacts, examine
from images.rules.findings import Profile
from images.rules.vendors import Vendor
from images.shapes import TELINK_TAG
from images.smart_energy import SUITES, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the user knows beyond the file; a rule without its datum stays silent.

    Attributes:
        manufacturer_code: the only code accepted.
        manufacturer_codes: codes the user holds to be assigned.
        image_type: the type registered for the device class.
        previous_version: file version of the release before.
        device_hardware: hardware version of the devices to serve.
        bcd_version: versions are written in binary coded decimal.
        null_image: the file is a NULL image of a certification test.
        release_version: firmware version named in the release or service request.
        manufacturer_image_hash: SHA-256 published for the Manufacturer Image.
        max_bytes: largest file the network or device accepts.
        slot_size: bytes the device has for the file.
        block_size: data bytes per block that the devices ask for.
        ca_key: public key of the Smart Energy certification authority, in SEC 1 form.
        ca_eui64: EUI-64 of that authority.
        manifest: what an index says of released files.
        namesake: what the index says of this file's name is said of another file of that name.
        retracted: SHA-256 or SHA-512 digests of files withdrawn.
    """

    manufacturer_code: int | None = None
    manufacturer_codes: tuple[int, ...] = ()
    image_type: int | None = None
    previous_version: int | None = None
    device_hardware: int | None = None
    bcd_version: bool = False
    null_image: bool = False
    release_version: int | None = None
    manufacturer_image_hash: bytes | None = None
    max_bytes: int | None = None
    slot_size: int | None = None
    block_size: int | None = None
    ca_key: bytes | None = None
    ca_eui64: int | None = None
    manifest: Manifest = field(default_factory=Manifest)
    namesake: bool = False
    retracted: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class RawFile:
    """The bytes of a file, whether they parse or not."""

    data: memoryview
    name: str | None
    error: ImageError | None


class JudgedFirmware(NamedTuple):
    """One piece of firmware in an image.

    Attributes:
        offset: of its first byte in the OTA file.
        data: its bytes, as far as they are there.
        clipped: whether some are missing.
        found: what it was recognised as, or None.
    """

    offset: int
    data: memoryview
    clipped: bool
    found: PayloadFacts | None


_HASHES: Final = {
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
}


@dataclass(frozen=True)  # no slots: what several rules need is computed once and kept
class Context:
    """A parsed image under a profile.

    Attributes:
        image: the parsed file.
        octets: the file on disk, which views cannot be searched for; nothing copies it again.
        profile: by whose rules it is judged.
        name: its file name without folders, or None when it has none.
        expect: what the user knows.
        vendor: whose habits are known and accepted, or None.
    """

    image: OtaImage
    octets: bytes
    profile: Profile
    name: str | None = None
    expect: Expectations = field(default_factory=Expectations)
    vendor: Vendor | None = None

    @cached_property
    def firmware(self) -> tuple[JudgedFirmware, ...]:
        """The firmware in the image: its upgrade images, or its body where there is no element."""
        image = self.image
        if image.layout in ("gb", "raw"):
            body = image.body if image.manufacturer_image is None else image.manufacturer_image
            found = [(image.header.body_offset, body, image.truncated)] if len(body) else []
        else:
            wanted = TELINK_TAG if image.layout == "telink" else Tag.UPGRADE_IMAGE
            found = [
                (element.offset, element.data, element.clipped)
                for element in image.elements
                if element.tag == wanted and len(element.data)
            ]
        return tuple(JudgedFirmware(*piece, examine(piece[1])) for piece in found)

    @cached_property
    def suites(self) -> tuple[Suite, ...]:
        """The Smart Energy suites of which the image has a signature or a certificate."""
        tags = {element.tag for element in self.image.elements}
        return tuple(
            suite
            for suite in SUITES
            if not tags.isdisjoint((suite.signature_tag, suite.certificate_tag))
        )

    def digest(self, algorithm: str) -> bytes:
        """Of the whole file on disk; each algorithm runs over it once, whatever an index lists."""
        known = self._digests.get(algorithm)
        if known is None:
            known = self._digests[algorithm] = _HASHES[algorithm](self.image.file).digest()
        return known

    @cached_property
    def _digests(self) -> dict[str, bytes]:
        return {}

    @property
    def header(self) -> OtaHeader:
        """The image's header."""
        return self.image.header

    @property
    def end(self) -> int:
        """Where the OTA file ends in the file on disk."""
        return self.image.offset + len(self.image.ota)

    def at(self, ota_offset: int) -> int:
        """Turn an offset in the OTA file into one in the file on disk, never beyond its end."""
        return self.image.offset + min(ota_offset, len(self.image.ota))


def natural_profile(image: OtaImage) -> Profile:
    """The profile a file asks for by its shape."""
    return Profile.GB if image.layout == "gb" else Profile.ZCL


def read(data: bytes | memoryview, name: str | None) -> tuple[RawFile, OtaImage | None]:
    """Parse, keeping the error instead of raising it."""
    view = memoryview(data)
    try:
        return RawFile(view, name, None), parse(view)
    except ImageError as error:
        return RawFile(view, name, error), None
