"""Seals the private key of a person, so that only what she alone has opens it; keeps nothing.

By a password: Argon2id makes the key, with a cost that stands in the seal. By a secret of 256 random bits:
HKDF-SHA-256 makes it. Either way AES-256-GCM seals PKCS #8, bound to the person and to all that stands in
front of it, so that no seal serves another person and none is changed unseen.
"""

import os
import struct
from typing import Final, NamedTuple

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ota_engine.errors import LocalError
from ota_engine.head_end.access.secret_texts import AccessSecret

BY_PASSWORD: Final = 1  # first octet: layout of the seal
BY_SECRET: Final = 2
_LABEL: Final = b"zota: private key of a person\0"
_SALT: Final = 16
_NONCE: Final = 12
_KEY: Final = 32
_COST: Final = struct.Struct(">BIB")


class PasswordCost(NamedTuple):
    """What it takes to try one password, by RFC 9106.

    Attributes:
        passes: over the memory.
        memory_kib: that it takes.
        lanes: worked on at the same time.
    """

    passes: int
    memory_kib: int
    lanes: int


SAFE_COST: Final = PasswordCost(3, 65_536, 4)  # RFC 9106, section 4: the second recommended option
_MOST_COST: Final = PasswordCost(16, 1 << 20, 16)  # a damaged seal must not take all memory


class SealBrokenError(LocalError):
    """A seal does not open: it is damaged, somebody else's, or the password or secret is not its own."""


def seal_by_password(
    key: ec.EllipticCurvePrivateKey, person: str, password: str, cost: PasswordCost = SAFE_COST
) -> bytes:
    """Seal a key by a password; it takes as long as the cost says.

    Args:
        key: the private key.
        person: whose; the seal opens for nobody else.
        password: as ``passwords.written`` gives it.
        cost: of trying a password.
    """
    salt = os.urandom(_SALT)
    head = bytes([BY_PASSWORD]) + _COST.pack(*cost) + salt
    return _sealed(key, person, head, _from_password(password, salt, cost))


def open_by_password(seal: bytes, person: str, password: str) -> ec.EllipticCurvePrivateKey:
    """Open what was sealed by a password.

    Raises:
        SealBrokenError: it does not open.
    """
    head = seal[: 1 + _COST.size + _SALT]
    if len(head) != 1 + _COST.size + _SALT or head[0] != BY_PASSWORD:
        raise _broken(person)
    cost = PasswordCost(*_COST.unpack_from(head, 1))
    over = any(part > most for part, most in zip(cost, _MOST_COST, strict=True))
    if over or 0 in cost or cost.memory_kib < 8 * cost.lanes:  # RFC 9106, section 3.1
        raise _broken(person)
    salt = head[-_SALT:]
    return _opened(seal, person, head, _from_password(password, salt, cost))


def seal_by_secret(key: ec.EllipticCurvePrivateKey, person: str, secret: AccessSecret) -> bytes:
    """Seal a key by a random secret."""
    head = bytes([BY_SECRET]) + os.urandom(_SALT)
    return _sealed(key, person, head, _from_secret(secret, head[1:]))


def open_by_secret(seal: bytes, person: str, secret: AccessSecret) -> ec.EllipticCurvePrivateKey:
    """Open what was sealed by a secret.

    Raises:
        SealBrokenError: it does not open.
    """
    head = seal[: 1 + _SALT]
    if len(head) != 1 + _SALT or head[0] != BY_SECRET:
        raise _broken(person)
    return _opened(seal, person, head, _from_secret(secret, head[1:]))


def _from_password(password: str, salt: bytes, cost: PasswordCost) -> bytes:
    passes, memory_kib, lanes = cost
    return hash_secret_raw(password.encode(), salt, passes, memory_kib, lanes, _KEY, Type.ID)


def _from_secret(secret: AccessSecret, salt: bytes) -> bytes:
    info = _LABEL + secret.kind.encode()
    return HKDF(SHA256(), _KEY, salt, info).derive(secret.octets)


def _sealed(key: ec.EllipticCurvePrivateKey, person: str, head: bytes, by: bytes) -> bytes:
    head += os.urandom(_NONCE)
    octets = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return head + AESGCM(by).encrypt(head[-_NONCE:], octets, _bound(head, person))


def _opened(seal: bytes, person: str, head: bytes, by: bytes) -> ec.EllipticCurvePrivateKey:
    head = seal[: len(head) + _NONCE]
    try:
        octets = AESGCM(by).decrypt(head[-_NONCE:], seal[len(head) :], _bound(head, person))
    except (InvalidTag, ValueError):
        raise _broken(person) from None
    key = load_der_private_key(octets, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - nothing else was sealed
    return key


def _bound(head: bytes, person: str) -> bytes:
    return _LABEL + person.encode() + b"\0" + head


def _broken(person: str) -> SealBrokenError:
    return SealBrokenError(
        f"the sealed key of {person} does not open: it is damaged, or was sealed by another secret;"
        " give the key file again"
    )
