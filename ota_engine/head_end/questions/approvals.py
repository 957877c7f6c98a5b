"""What waits for a decision, and which of it for whoever asks.

What a party may not decide is not among it; what one person may not, as another one has to, is, with the
reason.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.checklist import checklist, missing
from ota_engine.fleet.approvals.rows import CustomerFeedback, ItemWaiver, UitWindow, WindowState
from ota_engine.fleet.approvals.testing import GiveFeedback, WaiveItem
from ota_engine.fleet.calendar.consent import GiveConsent, consent_clock
from ota_engine.fleet.calendar.deferrals import AnswerDeferral
from ota_engine.fleet.calendar.rows import Deferral, TimeMark, UpgradeWindow
from ota_engine.fleet.calendar.slots import ChooseSlots, choice_clock
from ota_engine.fleet.calendar.timekeeping import ConfirmTime
from ota_engine.fleet.campaigns.acts import ApproveCampaign
from ota_engine.fleet.campaigns.assessment import SignPhase
from ota_engine.fleet.campaigns.emergency import ApproveWaiver
from ota_engine.fleet.campaigns.nominations import DecideNominations
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    PhaseState,
)
from ota_engine.fleet.campaigns.steering import ResumeCampaign
from ota_engine.fleet.campaigns.troubles import ResolveIncident, TakeIncident
from ota_engine.fleet.campaigns.voices import Nomination, NominationState, Waiver
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.decisions import SUPPLIERS
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.rows import PartyClock
from ota_engine.fleet.parties.acts import ConfirmPerson
from ota_engine.fleet.parties.rows import Person
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View, Viewer
from ota_engine.head_end.questions.decisions import act_name, act_title, judged, waiver_of
from ota_engine.wording import counted

_SIGN_OFF: Final = "a person's agreement"  # as a gate names it among what it lacks


@dataclass(frozen=True, slots=True)
class AskApprovals:
    """What waits for a decision of whoever asks, or of a second person beside her."""


@dataclass(frozen=True, slots=True)
class WaitingDecision:
    """One thing that waits for a decision.

    Attributes:
        act: name of the decision, as ``approve-campaign``.
        title: what that does, in one line.
        fields: of the act, that name what it is about.
        subject: what it is about, as ``kind:id``.
        what: what waits, in one line.
        since_utc: since when; None where nothing says.
        until_utc: until when it is to be decided; None for no such time.
        decided: who has decided already, in one line; empty for nobody.
        why_not: why it is not for whoever asks; empty where it is.
    """

    act: str
    title: str
    fields: Mapping[str, str]
    subject: str
    what: str
    since_utc: float | None
    until_utc: float | None
    decided: str
    why_not: str


@dataclass(frozen=True, slots=True)
class ApprovalList:
    """All that waits: first what is for whoever asks, the oldest first."""

    items: tuple[WaitingDecision, ...]


class _Found:
    """What is read, and for whom."""

    def __init__(self, work: Work, view: View) -> None:
        self.work, self.viewer, self.utc = work, view.viewer, view.utc


def _waits(
    act: type[Any],
    fields: Mapping[str, str],
    subject: str,
    what: str,
    since: float | None = None,
    *,
    until: float | None = None,
    decided: str = "",
    why_not: str = "",
) -> WaitingDecision:
    return WaitingDecision(
        act_name(act), act_title(act), fields, subject, what, since, until, decided, why_not
    )


def _judged(act: type[Any], word: str, row: Any, viewer: Viewer) -> str:
    name = str(getattr(row, word))
    return judged(act, (word,), name, row, viewer).why_not


def _campaigns(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(Campaign, state=CampaignState.PROPOSED):
        if not (row.party == found.viewer.party or found.viewer.sees_every_home):
            continue
        yield _waits(
            ApproveCampaign,
            {"campaign": row.campaign},
            f"campaign:{row.campaign}",
            f"campaign {row.campaign} of release {row.release} awaits a second person",
            row.since_utc,
            decided=f"{row.author} proposed it",
            why_not=_judged(ApproveCampaign, "campaign", row, found.viewer),
        )


def _held(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(Campaign, state=CampaignState.HELD):
        why_not = _judged(ResumeCampaign, "campaign", row, found.viewer)
        if not why_not:
            what = f"campaign {row.campaign} is held: {row.reason}"
            subject = f"campaign:{row.campaign}"
            named = {"campaign": row.campaign}
            yield _waits(ResumeCampaign, named, subject, what, row.since_utc)


def _waivers(found: _Found) -> Iterator[WaitingDecision]:
    for campaign in found.work.select(Campaign, state=CampaignState.NOTIFIED):
        row = waiver_of(found.work, campaign.campaign)
        if row is not None and not campaign.waiver:
            yield _waits(
                ApproveWaiver,
                {"campaign": row.campaign},
                f"campaign:{row.campaign}",
                f"campaign {row.campaign} is to begin without its notice: {row.reason}",
                row.proposed_utc,
                decided=f"{row.proposer} proposed it",
                why_not=_other_than(row, found.viewer),
            )


def _other_than(row: Waiver, viewer: Viewer) -> str:
    return "you proposed it: a second person approves it" if row.proposer == viewer.person else ""


def _item_waivers(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(ItemWaiver, second=""):
        own = (
            "you asked for it: a second person agrees" if row.person == found.viewer.person else ""
        )
        yield _waits(
            WaiveItem,
            {"release": row.release, "item": str(row.item)},
            f"release:{row.release}",
            f"{row.item} of release {row.release} is to be left out: {row.reason}",
            decided=f"{row.person} asked for it",
            why_not=own,
        )


def _persons(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(Person, active=False, revision=1):
        yield _waits(
            ConfirmPerson,
            {"person": row.person},
            f"person:{row.person}",
            f"{row.person} of {row.party} awaits a second person",
            decided=f"{row.registered_by} registered her",
            why_not=_judged(ConfirmPerson, "person", row, found.viewer),
        )


def _releases(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(FirmwareRelease, status=ReleaseStatus.DRAFT):
        if not missing(checklist(found.work, row)):
            yield _waits(
                ApproveRelease,
                {"release": row.release},
                f"release:{row.release}",
                f"release {row.release} has all that its checklist asks for",
                decided=f"{row.author} entered it",
                why_not=_judged(ApproveRelease, "release", row, found.viewer),
            )


def _nominations(found: _Found) -> Iterator[WaitingDecision]:
    counts = found.work.counts(
        Nomination, ("campaign", "phase", "party"), state=NominationState.PROPOSED
    )
    for (campaign, phase, party), homes in counts.items():
        yield _waits(
            DecideNominations,
            {"campaign": str(campaign), "phase": str(phase)},
            f"campaign:{campaign}",
            f"{party} nominates {counted(homes, 'home')} for phase {phase} of {campaign}",
            decided=f"{party} nominated them",
        )


def _deferrals(found: _Found) -> Iterator[WaitingDecision]:
    counts = found.work.counts(Deferral, ("campaign",), due_utc=None, regardless=False)
    for (campaign,), homes in counts.items():
        yield _waits(
            AnswerDeferral,
            {"campaign": str(campaign)},
            f"campaign:{campaign}",
            f"{counted(homes, 'home')} of {campaign} were put off for as long as was agreed",
        )


def _sign_offs(found: _Found) -> Iterator[WaitingDecision]:
    for campaign in found.work.select(Campaign, state=CampaignState.RUNNING):
        if _judged(SignPhase, "campaign", campaign, found.viewer):
            continue
        for phase in found.work.select(CampaignPhase, campaign=campaign.campaign):
            last = found.work.get(GateDecision, campaign.campaign, phase.number, phase.verdicts)
            if phase.state is not PhaseState.RUNNING or last is None:
                continue
            if _SIGN_OFF in last.missing:
                yield _waits(
                    SignPhase,
                    {"campaign": campaign.campaign, "phase": str(phase.number)},
                    f"campaign:{campaign.campaign}",
                    f"phase {phase.name} of {campaign.campaign} wants a person's agreement",
                    last.utc,
                )


def _incidents(found: _Found) -> Iterator[WaitingDecision]:
    for row in found.work.select(Incident, state=IncidentState.OPEN):
        yield _waits(
            TakeIncident,
            {"incident": row.incident, "owner": found.viewer.person},
            f"incident:{row.incident}",
            f"nobody looks into incident {row.incident} of category {row.category}: {row.text}",
            row.raised_utc,
            decided=f"{row.person} of {row.party} raised it",
        )
    for row in found.work.select(Incident, state=IncidentState.INVESTIGATED):
        if row.owner == found.viewer.person:
            yield _waits(
                ResolveIncident,
                {"incident": row.incident},
                f"incident:{row.incident}",
                f"you look into incident {row.incident} of category {row.category}: {row.text}",
                row.raised_utc,
            )


def _time(found: _Found) -> Iterator[WaitingDecision]:
    mark = found.work.get(TimeMark, "time")
    if mark is not None and mark.doubt:
        what = f"no home begins: {mark.doubt}"
        yield _waits(ConfirmTime, {"mark": "time"}, "time:time", what, mark.seen_utc)


def _feedback(found: _Found) -> Iterator[WaitingDecision]:
    for window in found.work.select(UitWindow, state=WindowState.OPEN):
        said = found.work.get(CustomerFeedback, window.release, found.viewer.party)
        if said is None and window.opens_utc <= found.utc:
            yield _waits(
                GiveFeedback,
                {"release": window.release},
                f"release:{window.release}",
                f"customers test release {window.release}: say what you found",
                window.opens_utc,
                until=window.closes_utc,
            )


def _consents(found: _Found) -> Iterator[WaitingDecision]:
    for clock in _running(found):
        name = clock.subject.removeprefix("campaign:")
        if clock.clock == consent_clock(name):
            what = f"campaign {name} needs your consent in your homes"
            yield _waits(
                GiveConsent,
                {"campaign": name},
                clock.subject,
                what,
                clock.started_utc,
                until=clock.due_utc,
            )


def _slots(found: _Found) -> Iterator[WaitingDecision]:
    clocks = {clock.clock: clock for clock in _running(found)}
    for window in found.work.select(UpgradeWindow):
        clock = clocks.get(choice_clock(window.campaign, window.step, window.revision))
        if clock is not None:
            yield _waits(
                ChooseSlots,
                {"campaign": window.campaign, "step": str(window.step)},
                f"campaign:{window.campaign}",
                f"choose when the {window.step} of {window.campaign} is done in your homes",
                clock.started_utc,
                until=clock.due_utc,
            )


def _running(found: _Found) -> Iterator[PartyClock]:
    """Read the clocks that run for a supplier."""
    if found.viewer.roles.isdisjoint(SUPPLIERS):
        return
    rows = found.work.select(PartyClock, at_most={"due_utc": inf})
    yield from (row for row in rows if row.party == found.viewer.party)


#: What waits, by the decision that it waits for.
_SOURCES: Final[tuple[tuple[type[Any], Callable[[_Found], Iterator[WaitingDecision]]], ...]] = (
    (ApproveCampaign, _campaigns),
    (ApproveWaiver, _waivers),
    (ApproveRelease, _releases),
    (WaiveItem, _item_waivers),
    (ConfirmPerson, _persons),
    (ConfirmTime, _time),
    (ResumeCampaign, _held),
    (TakeIncident, _incidents),
    (SignPhase, _sign_offs),
    (DecideNominations, _nominations),
    (AnswerDeferral, _deferrals),
    (GiveFeedback, _feedback),
    (GiveConsent, _consents),
    (ChooseSlots, _slots),
)


def _approvals(question: AskApprovals, view: View) -> ApprovalList:
    acts = view.desk.fleet.acts

    def read(work: Work) -> list[WaitingDecision]:
        found = _Found(work, view)
        return [
            one
            for act, source in _SOURCES
            if not acts[act].roles.isdisjoint(view.viewer.roles)
            for one in source(found)
        ]

    items = asked(view.desk, read)
    order = sorted(items, key=lambda one: (bool(one.why_not), one.since_utc or inf, one.subject))
    return ApprovalList(tuple(order))


QUESTIONS: Final[Questions] = {
    AskApprovals: QuestionRow("approvals", _approvals, ApprovalList),
}
