"""Production proving: an unapproved release for a ring-fenced set of homes, and for no other home."""

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Member, MemberState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.port import Verb
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, policy


@pytest.fixture
def town() -> RollOutTown:
    """Two homes in the ring fence, two in none, and a release that nobody has approved."""
    found = RollOutTown(2)
    for home in ("f1", "f2"):
        found.home(home, ring_fence="lab")
    found.approved_release(approve=False)
    return found


def test_it_is_delivered_within_the_fence_and_nowhere_else(town: RollOutTown) -> None:
    town.announce_undelivered(policy(ring_fence="lab"))
    town.deliver()
    town.pass_time(7 * DAY + HOUR)
    assert {one.home for one in town.told(Verb.ASSIGN)} == {"f1", "f2"}
    assert {member.home for member in town.rows(Member)} == {"f1", "f2"}


def test_a_home_that_has_left_the_fence_meanwhile_gets_nothing(town: RollOutTown) -> None:
    town.announce_undelivered(policy(ring_fence="lab"))
    town.deliver()
    home = town.row(Home, home="f1")
    town.put(Home(home.home, home.region, home.gateway, home.status, home.configuration, "east"))
    town.pass_time(7 * DAY + HOUR)
    assert {one.home for one in town.told(Verb.ASSIGN)} == {"f2"}
    assert town.state("f1") is MemberState.LEFT


def test_a_campaign_for_everybody_leaves_fenced_homes_alone() -> None:
    town = RollOutTown(2)
    town.home("f1", ring_fence="lab")
    town.begin()
    assert {member.home for member in town.rows(Member)} == {"h1", "h2"}


def test_outside_a_fence_an_unapproved_release_is_refused(town: RollOutTown) -> None:
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    text = town.refused("peter", ApproveCampaign("c1"))
    assert text == ("release r1 is draft: approve it first, or name a ring fence to prove it in")
