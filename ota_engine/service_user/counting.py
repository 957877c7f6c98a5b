"""Which originator counter comes next; knows no file and no clock.

A counter is never given twice, and only ever grows: devices refuse what is not higher than the highest
they have seen. Like the public signing tools it is the time in milliseconds, unless that has been used.
"""

from typing import Final

from ota_engine.duis.requests import MOST_COUNTER
from ota_engine.errors import LocalError
from ota_engine.times import Utc

MOST_GBCS_COUNTER: Final = 2**63 - 1  # in CS06, an INTEGER of GBCS


def next_counter(highest: int, utc: Utc) -> int:
    """Choose the next counter of a user.

    Args:
        highest: that was given so far, 0 for none.
        utc: now.

    Raises:
        LocalError: there is none left.
    """
    counter = max(highest + 1, int(utc * 1000))
    if counter > MOST_GBCS_COUNTER:
        raise LocalError(
            f"no originator counter is left after {highest}: the user needs a new EUI-64"
        )
    return counter


def chosen_counter(text: int, highest: int) -> int:
    """Take a counter that a person has chosen.

    Args:
        text: the number.
        highest: that was given so far.

    Returns:
        What is the highest from now on.

    Raises:
        LocalError: it fits in no request.
    """
    if not 0 < text <= MOST_COUNTER:
        raise LocalError(f"{text} is no originator counter: it is 1 to {MOST_COUNTER}")
    return max(text, highest) if text <= MOST_GBCS_COUNTER else highest
