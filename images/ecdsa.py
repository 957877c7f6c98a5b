"""ECDSA P-256 with SHA-256 as GB writes it, r||s; knows keys, not whose they are."""

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

SCALAR_BYTES: Final = 32  # r and s, big-endian
SIGNATURE_BYTES: Final = 2 * SCALAR_BYTES
# The order of P-256; r and s lie in 1..n-1 (SEC 2, 2.4.2)
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SCHEME: Final = ec.ECDSA(SHA256())


def sign_raw(message: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Sign a message.

    The same key and message give the same signature where OpenSSL knows RFC 6979 (3.2 and later);
    older ones draw a random nonce.

    Returns:
        r||s, 64 bytes.
    """
    try:
        der = key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
    except UnsupportedAlgorithm:
        der = key.sign(message, _SCHEME)
    r, s = decode_dss_signature(der)
    return r.to_bytes(SCALAR_BYTES) + s.to_bytes(SCALAR_BYTES)


def verify_raw(
    message: bytes, signature: bytes | memoryview, key: ec.EllipticCurvePublicKey
) -> bool:
    """Whether r||s is this key's signature over the message; any other octets are not."""
    r = int.from_bytes(signature[:SCALAR_BYTES])
    s = int.from_bytes(signature[SCALAR_BYTES:])
    if len(signature) != SIGNATURE_BYTES or not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        return False
    try:
        key.verify(encode_dss_signature(r, s), message, _SCHEME)
    except InvalidSignature:
        return False
    return True
