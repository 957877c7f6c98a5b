"""Every act of the fleet is a command, made of its fields."""

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_acts import BY_HAND, GROUPS, WORDS, words_of
from ota_engine.cli.fleet_fields import act_fields
from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.rows import ChecklistItem
from ota_engine.fleet.calendar.slots import ChooseSlots
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.parties.acts import RegisterParty
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota

ACTS = sorted(Fleet().acts, key=lambda act: act.__name__)


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    return FleetFolder(tmp_path)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_every_act_is_a_command_with_an_option_for_each_of_its_fields(act: type[Any]) -> None:
    words = BY_HAND.get(act.__name__) or words_of(act).words
    ran = zota(*words.split(), "--help")
    assert ran.code == Exit.OK, ran
    for option in ("--state", "--as", "--key", "--reason", "--json"):
        assert option in ran.out
    if act.__name__ not in BY_HAND:
        assert [field.name for field in act_fields(act)] == [item.name for item in fields(act)]


def test_help_names_every_value_that_an_option_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    steps = " ".join(zota("release", "evidence", "--help").out.split())
    assert f"One of: {', '.join(ChecklistItem)}." in steps
    feedback = " ".join(zota("release", "feedback", "--help").out.split())
    assert "One of: supports, objects, no comment." in feedback


def test_no_two_acts_have_the_same_words_and_none_is_named_that_there_is_not() -> None:
    words = [BY_HAND.get(act.__name__) or words_of(act).words for act in ACTS]
    assert len(set(words)) == len(words)
    assert {one.split()[0] for one in words} == set(GROUPS.values())
    assert {*WORDS, *BY_HAND} <= {act.__name__ for act in ACTS}


def test_lists_are_given_one_by_one_or_as_a_file(tmp_path: Path) -> None:
    roles, ids = act_fields(RegisterParty)[2:4]
    assert roles.read(["operator", "approver"]) == ("operator", "approver")
    listed = tmp_path / "roles.txt"
    listed.write_text("operator\n\n approver \n")
    assert roles.read([f"@{listed}"]) == ("operator", "approver")
    assert ids.read(["ACME=gas supplier"]) == (("ACME", "gas supplier"),)


def test_chosen_times_are_pairs_or_a_csv_file(tmp_path: Path) -> None:
    (slots,) = (field for field in act_fields(ChooseSlots) if field.name == "slots")
    assert slots.read(["h1=2027-03-01T10:00Z"]) == (("h1", 1_803_895_200.0),)
    listed = tmp_path / "slots.csv"
    listed.write_text("home,time\nh1,2027-03-01T10:00Z\nh2,2027-03-01T11:00Z\n")
    assert [home for home, _ in slots.read([f"@{listed}"])] == ["h1", "h2"]
    listed.write_bytes(
        b"\xef\xbb\xbfhome,time\r\nh3,2027-03-01T10:00Z\r\n"
    )  # as a spreadsheet saves
    assert [home for home, _ in slots.read([f"@{listed}"])] == ["h3"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("home,time\nh1,2027-03-01T10:00Z,late\n", "line 2: 3 cells under 2 columns"),
        ("home;time\nh1;2027-03-01T10:00Z\n", "line 1: cells are separated by semicolons"),
        ("home,time\nh1,soon\n", "line 2: 'soon' is no time"),
        ("home,time\n", "the list has no line"),
    ],
)
def test_a_file_of_times_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    (slots,) = (field for field in act_fields(ChooseSlots) if field.name == "slots")
    listed = tmp_path / "slots.csv"
    listed.write_text(text)
    with pytest.raises(LocalError, match=rf"^--slot {listed}: {told}"):
        slots.read([f"@{listed}"])


def test_a_time_may_be_chosen_as_a_while_from_now() -> None:
    (slots,) = (field for field in act_fields(ChooseSlots) if field.name == "slots")
    ((home, soon),) = slots.read(["h1=+2h"])
    ((_, later),) = slots.read(["h1=+5h"])
    assert home == "h1"
    assert 3 * 3600 <= later - soon < 3 * 3600 + 60


@pytest.mark.parametrize("where", ["ftp://acme.example", "file:", "file:../acme.jsonl", "acme"])
def test_an_endpoint_that_no_notice_could_reach_is_refused(where: str) -> None:
    (endpoint,) = (field for field in act_fields(RegisterParty) if field.name == "endpoint")
    assert endpoint.read("file:acme.jsonl") == "file:acme.jsonl"
    assert endpoint.read("") == ""
    with pytest.raises(LocalError, match="is no endpoint: give file:NAME"):
        endpoint.read(where)


def test_an_estate_is_founded_once_by_two_persons_of_whom_one_signs(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    founders = tmp_path / "founders.toml"
    again = ("estate", "init", founders, "--reason", "once more")
    assert "founded already" in fleet.refused("olive", *again)
    told = json.loads(zota("estate", "people", "--state", fleet.state, "--json").out)
    assert {"olive", "peter"} <= {one["person"] for one in told["persons"]}
    assert all(one["active"] for one in told["persons"])


def test_keys_are_made_for_a_person_and_never_overwritten(tmp_path: Path) -> None:
    assert zota("estate", "key", tmp_path / "mia").code == Exit.OK
    assert (tmp_path / "mia.key").stat().st_mode & 0o777 == 0o600
    again = zota("estate", "key", tmp_path / "mia")
    assert (again.code, again.err.count("\n")) == (Exit.ERRORS, 1)
    assert "exists already" in again.err


def test_a_person_is_registered_by_one_and_confirmed_by_another(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    zota("estate", "key", tmp_path / "mia")
    words = ("estate", "person", "add", "mia", "--party", "dcc", "--name", "Mia")
    fleet.done("olive", *words, "--public-key", tmp_path / "mia.pub")
    assert "olive" in fleet.refused("olive", "estate", "person", "confirm", "mia")
    fleet.done("peter", "estate", "person", "confirm", "mia")
    fleet.done("mia", "estate", "party", "add", "acme", "--name", "Acme", "--role", "auditor")


def test_a_file_of_founders_that_lacks_something_is_told_in_one_line(tmp_path: Path) -> None:
    founders = tmp_path / "founders.toml"
    for text, says in (
        ("party = 3 =", "not TOML"),
        ('party = "dcc"\nname = "x"\n', "'persons'"),
        ('party = "dcc"\nname = "x"\npersons = 3\n', "tables"),
    ):
        founders.write_text(text)
        ran = zota("estate", "init", founders, "--state", tmp_path / "s", "--as", "olive")
        assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1), ran
        assert says in ran.err
        assert not (tmp_path / "s").exists()


def test_a_state_folder_without_a_fleet_is_named_and_none_is_made(tmp_path: Path) -> None:
    ran = zota("campaign", "list", "--state", tmp_path / "nothing")
    assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
    assert "zota estate init makes one" in ran.err
    assert not (tmp_path / "nothing").exists()


def test_a_policy_is_printed_as_people_read_it_and_a_bad_one_named_with_its_file(
    tmp_path: Path, fleet: FleetFolder
) -> None:
    ran = zota("campaign", "policy", tmp_path / "policy.toml")
    assert "Phase 1: pilot" in ran.out
    bad = tmp_path / "bad.toml"
    bad.write_text("colour = 3")
    ran = zota("campaign", "policy", bad)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert str(bad) in ran.err
    assert tomllib.loads((tmp_path / "policy.toml").read_text())
