"""Rule 15: devices are made with a version only after its mass phase is approved and UIT is over.

Source: document 001, section 3.4 (Communications Hub firmware management, deployment).
"""

from dataclasses import replace

from ota_engine.canonical import canonical_json
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.rows import (
    ApprovalScope,
    ChecklistItem,
    ItemWaiver,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    PhaseState,
)
from ota_engine.fleet.releases.defects import RecordDefect, ResolveDefect
from ota_engine.fleet.releases.rows import DefectHit, FirmwareRelease
from tests.fleet.estate import Estate

MANUFACTURE = ApproveRelease("r1", ApprovalScope.MANUFACTURE)


def policy(**changes: object) -> str:
    """A policy with a pilot and a mass phase."""
    phases = [{"name": "pilot", "homes": 10}, {"name": "mass", "homes": None}]
    return canonical_json({"key": "0011223344556677", "phases": phases, **changes})


def with_mass_phase(
    state: CampaignState = CampaignState.RUNNING, *, begun: bool = True, text: str = ""
) -> Estate:
    """A release that goes over the air, and a campaign in its last phase."""
    estate = Estate(1)
    estate.approved_release()
    text = text or policy()
    estate.put(
        Campaign("c1", "r1", text, "", state, "", estate.utc, "olive", 1, "", phase=2),
        CampaignPhase("c1", 1, "pilot", PhaseState.PASSED, estate.utc),
        CampaignPhase("c1", 2, "mass", PhaseState.OPEN, estate.utc if begun else None),
    )
    return estate


def test_a_release_is_made_after_its_mass_phase_is_approved_and_uit_is_over() -> None:
    estate = with_mass_phase()
    estate.decide("peter", MANUFACTURE)
    assert estate.row(FirmwareRelease).manufacture
    assert "already" in estate.refused("peter", MANUFACTURE)


def test_approval_over_the_air_approves_no_manufacture() -> None:
    estate = Estate(1)
    estate.approved_release()
    assert not estate.row(FirmwareRelease).manufacture
    assert "mass phase of r1 is not approved" in estate.refused("peter", MANUFACTURE)


def test_a_mass_phase_that_has_not_begun_or_was_given_up_approves_no_manufacture() -> None:
    for estate in (with_mass_phase(begun=False), with_mass_phase(CampaignState.ABORTED)):
        assert "mass phase of r1 is not approved" in estate.refused("peter", MANUFACTURE)


def test_neither_proving_nor_a_suppliers_own_roll_out_nor_a_pilot_approves_manufacture() -> None:
    pilots = [{"name": "pilot", "homes": 10}, {"name": "larger", "homes": 20}]
    for text in (policy(ring_fence="f"), policy(supplier="supplier-1"), policy(phases=pilots)):
        estate = with_mass_phase(text=text)
        assert "mass phase of r1 is not approved" in estate.refused("peter", MANUFACTURE)


def test_a_release_whose_uit_is_not_over_or_was_left_out_is_not_made() -> None:
    estate = with_mass_phase()
    window = estate.row(UitWindow)
    estate.put(replace(window, state=WindowState.OPEN))
    assert "UIT of r1" in estate.refused("peter", MANUFACTURE)
    estate.put(window, ItemWaiver("r1", ChecklistItem.UIT, "olive", "x", "paula", "y"))
    assert "UIT of r1 was left out" in estate.refused("peter", MANUFACTURE)


def test_a_draft_is_not_made() -> None:
    estate = Estate(1)
    estate.approved_release(approve=False)
    assert "r1 is draft" in estate.refused("peter", MANUFACTURE)


def test_a_release_with_a_defect_that_forbids_it_goes_over_the_air_only() -> None:
    estate = with_mass_phase()
    estate.decide("olive", RecordDefect("r1", "D1", 3, (DefectHit.INSTALLATION,), "joins twice"))
    assert "over the air only: defect D1 hits installation" in estate.refused("peter", MANUFACTURE)


def test_a_defect_found_later_ends_manufacture_at_once() -> None:
    estate = with_mass_phase()
    estate.decide("peter", MANUFACTURE)
    text = estate.decide("sam", RecordDefect("r1", "D1", 2, (DefectHit.HAN,), "loses the meter"))
    assert "over the air only from now on" in text
    assert not estate.row(FirmwareRelease).manufacture


def test_a_defect_fixed_in_another_release_still_is_in_this_one() -> None:
    estate = with_mass_phase()
    estate.decide("olive", RecordDefect("r1", "D1", 3, (DefectHit.HAN,), "loses the meter"))
    estate.approved_release("r2", 0x0003_0000)
    estate.decide("olive", ResolveDefect("r1", "D1", "r2"))
    assert "over the air only" in estate.refused("peter", MANUFACTURE)
