"""All a rule may look at: the bytes, the parsed image, the file name and what the user expects."""

from dataclasses import dataclass, field

from images.errors import ImageError
from images.header import OtaHeader
from images.model import OtaImage, parse
from images.rules.findings import Profile


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


@dataclass(frozen=True, slots=True)
class RawFile:
    """The bytes of a file, whether they parse or not."""

    data: memoryview
    name: str | None
    error: ImageError | None


@dataclass(frozen=True, slots=True)
class Context:
    """A parsed image under a profile.

    Attributes:
        image: the parsed file.
        profile: by whose rules it is judged.
        name: its file name without folders, or None when it has none.
        expect: what the user knows.
    """

    image: OtaImage
    profile: Profile
    name: str | None = None
    expect: Expectations = field(default_factory=Expectations)

    @property
    def header(self) -> OtaHeader:
        """The image's header."""
        return self.image.header

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
