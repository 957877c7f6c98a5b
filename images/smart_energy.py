"""Smart Energy image signatures: their elements, what they cover, and whether they are right.

Knows suites 1 and 2 of the Smart Energy profile. Keys come in as bytes: a CA's public key is an
input, never a constant, and no private key is ever needed here.
"""

from typing import Final, NamedTuple

from images.binary_curves import (
    SECT163K1,
    SECT283K1,
    Curve,
    Point,
    add,
    decode_point,
    multiply,
    verify_digest,
)
from images.digests import aes_mmo
from images.elements import SubElement, Tag
from images.errors import ImageError
from images.model import OtaImage

EUI64_BYTES: Final = 8


class Suite(NamedTuple):
    """One cryptographic suite, as a row.

    Attributes:
        number: 1 or 2.
        curve: of all its keys.
        signature_tag: element with signer and r||s.
        certificate_tag: element with the signer's implicit certificate.
        certificate_bytes: exact length of the latter.
        key_at: offset of the reconstruction key in the certificate.
        subject_at: offset of the subject's EUI-64 there.
        issuer_at: offset of the issuer's EUI-64 there.
    """

    number: int
    curve: Curve
    signature_tag: int
    certificate_tag: int
    certificate_bytes: int
    key_at: int
    subject_at: int
    issuer_at: int

    @property
    def scalars_bytes(self) -> int:
        """Bytes of r||s, which no digest covers."""
        return 2 * self.curve.scalar_bytes

    @property
    def signature_bytes(self) -> int:
        """Exact length of the signature element."""
        return EUI64_BYTES + self.scalars_bytes


SUITES: Final = (
    Suite(1, SECT163K1, Tag.ECDSA_SIGNATURE_1, Tag.ECDSA_CERTIFICATE_1, 48, 0, 22, 30),
    Suite(2, SECT283K1, Tag.ECDSA_SIGNATURE_2, Tag.ECDSA_CERTIFICATE_2, 74, 37, 28, 11),
)


class Signature(NamedTuple):
    """A signature element of the exact length.

    Attributes:
        suite: which suite.
        element: where it lies.
        signer: EUI-64 of who signed.
        r: first number, big-endian in the file.
        s: second number.
    """

    suite: Suite
    element: SubElement
    signer: int
    r: int
    s: int


class SmartEnergyCertificate(NamedTuple):
    """An implicit (ECQV) certificate of the exact length.

    Attributes:
        suite: which suite.
        element: where it lies.
        subject: EUI-64 whose certificate it is, read as the certificate's octets stand.
        issuer: EUI-64 of the certification authority, likewise.
        key: the reconstruction key, a compressed point.
        octets: the whole certificate, as it is hashed.
    """

    suite: Suite
    element: SubElement
    subject: int
    issuer: int
    key: bytes
    octets: bytes


def find_signature(image: OtaImage, suite: Suite) -> Signature | None:
    """The suite's signature, or None without one of the exact length."""
    element = image.element(suite.signature_tag)
    if element is None or element.clipped or element.length != suite.signature_bytes:
        return None
    data, half = bytes(element.data), suite.curve.scalar_bytes
    return Signature(
        suite,
        element,
        int.from_bytes(data[:EUI64_BYTES], "little"),
        int.from_bytes(data[EUI64_BYTES : EUI64_BYTES + half]),
        int.from_bytes(data[EUI64_BYTES + half :]),
    )


def find_certificate(image: OtaImage, suite: Suite) -> SmartEnergyCertificate | None:
    """The suite's certificate, or None without one of the exact length."""
    element = image.element(suite.certificate_tag)
    if element is None or element.clipped or element.length != suite.certificate_bytes:
        return None
    data = bytes(element.data)
    subject = data[suite.subject_at : suite.subject_at + EUI64_BYTES]
    issuer = data[suite.issuer_at : suite.issuer_at + EUI64_BYTES]
    key = data[suite.key_at : suite.key_at + 1 + suite.curve.element_bytes]
    return SmartEnergyCertificate(
        suite, element, int.from_bytes(subject), int.from_bytes(issuer), key, data
    )


def signed_digest(image: OtaImage, signature: Signature) -> bytes:
    """AES-MMO over what a signature covers: everything but its own r||s.

    The signature element is the last one, so that is the image up to and including the signer.
    """
    return aes_mmo(image.ota[: signature.element.offset + EUI64_BYTES])


def signer_key(certificate: SmartEnergyCertificate, ca_key: Point) -> Point:
    """Reconstruct the signer's public key: H(certificate) * key + CA (SEC 4, ECQV).

    Raises:
        ImageError: the reconstruction key is no point, or the sum is none a key can be.
    """
    curve = certificate.suite.curve
    number = int.from_bytes(aes_mmo(certificate.octets))
    scaled = multiply(curve, number, decode_point(curve, certificate.key))
    key = add(curve, scaled, ca_key)
    if key is None:
        raise ImageError("the certificate yields no public key: the sum is infinity")
    return key


def verify_signature(
    image: OtaImage, signature: Signature, certificate: SmartEnergyCertificate, ca_key: bytes
) -> bool:
    """Whether the signature is right under a certification authority's public key.

    Args:
        image: the whole image.
        signature: found in it.
        certificate: found in it, of the same suite.
        ca_key: the authority's key in SEC 1 form, compressed or not.

    Raises:
        ImageError: one of the keys is none.
    """
    curve = signature.suite.curve
    key = signer_key(certificate, decode_point(curve, ca_key))
    digest = signed_digest(image, signature)
    return verify_digest(curve, key, digest, signature.r, signature.s)
