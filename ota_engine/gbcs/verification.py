"""What signature and MAC of a message were found to be worth; knows values, no keys and no messages.

Apart from ``protection``, which finds them, so that a record can hold them at no cost.
"""

import json
from enum import StrEnum
from typing import NamedTuple, Self

from ota_engine.canonical import canonical_json


class CheckResult(StrEnum):
    """What a signature or MAC is worth."""

    VALID = "valid"
    INVALID = "invalid"
    ABSENT = "absent"
    NO_KEY = "no-key"


class Verification(NamedTuple):
    """What a message's protection is worth."""

    signature: CheckResult
    mac: CheckResult

    @property
    def text(self) -> str:
        """The form that is kept: canonical JSON."""
        return canonical_json(self._asdict())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the form that is kept.

        Raises:
            ValueError: it is none that ``text`` gives.
        """
        try:
            found = json.loads(text)
            if isinstance(found, dict) and found.keys() == set(cls._fields):
                return cls(CheckResult(found["signature"]), CheckResult(found["mac"]))
        except (ValueError, RecursionError):
            pass  # all of them are told in the same words
        raise ValueError(f"{text[:40]!r} says nothing of a signature and a MAC")
