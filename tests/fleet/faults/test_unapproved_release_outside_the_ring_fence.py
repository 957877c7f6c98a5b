"""An unapproved release is asked for outside the ring fence: refused, and nothing leaves."""

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import AmendCampaign, ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.port import Instruction
from tests.fleet.estate import DAY
from tests.fleet.rollout import RollOutTown, policy


def test_it_is_refused_however_it_is_asked_for() -> None:
    town = RollOutTown(2)
    town.home("f1", ring_fence="lab")
    town.approved_release(approve=False)
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy(ring_fence="lab"))))
    town.decide("olive", AmendCampaign("c1", canonical_json(policy())))
    assert "approve it first" in town.refused("peter", ApproveCampaign("c1"))
    town.pass_time(30 * DAY)
    assert not town.rows(Member)
    assert not town.rows(Instruction)


def test_a_fence_that_has_no_homes_reaches_none() -> None:
    town = RollOutTown(2)
    town.approved_release(approve=False)
    town.announce_undelivered(policy(ring_fence="elsewhere"))
    town.deliver()
    town.pass_time(30 * DAY)
    assert not town.rows(Instruction)
