"""How things are named, and what must never be in a name or a reason; knows no rows.

An append-only record outlives the wish to be forgotten: a meter point number in a reason could never be
taken out again. An MPAN is told by its check digit (BSCP, 13 digits); an MPRN has none that is alike.
"""

import re
from typing import Final

from ota_engine.fleet.kernel.decisions import DecisionRefused, RefusalCode
from ota_engine.wording import one_line

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MPAN: Final = re.compile(r"(?<![0-9A-Za-z.])\d{13}(?![0-9A-Za-z])")
_WEIGHTS: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def is_id(text: str) -> bool:
    """Whether a text is short, printable and without spaces, as ids are."""
    return _ID.fullmatch(text) is not None


def refuse_bad_id(text: str, what: str) -> None:
    """Let an id be short, printable and without spaces.

    Raises:
        DecisionRefused: it is not.
    """
    if not is_id(text):
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{one_line(text) or 'an empty text'} is no id of {what}: give letters, digits and"
            " . _ : + - only, 64 at most",
        )


def refuse_bad_digest(text: str) -> None:
    """Let a digest be one.

    Raises:
        DecisionRefused: it is none.
    """
    if not _SHA256.fullmatch(text):
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{text[:70]!a} is no SHA-256: give 64 lower-case hex digits"
        )


def refuse_words(text: str, what: str) -> str:
    """Let a text for people be one line, and there.

    Raises:
        DecisionRefused: it is empty, or more than a line.
    """
    if not text.strip():
        raise DecisionRefused(RefusalCode.CONTENT, f"{what} is empty: say it in one line")
    if one_line(text) != text:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{what} is no line of 200 printable characters: shorten it"
        )
    return text


def is_mpan(text: str) -> bool:
    """Whether thirteen digits are the core of an MPAN, by their check digit."""
    if len(text) != len(_WEIGHTS) + 1 or not text.isdecimal() or not text.isascii():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return total % 11 % 10 == int(text[-1])


def names_meter_point(text: str) -> bool:
    """Whether a text has an MPAN in it."""
    return any(is_mpan(match.group()) for match in _MPAN.finditer(text))
