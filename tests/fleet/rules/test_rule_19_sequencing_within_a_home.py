"""Rule 19: upgrades within a home come in order, and firmwares that do not go together never meet.

Source: Communications Hub firmware management, chapter 4: share compatibility and sequencing
information; requests are not sequenced by the DCC. Here they are.
"""

from ota_engine.fleet.calendar.sequencing import (
    DropCompatibility,
    DropSequence,
    SetCompatibility,
    SetSequence,
)
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.port import HubWord, Verb
from tests.fleet.estate import DAY, VERSION
from tests.fleet.town import OLD_VERSION, Town


def meter_town(meter_version: int = OLD_VERSION) -> Town:
    """A home with a hub and a meter."""
    town = Town()
    town.put(Variant("meter-1", "ESME", "Maker", "Meter", "1"))
    town.home("h1", "east")
    town.device("h1", "ESME", "meter-1", meter_version)
    return town


def test_a_meter_waits_until_the_hubs_upgrade_is_over() -> None:
    town = meter_town()
    town.decide("olive", SetSequence("hub-first", "CHF", "ESME", "release notes of hub-1"))
    town.campaign("c1", "r1")
    town.campaign("c2", "r2", variant="meter-1")
    town.deliver()
    town.pass_time(7.5 * DAY)
    assert town.member("h1", "c1").state is MemberState.OFFERED
    assert town.member("h1", "c2").reason == "the upgrade of the CHF comes first"
    town.say("h1", HubWord.ACTIVATED)
    town.pass_time(2 * DAY)
    assert town.member("h1", "c2").state is MemberState.OFFERED


def test_without_any_rule_one_device_of_a_home_is_upgraded_at_a_time() -> None:
    town = meter_town()
    town.campaign("c1", "r1")
    town.campaign("c2", "r2", variant="meter-1")
    town.deliver()
    town.pass_time(7.5 * DAY)
    states = sorted(town.member("h1", campaign).state for campaign in ("c1", "c2"))
    assert states == [MemberState.OFFERED, MemberState.WAITING]


def test_a_meter_waits_until_the_hub_runs_the_version_that_it_needs() -> None:
    town = meter_town()
    rule = SetSequence("hub-2", "hub-1", "meter-1", "notes", earlier_version=VERSION)
    town.decide("olive", rule)
    town.campaign("c2", "r2", variant="meter-1")
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1", "c2").reason == "hub-1 must run 00020000 first"


def test_a_dropped_rule_holds_nothing() -> None:
    town = meter_town()
    rule = SetSequence("hub-2", "hub-1", "meter-1", "notes", earlier_version=VERSION)
    town.decide("olive", rule)
    town.decide("olive", DropSequence("hub-2"))
    town.campaign("c2", "r2", variant="meter-1")
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1", "c2").state is MemberState.OFFERED


def test_rules_that_wait_for_each_other_are_refused() -> None:
    town = meter_town()
    town.decide("olive", SetSequence("a", "CHF", "ESME", "notes"))
    town.decide("olive", SetSequence("b", "ESME", "PPMID", "notes"))
    refused = town.refused("olive", SetSequence("c", "PPMID", "CHF", "notes"))
    assert refused == "rule c closes a circle: PPMID waits for CHF already: drop one of the rules"


def test_a_release_that_does_not_go_with_the_meter_of_a_home_waits() -> None:
    town = meter_town()
    town.decide(
        "mona",
        SetCompatibility(
            "x", "hub-1", "meter-1", False, "lab", least=VERSION, other_most=OLD_VERSION
        ),
    )
    town.campaign()
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1").reason == "meter-1 at 00010000 does not go with r1"


def test_the_matrix_is_read_from_both_sides() -> None:
    town = meter_town()
    town.decide(
        "mona",
        SetCompatibility(
            "x", "meter-1", "hub-1", False, "lab", most=OLD_VERSION, other_least=VERSION
        ),
    )
    town.campaign()
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1").reason == "meter-1 at 00010000 does not go with r1"


def test_a_release_that_goes_with_the_newer_meter_begins() -> None:
    town = meter_town(VERSION)
    town.decide(
        "mona",
        SetCompatibility(
            "x", "hub-1", "meter-1", False, "lab", least=VERSION, other_most=OLD_VERSION
        ),
    )
    town.campaign()
    town.deliver()
    town.pass_time(7.5 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_the_matrix_is_asked_again_before_the_activation() -> None:
    town = meter_town()
    town.campaign()
    town.deliver()
    town.pass_time(7.5 * DAY)
    town.decide(
        "mona", SetCompatibility("x", "hub-1", "meter-1", False, "found late", least=VERSION)
    )
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    assert Verb.ACTIVATE not in [told.verb for told in town.instructions()]
    assert "does not go with r1" in town.member("h1").reason
    town.decide("mona", DropCompatibility("x"))
    town.pass_time(2 * DAY)
    assert Verb.ACTIVATE in [told.verb for told in town.instructions()]


def test_a_meter_whose_version_nobody_knows_may_be_any() -> None:
    town = meter_town()
    meter = town.devices_of("h1", "ESME")[0]
    town.forget_version(meter)
    town.decide(
        "mona", SetCompatibility("x", "hub-1", "meter-1", False, "lab", least=VERSION, other_most=1)
    )
    town.campaign()
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1").reason == "meter-1 at a version unknown does not go with r1"


def test_a_cell_without_any_version_in_it_is_refused() -> None:
    town = meter_town()
    act = SetCompatibility("x", "hub-1", "meter-1", False, "lab", least=2, most=1)
    assert "mend its bounds" in town.refused("olive", act)


def test_a_rule_or_a_cell_that_is_not_there_cannot_be_dropped() -> None:
    town = meter_town()
    assert "no such rule" in town.refused("olive", DropSequence("x"))
    assert "no such cell" in town.refused("olive", DropCompatibility("x"))
