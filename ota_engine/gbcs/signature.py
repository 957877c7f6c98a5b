"""The signature of GBCS messages, and the door behind which private keys stay.

Knows what is signed; whether a key lies in a file, behind a passphrase or in a token is not known.
"""

from typing import Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from images.ecdsa import sign_raw, verify_raw
from ota_engine.errors import LocalError
from ota_engine.gbcs.envelope import Message, grouping

_ECDH: Final = ec.ECDH()
_GENERAL_SIGNING_BYTES: Final = 1  # the leading DF, which the signature leaves out


class Signer(Protocol):
    """Whoever can sign for one party."""

    def sign(self, octets: bytes) -> bytes:
        """Sign with ECDSA P-256 and SHA-256; r||s, 64 octets."""


class KeyAgreement(Protocol):
    """Whoever can agree on secrets for one party."""

    def agree(self, peer: ec.EllipticCurvePublicKey) -> bytes:
        """Compute ECDH on P-256; Z, the x coordinate, 32 octets."""


class PrivateKey:
    """A private key in memory: a ``Signer`` and a ``KeyAgreement``."""

    __slots__ = ("_key",)

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "PrivateKey(...)"

    @classmethod
    def load(cls, pem: bytes) -> "PrivateKey":
        """Read an unencrypted P-256 key, PKCS #8 or SEC 1.

        Raises:
            LocalError: it is something else.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise LocalError(
                "the key is encrypted with a passphrase: give a decrypted copy"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise LocalError("not a PEM private key") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise LocalError("not a P-256 key: GBCS knows no other")
        return cls(key)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The key everybody may know."""
        return self._key.public_key()

    def sign(self, octets: bytes) -> bytes:
        """Sign with ECDSA P-256 and SHA-256; r||s, 64 octets."""
        return sign_raw(octets, self._key)

    def agree(self, peer: ec.EllipticCurvePublicKey) -> bytes:
        """Compute ECDH on P-256; Z, the x coordinate, 32 octets."""
        return self._key.exchange(_ECDH, peer)


def signed_octets(message: Message) -> bytes:
    """Write what the signature covers: the grouping header but for its first octet, the payload."""
    return grouping(message)[_GENERAL_SIGNING_BYTES:]


def verify_signature(message: Message, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether the message's signature was made with the private half of this key."""
    return verify_raw(signed_octets(message), message.signature or b"", key)
