"""What may be decided about something, by whoever asks, and why not what may not.

The fleet judges each decision again when it is given; what is said here spares a person a refusal. What
depends on what is filled in is not judged here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any, Final

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.ending import RetireRelease, WithdrawRelease
from ota_engine.fleet.campaigns.acts import (
    AmendCampaign,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
    RejectCampaign,
)
from ota_engine.fleet.campaigns.assessment import RecordMeeting, SignPhase
from ota_engine.fleet.campaigns.emergency import ApproveWaiver, ProposeWaiver
from ota_engine.fleet.campaigns.lives import CAMPAIGN_TRANSITIONS, OPEN_CAMPAIGNS, CampaignStep
from ota_engine.fleet.campaigns.nominations import DecideNominations, NominateHomes
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState
from ota_engine.fleet.campaigns.steering import (
    AbortCampaign,
    KeepHome,
    PauseCampaign,
    ResumeCampaign,
    ScheduleStatus,
)
from ota_engine.fleet.campaigns.troubles import (
    RaiseIncident,
    RateIncident,
    ReopenIncident,
    ResolveIncident,
    TakeIncident,
)
from ota_engine.fleet.campaigns.voices import Waiver
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.gateways.acts import RevokeGateway
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.incidents.life import TRANSITIONS as INCIDENT_TRANSITIONS
from ota_engine.fleet.incidents.life import IncidentStep
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.kernel.decisions import ActRow, PartyRole
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.acts import RegisterServiceUser
from ota_engine.fleet.parties.acts import (
    ConfirmPerson,
    FoundEstate,
    RegisterParty,
    RegisterPerson,
    RemovePerson,
    ReplaceKey,
)
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.acts import TRANSITIONS as RELEASE_TRANSITIONS
from ota_engine.fleet.releases.acts import AddContent, EnterRelease, ReleaseStep
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.questions.asking import (
    NotThereError,
    QuestionRow,
    Questions,
    View,
    Viewer,
)
from ota_engine.head_end.questions.scope import is_hidden


@dataclass(frozen=True, slots=True)
class AskDecisions:
    """What may be decided about something; ``subject`` is ``kind:id``, empty for all there is."""

    subject: str = ""


@dataclass(frozen=True, slots=True)
class PossibleDecision:
    """One kind of decision about something.

    Attributes:
        act: its name, as ``approve-campaign``.
        title: what it does, in one line.
        fields: of the act, that name what it is about; and the phase that a campaign is in.
        why_not: why it is not for whoever asks, or not now; empty where it may be given.
    """

    act: str
    title: str
    fields: Mapping[str, str]
    why_not: str


@dataclass(frozen=True, slots=True)
class DecisionChoice:
    """What may be decided about something.

    Attributes:
        subject: what it is about.
        revision: at which that is; None for what has none, or is not there yet.
        items: decisions about it that are for the roles of whoever asks, in the order of the fleet.
    """

    subject: str
    revision: int | None
    items: tuple[PossibleDecision, ...]


def act_name(act: type[Any]) -> str:
    """Write the name of a kind of act with dashes."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", act.__name__).lower()


#: Kinds of acts by their names.
ACTS_BY_NAME: Final[Mapping[str, type[Any]]] = {act_name(act): act for act in Fleet().acts}


def act_title(act: type[Any]) -> str:
    """Say what a kind of act does, in one line."""
    told = (act.__doc__ or "").split("\n")[0].split(";")[0].rstrip(".")
    return told.replace("`", "")


def _step(step: Any, transitions: Mapping[Any, Any], state: str) -> Callable[[Any, Viewer], str]:
    allowed = frozenset(one for one, other in transitions if other is step)

    def why_not(row: Any, viewer: Viewer) -> str:
        now = getattr(row, state)
        if now in allowed:
            return ""
        return f"it is {now}: this takes one that is {' or '.join(sorted(allowed))}"

    return why_not


def _campaign_step(step: CampaignStep) -> Callable[[Any, Viewer], str]:
    return _step(step, CAMPAIGN_TRANSITIONS, "state")


def _owned(row: Campaign, viewer: Viewer) -> str:
    if not viewer.person or row.party == viewer.party or PartyRole.OPERATOR in viewer.roles:
        return ""
    return f"it is a roll-out of {row.party}"


def _second(row: Campaign, viewer: Viewer) -> str:
    if viewer.person and row.author == viewer.person:
        return "you wrote it: a second person decides this"
    return ""


