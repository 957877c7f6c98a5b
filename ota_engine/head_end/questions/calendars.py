"""What can be asked of times: windows of a campaign, consents, chosen slots, and rules of sequence."""

from dataclasses import dataclass
from typing import Any, Final

from ota_engine.fleet.calendar.rows import (
    Compatibility,
    Consent,
    ConsentRule,
    SequenceRule,
    Slot,
    UpgradeWindow,
)
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place
from ota_engine.head_end.questions.scope import (
    HOMES,
    campaign_of,
    home_party,
    sees_all_products,
    variants_seen,
)
from ota_engine.store.fleet.sets import count_of, in_homes_of, rows_of


@dataclass(frozen=True, slots=True)
class AskWindows:
    """When the steps of a campaign may be done, and who has agreed to it."""

    campaign: str


@dataclass(frozen=True, slots=True)
class CampaignWindows:
    """Times of a campaign.

    Attributes:
        campaign: id.
        windows: by step.
        consent: whether suppliers must agree; None where they need not.
        consents: what they said; to a supplier its own.
    """

    campaign: str
    windows: tuple[UpgradeWindow, ...]
    consent: ConsentRule | None
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class AskSlots:
    """Which times were chosen in homes of a campaign."""

    campaign: str
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class SlotList:
    """Times that were chosen, on this page and in all."""

    items: tuple[Slot, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskSequences:
    """Which firmware follows another, and which go together."""


@dataclass(frozen=True, slots=True)
class SequenceList:
    """Rules that hold in every home."""

    sequences: tuple[SequenceRule, ...]
    compatibilities: tuple[Compatibility, ...]


def _windows(asked: AskWindows, view: View) -> CampaignWindows:
    store = view.desk.store
    with store.reading():
        campaign = campaign_of(view, asked.campaign)
        mine = ("campaign", campaign.campaign)
        (release,) = store.select(Select(FirmwareRelease, (("release", campaign.release),)))
        rules = store.select(Select(ConsentRule, (("variant", release.variant),)))
        party = home_party(view)
        own = (("party", party),) if party else ()
        return CampaignWindows(
            campaign.campaign,
            tuple(store.select(Select(UpgradeWindow, (mine,)))),
            rules[0] if rules else None,
            tuple(store.select(Select(Consent, (mine, *own)))),
        )


def _slots(asked: AskSlots, view: View) -> SlotList:
    most = bounded(asked.most)
    after = place(asked.after, str, str, str)
    party, driver = home_party(view), view.desk.store.driver
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign)
        given: dict[str, Any] = {"campaign": campaign.campaign, "party": party}
        ending = in_homes_of(party, "r.campaign = :campaign")
        total = count_of(driver, Slot, ending, given)
        if after is not None:
            ending += " AND (r.home, r.step, r.party) > (:home, :step, :by)"
            given |= dict(zip(("home", "step", "by"), after, strict=True))
        ending += " ORDER BY r.home, r.step, r.party LIMIT :most"
        found = list(rows_of(driver, Slot, ending, given | {"most": most + 1}))
    items, goes_on = cut(found, most)
    last = items[-1] if goes_on else None
    more = "" if last is None else cursor(last.home, str(last.step), last.party)
    return SlotList(items, total, more)


def _sequences(asked: AskSequences, view: View) -> SequenceList:
    store = view.desk.store
    with store.reading():
        if sees_all_products(view):
            cells = store.select(Select(Compatibility))
            return SequenceList(tuple(store.select(Select(SequenceRule))), tuple(cells))
        own = {one.variant for one in variants_seen(view)}
        cells = [
            one for one in store.select(Select(Compatibility)) if {one.variant, one.other} <= own
        ]
        rules = [
            one for one in store.select(Select(SequenceRule)) if {one.earlier, one.later} <= own
        ]
        return SequenceList(tuple(rules), tuple(cells))


QUESTIONS: Final[Questions] = {
    AskWindows: QuestionRow("campaigns/{campaign}/windows", _windows, CampaignWindows),
    AskSlots: QuestionRow("campaigns/{campaign}/slots", _slots, SlotList, HOMES),
    AskSequences: QuestionRow("sequences", _sequences, SequenceList),
}
