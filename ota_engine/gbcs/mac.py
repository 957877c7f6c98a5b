"""The MAC of GBCS messages: key derivation, IV, AAD and GMAC; knows the secret, not whose it is."""

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ota_engine.gbcs.envelope import MAC_BYTES, Message, grouping, signature_field

SHARED_SECRET_BYTES: Final = 32  # Z, the x coordinate of ECDH on P-256
_COUNTER: Final = b"\x00\x00\x00\x01"  # SP 800-56A: one round of SHA-256 is enough
# The algorithm's OID. Its arc ends in 74 06, not in the 74 05 of plain DLMS.
_ALGORITHM: Final = bytes.fromhex("60857406080300")
# Security control, then the five empty fields of general-ciphering; not 0x11 alone.
_AAD_PREFIX: Final = bytes.fromhex("110000000000")


def other_info(message: Message) -> bytes:
    """Write what binds the key to this one message: titles, CRA, counter (GBCS 4.3.3)."""
    return b"".join(
        (
            _ALGORITHM,
            message.originator.to_bytes(8),
            b"\x09",
            message.cra.to_bytes(1),
            message.counter.to_bytes(8),
            message.recipient.to_bytes(8),
        )
    )


def derive_key(shared_secret: bytes, message: Message) -> bytes:
    """Derive the 16-octet key of one message from the ECDH secret of a pair (SP 800-56A KDF)."""
    return hashlib.sha256(_COUNTER + shared_secret + other_info(message)).digest()[:16]


def initialisation_vector(message: Message) -> bytes:
    """Write the IV: the originator's title and the invocation counter, which is zero."""
    return message.originator.to_bytes(8) + bytes(4)


def additional_data(message: Message) -> bytes:
    """Write what the MAC covers: the header's constants, then everything before the MAC itself.

    GBCS v1, 6.4.5 names only the first octet of those constants; the five empty fields count, too.

    Raises:
        LocalError: the message has no signature field yet.
    """
    return _AAD_PREFIX + grouping(message) + signature_field(message)


def compute_mac(shared_secret: bytes, message: Message) -> bytes:
    """Compute the MAC of a message.

    Args:
        shared_secret: Z of the key pairs of this leg, 32 octets.
        message: complete but for the MAC.

    Returns:
        12 octets.

    Raises:
        LocalError: the message has no signature field yet.
    """
    cipher = AESGCM(derive_key(shared_secret, message))
    tag = cipher.encrypt(initialisation_vector(message), b"", additional_data(message))
    return tag[:MAC_BYTES]


def verify_mac(shared_secret: bytes, message: Message) -> bool:
    """Whether the message's MAC was made with this secret."""
    if message.mac is None:
        return False
    return hmac.compare_digest(compute_mac(shared_secret, message), message.mac)
