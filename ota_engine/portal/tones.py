"""Which colour says what, the same as in every report: see ``images.page``; knows words only."""

from enum import Enum
from typing import Final

from images.page import BAD, BUSY, GOOD, SOFT, WAIT, WARN, Tone

_TONES: Final[dict[str, Tone]] = {
    # ends that were wanted
    "activated": GOOD,
    "approved": GOOD,
    "complete": GOOD,
    "Commissioned": GOOD,
    "delivered": GOOD,
    "pass": GOOD,
    "passed": GOOD,
    "resolved": GOOD,
    "agrees": GOOD,
    "supports": GOOD,
    "moved": GOOD,
    # ends that were not
    "failed": BAD,
    "fail": BAD,
    "aborted": BAD,
    "dead": BAD,
    "objects": BAD,
    "rejected": BAD,
    "revoked": BAD,
    "unreachable": BAD,
    "withdrawn": BAD,
    "Withdrawn": BAD,
    # a person should look
    "held": WARN,
    "inconclusive": WARN,
    "open incident": WARN,
    "investigated": WARN,
    "paused": WARN,
    "late": WARN,
    "Suspended": WARN,
    # under way
    "offered": BUSY,
    "open": BUSY,
    "reached": BUSY,
    "running": BUSY,
    "scheduled": BUSY,
    "transferred": BUSY,
    "installing": BUSY,
    # waits for a word
    "draft": WAIT,
    "notified": WAIT,
    "proposed": WAIT,
    "waiting": WAIT,
    # has not begun, or is no longer
    "planned": SOFT,
    "pending": SOFT,
    "left": SOFT,
    "skipped": SOFT,
    "closed": SOFT,
    "superseded": SOFT,
    "retired": SOFT,
    "gone": SOFT,
}


def tone_of(word: object) -> Tone:
    """Say in which tone a word stands; soft for one that has none."""
    return _TONES.get(str(word.value if isinstance(word, Enum) else word), SOFT)
