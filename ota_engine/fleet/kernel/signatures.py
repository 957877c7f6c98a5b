"""Signatures of persons and of the fleet: ECDSA P-256 with SHA-256, r and s in 64 octets; pure."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from images.ecdsa import sign_raw, verify_raw


def sign(key: ec.EllipticCurvePrivateKey, octets: bytes) -> bytes:
    """Sign octets.

    Returns:
        r and s, 64 octets; the same for the same octets.
    """
    return sign_raw(octets, key)


def is_signed(octets: bytes, signature: bytes, public_pem: str) -> bool:
    """Whether a signature is that of a key.

    Raises:
        ValueError: the text holds no public key, or one of a kind that nobody here knows.
    """
    try:
        public = load_pem_public_key(public_pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return False
    return verify_raw(octets, signature, public)