def _seconding_party(row: Campaign, viewer: Viewer) -> str:
    if not viewer.person or PartyRole.APPROVER in viewer.roles or row.party == viewer.party:
        return ""
    return f"it takes an approver, or a second person of {row.party}"


def _under_way(row: Campaign, viewer: Viewer) -> str:
    return "" if row.state in OPEN_CAMPAIGNS else f"it is {row.state}, and not under way"


def _phase_under_way(row: Campaign, viewer: Viewer) -> str:
    return "" if row.state is CampaignState.RUNNING else f"it is {row.state}: no phase is under way"


def _resumed(row: Campaign, viewer: Viewer) -> str:
    step = CampaignStep.GO_ON if row.phase else CampaignStep.WAIT_ON
    why_not = _campaign_step(step)(row, viewer)
    if not why_not and row.successor:
        return f"it is to be mended by {row.successor}: propose a campaign of that release"
    return why_not


def _notified(row: Campaign, viewer: Viewer) -> str:
    if row.state is CampaignState.NOTIFIED and not row.waiver:
        return ""
    return f"it is {row.state}: a waiver is for one that waits for its notice"


def _release_step(step: ReleaseStep) -> Callable[[Any, Viewer], str]:
    return _step(step, RELEASE_TRANSITIONS, "status")


def _approved(row: FirmwareRelease, viewer: Viewer) -> str:
    if viewer.person and row.author == viewer.person:
        return "you entered it: a second person approves it"
    if row.status is ReleaseStatus.APPROVED and not row.manufacture:
        return ""  # for manufacture
    if row.status is ReleaseStatus.APPROVED:
        return "it is approved for delivery and for manufacture already"
    return _release_step(ReleaseStep.APPROVE)(row, viewer)


def _draft(row: FirmwareRelease, viewer: Viewer) -> str:
    return "" if row.status is ReleaseStatus.DRAFT else f"it is {row.status}: what is in it stands"


def _incident_step(step: IncidentStep) -> Callable[[Any, Viewer], str]:
    return _step(step, INCIDENT_TRANSITIONS, "state")


def _confirmed(row: Person, viewer: Viewer) -> str:
    if row.active or row.revision > 1:
        return "she awaits no confirmation"
    if viewer.person and row.registered_by == viewer.person:
        return "you registered her: a second person confirms"
    return ""


def _own_key(row: Person, viewer: Viewer) -> str:
    return "" if row.person == viewer.person else "each person replaces her key herself"


def _removed(row: Person, viewer: Viewer) -> str:
    if row.person == viewer.person:
        return "nobody removes herself"
    return "" if row.active else "she decides nothing as it is"


def _revoked(row: RegisteredGateway, viewer: Viewer) -> str:
    return f"it is revoked already: {row.revoked}" if row.revoked else ""


#: Why a decision may not be given about a row as it is; of those that are not here, nothing is known.
_JUDGES: Final[Mapping[type[Any], tuple[Callable[[Any, Viewer], str], ...]]] = {
    AmendCampaign: (_owned, _campaign_step(CampaignStep.AMEND)),
    RejectCampaign: (_seconding_party, _campaign_step(CampaignStep.REJECT)),
    OverrideRule: (_second, _campaign_step(CampaignStep.ABORT)),
    ApproveCampaign: (_seconding_party, _second, _campaign_step(CampaignStep.APPROVE)),
    PauseCampaign: (_owned, _campaign_step(CampaignStep.PAUSE)),
    ResumeCampaign: (_owned, _resumed),
    AbortCampaign: (_owned, _campaign_step(CampaignStep.ABORT)),
    KeepHome: (_under_way,),
    ScheduleStatus: (_under_way,),
    SignPhase: (_owned, _phase_under_way),
    RecordMeeting: (_owned,),
    NominateHomes: (_under_way,),
    DecideNominations: (_under_way,),
    ProposeWaiver: (_notified,),
    ApproveWaiver: (_notified,),
    ApproveRelease: (_approved,),
    WithdrawRelease: (_release_step(ReleaseStep.WITHDRAW),),
    RetireRelease: (_release_step(ReleaseStep.RETIRE),),
    AddContent: (_draft,),
    TakeIncident: (_incident_step(IncidentStep.TAKE),),
    RateIncident: (_incident_step(IncidentStep.RATE),),
    ResolveIncident: (_incident_step(IncidentStep.RESOLVE),),
    ReopenIncident: (_incident_step(IncidentStep.REOPEN),),
    ConfirmPerson: (_confirmed,),
    ReplaceKey: (_own_key,),
    RemovePerson: (_removed,),
    RevokeGateway: (_revoked,),
}

