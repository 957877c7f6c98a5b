"""Puts Smart Energy signatures into images; makes none itself and never sees a private key.

Whoever holds the key signs the digest of what is prepared here (ADR 0040).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from images.binary_curves import Point, decode_point, verify_digest
from images.digests import INTEGRITY_CODE_BYTES, aes_mmo, integrity_code
from images.elements import HEAD, SubElement, Tag
from images.errors import ImageError
from images.model import OtaImage
from images.repair import require_elements, require_unsigned, require_whole
from images.smart_energy import EUI64_BYTES, SUITES, Suite, find_certificate, signer_key

CERTIFICATE_TAGS: Final = frozenset(suite.certificate_tag for suite in SUITES)


class Covered(NamedTuple):
    """A whole image but for r||s, which is all its signature covers.

    Attributes:
        suite: by whose rules it will be signed.
        octets: from the header to the signer's EUI-64; the sizes count r||s already.
    """

    suite: Suite
    octets: bytes

    @property
    def digest(self) -> bytes:
        """What is to be signed as it is: AES-MMO, 16 bytes."""
        return aes_mmo(self.octets)


def prepare(image: OtaImage, suite: Suite, certificate: bytes) -> Covered:
    """Append certificate and empty signature; what the image held of certificates goes.

    An integrity code stays before them, computed anew: it covers the header's total size.

    Args:
        image: an unsigned image of tagged elements.
        suite: of certificate and signature.
        certificate: the signer's implicit certificate; it names the signer.

    Raises:
        ImageError: image or certificate cannot be used for that.
    """
    require_whole(image)
    require_unsigned(image)
    require_elements(image)
    if len(certificate) != suite.certificate_bytes:
        raise ImageError(
            f"a certificate of suite {suite.number} has {suite.certificate_bytes} bytes, "
            f"this one has {len(certificate)}"
        )
    kept = [element for element in image.elements if element.tag not in CERTIFICATE_TAGS]
    signer = certificate[suite.subject_at : suite.subject_at + EUI64_BYTES][::-1]
    tail = (
        HEAD.pack(suite.certificate_tag, len(certificate))
        + certificate
        + HEAD.pack(suite.signature_tag, suite.signature_bytes)
        + signer
    )
    pieces = [b"".join(map(bytes, element.parts())) for element in kept]
    size = image.header.body_offset + sum(map(len, pieces)) + len(tail) + suite.scalars_bytes
    header = image.header._replace(total_image_size=size).serialise()
    return Covered(suite, b"".join((header, *_recoded(header, kept, pieces), tail)))


def _recoded(header: bytes, kept: Sequence[SubElement], pieces: Sequence[bytes]) -> Sequence[bytes]:
    """The elements with an integrity code that fits the new header."""
    tags = [element.tag for element in kept]
    if Tag.IMAGE_INTEGRITY_CODE not in tags:
        return pieces
    if tags.index(Tag.IMAGE_INTEGRITY_CODE) != len(tags) - 1 or (
        kept[-1].length != INTEGRITY_CODE_BYTES
    ):
        raise ImageError("the integrity code is not the last element of 16 bytes: strip it first")
    *before, code = pieces
    return (*before, code[: HEAD.size] + integrity_code(b"".join((header, *before))))


def finish(covered: Covered, r: int, s: int) -> bytes:
    """The signed image.

    Raises:
        ImageError: the numbers are none a signature can hold.
    """
    order, size = covered.suite.curve.order, covered.suite.curve.scalar_bytes
    if not (0 < r < order and 0 < s < order):
        raise ImageError("the signature's numbers are not below the order of the curve")
    return covered.octets + r.to_bytes(size) + s.to_bytes(size)


def require_key(covered: Covered, public: bytes, r: int, s: int) -> None:
    """See that a signature is right under the public key of whoever signed.

    Args:
        covered: what was signed.
        public: the key in SEC 1 form.
        r: first half of the signature.
        s: second half.

    Raises:
        ImageError: the key is of another curve, or did not sign this.
    """
    curve = covered.suite.curve
    if not verify_digest(curve, decode_point(curve, public), covered.digest, r, s):
        raise ImageError("the signature is not right under the key that made it")


def require_certified(signed: OtaImage, suite: Suite, public: bytes, ca_key: bytes) -> None:
    """See that a certificate is the key's, as its authority issued it.

    Raises:
        ImageError: it yields another key: devices would refuse the image.
    """
    certificate = find_certificate(signed, suite)
    if certificate is None:
        raise ImageError(f"no certificate of suite {suite.number}")
    certified: Point = signer_key(certificate, decode_point(suite.curve, ca_key))
    if certified != decode_point(suite.curve, public):
        raise ImageError(
            "the certificate is not that of the signing key, or another authority issued it"
        )
