"""Reads a letter about an outcome out of any octets; pure, knows no HTTP but its statuses.

Bytes come from anybody who can reach the port, so every one of them gives a letter or a refusal, and
bounded work. What is kept of a letter is its canonical JSON: one line, printable ASCII.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from math import isinf
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from images.eui64 import parse_eui64
from ota_engine.canonical import canonical_json

MAX_LETTER_BYTES: Final = 512 * 1024  # a GBCS message of 64 KiB, in base64 and decoded
MAX_ID: Final = 200  # characters
MAX_TEXT: Final = 4000  # characters of any other text

BAD_REQUEST: Final = 400  # it is no JSON object
TOO_LARGE: Final = 413
UNPROCESSABLE: Final = 422  # a field is missing or of the wrong kind

LINE_START: Final = b'{"'  # of every line kept
_DERIVED: Final = "decoded"  # follows from the message; a newer sender may know to say more

_SHA256: Final = re.compile(r"[0-9a-f]{64}|")


class ReceivedOutcome(NamedTuple):
    """A letter that may be kept.

    Attributes:
        id: of the outcome, the same at every attempt.
        verdict: "succeeded" or "failed".
        kind: "transfer", "activation", "alert" ...
        message: the octets that prove it, none if there are none.
        verification: what they were worth to the sender, JSON.
        substance: all that must be the same when the letter comes again, canonical JSON.
        line: the whole letter, canonical JSON with its line end.
    """

    id: str
    verdict: str
    kind: str
    message: bytes
    verification: str
    substance: str
    line: bytes


class Refusal(NamedTuple):
    """Why a letter is not kept: an HTTP status 4xx and a reason in one line."""

    status: int
    reason: str


def read_letter(body: bytes, key: str | None = None) -> ReceivedOutcome | Refusal:
    """Read a letter.

    Args:
        body: what was posted, any octets.
        key: the Idempotency-Key that came with it, decoded; None for none.
    """
    if len(body) > MAX_LETTER_BYTES:
        return Refusal(TOO_LARGE, f"a letter has no more than {MAX_LETTER_BYTES} octets")
    return _understood(body, key)


def kept_letter(line: bytes) -> ReceivedOutcome | None:
    """Read a line back that was kept, however long its escapes made it; None if it is none of ours."""
    letter = _understood(line, None)
    return letter if isinstance(letter, ReceivedOutcome) else None


def _understood(body: bytes, key: str | None) -> ReceivedOutcome | Refusal:
    try:
        found = json.loads(body, parse_constant=_no_number, parse_float=_finite)
        line = canonical_json(found)
    except (ValueError, RecursionError):
        return Refusal(BAD_REQUEST, "the body is not JSON")
    if not isinstance(found, dict):
        return Refusal(BAD_REQUEST, "the body is no JSON object")
    for name, (fits, what) in FIELDS.items():
        if name not in found or not fits(found[name]):
            return Refusal(UNPROCESSABLE, f"{name} must be {what}")
    if key is not None and key != found["id"]:
        return Refusal(UNPROCESSABLE, "the Idempotency-Key is not the letter's id")
    substance = canonical_json({name: found[name] for name in FIELDS if name != _DERIVED})
    return ReceivedOutcome(
        found["id"],
        found["verdict"],
        found["kind"],
        b64decode(found["message"] or ""),
        canonical_json(found["verification"]),
        substance,
        line.encode("ascii") + b"\n",
    )


# --- the fields -----------------------------------------------------------------------------------


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(text)
    return number


def _seconds(value: object) -> bool:
    return type(value) in (int, float)  # and not bool, which is an int


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _version(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= 0xFFFF_FFFF)


def _id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID


def _verdict(value: object) -> bool:
    return value in {"succeeded", "failed"} if isinstance(value, str) else False


def _hash(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _device(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_eui64(value)
    except ValueError:
        return False
    return True


def _octets(value: object) -> bool:
    if not isinstance(value, str):
        return value is None
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _object_or_text(value: object) -> bool:
    return value is None or isinstance(value, dict | str)


#: What every letter has; whatever else it has is kept too.
FIELDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = MappingProxyType(
    {
        "id": (_id, f"a text of 1 to {MAX_ID} characters"),
        "utc": (_seconds, "a number of seconds"),
        "device": (_device, "an EUI-64"),
        "kind": (_text, "a text"),
        "verdict": (_verdict, "succeeded or failed"),
        "reason": (_text, "a text"),
        "sha256": (_hash, "64 hex digits, or empty"),
        "version_before": (_version, "a version or null"),
        "version_after": (_version, "a version or null"),
        "message": (_octets, "base64 or null"),
        _DERIVED: (_object, "an object or null"),
        "verification": (_object_or_text, "an object, a text or null"),
    }
)
