"""The persons of a rehearsal: they enter, propose, approve, and give up what a gate has held.

They decide by the same signed acts as everybody and know nothing but what the fleet's rows say.
"""

from collections.abc import Callable
from typing import Any, Final

from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.scenario import Scenario, ScenarioRelease
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.acts import (
    THIRD_VERSION,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
)
from ota_engine.fleet.campaigns.policy import policy_text
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, PhaseState
from ota_engine.fleet.campaigns.steering import AbortCampaign
from ota_engine.fleet.kernel.decisions import Decision
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.times import Utc

PATIENCE_S: Final = 3 * 86_400.0  # how long a held campaign is looked into
VARIANT: Final = "hub-1"
FIRST_CPL: Final = "CPL-0001"  # of what all hubs run at first
WRITER, SECOND = "olive", "peter"

Decide = Callable[[Decision], Reply]


class EstateOperator:
    """Takes one release after the other to the homes.

    Attributes:
        campaigns: ids of those begun so far.
    """

    def __init__(self, scenario: Scenario, decide: Decide) -> None:
        self.campaigns: list[str] = []
        self._left = list(scenario.releases)
        self._policy = policy_text(scenario.policy)
        self._decide = decide
        self._taken = 0

    def begin(self, utc: Utc) -> None:
        """Take the next release."""
        release = self._left.pop(0)
        campaign = f"campaign-{release.release}"
        self.campaigns.append(campaign)
        self._do(WRITER, _entered(release), "the manufacturer has delivered it", utc)
        self._do(SECOND, ApproveRelease(release.release), "all tests have passed", utc)
        act = ProposeCampaign(campaign, release.release, self._policy)
        self._do(WRITER, act, "as planned", utc)
        if len(self.campaigns) > 1:
            reason = "it mends the release that was given up, which some homes run"
            self._do(SECOND, OverrideRule(campaign, THIRD_VERSION), reason, utc)
        self._do(SECOND, ApproveCampaign(campaign), "agreed", utc)

    def look(self, campaign: Campaign, utc: Utc) -> Utc | None:
        """Look at the campaign under way.

        Returns:
            when to look again; None when there is nothing to decide.
        """
        if campaign.state is not CampaignState.HELD:
            return None
        decide_at = Utc(campaign.since_utc + PATIENCE_S)
        if utc < decide_at:
            return decide_at
        self._do(WRITER, AbortCampaign(campaign.campaign), campaign.reason, utc)
        if self._left:
            self.begin(utc)
        return None

    def _do(self, person: str, act: Any, reason: str, utc: Utc) -> None:
        self._taken += 1
        self._decide(Decision(f"rehearsed-{self._taken}", person, act, reason, None, utc))


def paperwork_of(scenario: Scenario) -> list[Any]:
    """Have all that the releases of a scenario have gone through before it begins."""
    tested = tuple(name for name, _ in scenario.estate.configurations)
    versions = {release.cpl: release.version for release in scenario.releases}
    rows = stated_paths(VARIANT, {FIRST_CPL: scenario.estate.version, **versions})
    for one in scenario.releases:
        digest = _digest(one)
        rows += paperwork(one.release, one.version, one.cpl, digest, scenario.begin, tested)
    return rows


def _entered(release: ScenarioRelease) -> EnterRelease:
    return EnterRelease(
        release.release, VARIANT, release.version, release.cpl, release.type, _digest(release)
    )


def _digest(release: ScenarioRelease) -> str:
    return f"{release.version:064x}"


def is_over(campaign: Campaign, phases: tuple[CampaignPhase, ...]) -> bool:
    """Whether nothing more will happen by itself: given up, or open for homes to come."""
    if campaign.state in (CampaignState.ABORTED, CampaignState.SUPERSEDED):
        return True
    return bool(phases) and phases[-1].state is PhaseState.OPEN
