"""What sets one device apart from another when the occupier or the supplier changes; rows, no behaviour."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

HOUR: Final = 3600.0

DISPLAYED: Final = ("consumer data", "supplier data", "history", "tariff", "standing charge")
PREPAID: Final = (*DISPLAYED, "billing", "credit", "debt", "transactions", "prepayment")


class PremisesHabits(NamedTuple):
    """Habits of one device.

    Attributes:
        holds: what it keeps of an occupier or supplier.
        asks: it asks servers what has changed.
        serves: it tells others, as a meter does.
        listens: what is published unasked counts; it acknowledges it in any case.
        first_ask: seconds from a start to its first question, at least; up to twice that.
        ask_every: seconds between two rounds of questions.
        times: how often it clears for one and the same announcement.
        forgets: what waits for its time is lost with the power.
        waits_for_update: it clears nothing while it takes or checks firmware, but after that.
        lower_counts: a lower issuer event id replaces a higher one that waits.
    """

    holds: tuple[str, ...] = ()
    asks: bool = False
    serves: bool = False
    listens: bool = True
    first_ask: float = 15.0
    ask_every: float = 6 * HOUR
    times: int = 1
    forgets: bool = False
    waits_for_update: bool = False
    lower_counts: bool = False


IHD_USUAL: Final = PremisesHabits(DISPLAYED, asks=True)
PPMID_USUAL: Final = PremisesHabits(PREPAID, asks=True)

#: Every habit by the word that specs and rosters name it with; a device without one has no such cluster.
HABITS: Final[Mapping[str, PremisesHabits]] = MappingProxyType(
    {
        "ihd": IHD_USUAL,
        "ppmid": PPMID_USUAL,
        "meter": PremisesHabits(serves=True),
        "polls only": PPMID_USUAL._replace(listens=False, ask_every=HOUR),
        "clears twice": IHD_USUAL._replace(times=2),
        "forgets": IHD_USUAL._replace(forgets=True),
        "after updates": PPMID_USUAL._replace(waits_for_update=True),
        "lower counts": IHD_USUAL._replace(lower_counts=True),
        "never asks": IHD_USUAL._replace(asks=False),
    }
)
