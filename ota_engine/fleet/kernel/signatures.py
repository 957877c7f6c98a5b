"""Signatures of persons and of the fleet: ECDSA P-256 with SHA-256, r and s in 64 octets; pure."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_HALF: Final = 32  # octets of r and of s


def sign(key: ec.EllipticCurvePrivateKey, octets: bytes) -> bytes:
    """Sign octets.

    Returns:
        r and s, 64 octets.
    """
    r, s = utils.decode_dss_signature(key.sign(octets, ec.ECDSA(SHA256())))
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def is_signed(octets: bytes, signature: bytes, public_pem: str) -> bool:
    """Whether a signature is that of a key.

    Raises:
        ValueError: the text holds no public key.
    """
    public = load_pem_public_key(public_pem.encode())
    if not isinstance(public, ec.EllipticCurvePublicKey) or len(signature) != 2 * _HALF:
        return False
    r, s = signature[:_HALF], signature[_HALF:]
    der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    try:
        public.verify(der, octets, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
