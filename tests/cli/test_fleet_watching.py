"""A fleet at the command line while time passes: imports, notices, incidents, and how a campaign stands."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import Member, MemberState, Sum
from ota_engine.fleet.kernel.rows import Select
from tests.cli.fleet import FleetFolder
from tests.cli.terminal import zota_on
from tests.cli.zota import zota

BEGIN_WITHIN = 300.0  # seconds for the fleet to say that it runs


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    return FleetFolder(tmp_path)


@pytest.fixture
def approved(fleet: FleetFolder) -> FleetFolder:
    fleet.proposed()
    fleet.done("peter", "campaign", "approve", "c1", "--reason", "agreed")
    return fleet


def lines_of(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


# --- what comes in as files ----------------------------------------------------------------------


def test_an_import_is_tried_names_its_bad_lines_and_is_taken_whole(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    listed = lines_of(tmp_path / "v.csv", "variant,kind,manufacturer,model,hardware", "x,CHF,M,X,1")
    words = ("estate", "import", listed, "--list", "variants", "--state", fleet.state)
    assert "would be taken" in zota(*words, "--as", "olive", "--dry-run").out
    ran = zota(*words, "--as", "olive", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["taken"], told["new"]) == (Exit.OK, True, 1)
    lines_of(listed, "variant,kind,manufacturer,model,hardware", "y,CHF,M,Y,1", "z,toaster,M,Z,1")
    ran = zota(*words, "--as", "olive")
    assert ran.code == Exit.ERRORS
    assert ran.err.startswith(f"zota: {listed}: line 3: ")
    assert "not taken" in ran.out
    shown = json.loads(zota("estate", "show", "--state", fleet.state, "--json").out)
    assert {"x"} == {one["variant"] for one in shown["variants"]} - {"hub-1"}
    assert zota(*words, "--as", "nobody").code == Exit.ERRORS
    listed.write_text("variant,kind\nx,CHF\n", encoding="utf-16")
    ran = zota(*words, "--as", "olive")
    assert ran.err.startswith(f"zota: {listed}: the file is UTF-16")


def test_the_firmware_information_repository_goes_in_and_comes_out(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    said = ("--variant", "hub-1", "--source", "the maker", "--reason", "as told")
    fleet.done("olive", "release", "path", "CPL-1", *said, "--version", "0x00010000", "--none")
    path = ("--version", "0x00020000", "--from", "CPL-1=mandatory")
    fleet.done("olive", "release", "path", "CPL-2", *said, *path)
    out = tmp_path / "paths.csv"
    assert zota("release", "repository", "export", "-o", out, "--state", fleet.state).code == 0
    assert "CPL-2,hub-1,00020000,CPL-1,mandatory,the maker" in out.read_text()
    told = fleet.done("olive", "release", "repository", "import", out, "--reason", "again")
    assert told["accepted"]
    lines_of(out, "cpl,variant", "a,b")
    ran = fleet.decide("olive", "release", "repository", "import", out)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert str(out) in ran.err


def test_a_path_is_stated_or_said_not_to_be_there_and_not_both(fleet: FleetFolder) -> None:
    entry = ("--variant", "hub-1", "--version", "1", "--from", "CPL-1", "--none")
    ran = fleet.decide("olive", "release", "path", "CPL-2", *entry)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    bad = ("--variant", "hub-1", "--version", "1", "--from", "CPL-1=perhaps")
    assert "best endeavours" in fleet.decide("olive", "release", "path", "CPL-2", *bad).err


# --- time passes ---------------------------------------------------------------------------------


def test_notices_reach_a_party_that_takes_them_as_a_file_and_wait_for_the_others(
    approved: FleetFolder,
) -> None:
    change = ("--name", "Supplier 1", "--role", "electricity supplier", "--role", "gas supplier")
    endpoint = ("--endpoint", "file:one.jsonl")
    approved.done("olive", "estate", "party", "change", "supplier-1", *change, *endpoint)
    ran = zota("notices", "deliver", "--state", approved.state, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["delivered"]) == (Exit.ERRORS, 1)
    assert told["waiting"] > 0
    (letter,) = (approved.state / "notices" / "one.jsonl").read_text().splitlines()
    assert len(json.loads(letter)["audit"]["hash"]) == 64
    words = ("notices", "list", "--state", approved.state, "--party", "supplier-1")
    assert "delivered" in zota(*words).out
    found = json.loads(zota(*words, "--state-of", "delivered", "--json").out)
    assert [one["party"] for one in found] == ["supplier-1"]
    assert zota(*words, "--state-of", "lost").code == Exit.ERRORS


def test_a_look_says_what_was_due_and_when_to_look_again(approved: FleetFolder) -> None:
    ran = zota("campaign", "tick", "--state", approved.state, "--json")
    told = json.loads(ran.out)
    assert told["next_utc"] > told["utc"]
    assert ran.code == Exit.ERRORS  # notices wait for parties without an endpoint
    assert "looked at again at" in zota("campaign", "tick", "--state", approved.state).out


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, Exit.OK), (signal.SIGINT, 130)])
def test_a_fleet_runs_until_it_is_told_to_end(
    approved: FleetFolder, by: signal.Signals, code: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "campaign", "run", "--state", str(approved.state)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        assert process.stderr is not None
        give_up = time.monotonic() + BEGIN_WITHIN
        while "notices:" not in process.stderr.readline():
            assert process.poll() is None and time.monotonic() < give_up
        paused = approved.done("olive", "campaign", "pause", "c1", "--reason", "beside it")
        assert paused["accepted"]
        process.send_signal(by)
        assert process.wait(timeout=BEGIN_WITHIN) == code


# --- how it stands -------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_campaign_is_shown_and_no_number_name_or_verdict_is_cut(
    approved: FleetFolder, columns: int
) -> None:
    desk = approved.desk()
    with desk.store.transaction():
        sums = desk.store.select(Select(Sum, (("campaign", "c1"),)))
        planned = {row.phase: row.homes for row in sums if row.state == MemberState.PLANNED}
    desk.store.close()
    approved.put(
        Sum("c1", 1, MemberState.ACTIVATED, "", 123_456),
        Sum("c1", 1, MemberState.FAILED, "", 7),
        Sum("c1", 1, MemberState.WAITING, "its supplier has not been told for seven days", 4_321),
    )
    seen = zota_on(columns, 24, "campaign", "show", "c1", "--state", approved.state)
    assert (seen.code, seen.overlong) == (Exit.OK, [])
    said = " ".join(" ".join(seen.lines).split())
    assert said.startswith("c1: notified since")
    for text in ("pilot", "mass", "123,456", "4,321", f"{123_456 + 7 + 4_321 + planned[1]:,}"):
        assert text in said
    assert "pilot: its supplier has not been told for seven days" in said
    assert "forecast at approval" in said
    assert "by olive, approved by peter; revision 2" in said


def test_the_status_as_json_has_everything_that_is_shown(approved: FleetFolder) -> None:
    told = json.loads(zota("campaign", "show", "c1", "--state", approved.state, "--json").out)
    assert told["campaign"]["state"] == "notified"
    assert [phase["name"] for phase in told["phases"]] == ["pilot", "mass"]
    assert told["phases"][0]["homes"] == 10
    assert told["phases"][0]["expected_utc"] > told["phases"][0]["forecast_utc"] - 1
    listed = json.loads(zota("campaign", "list", "--state", approved.state, "--json").out)
    assert [one["campaign"] for one in listed] == ["c1"]


def test_a_campaign_that_there_is_not_is_told_with_where_names_are(approved: FleetFolder) -> None:
    ran = zota("campaign", "show", "c9", "--state", approved.state)
    assert (ran.code, ran.err) == (
        Exit.ERRORS,
        "zota: 'c9': there is no such campaign: zota campaign list names them\n",
    )


def test_homes_are_listed_with_where_they_stand_and_since_when(approved: FleetFolder) -> None:
    words = ("campaign", "homes", "c1", "--state", approved.state)
    assert "3 of 40 homes" in zota(*words, "--most", 3).out
    told = json.loads(zota(*words, "--in", "planned", "--json").out)
    assert told["total"] == 40
    assert {one["state"] for one in told["homes"]} == {"planned"}
    assert all(one["since_utc"] > 0 for one in told["homes"])
    twice = zota(*words, "--in", "planned", "--in", "planned", "--json").out
    assert json.loads(twice) == told
    assert "give one of planned" in zota(*words, "--in", "lost").err
    ran = zota("campaign", "replacements", "c1", "--state", approved.state, "--json")
    assert (ran.code, json.loads(ran.out)) == (Exit.OK, [])


def test_homes_are_narrowed_by_phase_reason_and_supplier(approved: FleetFolder) -> None:
    def listed(*words: str) -> tuple[int, set[str]]:
        ran = zota("campaign", "homes", "c1", *words, "--state", approved.state, "--json")
        assert ran.code == Exit.OK, ran
        told = json.loads(ran.out)
        return told["total"], {one["home"] for one in told["homes"]}

    total, everybody = listed()
    pilot, in_pilot = listed("--phase", "1")
    mass, in_mass = listed("--phase", "2")
    assert (pilot + mass, in_pilot | in_mass) == (total, everybody)
    assert listed("--why", "no such reason") == (0, set())
    assert listed("--why", "") == (total, everybody)
    owned = [listed("--supplier", f"supplier-{number}")[1] for number in range(1, 5)]
    assert set().union(*owned) == everybody
    assert all(0 < len(homes) < total for homes in owned)
    ran = zota("campaign", "homes", "c1", "--supplier", "nobody", "--state", approved.state)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)


def test_stopping_everything_lists_the_homes_under_way(approved: FleetFolder) -> None:
    desk = approved.desk()
    with desk.store.transaction():
        first, *_ = desk.store.select(Select(Member, (("campaign", "c1"),), (), (), 1))
    desk.store.close()
    approved.put(replace(first, state=MemberState.REACHED))
    told = approved.done("olive", "campaign", "stop", "--all", "--reason", "drill")
    assert [one["home"] for one in told["under_way"]] == [first.home]


def test_an_incident_is_raised_by_a_party_owned_and_resolved(approved: FleetFolder) -> None:
    about = ("--campaign", "c1", "--phase", "1", "--category", "3", "--text", "meters restart")
    approved.done("sam", "incident", "raise", "i1", *about, "--reason", "seen in ten homes")
    shown = zota("campaign", "show", "c1", "--state", approved.state).out
    assert "incident i1, category 3, open: meters restart" in shown
    approved.done("olive", "incident", "own", "i1", "--owner", "olive")
    words = ("incident", "resolve", "i1", "--resolution", "go on", "--reason", "not of ours")
    approved.done("olive", *words)
    told = json.loads(zota("incident", "list", "--state", approved.state, "--json").out)
    assert [(one["incident"], one["state"]) for one in told] == [("i1", "resolved")]
    assert "meters restart" in zota("incident", "list", "--state", approved.state).out


def test_an_estate_shows_what_runs_and_which_sets_there_are(fleet: FleetFolder) -> None:
    for columns in (60, 80, 120):
        seen = zota_on(columns, 24, "estate", "show", "--state", fleet.state)
        assert (seen.code, seen.overlong) == (Exit.OK, [])
        said = " ".join(" ".join(seen.lines).split())
        assert "homes: 40 complete" in said
        assert "00010000 40" in said
        assert "set-a" in said


def test_releases_are_listed_with_where_they_stand(fleet: FleetFolder) -> None:
    fleet.entered()
    assert "draft" in zota("release", "list", "--state", fleet.state).out
    (told,) = json.loads(zota("release", "list", "--state", fleet.state, "--json").out)
    assert (told["release"], told["version"]) == ("r1", 0x0002_0000)


@pytest.mark.parametrize(
    "words",
    [
        ("campaign", "homes", "c9"),
        ("campaign", "replacements", "c9"),
        ("notices", "list", "--party", "c9"),
        ("evidence", "export", "c9", "-o", "c9.zip"),
    ],
    ids=" ".join,
)
def test_lists_of_what_is_not_there_are_refused_and_say_where_names_are(
    fleet: FleetFolder, words: tuple[str, ...]
) -> None:
    ran = zota(*words, "--state", fleet.state)
    assert (ran.code, ran.out, ran.err.count("\n")) == (Exit.ERRORS, "", 1)
    assert ran.err.startswith("zota: 'c9': there is no such ")
    assert ran.err.endswith(" names them\n")
