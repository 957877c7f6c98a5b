"""A third version is in the estate already: a campaign of a fourth says which, and asks for an override."""

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Member
from tests.fleet.rollout import RollOutTown, policy


def test_all_versions_that_are_there_are_named_and_nothing_is_planned() -> None:
    town = RollOutTown(3)
    for home, version in (("h1", 0x0000_8000), ("h2", 0x0000_9000)):
        (device,) = town.devices_of(home, "CHF")
        town.runs(device, version)
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    text = town.refused("peter", ApproveCampaign("c1"))
    assert "beside 00008000, 00009000, 00010000" in text
    assert not town.rows(Member)
