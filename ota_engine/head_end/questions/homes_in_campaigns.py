"""What can be asked of homes in campaigns: where each stands, which devices to replace, who is nominated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.lives import UNDER_WAY
from ota_engine.fleet.campaigns.rows import Campaign, DeviceToReplace, Member, MemberState, Sum
from ota_engine.fleet.campaigns.voices import Nomination
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.campaign_status import of_homes, own_counts, replacements_seen
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place
from ota_engine.head_end.questions.scope import (
    HOMES,
    campaign_of,
    campaigns_seen,
    home_party,
    refuse_other_party,
)
from ota_engine.store.fleet.sets import (
    HomesCounted,
    MembersWanted,
    count_of,
    count_own,
    in_homes_of,
    page_of_members,
    rows_of,
)

MOST_UNDER_WAY: Final = 1_000  # homes of each campaign that are listed when everything is stopped


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


@dataclass(frozen=True, slots=True)
class AskCampaignHomes:
    """Which homes of a campaign stand where, those first that stand there for longest.

    Attributes:
        campaign: whose.
        states: texts of ``MemberState``; none for all.
        reason: why they stand there; None for any.
        phase: number; 0 for all.
        supplier: that answers for them; empty for all.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    campaign: str
    states: tuple[str, ...] = ()
    reason: str | None = None
    phase: int = 0
    supplier: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class CampaignHomes:
    """Homes of a campaign.

    Attributes:
        items: on this page.
        total: on all.
        more: where the next page begins; empty at the end.
    """

    items: tuple[HomeStanding, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskUnderWay:
    """Which homes are under way in any campaign; of very many, those that are so for longest."""


@dataclass(frozen=True, slots=True)
class HomesUnderWay:
    """Homes under way."""

    items: tuple[HomeStanding, ...]


@dataclass(frozen=True, slots=True)
class AskReplacements:
    """Which devices of a campaign firmware does not reach or does not mend."""

    campaign: str
    most: int = 1_000
    after: str = ""


@dataclass(frozen=True, slots=True)
class ReplacementList:
    """Devices that somebody has to go to, on this page and in all."""

    items: tuple[DeviceToReplace, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskNominations:
    """Which homes were proposed for a phase of a campaign; phase 0 for all."""

    campaign: str
    phase: int = 0
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class NominationList:
    """Homes that were proposed, on this page and in all."""

    items: tuple[Nomination, ...]
    total: int
    more: str


def _homes(asked: AskCampaignHomes, view: View) -> CampaignHomes:
    states = frozenset(map(_state, asked.states)) or frozenset(MemberState)
    most = bounded(asked.most)
    after = place(asked.after, float, str)
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign)
        party = refuse_other_party(view, asked.supplier)
        sums = view.desk.store.select(Select(Sum, (("campaign", campaign.campaign),)))
        counts = _counted(view, campaign, party, sums)
        groups = [row for row in counts if row.state in states and _is_asked(asked, row)]
        wanted = MembersWanted(
            campaign.campaign, (), asked.phase, asked.reason, party, after, most + 1
        )
        found = _page(view, wanted, states, groups, sums)
    page, goes_on = cut(found, most)
    more = cursor(page[-1].since_utc, page[-1].home) if goes_on else ""
    return CampaignHomes(tuple(map(_standing, page)), sum(row.homes for row in groups), more)


def _counted(
    view: View, campaign: Campaign, party: str, sums: Sequence[Sum]
) -> Sequence[Sum | HomesCounted]:
    if home_party(view):
        return own_counts(view, campaign, sums).counts or ()
    counts = of_homes(sums)
    if party:
        members = sum(row.homes for row in counts)
        return count_own(view.desk.store.driver, campaign.campaign, party, members)
    return counts


def _is_asked(asked: AskCampaignHomes, row: Sum | HomesCounted) -> bool:
    return asked.phase in (0, row.phase) and asked.reason in (None, row.reason)


def _page(
    view: View,
    wanted: MembersWanted,
    states: frozenset[MemberState],
    groups: Sequence[Sum | HomesCounted],
    sums: Sequence[Sum],
) -> list[Member]:
    """Read a page, homes that wait off their index: one reason of one phase after the other."""
    driver = view.desk.store.driver
    found: list[Member] = []
    if wanted.party and not _is_sooner_by_index(wanted, groups, sums):
        found = page_of_members(driver, wanted._replace(states=tuple(map(str, sorted(states)))))
    else:
        for row in _waiting(groups):
            some = wanted._replace(
                states=(str(MemberState.WAITING),),
                phase=row.phase,
                reason=row.reason,
                by_homes=False,
            )
            found += page_of_members(driver, some)
        others = sorted(states - {MemberState.WAITING})
        if others:
            found += page_of_members(driver, wanted._replace(states=tuple(map(str, others))))
    found.sort(key=lambda row: (row.since_utc, row.home))
    return found[: wanted.most]


def _waiting(groups: Iterable[Sum | HomesCounted]) -> list[Sum | HomesCounted]:
    return [row for row in groups if row.state == MemberState.WAITING]


def _is_sooner_by_index(
    wanted: MembersWanted, groups: Sequence[Sum | HomesCounted], sums: Sequence[Sum]
) -> bool:
    """Whether fewer homes are looked at when those that wait are gone through, longest first.

    A supplier that has one in four of them fills a page after four times as many; one that has a few
    might have to go through all.
    """
    waiting = _waiting(groups)
    if not waiting or len(waiting) < len(groups):
        return False
    whole = {(row.phase, row.reason): row.homes for row in sums if row.state == MemberState.WAITING}
    looked = sum(
        min(
            whole.get((row.phase, row.reason), 0),
            wanted.most * whole.get((row.phase, row.reason), 0) / row.homes,
        )
        for row in waiting
    )
    return looked < sum(row.homes for row in groups)


def _under_way(asked: AskUnderWay, view: View) -> HomesUnderWay:
    states = tuple(map(str, sorted(UNDER_WAY)))
    driver, party = view.desk.store.driver, home_party(view)
    found: list[Member] = []
    with view.desk.store.reading():
        for campaign in campaigns_seen(view):
            found += page_of_members(
                driver,
                MembersWanted(campaign.campaign, states, 0, None, party, None, MOST_UNDER_WAY),
            )
    return HomesUnderWay(tuple(map(_standing, found)))


def _replacements(asked: AskReplacements, view: View) -> ReplacementList:
    most = bounded(asked.most)
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign)
        ending, given = replacements_seen(view, campaign.campaign)
        total = count_of(view.desk.store.driver, DeviceToReplace, ending, given)
        given |= {"after": asked.after, "most": most + 1}
        page = f"{ending} AND r.device > :after ORDER BY r.device LIMIT :most"
        found = list(rows_of(view.desk.store.driver, DeviceToReplace, page, given))
    items, goes_on = cut(found, most)
    return ReplacementList(items, total, format_eui64(items[-1].device) if goes_on else "")


