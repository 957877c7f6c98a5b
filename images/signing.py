"""The GB signature: ECDSA P-256 with SHA-256 over the Manufacturer Image; keys come in as PEM."""

from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import NameOID

from images.certificate_file import load_certificate
from images.ecdsa import SIGNATURE_BYTES, sign_raw, verify_raw
from images.errors import ImageError
from images.model import OtaImage
from images.shapes import GB_SIGNATURE_BYTES

PUBLIC_KEY_LABEL: Final = b"-----BEGIN PUBLIC KEY-----"


class ImageSigner(NamedTuple):
    """Whose key a certificate holds.

    Attributes:
        name: the common name.
        eui64: the organisation's EUI-64, as GB certificates carry it (subject 2.5.4.45), or None.
    """

    name: str
    eui64: int | None


#: Signs octets where the key is, as r||s, 64 octets.
SigningFunction = Callable[[bytes], bytes]


def sign_manufacturer_image(
    manufacturer_image: bytes | memoryview, key: bytes | SigningFunction
) -> bytes:
    """Sign as a supplier does (GBCS 11.2).

    The same key and image give the same signature where OpenSSL knows RFC 6979 (3.2 and later);
    older ones draw a random nonce.

    Args:
        manufacturer_image: what the device will hash and check.
        key: an unencrypted P-256 private key as PEM, or what signs with one.

    Returns:
        r||s, 64 bytes.

    Raises:
        ImageError: the key is not such a key, or what signs gives no such signature.
    """
    if isinstance(key, bytes):
        return sign_raw(bytes(manufacturer_image), load_signing_key(key))
    signature = key(bytes(manufacturer_image))
    if len(signature) != SIGNATURE_BYTES:
        raise ImageError(f"a signature has {SIGNATURE_BYTES} octets, not {len(signature)}")
    return signature


def verify_image(image: OtaImage, certificate_pem: bytes) -> None:
    """Check the GB signature of an image.

    Args:
        image: a parsed image.
        certificate_pem: the signer's X.509 certificate, or its bare public key.

    Raises:
        ImageError: there is no signature, the certificate is unusable, or they do not agree.
    """
    key = load_verifying_key(certificate_pem)
    manufacturer_image, signature = image.manufacturer_image, image.signature
    if manufacturer_image is None or signature is None:
        raise ImageError(
            f"no GB signature to verify: the layout is {image.layout!r} and the file does not end "
            "in force-replace octet, 0x40 and 64 bytes r||s"
        )
    if not verify_manufacturer_image(manufacturer_image, signature, key):
        raise ImageError(
            "the signature does not verify: another key signed this image, or its bytes were "
            "changed after signing",
            image.offset + len(image.ota) - GB_SIGNATURE_BYTES,
        )


def verify_manufacturer_image(
    manufacturer_image: bytes | memoryview,
    signature: bytes | memoryview,
    key: ec.EllipticCurvePublicKey,
) -> bool:
    """Whether r||s is this key's signature over the Manufacturer Image."""
    return verify_raw(bytes(manufacturer_image), signature, key)


def read_signer(pem: bytes) -> ImageSigner:
    """Say whose certificate this is, as far as it says so itself.

    Raises:
        ImageError: it is neither a certificate nor a public key GB signs with.
    """
    load_verifying_key(pem)
    if PUBLIC_KEY_LABEL in pem:
        return ImageSigner("bare public key", None)
    subject = load_certificate(pem).subject
    identifiers = subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER)
    value = identifiers[0].value if identifiers else b""
    # A BIT STRING: the octet before the EUI-64 counts unused bits, and is zero.
    eui64 = int.from_bytes(value[1:]) if isinstance(value, bytes) and len(value) == 9 else None
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return ImageSigner(str(names[0].value) if names else "no common name", eui64)


def load_signing_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read an unencrypted P-256 private key.

    Raises:
        ImageError: it is something else; the text says what.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ImageError(
            "the signing key is encrypted with a passphrase: give a decrypted copy"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ImageError("the signing key is not a PEM private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ImageError("the signing key is not an elliptic-curve key: GB signs with ECDSA P-256")
    _require_p256(key.curve, "signing key")
    return key


def load_verifying_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read the P-256 public key out of an X.509 certificate, or a bare public key.

    Raises:
        ImageError: it is something else; the text says what.
    """
    try:
        if PUBLIC_KEY_LABEL in pem:
            key = load_pem_public_key(pem)
        else:
            key = load_certificate(pem).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ImageError("the certificate is not a PEM X.509 certificate or public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ImageError("the certificate holds no elliptic-curve key: GB signs with ECDSA P-256")
    _require_p256(key.curve, "certificate")
    return key


def _require_p256(curve: ec.EllipticCurve, what: str) -> None:
    if not isinstance(curve, ec.SECP256R1):
        raise ImageError(f"the {what} is on curve {curve.name}: GB signs with ECDSA P-256")
