"""The operator's persons in a rehearsal: they enter, propose, approve, and decide about what is held.

They decide by the same signed acts as everybody, and know nothing but what the fleet's rows say.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from emulators.estate.cast import SECOND, WRITER, person_of
from emulators.estate.firmware import release_digest
from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.scenario import PlannedIncident, Scenario, ScenarioRelease
from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.calendar.rows import HomeStep
from ota_engine.fleet.calendar.slots import SetWindow
from ota_engine.fleet.campaigns.acts import (
    THIRD_VERSION,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
)
from ota_engine.fleet.campaigns.assessment import RecordMeeting, SignPhase, StatePosition
from ota_engine.fleet.campaigns.plan.policy import policy_text
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, GateDecision
from ota_engine.fleet.campaigns.steering import AbortCampaign, ResumeCampaign
from ota_engine.fleet.campaigns.troubles import ResolveIncident, TakeIncident
from ota_engine.fleet.campaigns.voices import Stance
from ota_engine.fleet.incidents.rows import Incident, IncidentState, Resolution
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.notices.delivery import RequeueNotices
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.times import DAY_S, Utc

FIRST_CPL: Final = "CPL-0001"  # of what all hubs run at first
_TAKEN_S: Final = 3_600.0  # until somebody owns an incident
#: What a gate asks of persons once homes and time have said their part.
_MEETING: Final = "an assessment meeting"
_AGREEMENT: Final = "a person's agreement"


class Decide(Protocol):
    """Takes a decision to the fleet."""

    def __call__(self, person: str, act: Any, reason: str, *, revision: int | None = None) -> Reply:
        """Let a person decide, now."""
        ...


class EstateOperator:
    """Takes one release after the other to the homes.

    Attributes:
        campaigns: ids of those begun so far.
    """

    def __init__(self, scenario: Scenario, decide: Decide) -> None:
        self.campaigns: list[str] = []
        self._scenario = scenario
        self._left = list(scenario.releases)
        self._silences = list(scenario.silences)
        self._policy = policy_text(scenario.policy)
        self._decide = decide

    def begin(self, utc: Utc) -> None:
        """Take the next release.

        Raises:
            LocalError: the fleet refuses it.
        """
        release = self._left.pop(0)
        campaign = f"campaign-{release.release}"
        self.campaigns.append(campaign)
        self._must(WRITER, self._entered(release), "the manufacturer has delivered it")
        self._must(SECOND, ApproveRelease(release.release), "all tests have passed")
        act = ProposeCampaign(campaign, release.release, self._policy)
        self._must(WRITER, act, "as planned")
        if len(self.campaigns) > 1:
            self._override(campaign, "it mends the release that was given up, which some homes run")
        reply = self._decide(SECOND, ApproveCampaign(campaign), "agreed")
        if not reply.accepted and THIRD_VERSION in reply.text:
            self._override(campaign, "homes run two versions already, and this one replaces both")
            reply = self._decide(SECOND, ApproveCampaign(campaign), "agreed")
        _refuse(reply, "ApproveCampaign")
        if self._scenario.habits.slots_permille:
            self._give_window(campaign, utc)

    def _override(self, campaign: str, reason: str) -> None:
        self._decide(SECOND, OverrideRule(campaign, THIRD_VERSION), reason)

    def _must(self, person: str, act: Any, reason: str) -> None:
        """Take a decision without which there is nothing to rehearse.

        Raises:
            LocalError: it is refused.
        """
        _refuse(self._decide(person, act, reason), type(act).__name__)

    def _give_window(self, campaign: str, utc: Utc) -> None:
        habits = self._scenario.habits
        begin = utc + self._scenario.policy.notice_days * DAY_S
        until = utc + max(self._scenario.days, habits.choose_days + habits.chosen_days) * DAY_S
        choose_by = utc + habits.choose_days * DAY_S
        window = SetWindow(campaign, HomeStep.ACTIVATION, begin, until, None, choose_by)
        self._decide(WRITER, window, "suppliers may choose within it")

    def try_again(self, utc: Utc) -> Utc | None:
        """Bring notices once more to parties that can be reached again.

        Returns:
            when the next one can be; None for no such party.
        """
        over = [one for one in self._silences if self._scenario.ends_of(one) <= utc]
        for one in over:
            self._silences.remove(one)
            self._decide(WRITER, RequeueNotices(one.party), "its endpoint answers again")
        return min(map(self._scenario.ends_of, self._silences), default=None)

    def look(
        self,
        campaign: Campaign,
        gate: GateDecision | None,
        incidents: Sequence[Incident],
        utc: Utc,
    ) -> Utc | None:
        """Look at the campaign under way.

        Args:
            campaign: as it stands.
            gate: last verdict about the phase under way.
            incidents: all of the campaign.
            utc: now.

        Returns:
            when to look again; None when there is nothing to decide.
        """
        unresolved = [one for one in incidents if one.state is not IncidentState.RESOLVED]
        if unresolved:
            return min(self._see_to(one, utc) for one in unresolved)
        if campaign.state is CampaignState.RUNNING and gate is not None:
            self._assess(gate, utc)
        if campaign.state is not CampaignState.HELD:
            return None
        if incidents and "failed" not in campaign.reason:
            reason = f"{incidents[-1].incident} is resolved: {incidents[-1].reason}"
            act = ResumeCampaign(campaign.campaign)
            self._decide(WRITER, act, reason, revision=campaign.revision)
            return None
        return self._give_up(campaign, utc)

    def _assess(self, gate: GateDecision, utc: Utc) -> None:
        """Meet about a phase, and agree that it has gone well, where nothing else is missing."""
        missing = set(gate.missing.split("; "))
        if not missing or not missing <= {_MEETING, _AGREEMENT}:
            return
        campaign, phase = gate.campaign, gate.phase
        suppliers = self._scenario.estate.supplier_ids
        for supplier in suppliers:
            position = StatePosition(campaign, phase, Stance.AGREES)
            self._decide(person_of(supplier), position, "no complaints beyond the usual")
        if _MEETING in missing:
            attendees = (WRITER, SECOND, *map(person_of, suppliers))
            minutes = "success, failures and reports of all parties were looked at"
            name = f"{campaign}-{phase}-assessment"
            meeting = RecordMeeting(campaign, phase, name, attendees, (), minutes, utc)
            self._decide(WRITER, meeting, "held as agreed")
        if _AGREEMENT in missing:
            self._decide(SECOND, SignPhase(campaign, phase), "all parties agree")

    def _see_to(self, incident: Incident, utc: Utc) -> Utc:
        """Own an incident, look into it for some days, and resolve it."""
        taken = Utc(incident.raised_utc + _TAKEN_S)
        ends = Utc(incident.raised_utc + self._planned(incident).days * DAY_S)
        if incident.state is IncidentState.OPEN:
            if utc < taken:
                return taken
            self._decide(WRITER, TakeIncident(incident.incident, WRITER), "somebody looks into it")
        if utc < ends:
            return ends
        act = ResolveIncident(incident.incident, Resolution.GO_ON)
        self._decide(WRITER, act, "it has another cause than the release")
        return utc

    def _planned(self, incident: Incident) -> PlannedIncident:
        number = int(incident.incident.rpartition("-")[2])
        return self._scenario.incidents[number - 1]

    def _give_up(self, campaign: Campaign, utc: Utc) -> Utc | None:
        decide_at = Utc(campaign.since_utc + self._scenario.patience_days * DAY_S)
        if utc < decide_at:
            return decide_at
        self._decide(WRITER, AbortCampaign(campaign.campaign), campaign.reason)
        if self._left:
            self.begin(utc)
        return None

    def _entered(self, release: ScenarioRelease) -> EnterRelease:
        return EnterRelease(
            release.release,
            self._scenario.estate.variant,
            release.version,
            release.cpl,
            release.type,
            release_digest(release.version),
        )


def _refuse(reply: Reply, act: str) -> None:
    if not reply.accepted:
        raise LocalError(f"the fleet refuses {act}: {reply.text}")


def paperwork_of(scenario: Scenario) -> list[Any]:
    """Have all that the releases of a scenario have gone through before it begins."""
    tested = tuple(name for name, _ in scenario.estate.configurations)
    versions = {release.cpl: release.version for release in scenario.releases}
    rows = stated_paths(scenario.estate.variant, {FIRST_CPL: scenario.estate.version, **versions})
    for one in scenario.releases:
        digest = release_digest(one.version)
        rows += paperwork(one.release, one.version, one.cpl, digest, scenario.begin, tested)
    return rows
