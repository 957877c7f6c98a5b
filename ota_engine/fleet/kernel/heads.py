"""The head of the audit trail as the fleet signs it for others to keep; pure.

Who rewrites rows, seals and the whole chain is found by a head that somebody else holds. So every
notice quotes one, and every evidence pack does.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.audit_chain import AuditHead
from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.signatures import is_signed, sign
from ota_engine.times import Utc


class SignedHead(NamedTuple):
    """How long the trail was, the hash of its last line, when that was so, and who says it.

    Attributes:
        length: lines of the trail.
        hash: of the last one, hexadecimal.
        utc: when it was signed.
        signature: of the fleet's key over ``octets_of``, hexadecimal.
    """

    length: int
    hash: str
    utc: Utc
    signature: str


def octets_of(length: int, digest: str, utc: Utc) -> bytes:
    """Write what is signed."""
    told = {"audit_hash": digest, "audit_length": length, "utc": utc + 0.0}
    return canonical_json(told).encode("ascii")


def sign_head(head: AuditHead, key: ec.EllipticCurvePrivateKey, utc: Utc) -> SignedHead:
    """Sign the head of a trail."""
    signature = sign(key, octets_of(head.length, head.hash, utc))
    return SignedHead(head.length, head.hash, utc, signature.hex())


def is_head_signed(head: SignedHead, public_pem: str) -> bool:
    """Whether the fleet with this key has signed a head."""
    try:
        signature = bytes.fromhex(head.signature)
    except ValueError:
        return False
    return is_signed(octets_of(head.length, head.hash, head.utc), signature, public_pem)
