"""Names homes by keyed pseudonyms; knows no file.

The same reference gives the same pseudonym for ever. Nobody without the key can go from the one to the
other, nor try all references.
"""

import base64
import hashlib
import hmac
from typing import Final

KEY_OCTETS: Final = 32
_OCTETS: Final = 10  # two homes of thirty millions with one pseudonym: one estate in 2.7 billion


def fingerprint(key: bytes) -> str:
    """Tell a key from another one without giving it away."""
    return hmac.new(key, b"fingerprint of an estate's key", hashlib.sha256).hexdigest()[:16]


def pseudonym(key: bytes, reference: str) -> str:
    """Name a home.

    Args:
        key: of the estate, ``KEY_OCTETS`` long.
        reference: an MPAN, UPRN or whatever the home is known by; spaces around it do not count.
    """
    digest = hmac.new(key, reference.strip().encode(), hashlib.sha256).digest()[:_OCTETS]
    return "h" + base64.b32encode(digest).decode("ascii").lower()
