"""Rule 16: N and N-1 of each variant; more only for a while, and only if somebody says so.

Source: Communications Hub firmware management (001), section 3.5.
"""

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import (
    THIRD_VERSION,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
)
from ota_engine.fleet.campaigns.rows import CampaignState
from tests.fleet.rollout import RollOutTown, policy


@pytest.fixture
def town() -> RollOutTown:
    """An estate that runs two versions already, and a campaign of a third one."""
    found = RollOutTown(4)
    (device,) = found.devices_of("h1", "CHF")
    found.runs(device, 0x0000_9000)
    found.approved_release()
    found.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    return found


def test_a_third_version_in_the_estate_asks_for_an_override(town: RollOutTown) -> None:
    text = town.refused("peter", ApproveCampaign("c1"))
    assert text == (
        "00020000 would be a third version of hub-1, beside 00009000, 00010000: override"
        " 'third version' with a reason"
    )


def test_the_override_has_a_reason_and_is_audited(town: RollOutTown) -> None:
    assert "is empty" in town.refused("peter", OverrideRule("c1", THIRD_VERSION), "")
    town.decide("peter", OverrideRule("c1", THIRD_VERSION), "until May, as the board agreed")
    town.decide("paula", ApproveCampaign("c1"))
    assert town.stands().state is CampaignState.NOTIFIED
    with town.store.transaction():
        (record,) = [row.record for row in town.store.trail() if row.record.action == "override"]
    assert "until May, as the board agreed" in record.detail


def test_who_wrote_the_campaign_does_not_override_for_it(town: RollOutTown) -> None:
    town.decide("paula", ProposeCampaign("c2", "r1", canonical_json(policy())))
    text = town.refused("paula", OverrideRule("c2", THIRD_VERSION))
    assert text == "paula wrote c2: somebody else sets a rule aside"


def test_two_versions_ask_for_nothing() -> None:
    town = RollOutTown(4)
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    town.decide("peter", ApproveCampaign("c1"))
