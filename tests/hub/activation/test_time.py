"""Orders for a set time: what time alone does to them, and clocks that cannot be trusted."""

import pytest

from ota_engine.events import Notify, Persist
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.delivery.commands import ConfirmClock
from ota_engine.records import OrderState
from ota_engine.times import Monotonic, Utc
from tests.gbcs.parties import NOW, VERSION
from tests.hub.activation.desk import BAD, DAY, DONE, OLD_VERSION, Client, Desk, ready

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
HOUR = 3600.0


def test_an_order_that_never_left_expires_when_its_time_comes() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate(at=HOUR)
    desk.wait(HOUR + 1)
    assert desk.state() is OrderState.EXPIRED
    assert desk.order().reason.startswith("its time came first: not delivered yet")


def test_an_order_not_answered_is_due_all_the_same() -> None:
    desk, _ = ready()
    desk.activate(at=HOUR)
    desk.wait(HOUR + 1)
    assert desk.state() is OrderState.DUE
    assert desk.order().reason == "its alert is awaited"


def test_an_alert_that_does_not_come_is_asked_after() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.wait(2 * HOUR - 1)
    assert client.commands(CS08) == []
    desk.wait(2.0)
    assert len(client.commands(CS08)) == 1
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED


def test_an_alert_that_does_not_come_while_the_old_version_runs_leaves_it_expired() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.wait(2 * HOUR + 1)
    client.report_version(OLD_VERSION)
    assert desk.state() is OrderState.EXPIRED
    client.alert(DONE, which=0)
    assert desk.state() is OrderState.ACTIVATED
    assert [one.verdict for one in desk.outcomes("order")] == ["failed", "succeeded"]


def test_without_any_word_a_due_order_expires_a_day_after_its_time() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.wait(DAY + HOUR - 1)
    assert desk.state() is OrderState.DUE
    desk.wait(2.0)
    assert desk.state() is OrderState.EXPIRED
    client.alert(BAD, which=0)
    assert desk.state() is OrderState.FAILED


def test_an_order_accepted_after_it_expired_is_awaited_again() -> None:
    desk, client = ready()
    client.mute = True  # it hears the command, and we hear nothing of that
    desk.activate(at=HOUR)
    desk.wait(HOUR + 1)
    assert desk.state() is OrderState.EXPIRED
    client.mute = False
    client.inbox.append(parse(desk.order().command))
    client.accept()
    assert desk.state() is OrderState.DUE
    client.alert(DONE)
    assert desk.state() is OrderState.ACTIVATED
    told = desk.outcomes("order")
    assert [one.verdict for one in told] == ["failed", "failed", "succeeded"]
    assert told[1].reason == "accepted after all: the device noted it for its time"


def test_far_away_orders_are_repeated_a_few_times_and_then_left_alone() -> None:
    desk, client = ready()
    desk.activate(at=30 * DAY)
    desk.wait(29 * DAY)
    assert len(client.commands()) == 3
    assert client.commands(CS08) == []
    client.accept()
    assert desk.state() is OrderState.ACCEPTED


# --- clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [2 * DAY, -2 * DAY])
def test_a_clock_in_doubt_brings_no_time(step: float) -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.tell_time(step)
    desk.wait(500.0)
    assert desk.state() is OrderState.ACCEPTED


def test_a_clock_set_forward_and_confirmed_brings_the_time() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.tell_time(2 * HOUR)
    assert desk.state() is OrderState.ACCEPTED
    desk.give(ConfirmClock("ann"))
    desk.tell_time()
    assert desk.state() is OrderState.DUE


def test_a_clock_set_forward_is_trusted_once_it_has_run_evenly() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.tell_time(2 * HOUR)
    desk.wait(601.0)
    assert desk.state() is OrderState.DUE


def test_a_clock_that_comes_back_from_the_future_takes_the_time_back_with_it() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.tell_time(2 * DAY)
    desk.wait(60.0)
    desk.tell_time(-2 * DAY)
    desk.wait(HOUR - 61.0)
    assert desk.state() is OrderState.ACCEPTED
    desk.wait(2.0)
    assert desk.state() is OrderState.DUE


def test_a_small_correction_of_the_clock_moves_the_time() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.tell_time(50.0)
    desk.wait(HOUR - 49.0)
    assert desk.state() is OrderState.DUE


def test_pauses_do_not_care_for_the_wall_clock() -> None:
    desk, client = ready()
    desk.activate()
    desk.tell_time(-2 * DAY)
    desk.wait(121.0)
    assert len(client.commands()) == 2


def test_counters_go_on_while_the_clock_is_set_back() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD)
    desk.tell_time(-2 * DAY)
    desk.activate()
    first, second = client.commands()
    assert second.counter == first.counter + 1


def test_counters_do_not_run_ahead_with_a_clock_that_is_not_trusted() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD)
    desk.tell_time(1000 * DAY)
    desk.activate()
    first, second = client.commands()
    assert second.counter == first.counter + 1


def test_an_order_may_expire_twice_and_both_are_told() -> None:
    desk, client = ready()
    client.mute = True
    desk.activate(at=HOUR)
    desk.wait(HOUR + 1)
    client.mute = False
    client.inbox.append(parse(desk.order().command))
    client.accept()
    desk.wait(2 * DAY)
    assert desk.state() is OrderState.EXPIRED
    states = [one.reason.split(":")[0] for one in desk.outcomes("order")]
    assert states == ["expired", "accepted after all", "expired"]


def test_an_order_reopened_beside_a_newer_one_ends_by_its_own_answers() -> None:
    desk, client = ready()
    client.mute = True
    desk.activate(at=HOUR)
    desk.wait(HOUR + 1)
    client.mute = False
    client.inbox.append(parse(desk.order().command))
    desk.activate(at=HOUR)
    client.accept(which=0)
    assert [order.state for order in desk.engine.orders()] == [OrderState.DUE, OrderState.SENT]
    client.alert(BAD, which=0)
    client.accept()
    assert [order.state for order in desk.engine.orders()] == [
        OrderState.FAILED,
        OrderState.ACCEPTED,
    ]


@pytest.mark.parametrize(
    ("utc", "believed"), [(0.0, False), (-1e12, False), (6e11, True), (1e15, True)]
)
def test_a_clock_beyond_the_calendar_is_that_of_its_first_or_last_day(
    utc: float, believed: bool
) -> None:
    desk = Desk(up=False)
    desk.utc_offset = Utc(utc)
    desk.bring_up()
    client = Client(desk)
    client.join()
    desk.activate()
    client.say(client.respond_at(NOW, DONE))
    # a device's certificate begins when it is made, and never ends
    assert desk.state() is (OrderState.ACTIVATED if believed else OrderState.SENT)


@pytest.mark.parametrize("utc", [0.1, 1.8e9 + 0.3, 2.5e11 + 0.7, 1e15])
def test_rounding_of_far_away_times_wakes_nobody_for_ever(utc: float) -> None:
    desk = Desk(up=False)
    desk.utc_offset = Utc(utc)
    desk.bring_up()
    desk.activate()
    desk.now = Monotonic(0.1)
    wakes = 0
    while desk.state() is OrderState.COMMITTED:
        desk.now = max(desk.now, desk.engine.next_wake)
        for effect in desk.engine.wake(desk.now):
            assert isinstance(effect, Persist | Notify)
            if isinstance(effect, Persist):
                desk.store.apply(effect.records)
        wakes += 1
        assert wakes < 1000
    assert desk.state() is OrderState.EXPIRED
    assert desk.now == pytest.approx(DAY, abs=1.0)