def _nominations(asked: AskNominations, view: View) -> NominationList:
    most = bounded(asked.most)
    party = home_party(view)
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign)
        given: dict[str, Any] = {"campaign": campaign.campaign, "party": party}
        ending = in_homes_of(party, "r.campaign = :campaign")
        if asked.phase:
            ending += " AND r.phase = :phase"
            given["phase"] = asked.phase
        total = count_of(view.desk.store.driver, Nomination, ending, given)
        given |= {"after": asked.after, "most": most + 1}
        page = f"{ending} AND r.home > :after ORDER BY r.home LIMIT :most"
        found = list(rows_of(view.desk.store.driver, Nomination, page, given))
    items, goes_on = cut(found, most)
    return NominationList(items, total, items[-1].home if goes_on else "")


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


QUESTIONS: Final[Questions] = {
    AskCampaignHomes: QuestionRow("campaigns/{campaign}/homes", _homes, CampaignHomes, HOMES),
    AskUnderWay: QuestionRow("homes-under-way", _under_way, HomesUnderWay, HOMES),
    AskReplacements: QuestionRow(
        "campaigns/{campaign}/replacements", _replacements, ReplacementList, HOMES
    ),
    AskNominations: QuestionRow(
        "campaigns/{campaign}/nominations", _nominations, NominationList, HOMES
    ),
}
