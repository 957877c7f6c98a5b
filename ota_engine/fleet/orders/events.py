"""A service request as it comes to the fleet, and the answer as it leaves; pure values."""

from dataclasses import dataclass
from enum import StrEnum

from images.eui64 import Eui64
from ota_engine.duis.requests import ServiceRequest


class WebService(StrEnum):
    """Where a request was posted (DUIS 5.4, section 1.3)."""

    TRANSFORM = "serviceT"
    SEND = "serviceS"
    DCC_ONLY = "serviceD"


class SmkiRole(StrEnum):
    """Remote party role of the certificate that signed, as far as it concerns users."""

    XML_SIGN = "xml sign"  # 135, a Service User
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OrderedImage:
    """What is known of the image that a request carries; its octets lie by their digest.

    Attributes:
        sha256: of the file, hexadecimal.
        manufacturer_hash: SHA-256 of the manufacturer image, hexadecimal; empty where it has none.
        size: octets.
        manufacturer_code: of the OTA header.
        image_type: of the OTA header.
        version: of the OTA header.
        min_hardware: of the OTA header, None where it names none.
        max_hardware: of the OTA header, None where it names none.
        trouble: why it is no GB image that can be delivered, one line; empty when it is.
        force_replace: it says itself that it takes the place of one that is under way.
    """

    sha256: str
    manufacturer_hash: str
    size: int
    manufacturer_code: int
    image_type: int
    version: int
    min_hardware: int | None = None
    max_hardware: int | None = None
    trouble: str = ""
    force_replace: bool = False


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A signed request has come whose signature is good.

    Attributes:
        request: as it was signed; an image's octets are left out.
        digest: SHA-256 of the document as it was signed, hexadecimal: the same means the same request.
        signer: EUI-64 of the certificate that signed.
        role: of that certificate.
        service: where it was posted.
        image: that it carries, for 11.1 and 11.4.
    """

    request: ServiceRequest
    digest: str
    signer: Eui64
    role: SmkiRole
    service: WebService
    image: OrderedImage | None = None
