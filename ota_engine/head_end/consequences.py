"""What a grave decision will do, in words and to how many homes, said before it is given; decides nothing.

What is said is what would happen if it were decided now.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.ending import RetireRelease, WithdrawRelease
from ota_engine.fleet.approvals.rows import ApprovalScope
from ota_engine.fleet.campaigns.acts import ApproveCampaign
from ota_engine.fleet.campaigns.emergency import ApproveWaiver
from ota_engine.fleet.campaigns.lives import NOT_BEGUN, UNDER_WAY
from ota_engine.fleet.campaigns.plan.planning import targets_of
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import PLACES, Campaign, CampaignState, Sum
from ota_engine.fleet.campaigns.steering import AbortCampaign, PauseCampaign, StopAll
from ota_engine.fleet.campaigns.troubles import ResolveIncident
from ota_engine.fleet.campaigns.voices import Waiver
from ota_engine.fleet.gateways.acts import RevokeGateway
from ota_engine.fleet.incidents.rows import Incident, Resolution
from ota_engine.fleet.inventory.acts import EraseParticulars
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Strata
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.acts import RemovePerson
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.desk import FleetDesk
from ota_engine.wording import counted

_GO_ON: Final = (CampaignState.NOTIFIED, CampaignState.RUNNING)


def consequences(desk: FleetDesk, act: Any) -> tuple[str, ...]:
    """Say what a decision will do, a sentence each; nothing where nothing grave is known of it.

    Raises:
        StoreError: the database failed.
    """
    teller = _TELLERS.get(type(act))
    return () if teller is None else asked(desk, lambda work: tuple(teller(act, work)))


def is_grave(act: type[Any]) -> bool:
    """Whether a kind of decision is confirmed before it is given."""
    return act in _TELLERS


def _homes(campaign: str, work: Work) -> tuple[int, int]:
    """Count the homes of a campaign that are under way, and those not begun."""
    rows = [row for row in work.select(Sum, campaign=campaign) if row.phase != PLACES]
    busy = sum(row.homes for row in rows if row.state in UNDER_WAY)
    return busy, sum(row.homes for row in rows if row.state in NOT_BEGUN)


def _approve(act: ApproveCampaign, work: Work) -> Iterator[str]:
    campaign = work.get(Campaign, act.campaign)
    release = work.get(FirmwareRelease, campaign.release) if campaign else None
    if campaign is None or release is None:
        return
    try:
        policy = policy_of(campaign.policy)
    except LocalError:
        return
    homes = sum(work.strata(targets_of(release, policy)).values())
    yield (
        f"{counted(homes, 'home')} are drawn into {counted(len(policy.phases), 'phase')}, and their"
        f" hubs will be given version {release.version:08X} of {release.variant}."
    )
    yield (
        f"The policy is frozen, and every party concerned is told now; the first home begins"
        f" {counted(policy.notice_days, 'day')} after the notice has arrived."
    )


def _pause(act: PauseCampaign, work: Work) -> Iterator[str]:
    busy, ahead = _homes(act.campaign, work)
    yield f"No further home begins; {counted(ahead, 'home')} wait until somebody goes on."
    yield f"What has not run is taken back in {counted(busy, 'home')} that are under way."


def _abort(act: AbortCampaign, work: Work) -> Iterator[str]:
    yield from _aborted(act.campaign, work)


def _aborted(campaign: str, work: Work) -> Iterator[str]:
    busy, ahead = _homes(campaign, work)
    yield f"Campaign {campaign} ends for good: nobody can take that back."
    yield (
        f"{counted(busy, 'home')} under way are withdrawn, and {counted(ahead, 'home')} are never"
        " begun."
    )


def _stop(act: StopAll, work: Work) -> Iterator[str]:
    rows = [row for state in _GO_ON for row in work.select(Campaign, state=state)]
    if not rows:
        yield "No campaign is under way: nothing happens."
        return
    busy = sum(_homes(row.campaign, work)[0] for row in rows)
    names = ", ".join(row.campaign for row in rows)
    yield f"{counted(len(rows), 'campaign')} stop at once: {names}."
    yield f"{counted(busy, 'home')} are under way in them; no other begins. Each goes on by itself later."


def _resolve(act: ResolveIncident, work: Work) -> Iterator[str]:
    incident = work.get(Incident, act.incident)
    if incident is None:
        return
    if act.resolution is Resolution.ABORT:
        yield from _aborted(incident.campaign, work)
    elif act.resolution is Resolution.FIX_FORWARD:
        yield (
            f"Campaign {incident.campaign} is held, and goes on no more: {act.successor} mends it."
        )
    else:
        yield f"The gate of campaign {incident.campaign} is judged again without this incident."


def _approve_release(act: ApproveRelease, work: Work) -> Iterator[str]:
    release = work.get(FirmwareRelease, act.release)
    if release is None:
        return
    if act.scope is ApprovalScope.MANUFACTURE:
        yield f"New devices of {release.variant} may be made with it."
        return
    everywhere = Strata(release.variant, (), release.version)
    homes = sum(work.strata(everywhere).values())
    yield f"Campaigns may roll it out: today, {counted(homes, 'home')} would need it."


def _withdraw(act: WithdrawRelease, work: Work) -> Iterator[str]:
    rows = [
        row for state in _GO_ON for row in work.select(Campaign, release=act.release, state=state)
    ]
    busy = sum(_homes(row.campaign, work)[0] for row in rows)
    yield "It is delivered no longer, from this moment on, and nothing is made with it."
    if rows:
        names = ", ".join(row.campaign for row in rows)
        yield f"{counted(len(rows), 'campaign')} are held at once, with {counted(busy, 'home')} under way: {names}."
    yield "Every user of the variant is told."


def _retire(act: RetireRelease, work: Work) -> Iterator[str]:
    yield f"It is delivered no longer; {act.successor} takes its place, and its users are told."


def _erase(act: EraseParticulars, work: Work) -> Iterator[str]:
    yield (
        f"What names {counted(len(act.homes), 'home')} is forgotten for good; their pseudonyms and"
        " what happened in them stay."
    )


def _waiver(act: ApproveWaiver, work: Work) -> Iterator[str]:
    waiver = work.get(Waiver, act.campaign)
    campaign = work.get(Campaign, act.campaign)
    if waiver is None or campaign is None:
        return
    _, ahead = _homes(act.campaign, work)
    left_out = ", ".join(waiver.phases) or "none"
    yield f"It begins at once, without its seven days of notice, with {counted(ahead, 'home')} to come."
    yield f"Phases left out: {left_out}. Every party concerned is told now."


def _revoke(act: RevokeGateway, work: Work) -> Iterator[str]:
    counts = work.counts(Home, ("gateway",), gateway=act.gateway)
    yield (
        f"It takes no work any more, and nothing that it says counts: {counted(sum(counts.values()), 'home')}"
        " belong to it, and are reached by nobody until they are moved."
    )


def _remove(act: RemovePerson, work: Work) -> Iterator[str]:
    yield f"{act.person} decides nothing any more, and no session or token of hers counts."


_TELLERS: Final[Mapping[type[Any], Callable[[Any, Work], Iterator[str]]]] = {
    ApproveCampaign: _approve,
    ApproveWaiver: _waiver,
    PauseCampaign: _pause,
    AbortCampaign: _abort,
    StopAll: _stop,
    ResolveIncident: _resolve,
    ApproveRelease: _approve_release,
    WithdrawRelease: _withdraw,
    RetireRelease: _retire,
    EraseParticulars: _erase,
    RevokeGateway: _revoke,
    RemovePerson: _remove,
}
