"""A gate passes, fails or says what is missing; numbers in, a verdict out."""

from dataclasses import replace

import pytest

from ota_engine.fleet.campaigns.gates import GateInputs, GateVerdict, OpenIncident, judge
from ota_engine.fleet.campaigns.plan.policy import GatePolicy
from ota_engine.times import DAY_S, Utc

NOW = Utc(1_800_000_000.0)
POLICY = GatePolicy(
    success_permille=900,
    failures=5,
    failures_permille=50,
    sample=10,
    observation_s=DAY_S,
    sign_off=True,
    meeting=True,
)
WELL = GateInputs(activated=100, observed_utc=NOW - DAY_S, signed_off="peter", meetings=1)


def test_a_phase_that_has_everything_passes() -> None:
    assert judge(POLICY, WELL, NOW).verdict is GateVerdict.PASS


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"planned": 1}, "homes are to begin or under way"),
        ({"under_way": 1}, "homes are to begin or under way"),
        ({"retrying": 1}, "homes are to begin or under way"),
        ({"activated": 9}, "a sample of 10 homes"),
        ({"observed_utc": NOW - DAY_S + 1}, "the time of observation"),
        ({"observed_utc": None}, "the time of observation"),
        ({"signed_off": ""}, "a person's agreement"),
        ({"meetings": 0}, "an assessment meeting"),
        ({"incidents": (OpenIncident("i1", 4),)}, "a resolution of incident i1, category 4"),
        ({"objections": ("east",)}, "an answer to east"),
        ({"stale": ("gw-7",)}, "a report of gateway gw-7"),
    ],
)
def test_what_is_missing_holds_and_is_named(changes: dict[str, object], missing: str) -> None:
    judgement = judge(POLICY, replace(WELL, **changes), NOW)  # type: ignore[arg-type] # by name
    assert judgement.verdict is GateVerdict.INCONCLUSIVE
    assert judgement.missing == (missing,)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"failed": 6, "activated": 1000}, "more than 5 homes failed"),
        ({"failed": 5, "activated": 90}, "more than 50 of 1000 homes failed"),
        (
            {"incidents": (OpenIncident("i1", 2),)},
            "incident i1 of category 2 is not resolved",
        ),
        ({"han_lost": 1}, "more than 0 homes lost their HAN"),
    ],
)
def test_what_is_wrong_fails_whatever_else_is_missing(
    changes: dict[str, object], wrong: str
) -> None:
    inputs = replace(WELL, planned=5, signed_off="", **changes)  # type: ignore[arg-type] # by name
    judgement = judge(POLICY, inputs, NOW)
    assert judgement.verdict is GateVerdict.FAIL
    assert judgement.missing == (wrong,)


def test_in_a_small_sample_failures_are_judged_by_their_number() -> None:
    inputs = replace(WELL, activated=7, failed=1)
    assert judge(POLICY, inputs, NOW).verdict is GateVerdict.INCONCLUSIVE
    assert judge(replace(POLICY, failures=0), inputs, NOW).verdict is GateVerdict.FAIL


def test_too_few_successes_hold_without_failing() -> None:
    policy = replace(POLICY, failures=100, failures_permille=1000)
    judgement = judge(policy, replace(WELL, activated=80, failed=20), NOW)
    assert judgement.missing == ("900 of 1000 homes activated",)


def test_shares_are_exact_at_their_bound() -> None:
    policy = replace(POLICY, failures=1000, success_permille=950)
    inputs = replace(WELL, activated=950, failed=50)
    assert judge(policy, inputs, NOW).verdict is GateVerdict.PASS
    assert judge(policy, replace(inputs, activated=949), NOW).verdict is GateVerdict.FAIL


def test_unreachable_homes_are_in_no_share() -> None:
    assert judge(POLICY, replace(WELL, unreachable=10_000), NOW).verdict is GateVerdict.PASS


def test_homes_that_wait_keep_no_gate_shut_and_are_named() -> None:
    inputs = replace(WELL, waiting=(("notice has not reached east", 120),))
    judgement = judge(POLICY, inputs, NOW)
    assert judgement.verdict is GateVerdict.PASS
    assert judgement.named == ("120 homes wait: notice has not reached east",)


def test_what_a_person_has_accepted_counts_no_more() -> None:
    inputs = replace(WELL, failed=50, excused_failed=48, han_lost=2, excused_lost=2)
    assert judge(POLICY, inputs, NOW).verdict is GateVerdict.PASS


def test_time_alone_passes_nothing() -> None:
    inputs = GateInputs(unreachable=20, observed_utc=None)
    later = Utc(NOW + 3650 * DAY_S)
    assert judge(GatePolicy(), inputs, later).verdict is GateVerdict.INCONCLUSIVE
