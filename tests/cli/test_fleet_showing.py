"""What the command line shows of releases and of what a supplier gained."""

import json
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.approvals.rows import ApprovalEvidence, ChecklistItem
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.releases.rows import KnownDefect, Milestone, PlannedDate
from ota_engine.wall_clock import this_machine
from tests.cli.fleet import VERSION, FleetFolder
from tests.cli.terminal import zota_on
from tests.cli.zota import zota

WIDTHS = 60, 80, 132


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    return FleetFolder(tmp_path)


def test_a_release_shows_its_steps_what_was_tested_and_from_where_it_is_reached(
    fleet: FleetFolder,
) -> None:
    fleet.entered()
    now = this_machine()
    fleet.put(
        KnownDefect("r1", "D1", 3, ("HAN",), "drops messages"),
        PlannedDate("r1", Milestone.UIT, 1, 1_800_000_000.0, now, "olive", "as planned"),
        PlannedDate("r1", Milestone.UIT, 2, 1_800_086_400.0, now, "olive", "the lab is late"),
    )
    shown = zota("release", "show", "r1", "--state", fleet.state).out
    assert shown.startswith("r1: hub-1 00020000, planned, draft\n")
    for text in (
        "reached from  CPL-0001 (mandatory, maker)",
        "D1: category 3, hits HAN: drops messages",
        "UIT 2027-01-16 08:00:00 UTC, moved 1 time: the lab is late",
        "untested      set-b",
    ):
        assert text in shown
    told = json.loads(zota("release", "show", "r1", "--state", fleet.state, "--json").out)
    assert {step["item"] for step in told["steps"]} == set(ChecklistItem)
    assert all(step["done"] for step in told["steps"])
    assert 0 < told["coverage"]["permille"] < 1000
    assert len(told["dates"]["UIT"]) == 2


def test_a_step_that_lacks_says_what(fleet: FleetFolder) -> None:
    fleet.entered()
    store = fleet.desk().store
    with store.transaction():
        store.driver.execute(
            f"DELETE FROM {ApprovalEvidence.TABLE} WHERE item = ?",  # noqa: S608 - our own words
            (ChecklistItem.BOARD.value,),
        )
    store.close()
    shown = zota("release", "show", "r1", "--state", fleet.state).out
    (line,) = (line for line in shown.splitlines() if line.startswith("no "))
    assert "board" in line
    assert "there is no evidence" in shown


def test_a_release_that_is_not_there_is_one_line(fleet: FleetFolder) -> None:
    ran = zota("release", "show", "r9", "--state", fleet.state)
    assert (ran.code, ran.out) == (Exit.ERRORS, "")
    assert ran.err == "zota: r9: there is no such release: zota release list names them\n"


def test_a_release_and_what_was_gained_fit_terminals_of_three_widths(fleet: FleetFolder) -> None:
    fleet.entered()
    for columns in WIDTHS:
        seen = zota_on(columns, 24, "release", "show", "r1", "--state", fleet.state)
        assert (seen.code, seen.overlong) == (Exit.OK, [])
        assert "production proving" in " ".join(" ".join(seen.lines).split())
    desk, now = fleet.desk(), this_machine()
    desk.handle([SupplierTold("h00000000", Fuel.GAS, "supplier-4", now)], now)
    desk.store.close()
    fleet.done("peter", "release", "approve", "r1")
    for columns in WIDTHS:
        seen = zota_on(columns, 24, "estate", "gained", "supplier-4", "--state", fleet.state)
        assert (seen.code, seen.overlong) == (Exit.OK, [])


def test_a_gaining_supplier_sees_its_models(fleet: FleetFolder) -> None:
    fleet.entered()
    fleet.done("peter", "release", "approve", "r1")
    desk, now = fleet.desk(), this_machine()
    told = SupplierTold("h00000000", Fuel.GAS, "supplier-4", now)
    desk.handle([told, told._replace(home="h00000001", from_utc=now + 86_400.0)], now)
    desk.store.close()
    shown = zota("estate", "gained", "supplier-4", "--state", fleet.state).out
    assert shown.splitlines()[:2] == ["hub-1: Maker Hub 1, CHF", "00010000      2 homes"]
    assert f"{VERSION:08X} {VERSION:064x}" in shown
    words = ("estate", "gained", "supplier-4", "--state", fleet.state)
    (model,) = json.loads(zota(*words, "--ahead", 0, "--json").out)
    assert (model["variant"], model["versions"]) == ("hub-1", [[0x10000, 1]])
    assert "nothing was gained" in zota("estate", "gained", "supplier-3", *words[3:]).out
    assert "there is no such party" in zota("estate", "gained", "nobody", *words[3:]).err


def test_a_sample_counts_configuration_sets_anew(fleet: FleetFolder) -> None:
    ran = zota("estate", "sample", "--as", "olive", "--state", fleet.state)
    assert ran.out == "1 configuration set in 40 homes\n"
    shown = json.loads(zota("estate", "show", "--state", fleet.state, "--json").out)
    (one,) = shown["sets"]
    assert (one["contents"], one["homes"]) == ("CHF:hub-1:00010000", 40)
    assert one["set"] in zota("estate", "show", "--state", fleet.state).out


def test_more_versions_than_two_of_a_variant_are_marked(fleet: FleetFolder) -> None:
    shown = zota("estate", "show", "--state", fleet.state).out
    assert "versions at once" not in shown
    store = fleet.desk().store
    with store.transaction():
        for version, home in ((0x0002_0000, "h00000001"), (0x0003_0000, "h00000002")):
            store.driver.execute(
                f"UPDATE {InstalledDevice.TABLE} SET version = ? WHERE home = ?",  # noqa: S608 - our own words
                (version, home),
            )
    store.close()
    assert "3 versions at once" in zota("estate", "show", "--state", fleet.state).out
    told = json.loads(zota("estate", "show", "--state", fleet.state, "--json").out)
    assert [one["too_many"] for one in told["variants"]] == [True]
