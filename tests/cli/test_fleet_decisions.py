"""Decisions at the command line: who, signed by what, on what was seen, and only once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    folder = FleetFolder(tmp_path)
    folder.proposed()
    return folder


def decisions(fleet: FleetFolder) -> list[DecisionRow]:
    desk = fleet.desk()
    with desk.store.reading():
        rows = desk.store.select(Select(DecisionRow))
    desk.store.close()
    return rows


def campaign(fleet: FleetFolder) -> Campaign:
    desk = fleet.desk()
    with desk.store.reading():
        (row,) = desk.store.select(Select(Campaign))
    desk.store.close()
    assert isinstance(row, Campaign)
    return row


def test_a_decision_given_twice_is_answered_the_same_and_counts_once(fleet: FleetFolder) -> None:
    words = ("campaign", "approve", "c1", "--reason", "agreed")
    first = fleet.done("peter", *words)
    kept = len(decisions(fleet))
    second = fleet.done("peter", *words)
    assert second == first
    assert len(decisions(fleet)) == kept


def test_a_decision_given_twice_under_its_own_key_is_answered_the_same(fleet: FleetFolder) -> None:
    words = ("campaign", "approve", "c1", "--decision-key", "approval-1")
    first = fleet.done("peter", *words)
    fleet.done("olive", "campaign", "pause", "c1")
    assert fleet.done("peter", *words) == first
    assert campaign(fleet).state == "paused"


def test_a_key_that_was_used_for_another_decision_is_refused(fleet: FleetFolder) -> None:
    key = ("--decision-key", "one")
    fleet.done("peter", "campaign", "approve", "c1", *key)
    assert "used for another decision" in fleet.refused("peter", "campaign", "reject", "c1", *key)


def test_what_was_decided_before_may_be_decided_again_once_things_have_moved(
    fleet: FleetFolder,
) -> None:
    fleet.done("peter", "campaign", "approve", "c1")
    first = fleet.done("olive", "campaign", "pause", "c1", "--reason", "look")
    revision = str(first["revision"])
    fleet.done("peter", "campaign", "resume", "c1", "--reason", "ok", "--revision", revision)
    second = fleet.done("olive", "campaign", "pause", "c1", "--reason", "look")
    assert second["decision"] != first["decision"]
    assert campaign(fleet).state == "paused"


def test_stopping_everything_is_never_taken_for_having_been_done(fleet: FleetFolder) -> None:
    fleet.done("peter", "campaign", "approve", "c1")
    fleet.done("olive", "campaign", "stop", "--all", "--reason", "look")
    seen = campaign(fleet).revision
    fleet.done("peter", "campaign", "resume", "c1", "--reason", "ok", "--revision", seen)
    fleet.done("olive", "campaign", "stop", "--all", "--reason", "look")
    assert campaign(fleet).state == "paused"
    assert "--all" in zota("campaign", "stop", *fleet.by("olive")).err


def test_the_author_does_not_approve(fleet: FleetFolder) -> None:
    assert "olive wrote c1" in fleet.refused("olive", "campaign", "approve", "c1")


def test_an_unknown_person_decides_nothing(fleet: FleetFolder) -> None:
    key = ("--key", fleet.folder / "peter.key")
    ran = zota("campaign", "approve", "c1", "--state", fleet.state, "--as", "nobody", *key)
    assert ran.code == Exit.ERRORS
    assert ran.err == "zota: refused: nobody is not registered: register the person first\n"


@pytest.mark.parametrize(
    ("key", "trouble"),
    [
        (("--key", "olive.key"), "the signature is not peter's: sign with the key"),
        ((), "it is not signed: sign it with the key of peter"),
    ],
    ids=["another's", "none"],
)
def test_the_wrong_key_decides_nothing_and_uses_no_name_up(
    fleet: FleetFolder, key: tuple[str, ...], trouble: str
) -> None:
    words = ("campaign", "approve", "c1", "--decision-key", "mine")
    given = [fleet.folder / word if word.endswith(".key") else word for word in key]
    ran = zota(*words, "--state", fleet.state, "--as", "peter", *given)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert trouble in ran.err
    assert fleet.done("peter", *words)["accepted"]


def test_a_moved_campaign_refuses_and_says_what_has_changed(fleet: FleetFolder) -> None:
    seen = campaign(fleet).revision
    policy = fleet.folder / "policy.toml"
    policy.write_text(policy.read_text().replace("homes = 10", "homes = 12"))
    fleet.done("olive", "campaign", "amend", "c1", "--policy", policy)
    said = fleet.refused("peter", "campaign", "approve", "c1", "--revision", seen)
    assert f"you saw {seen}" in said
    assert "since then: campaign c1 has a new policy" in said
    now = campaign(fleet).revision
    assert fleet.done("peter", "campaign", "approve", "c1", "--revision", now)["accepted"]


def test_a_revision_that_nothing_has_come_to_yet_is_refused_as_that(fleet: FleetFolder) -> None:
    ahead = campaign(fleet).revision + 5
    said = fleet.refused("peter", "campaign", "approve", "c1", "--revision", ahead)
    assert "it has not been at that revision yet" in said


def test_a_campaign_is_not_aborted_without_a_reason(fleet: FleetFolder) -> None:
    key = ("--as", "olive", "--key", fleet.folder / "olive.key")
    ran = zota("campaign", "abort", "c1", "--state", fleet.state, *key)
    assert ran.code == Exit.ERRORS
    assert "the reason of an abort is empty" in ran.err


def test_what_is_no_private_key_is_named(fleet: FleetFolder) -> None:
    public = ("--key", fleet.folder / "peter.pub")
    ran = zota("campaign", "approve", "c1", "--state", fleet.state, "--as", "peter", *public)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert "no private key of P-256" in ran.err


def test_a_private_key_that_others_may_read_is_told_of(fleet: FleetFolder) -> None:
    (fleet.folder / "peter.key").chmod(0o644)
    ran = fleet.decide("peter", "campaign", "approve", "c1", "--reason", "agreed")
    assert ran.code == Exit.OK
    assert "others may read: chmod 600 it" in ran.err


def test_two_operators_at_once_decide_one_after_the_other(fleet: FleetFolder) -> None:
    """Both saw the same revision: one decides, the other learns what has changed."""
    fleet.done("peter", "campaign", "approve", "c1")
    seen = str(campaign(fleet).revision)
    program = [sys.executable, "-m", "ota_engine"]
    wishes = {
        "olive": ["campaign", "pause", "c1", "--revision", seen],
        "peter": ["campaign", "abort", "c1", "--reason", "no", "--revision", seen],
    }
    running = {
        person: subprocess.Popen(
            [*program, *words, "--json", *map(str, fleet.by(person))], stdout=subprocess.PIPE
        )
        for person, words in wishes.items()
    }
    told = {person: json.loads(one.communicate(timeout=300)[0]) for person, one in running.items()}
    codes = {person: one.returncode for person, one in running.items()}
    assert sorted(codes.values()) == [Exit.OK, Exit.ERRORS], told
    (loser,) = (person for person, code in codes.items() if code)
    assert told[loser]["code"] == "moved"
    assert "since then: campaign c1" in told[loser]["text"]
