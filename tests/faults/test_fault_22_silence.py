"""Fault 22: somebody withholds what devices say; no order is taken for done, none waits for ever."""

import pytest

from emulators.platform.spec import SecurityOptions
from tests.faults.home import OLD
from tests.faults.orders import MortalHome

HOUR, DAY = 3600.0, 86_400.0
ALL = SecurityOptions(lose_messages=1000)


@pytest.mark.parametrize("at", [None, HOUR], ids=["now", "later"])
def test_every_word_of_the_device_withheld(at: float | None) -> None:
    home = MortalHome(options=ALL)
    home.activate(at)
    home.pass_time(DAY - HOUR)
    assert home.order_record.state in {"sent", "due"}
    assert "not answered" in home.order_record.reason
    assert home.outcomes("order") == []
    home.pass_time(3 * HOUR)
    assert home.order_record.state == "expired"
    assert [one.verdict for one in home.outcomes("order")] == ["failed"]
    assert home.boots == 1


def test_a_command_withheld_is_not_carried_out_days_later() -> None:
    home = MortalHome()
    home.cut_power()
    home.activate()
    home.pass_time(DAY + HOUR)
    assert home.order_record.state == "expired"
    home.power_on()
    home.pass_time(DAY)
    assert (home.device.version, home.boots) == (OLD, 0)


def test_an_order_for_later_withheld_until_its_time_is_not_sent_any_more() -> None:
    home = MortalHome(sleepy=True)
    home.cut_power()
    home.activate(HOUR)
    home.pass_time(2 * HOUR)
    assert home.order_record.state == "expired"
    home.power_on()
    home.pass_time(DAY)
    assert home.device.version == OLD, "what waited to be fetched was taken back"
