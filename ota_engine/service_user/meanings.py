"""What response and alert codes mean, as far as anybody outside knows, and how sure that is."""

from typing import Final, NamedTuple

from ota_engine.duis.codes import CODES, AlertRow, Certainty, ResponseRow

_SURENESS: Final = tuple(Certainty)  # the surest first
_UNKNOWN: Final = "its meaning is not public"


class Meaning(NamedTuple):
    """What a code means.

    Attributes:
        text: in words; of a code that several cases share, all of them.
        certainty: of the least sure of them.
    """

    text: str
    certainty: Certainty


def meaning_of(code: str) -> Meaning:
    """Say what a code of a response or an alert of the DCC means."""
    rows: tuple[ResponseRow | AlertRow, ...] = (
        *CODES.responses.values(),
        *CODES.alerts.values(),
    )
    found = [row for row in rows if row.code == code]
    if not found:
        return Meaning(_UNKNOWN, Certainty.GUESSED)
    words = dict.fromkeys(row.case.replace("-", " ") for row in found)
    return Meaning(" or ".join(words), max((row.certainty for row in found), key=_SURENESS.index))
