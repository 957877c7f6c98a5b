"""``zota soak --shrink`` and ``--plan``: a failing soak becomes a file that fails in the same way."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import zota

FAULTS = [
    {"at": 17.0, "fault": "coordinator unplugged", "seconds": 200.0},
    {"at": 500.0, "fault": "loss", "seconds": 200.0, "amount": 0.2},
    {"at": 700.0, "fault": "engine killed", "seconds": 20.0},
]
PLAN: dict[str, Any] = {
    "soak": {"devices": 8, "hours": 2, "seed": 1, "faults": "harsh", "image_size": 2000},
    "shard": 0,
    "members": [*range(8)],
    "hours": 2,
    "options": {"timeout_policy": 0},  # they run what they hold when nobody answers
    "plan": {"profile": "by hand", "seed": 0, "air": {}, "faults": FAULTS},
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    return path


def test_a_failing_plan_is_made_smaller_and_runs_again_with_the_same_end(
    plan: Path, tmp_path: Path
) -> None:
    smaller = tmp_path / "smaller.json"
    ran = zota("soak", "--plan", plan, "--shrink", smaller)
    assert ran.code == Exit.ERRORS
    assert "shrinking (wrong image)" in ran.err
    assert "coordinator unplugged" in ran.err
    assert f"zota soak --plan {smaller}" in ran.err
    left = json.loads(smaller.read_text())
    assert left["plan"]["faults"] == FAULTS[:1]
    assert len(left["members"]) <= 2
    again = [zota("soak", "--plan", smaller, "--json") for _ in range(2)]
    assert [one.code for one in again] == [Exit.ERRORS] * 2
    summaries = [json.loads(one.out) for one in again]
    assert summaries[0]["journal_sha256"] == summaries[1]["journal_sha256"]
    assert summaries[0]["wrong_image"] == 1
    assert summaries[0]["devices"] == len(left["members"])


def test_a_good_soak_leaves_nothing_to_shrink(tmp_path: Path) -> None:
    small: tuple[str | int, ...] = (
        "--devices",
        4,
        "--hours",
        "0.5",
        "--image-size",
        1000,
        "--seed",
        1,
        "--processes",
        1,
    )
    ran = zota("soak", *small, "--shrink", tmp_path / "none.json")
    assert ran.code == Exit.OK
    assert not (tmp_path / "none.json").exists()


def test_what_the_plan_says_cannot_be_said_beside_it(plan: Path) -> None:
    ran = zota("soak", "--plan", plan, "--hours", 3)
    assert ran.code == Exit.ERRORS
    assert ran.err == "zota: --hours: the file of --plan says all that: leave it out\n"


SOAK: Final = '{"soak": {"devices": 3, "hours": 1, "seed": 1}'
REST: Final = ', "shard": 0, "members": [0], "hours": 1, "plan": {"air": {}, "faults": []}}'


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"fault": "reset"}, "not a fault plan: 'reset' without its device"),
        ({"fault": "reset", "device": 3}, "not a fault plan: '3' is not an EUI-64"),
        (
            {"fault": "power cut", "device": "00-DB-12-34-00-00-00-01", "seconds": -1e9},
            "not a fault plan: 'power cut' has seconds below 0",
        ),
        ({"fault": "loss", "channel": -1}, "not a fault plan: 'loss' has channel below 0"),
    ],
)
def test_a_fault_that_can_befall_nobody_is_refused_before_it_runs(
    plan: Path, fault: dict[str, object], complaint: str
) -> None:
    wrong = {**PLAN, "plan": {**PLAN["plan"], "faults": [{"at": 10.0, **fault}]}}
    plan.write_text(json.dumps(wrong))
    ran = zota("soak", "--plan", plan)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert ran.err.startswith(f"zota: {plan}: {complaint}")


def test_a_fault_of_a_channel_that_the_shard_has_not_does_nothing(plan: Path) -> None:
    elsewhere = [{"at": 10.0, "fault": "loss", "channel": 5, "seconds": 20.0, "amount": 0.5}]
    less = {"options": {}, "members": [0], "hours": 0.01}
    plan.write_text(json.dumps({**PLAN, **less, "plan": {**PLAN["plan"], "faults": elsewhere}}))
    ran = zota("soak", "--plan", plan, "--json")
    assert ran.code == Exit.OK, ran.err
    assert json.loads(ran.out)["devices"] == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "not a plan of a soak: field 'soak' is missing: give a file of --shrink"),
        ("[1]", "not a plan of a soak: it is no JSON object: give a file of --shrink"),
        (SOAK.replace("seed", "rain") + "}", "not a plan of a soak: a soak has no option 'rain'"),
        (SOAK.replace(', "seed": 1', "") + "}", "not a plan of a soak: field 'seed' is missing"),
        (SOAK + "}", "not a plan of a soak: field 'shard' is missing"),
        (SOAK + REST, "not a fault plan: field 'profile' is missing: give it"),
        (SOAK.replace("3", "0") + "}", "0 devices: give 1 to 1000000"),
        ("soak", "it is not JSON: give a plan that --shrink wrote"),
    ],
)
def test_what_is_no_plan_is_one_line_that_says_why_and_what_to_do_once(
    plan: Path, text: str, complaint: str
) -> None:
    plan.write_text(text)
    ran = zota("soak", "--plan", plan)
    assert ran.code == Exit.ERRORS
    assert ran.err.startswith(f"zota: {plan}: {complaint}")
    assert (ran.err.count("\n"), ran.err.count(": give ")) == (1, 1)
