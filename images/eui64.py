"""EUI-64 identities as integers, and their text forms; knows nothing of who bears them."""

import re
from typing import NewType

Eui64 = NewType("Eui64", int)

_TEXT = re.compile(r"^(?:0x)?([0-9a-fA-F]{2}(?:[:-]?[0-9a-fA-F]{2}){7})$")


def parse_eui64(text: str) -> Eui64:
    """Read ``00-DB-12-34-56-78-90-A4``, with dashes, colons or nothing between the octets.

    Raises:
        ValueError: the text is not sixteen hexadecimal digits.
    """
    match = _TEXT.match(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not an EUI-64: give 16 hex digits, e.g. 00-DB-12-34-56-78-90-A4"
        )
    return Eui64(int(re.sub("[:-]", "", match.group(1)), 16))


def format_eui64(value: int) -> str:
    """Print an EUI-64 the way GB systems do: upper-case octets, most significant first, dashes."""
    return value.to_bytes(8, "big").hex("-").upper()