#: Acts by which something comes to be, and of what they are decided from there.
MAKING: Final[Mapping[type[Any], str]] = {
    FoundEstate: "",
    RegisterParty: "",
    RegisterPerson: "party",
    RegisterServiceUser: "party",
    EnterRelease: "variant",
    ProposeCampaign: "release",
    RaiseIncident: "campaign",
}

#: Kinds of rows that subjects are, by the words before the colon.
ROWS_OF: Final[Mapping[str, type[Any]]] = {
    "campaign": Campaign,
    "release": FirmwareRelease,
    "incident": Incident,
    "gateway": RegisteredGateway,
    "person": Person,
    "party": Party,
}


def _names(act: type[Any], row: ActRow) -> tuple[str, tuple[str, ...]] | None:
    """Say which word the subject of an act begins with, and which fields follow it."""
    marks = SimpleNamespace(**{item.name: f"<{item.name}>" for item in fields(act)})
    try:
        word, _, rest = row.subject(marks).partition(":")
    except AttributeError:  # its subject is within a field
        return None
    return word, tuple(re.findall(r"<(\w+)>", rest))


#: By the word that a subject begins with: acts, and their fields that name it.
ABOUT: Final[dict[str, list[tuple[type[Any], tuple[str, ...]]]]] = {}
for _act, _row in Fleet().acts.items():
    _found = _names(_act, _row)
    if _found is not None and _found[1]:
        ABOUT.setdefault(_found[0], []).append((_act, _found[1]))
#: A campaign has windows, each of which is a subject of its own; they are decided from the campaign.
ABOUT["campaign"] += [(act, ("campaign",)) for act, _ in ABOUT.pop("window")]
for _act, _word in MAKING.items():
    for _others in ABOUT.values():
        _others[:] = [one for one in _others if one[0] is not _act]
    if _word:
        ABOUT[_word].append((_act, (_word,)))


def _decisions(question: AskDecisions, view: View) -> DecisionChoice:
    if not question.subject:
        return DecisionChoice("", None, tuple(_all(view)))
    word, colon, name = question.subject.partition(":")
    if not colon or word not in ABOUT or is_hidden(view, question.subject):
        raise NotThereError(f"{question.subject[:80]!a}: nothing is decided about such a thing")

    def read(work: Work) -> DecisionChoice:
        kind = ROWS_OF.get(word)
        row = None if kind is None else work.get(kind, name)
        items = tuple(
            judged(act, names, name, row, view.viewer)
            for act, names in ABOUT[word]
            if _is_for(act, view)
        )
        return DecisionChoice(question.subject, getattr(row, "revision", None), items)

    return asked(view.desk, read)


def _is_for(act: type[Any], view: View) -> bool:
    return not view.viewer.roles.isdisjoint(view.desk.fleet.acts[act].roles)


def _all(view: View) -> Iterator[PossibleDecision]:
    for act in view.desk.fleet.acts:
        if act is not FoundEstate and _is_for(act, view):
            yield PossibleDecision(act_name(act), act_title(act), {}, "")


def judged(
    act: type[Any], names: tuple[str, ...], name: str, row: Any, viewer: Viewer
) -> PossibleDecision:
    """Judge one kind of decision about a row."""
    whys = (judge(row, viewer) for judge in _JUDGES.get(act, ())) if row is not None else ()
    why_not = next((why for why in whys if why), "")
    named = dict(zip(names, name.split("/", len(names) - 1), strict=False))
    if isinstance(row, Campaign) and row.phase and "phase" in {item.name for item in fields(act)}:
        named["phase"] = str(row.phase)
    return PossibleDecision(act_name(act), act_title(act), named, why_not)


def waiver_of(work: Work, campaign: str) -> Waiver | None:
    """Read the waiver of a campaign that nobody has agreed to yet; None for none."""
    waiver = work.get(Waiver, campaign)
    return None if waiver is None or waiver.approver else waiver


QUESTIONS: Final[Questions] = {
    AskDecisions: QuestionRow("possible-decisions", _decisions, DecisionChoice),
}
