"""Fault 18, our side: the engine is away when the time comes, or the device knows another time."""

import pytest

from emulators.platform.spec import SecurityOptions
from ota_engine.times import Monotonic
from tests.faults.home import NEW, OLD
from tests.faults.orders import MortalHome

AT, HOUR, DAY = 1800.0, 3600.0, 86_400.0


def test_away_from_a_second_before_the_time_until_an_hour_after() -> None:
    home = MortalHome()
    home.activate(AT)
    home.pass_time(AT - 1.0)
    assert home.device.version == OLD
    home.stop_engine(HOUR)
    assert home.device.version == NEW
    home.pass_time(2 * HOUR)
    home.check("activated", "succeeded", runs=NEW)


def test_a_lost_alert_is_made_up_for_by_the_version() -> None:
    home = MortalHome(options=SecurityOptions(lose_messages=2))  # the acceptance and the alert
    home.activate(AT)
    home.pass_time(AT + 3 * HOUR)
    home.check("activated", "succeeded", runs=NEW)
    assert "its own answer was lost" in home.order_record.reason


@pytest.mark.parametrize("step", [-DAY, DAY])
def test_a_device_whose_clock_jumped_tells_the_truth_all_the_same(step: float) -> None:
    home = MortalHome()
    home.activate(AT)
    home.pass_time(60.0)
    home.device.step_clock(step)
    home.network.perform(home.device.eui64, (), Monotonic(home.now))
    home.pass_time(3 * DAY)
    assert (home.device.version, home.boots) == (NEW, 1)
    assert home.order_record.state == "activated"
    assert home.outcomes("order")[-1].verdict == "succeeded"


def test_a_device_that_never_knew_the_date_leaves_the_order_expired() -> None:
    home = MortalHome()
    assert home.device.security is not None
    home.device.security.clock.unset()
    home.activate(AT)
    home.pass_time(AT + 2 * DAY)
    home.check("expired", "failed", runs=OLD)
