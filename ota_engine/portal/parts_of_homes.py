"""Homes of a campaign by where they stand, as bars and numbers show them; knows states, no page."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from images.page import BAD, BUSY, GOOD, SOFT, WAIT, WARN, Tone
from ota_engine.fleet.campaigns.lives import UNDER_WAY
from ota_engine.fleet.campaigns.rows import MemberState


class HomesPart(NamedTuple):
    """States that are one thing to a reader.

    Attributes:
        name: as people call it.
        kind: tone of it.
        colour: of it in a chart.
        states: that it is made of.
    """

    name: str
    kind: Tone
    colour: str
    states: tuple[MemberState, ...]


#: In the order of a bar: what is done, what is going on, what waits, what went wrong, what is to come.
PARTS: Final = (
    HomesPart("activated", GOOD, "var(--good)", (MemberState.ACTIVATED,)),
    HomesPart("under way", BUSY, "var(--busy-soft)", tuple(sorted(UNDER_WAY))),
    HomesPart("waiting", WAIT, "var(--wait-soft)", (MemberState.WAITING,)),
    HomesPart("failed", BAD, "var(--bad)", (MemberState.FAILED,)),
    HomesPart("unreachable", WARN, "var(--warn-soft)", (MemberState.UNREACHABLE,)),
    HomesPart("planned", SOFT, "var(--idle-soft)", (MemberState.PLANNED,)),
    HomesPart("left", SOFT, "var(--idle)", (MemberState.LEFT,)),
)
#: Makes the link to the homes in some states; empty for none.
HomesLink = Callable[[tuple[MemberState, ...]], str]


def no_link(states: tuple[MemberState, ...]) -> str:
    """Link to nothing."""
    return ""


def parts_of(counts: Mapping[str, int], to: HomesLink = no_link) -> list[dict[str, Any]]:
    """Say what a bar shows.

    Args:
        counts: homes by state.
        to: makes links.
    """
    return [
        {
            "name": part.name,
            "count": sum(counts.get(state, 0) for state in part.states),
            "kind": part.kind,
            "url": to(part.states),
        }
        for part in PARTS
    ]


def added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up homes by state."""
    total: dict[str, int] = {}
    for one in counts:
        for state, homes in one.items():
            total[state] = total.get(state, 0) + homes
    return total
