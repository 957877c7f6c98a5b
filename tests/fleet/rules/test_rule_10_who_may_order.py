"""Rule 10: either responsible supplier may upgrade a PPMID or HCALCS; in-home displays are out.

Source: the upgrade of PPMIDs and HCALCS over the air (003).
"""

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.parties.rows import Person
from tests.fleet.rollout import RollOutTown, policy


@pytest.mark.parametrize("kind", ["PPMID", "HCALCS"])
@pytest.mark.parametrize(
    ("party", "person", "second"), [("east", "eve", "e2"), ("west", "will", "w2")]
)
def test_either_supplier_of_a_home_may(kind: str, party: str, person: str, second: str) -> None:
    town = RollOutTown(0)
    town.put(Variant("v1", kind, "Maker", "Model", "1"))
    town.put(Person("e2", "east", "Edith", ""), Person("w2", "west", "Wanda", ""))
    town.home("h1", "east", "west")
    town.device("h1", kind, "v1")
    town.approved_release("p1", variant="v1")
    values = canonical_json(policy(supplier=party))
    town.decide(person, ProposeCampaign("c1", "p1", values))
    town.decide(second, ApproveCampaign("c1"))
    assert [row.home for row in town.rows(Member)] == ["h1"]


def test_a_supplier_orders_nothing_for_a_hub() -> None:
    town = RollOutTown(1)
    town.approved_release()
    values = canonical_json(policy(supplier="east"))
    assert "hub-1 is a CHF" in town.refused("eve", ProposeCampaign("c1", "r1", values))


def test_an_in_home_display_is_listed_only() -> None:
    town = RollOutTown(1)
    town.put(Variant("i1", "IHD", "Maker", "Display", "1"))
    town.approved_release("d1", variant="i1", approve=False)
    act = ProposeCampaign("c1", "d1", canonical_json(policy()))
    assert "is listed only" in town.refused("olive", act)
