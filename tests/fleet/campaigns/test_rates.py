"""How many homes may begin: a rate that grows with what went well, and no rush after a pause."""

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.fleet.campaigns.plan.policy import PhasePolicy, Ramp
from ota_engine.fleet.campaigns.plan.rates import HOUR_S, credited, rate_of
from ota_engine.fleet.campaigns.rows import CampaignPhase, PhaseState
from ota_engine.times import Utc

PHASE = CampaignPhase("c1", 1, "pilot", PhaseState.RUNNING)
BEGIN = Utc(1_800_000_000.0)


def ramped(start: int, factor: int, every: int, most: int = 1_000) -> PhasePolicy:
    return PhasePolicy("pilot", per_hour=most, ramp=Ramp(start, factor, every))


def test_the_rate_doubles_with_what_has_activated_up_to_its_bound() -> None:
    rules = ramped(50, 2_000, 100)
    rates = [rate_of(rules, activated) for activated in (0, 99, 100, 250, 300, 400, 500, 10_000)]
    assert rates == [50, 50, 100, 200, 400, 800, 1_000, 1_000]


def test_without_a_ramp_the_rate_is_what_was_agreed() -> None:
    assert rate_of(PhasePolicy("mass", per_hour=700), 0) == 700


@given(
    st.integers(1, 10_000),
    st.integers(1_000, 5_000),
    st.integers(1, 1_000),
    st.integers(1, 5_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
)
def test_a_rate_never_falls_with_success_and_never_exceeds_its_bound(
    start: int, factor: int, every: int, most: int, fewer: int, more: int
) -> None:
    rules = ramped(start, factor, every, most)
    low, high = sorted((fewer, more))
    assert rate_of(rules, low) <= rate_of(rules, high) <= most


def test_after_a_week_of_rest_no_more_than_an_hours_worth_begins() -> None:
    phase = credited(PHASE, 100, BEGIN)
    assert phase.credit == 100
    assert credited(phase, 100, Utc(BEGIN + 7 * 24 * HOUR_S)).credit == 100


def test_credit_grows_with_time() -> None:
    phase = credited(PHASE, 100, BEGIN)
    spent = CampaignPhase(
        "c1", 1, "pilot", PhaseState.RUNNING, credit=0.0, credit_utc=phase.credit_utc
    )
    assert credited(spent, 100, Utc(BEGIN + HOUR_S / 2)).credit == 50


def test_a_clock_set_back_credits_nothing_twice() -> None:
    phase = credited(PHASE, 100, BEGIN)
    back = credited(phase, 100, Utc(BEGIN - 3 * 24 * HOUR_S))
    assert back == phase
