"""Where homes of a campaign stand, one by one, and which devices of theirs to replace; decides nothing."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.lives import UNDER_WAY
from ota_engine.fleet.campaigns.rows import Campaign, DeviceToReplace, Member, MemberState
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.store.fleet.book import FleetStore

MOST: Final = 1_000  # homes under way that are listed when everything is stopped


@dataclass(frozen=True, slots=True)
class HomeStanding:
    """Where one home stands.

    Attributes:
        campaign: in which.
        home: pseudonym.
        device: that gets the firmware.
        phase: number of its phase.
        state: where it stands.
        why: the reason; empty where that needs none.
        since_utc: since when.
        version_before: that the device ran.
        version_after: that it says it runs.
    """

    campaign: str
    home: str
    device: Eui64
    phase: int
    state: MemberState
    why: str
    since_utc: float
    version_before: int | None
    version_after: int | None

    def as_values(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {
            "campaign": self.campaign,
            "home": self.home,
            "device": format_eui64(self.device),
            "phase": self.phase,
            "state": str(self.state),
            "reason": self.why,
            "since_utc": self.since_utc,
            "version_before": self.version_before,
            "version_after": self.version_after,
        }


def homes_in(
    store: FleetStore, campaign: str, states: Iterable[str], most: int
) -> tuple[list[HomeStanding], int]:
    """List homes of a campaign, those first that stand where they stand for longest.

    Args:
        store: of the fleet.
        campaign: whose.
        states: texts of ``MemberState``; none for all.
        most: give no more than so many.

    Returns:
        homes, and how many there are in all.

    Raises:
        LocalError: there is no such campaign or state.
    """
    wanted = {_state(text) for text in states} or set(MemberState)
    with store.reading():
        _refuse_unknown(store, campaign)
        return _longest(store, campaign, wanted, most)


def replacements_in(store: FleetStore, campaign: str) -> list[DeviceToReplace]:
    """List devices of a campaign that firmware does not reach or does not mend.

    Raises:
        LocalError: there is no such campaign.
    """
    with store.reading():
        _refuse_unknown(store, campaign)
        return store.select(Select(DeviceToReplace, (("campaign", campaign),)))


def under_way_everywhere(store: FleetStore) -> list[HomeStanding]:
    """List homes under way in any campaign; of very many, those that are so for longest."""
    with store.reading():
        names = [row.campaign for row in store.select(Select(Campaign))]
        return [home for name in names for home in _longest(store, name, UNDER_WAY, MOST)[0]]


def _refuse_unknown(store: FleetStore, campaign: str) -> None:
    if not store.select(Select(Campaign, (("campaign", campaign),))):
        raise LocalError(f"{campaign!a}: there is no such campaign: zota campaign list names them")


def _longest(
    store: FleetStore, campaign: str, states: Set[MemberState], most: int
) -> tuple[list[HomeStanding], int]:
    mine = ("campaign", campaign)
    counts = store.count(Counts(Member, ("state",), (mine,)))
    found: list[Member] = []
    for state in states:
        here = mine, ("state", state)
        found += store.select(Select(Member, here, (), ("since_utc",), most))
    found.sort(key=lambda row: (row.since_utc, row.home))
    total = sum(homes for (state,), homes in counts.items() if state in states)
    return [_standing(row) for row in found[:most]], total


def _standing(row: Member) -> HomeStanding:
    return HomeStanding(
        row.campaign,
        row.home,
        row.device,
        row.phase,
        row.state,
        row.reason,
        row.since_utc,
        row.version_before,
        row.version_after,
    )


def _state(text: str) -> MemberState:
    try:
        return MemberState(text)
    except ValueError:
        raise LocalError(f"{text!a} is no state: give one of {', '.join(MemberState)}") from None
