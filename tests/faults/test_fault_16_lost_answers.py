"""Fault 16, our side: retries are refused as replays, and the order is settled all the same."""

import pytest

from emulators.platform.spec import SecurityOptions
from tests.faults.home import NEW, OLD
from tests.faults.orders import MortalHome

HOUR = 3600.0


def test_a_retry_is_refused_as_a_replay_and_the_order_settled_by_the_version() -> None:
    home = MortalHome(options=SecurityOptions(lose_messages=1))  # the answer to the command
    home.activate()
    home.pass_time(HOUR)
    assert home.replays == 2
    home.check("activated", "succeeded", runs=NEW)
    assert home.order_record.code is None
    assert "its own answer was lost" in home.order_record.reason


@pytest.mark.parametrize("who", ["device", "engine"])
def test_also_after_a_restart_of_either_side(who: str) -> None:
    home = MortalHome(options=SecurityOptions(lose_messages=1))
    home.activate()
    home.pass_time(60.0)
    if who == "device":
        home.cut_power()
        home.power_on()
    else:
        home.stop_engine(1.0)
    home.pass_time(2 * HOUR)
    assert home.replays >= 2
    home.check("activated", "succeeded", runs=NEW)


@pytest.mark.parametrize("at", [None, 600.0])
def test_answers_and_alerts_that_come_twice_are_one_outcome(at: float | None) -> None:
    home = MortalHome(options=SecurityOptions(send_twice=True))
    home.activate(at)
    home.pass_time(HOUR)
    home.check("activated", "succeeded", runs=NEW)
    rows = [row.record.action for row in home.shell.store.audit_rows()]
    assert "answer repeated" in rows


def test_a_store_restored_from_an_old_copy_orders_with_a_counter_never_used() -> None:
    home = MortalHome(options=SecurityOptions(activation_fails=True))
    copy = home.shell.store.load()
    home.activate()
    home.pass_time(120.0)
    forgotten = home.order_record
    assert forgotten.code == 3
    home.restore(copy)
    assert home.shell.engine.orders() == ()
    home.activate()
    home.pass_time(120.0)
    assert home.replays == 0
    order = home.order_record
    assert (order.counter or 0) > (forgotten.counter or 0)
    assert (order.code, home.device.version) == (3, OLD)
