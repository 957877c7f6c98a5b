"""The forecast that is kept at approval, and how it compares with what came."""

from ota_engine.fleet.campaigns.plan.planning import forecasts, lateness_s
from ota_engine.fleet.campaigns.plan.policy import read_policy
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.campaigns.voices import Forecast
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.rollout import HOUR, RollOutTown, phase, policy


def test_a_phase_takes_what_its_rate_its_download_and_its_observation_take() -> None:
    read = read_policy(policy(phase("pilot", 20, per_hour=10), phase("mass", per_hour=100)))
    pilot, mass = forecasts("c1", read, 1_020, BEGIN)
    assert (pilot.homes, mass.homes) == (20, 1_000)
    assert pilot.ends_utc == BEGIN + 2 * HOUR + 3 * DAY + 2 * DAY
    assert mass.starts_utc == pilot.ends_utc
    assert mass.ends_utc == mass.starts_utc + 10 * HOUR + 5 * DAY


def test_a_ramp_makes_a_phase_longer() -> None:
    ramp = {"start_per_hour": 10, "factor_permille": 2_000, "every_activated": 10}
    quick = read_policy(policy(phase("mass", per_hour=100)))
    slow = read_policy(policy(phase("mass", per_hour=100, ramp=ramp)))
    (one,), (other,) = (forecasts("c1", read, 1_000, BEGIN) for read in (quick, slow))
    assert one.ends_utc < other.ends_utc


def test_the_forecast_is_kept_and_the_end_compared_with_it() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 2), phase("mass")))
    forecast = town.row(Forecast, phase=1)
    assert forecast.starts_utc == town.stands().deploy_utc
    assert lateness_s(forecast, town.phase(1), town.utc) == 0
    town.finish(*town.in_state(MemberState.OFFERED))
    town.pass_time(2 * DAY + HOUR)
    ended = town.phase(1).ended_utc
    assert ended is not None
    assert lateness_s(forecast, town.phase(1), town.utc) == ended - forecast.ends_utc < 0
    later = Utc(town.row(Forecast, phase=2).ends_utc + DAY)
    assert lateness_s(town.row(Forecast, phase=2), town.phase(2), later) == DAY
