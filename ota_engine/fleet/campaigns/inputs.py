"""Gathers what a gate is judged by from the rows of a campaign: as many for any number of homes."""

from dataclasses import replace

from ota_engine.fleet.campaigns.gates import GateInputs, OpenIncident, counted
from ota_engine.fleet.campaigns.homes.members import RollOut
from ota_engine.fleet.campaigns.rows import BY_GATEWAY, PLACES, CampaignPhase, GatewayReport, Sum
from ota_engine.fleet.campaigns.voices import Meeting, Position, SignOff, Stance
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc


def gate_inputs(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> GateInputs:
    """Gather what the gate of a phase is judged by now.

    Incidents of all phases of the campaign count: one that is found late stops what is under way.
    """
    campaign, number = phase.campaign, phase.number
    gate = roll_out.policy.phases[number - 1].gate
    signed = work.get(SignOff, campaign, number)
    positions = work.select(Position, campaign=campaign, phase=number)
    return replace(
        counted(work.select(Sum, campaign=campaign, phase=number)),
        excused_failed=phase.excused_failed,
        excused_lost=phase.excused_lost,
        incidents=_open_incidents(campaign, work),
        objections=_objections(positions, signed),
        positions=stated(positions),
        stale=_stale(campaign, gate.stale_s, work, utc) if gate.stale_s else (),
        last_end_utc=phase.last_end_utc,
        observed_utc=phase.observed_utc,
        signed_off=signed.person if signed is not None and signed.valid else "",
        meetings=len(work.select(Meeting, campaign=campaign, phase=number)),
    )


def stated(positions: tuple[Position, ...]) -> tuple[str, ...]:
    """Write the positions of parties for a record."""
    return tuple(f"{row.party} {row.stance}: {row.comment}" for row in positions)


def _open_incidents(campaign: str, work: Work) -> tuple[OpenIncident, ...]:
    return tuple(
        OpenIncident(row.incident, row.category)
        for row in work.select(Incident, campaign=campaign)
        if row.state is not IncidentState.RESOLVED
    )


def _objections(positions: tuple[Position, ...], signed: SignOff | None) -> tuple[str, ...]:
    """Name the parties whose objection was not before whoever signed off last."""
    heard: tuple[str, ...] = ()
    since = float("-inf")
    if signed is not None and signed.valid:
        heard, since = signed.positions, signed.utc
    return tuple(
        row.party
        for row in positions
        if row.stance is Stance.OBJECTS and (row.utc > since or stated((row,))[0] not in heard)
    )


def _stale(campaign: str, most_s: float, work: Work, utc: Utc) -> tuple[str, ...]:
    stale = []
    for row in work.select(Sum, campaign=campaign, phase=PLACES, state=BY_GATEWAY):
        report = work.get(GatewayReport, row.reason)
        if report is None or report.utc < utc - most_s:
            stale.append(row.reason)
    return tuple(stale)
