"""Random secrets as texts: what a cookie, a token or an invitation holds; keeps none of them.

A text is ``zota_``, a letter for what it lets in, 43 letters and digits for 256 random bits, and 6 more by
which a text that was mistyped or cut is told at once, and one that lies about is found by scanners. What
is kept of it is the SHA-256 of its octets, which lets nobody in.
"""

import hashlib
import re
import secrets
import zlib
from enum import StrEnum
from typing import Final, NamedTuple

OCTETS: Final = 32  # of a secret
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_LONG: Final = 43  # digits that hold 256 bits
_CHECK: Final = 6  # digits that hold the CRC-32 of what stands before them
_TEXT: Final = re.compile(rf"zota_[a-z]_[0-9A-Za-z]{{{_LONG + _CHECK}}}", re.ASCII)


class SecretKind(StrEnum):
    """What a secret lets in."""

    SESSION = "s"
    TOKEN = "t"  # noqa: S105 - a letter of its text
    INVITATION = "i"


class AccessSecret(NamedTuple):
    """One secret.

    Attributes:
        kind: what it lets in.
        octets: 32, random.
    """

    kind: SecretKind
    octets: bytes

    def __repr__(self) -> str:
        """Show nothing of it."""
        return f"AccessSecret({self.kind.name.lower()})"

    @property
    def text(self) -> str:
        """What is given to whoever may come in by it; show it once."""
        start = f"zota_{self.kind}_{_digits(int.from_bytes(self.octets, 'big'), _LONG)}"
        return start + _check(start)

    @property
    def digest(self) -> str:
        """What is kept of it: SHA-256, hexadecimal."""
        return hashlib.sha256(self.octets).hexdigest()


def new_secret(kind: SecretKind) -> AccessSecret:
    """Make a secret that nobody else has."""
    return AccessSecret(kind, secrets.token_bytes(OCTETS))


def read_secret(text: str, kind: SecretKind) -> AccessSecret | None:
    """Read the text of a secret; None for what is none of that kind."""
    if not _TEXT.fullmatch(text) or text[5] != kind:
        return None
    start, check = text[:-_CHECK], text[-_CHECK:]
    value = 0
    for digit in start[-_LONG:]:
        value = value * len(_DIGITS) + _VALUES[digit]
    if check != _check(start) or value >> (8 * OCTETS):
        return None
    return AccessSecret(kind, value.to_bytes(OCTETS, "big"))


def _check(start: str) -> str:
    return _digits(zlib.crc32(start.encode("ascii")), _CHECK)


def _digits(value: int, many: int) -> str:
    digits = []
    for _ in range(many):
        value, digit = divmod(value, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
