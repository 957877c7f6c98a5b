"""A supplier's own staged roll-out: its devices, in homes that it answers for, under the same gates."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import CampaignState, Member, MemberState
from ota_engine.fleet.campaigns.steering import PauseCampaign
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.orders.rows import DeliveryState, DeviceOrder
from ota_engine.fleet.parties.rows import Person
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy


@pytest.fixture
def town() -> RollOutTown:
    """Three homes of east and one of west, each with a PPMID; west has the gas of h3."""
    found = RollOutTown(0)
    found.put(
        Variant("ppmid-1", "PPMID", "Maker", "Display", "1"),
        Variant("esme-1", "ESME", "Maker", "Meter", "1"),
        Variant("ihd-1", "IHD", "Maker", "Window", "1"),
        Variant("hub-0", "CHF", "Maker", "Old hub", "1", 1),
        Person("edith", "east", "Edith", ""),
    )
    for home, electricity, gas in (
        ("h1", "east", "east"),
        ("h2", "east", "east"),
        ("h3", "east", "west"),
        ("h4", "west", "west"),
    ):
        found.home(home, electricity, gas)
        found.device(home, "PPMID", "ppmid-1")
    found.approved_release("p1", variant="ppmid-1")
    return found


VALUES = policy(phase("first", 1, gate=gate(failures=0)), phase("all"), supplier="east")


def propose() -> ProposeCampaign:
    return ProposeCampaign("c1", "p1", canonical_json(VALUES))


def test_it_means_the_homes_of_either_fuel_that_the_supplier_answers_for(
    town: RollOutTown,
) -> None:
    town.decide("eve", propose())
    assert "eve wrote c1" in town.refused("eve", ApproveCampaign("c1"))
    town.decide("edith", ApproveCampaign("c1"))
    assert {member.home for member in town.rows(Member)} == {"h1", "h2", "h3"}


def test_it_is_held_by_the_same_gates(town: RollOutTown) -> None:
    town.decide("eve", propose())
    town.decide("edith", ApproveCampaign("c1"))
    town.deliver()
    town.pass_time(7 * DAY + HOUR)
    (first,) = town.in_state(MemberState.OFFERED)
    town.fail(first)
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD


def test_another_supplier_neither_approves_nor_steers_it(town: RollOutTown) -> None:
    town.decide("eve", propose())
    assert "it takes an approver, or a second person of east" in town.refused(
        "will", ApproveCampaign("c1")
    )
    town.decide("edith", ApproveCampaign("c1"))
    assert "may not decide about it" in town.refused("will", PauseCampaign("c1"))


def test_a_home_that_goes_to_another_supplier_leaves(town: RollOutTown) -> None:
    town.decide("eve", propose())
    town.decide("edith", ApproveCampaign("c1"))
    town.change_supplier("h1", "north")
    assert town.state("h1") is MemberState.LEFT
    town.change_supplier("h3", "west")
    assert town.member("h3").reason == "another supplier answers for the home"


def test_a_supplier_upgrades_no_homes_but_its_own(town: RollOutTown) -> None:
    values = canonical_json({**VALUES, "supplier": "west"})
    text = town.refused("eve", ProposeCampaign("c1", "p1", values))
    assert text == 'east may upgrade its own homes alone: write supplier = "east" in the policy'
    assert "that is for east to propose" in town.refused("olive", propose())


@pytest.mark.parametrize(
    ("variant", "person", "words"),
    [
        ("esme-1", "eve", "east may roll out firmware of a HCALCS or PPMID"),
        ("hub-1", "eve", "hub-1 is a CHF"),
        ("ihd-1", "olive", "(IHD, SMETS2) is listed only"),
        ("hub-0", "olive", "(CHF, SMETS1) is listed only"),
    ],
)
def test_who_rolls_out_what(town: RollOutTown, variant: str, person: str, words: str) -> None:
    town.approved_release("x1", variant=variant, version=0x0003_0000, approve=False)
    values = {**VALUES, "supplier": "east" if person == "eve" else ""}
    text = town.refused(person, ProposeCampaign("c2", "x1", canonical_json(values)))
    assert words in text


def test_a_device_to_which_a_users_order_is_on_its_way_waits(town: RollOutTown) -> None:
    values = policy(phase("all"), supplier="east")
    town.decide("eve", ProposeCampaign("c1", "p1", canonical_json(values)))
    town.decide("edith", ApproveCampaign("c1"))
    town.deliver()
    (ordered,) = town.devices_of("h1", "PPMID")
    user = Eui64(0x90B3_D51F_3001_0000)
    order = DeviceOrder(
        "sr/1", "1", user, ordered.device, "h1", "gw", DeliveryState.ORDERED, town.utc
    )
    town.put(order)
    town.pass_time(8 * DAY)
    assert town.member("h1").reason == "a user's order for the device is under way"
    assert set(town.in_state(MemberState.OFFERED)) == {"h2", "h3"}
    town.put(replace(order, state=DeliveryState.HELD))
    town.pass_time(DAY)
    assert town.state("h1") is MemberState.OFFERED
