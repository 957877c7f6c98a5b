"""Rule 19: prevalent configuration sets are known, customers reserve and share them for their tests.

Source: document 001, section 4 (Deployed Products List, compatibility information). Strata and sequencing
stand in other tests of this rule.
"""

from dataclasses import replace

from ota_engine.fleet.approvals.checklist import coverage
from ota_engine.fleet.approvals.rows import ChecklistItem, SetReservation
from ota_engine.fleet.approvals.testing import RecordEvidence, ReserveSet
from ota_engine.fleet.inventory.rows import ConfigurationSet, Home
from ota_engine.fleet.releases.rows import FirmwareRelease
from tests.fleet.estate import BEGIN, DAY, Estate

RESERVE = ReserveSet("r1", "set-a", BEGIN, BEGIN + 7 * DAY)


def drafted(homes: int = 1) -> Estate:
    estate = Estate(homes)
    estate.approved_release(approve=False)
    return estate


def test_a_reserved_set_is_one_partys_for_its_time() -> None:
    estate = drafted()
    estate.decide("sam", RESERVE)
    assert "set-a is supplier-1's until" in estate.refused("sue", RESERVE)
    later = replace(RESERVE, from_utc=BEGIN + 7 * DAY, until_utc=BEGIN + 8 * DAY)
    estate.decide("sue", later)
    assert [row.party for row in estate.rows(SetReservation)] == ["supplier-1", "supplier-2"]


def test_a_shared_set_is_reserved_by_those_it_is_shared_with() -> None:
    estate = drafted()
    estate.decide("sam", replace(RESERVE, shared_with=("supplier-2",)))
    estate.decide("sue", RESERVE)
    unknown = replace(RESERVE, shared_with=("nobody",))
    assert "no such party" in estate.refused("sam", unknown)


def test_a_release_shows_which_share_of_todays_estate_was_tested_and_what_nobody_tested() -> None:
    estate = drafted(200)
    estate.put(ConfigurationSet("set-c", "CHF:hub-1:00010000", 20, BEGIN))
    act = RecordEvidence(
        "r1",
        ChecklistItem.PROVING,
        "ab" * 32,
        "proving",
        configurations=("set-c",),
        scenarios=("x",),
    )
    unknown = replace(act, configurations=("set-c", "set-x"))
    assert "no home has had configuration set set-x" in estate.refused("olive", unknown)
    estate.decide("olive", act)
    release = estate.row(FirmwareRelease)
    found = estate.read(lambda work: coverage(work, release))
    homes = [home.configuration for home in estate.rows(Home)]
    assert found.homes == found.covered == 200  # set-a and set-b by SIT, set-c by proving
    assert found.permille == 1000
    for home in estate.rows(Home)[:50]:
        estate.put(replace(home, configuration="set-z"))
    found = estate.read(lambda work: coverage(work, release))
    assert found.untested == (("set-z", 50),)
    assert (found.covered, found.permille) == (150, 750)
    assert len(homes) == 200


def test_scenarios_tested_for_another_release_and_not_for_this_one_are_named() -> None:
    estate = drafted()
    estate.approved_release("r2", 0x0003_0000, approve=False)
    act = RecordEvidence("r2", ChecklistItem.PROVING, "ab" * 32, "proving", scenarios=("top-up",))
    estate.decide("olive", act)
    release = estate.row(FirmwareRelease, release="r1")
    found = estate.read(lambda work: coverage(work, release))
    assert found.untested_scenarios == ("top-up",)
    assert "change of supplier" in found.scenarios


def test_an_empty_estate_is_covered_by_nothing() -> None:
    estate = drafted(0)
    release = estate.row(FirmwareRelease)
    assert estate.read(lambda work: coverage(work, release)).permille == 0
