"""Orders taken back: before they leave, on their way, accepted, due, and too late."""

import pytest

from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.payloads import CANCELLATION_TIME, activation_of
from ota_engine.records import OrderState
from tests.gbcs.parties import HASH, VERSION
from tests.hub.activation.desk import BAD, DONE, OLD_VERSION, Client, Desk, image, ready

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
HOUR = 3600.0


def test_an_accepted_order_is_cancelled_by_a_command_with_a_new_counter() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    assert desk.state() is OrderState.ACCEPTED
    command, cancellation = client.commands()
    assert cancellation.counter > command.counter
    assert activation_of(cancellation) == (HASH, cancellation.counter, CANCELLATION_TIME)
    octets = client.accept()
    assert desk.state() is OrderState.CANCELLED
    (outcome,) = desk.outcomes("order")
    assert (outcome.verdict, outcome.message) == ("failed", octets)
    assert outcome.reason == "cancelled: the device took it back"
    desk.wait(2 * HOUR)
    assert desk.state() is OrderState.CANCELLED
    assert client.commands(CS08) == []


def test_who_cancels_is_audited_and_shown() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.deaf = True
    desk.cancel()
    (row,) = desk.audits("cancel")
    assert (row.actor, row.subject) == ("bob", "00-DB-12-34-00-00-00-03")
    assert desk.order().cancel_counter is not None


def test_an_order_that_may_have_left_is_not_dropped_but_cancelled_by_command() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate(at=HOUR)
    desk.wait(300.0)
    desk.cancel()
    desk.wait(300.0)
    assert desk.state() is OrderState.COMMITTED
    client.deaf = False
    client.join()
    assert [activation_of(one).execution_time for one in client.commands()] == [CANCELLATION_TIME]
    client.accept()
    assert desk.state() is OrderState.CANCELLED


def test_a_cancellation_is_repeated_until_it_is_answered() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    desk.wait(121.0)
    assert [one.counter for one in client.commands()[1:]] == [desk.order().cancel_counter] * 2
    client.accept()
    assert desk.state() is OrderState.CANCELLED


def test_cancelling_twice_sends_the_same_cancellation_again() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    first = desk.order().cancel_command
    desk.cancel()
    assert desk.order().cancel_command == first
    assert client.octets[1:] == [first, first]


def test_an_activation_before_the_cancellation_stays_one() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    client.alert(DONE, which=0)
    assert desk.state() is OrderState.ACTIVATED
    client.accept(which=1)
    assert desk.state() is OrderState.ACTIVATED
    assert len(desk.outcomes("order")) == 1


def test_a_refused_cancellation_changes_nothing_and_is_audited() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    client.answer(BAD)
    assert desk.state() is OrderState.ACCEPTED
    (row,) = desk.audits("message not believed")
    assert "refuses the cancellation" in row.detail


def test_a_cancellation_never_answered_is_settled_after_the_time() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    desk.wait(2 * HOUR + 1)
    assert desk.state() is OrderState.DUE
    client.report_version(OLD_VERSION)
    assert desk.state() is OrderState.EXPIRED


def test_an_order_that_is_being_settled_is_cancelled_first() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.wait(2 * HOUR + 1)
    assert len(client.commands(CS08)) == 1
    desk.cancel()
    assert activation_of(client.commands()[-1]).execution_time == CANCELLATION_TIME
    client.report_version(OLD_VERSION)
    assert desk.state() is OrderState.DUE
    client.accept()
    assert desk.state() is OrderState.CANCELLED


def test_an_order_for_now_that_had_run_before_its_cancellation_is_found_out() -> None:
    desk, client = ready()
    desk.activate()  # carried out, its answer lost
    desk.cancel()
    client.accept()
    assert desk.state() is OrderState.CANCELLED
    client.report_version(VERSION)
    order = desk.order()
    assert (order.state, order.firmware_version) == (OrderState.ACTIVATED, VERSION)
    assert [one.verdict for one in desk.outcomes("order")] == ["failed", "succeeded"]
    assert len(desk.audits("version contradicts")) == 1


def test_an_order_for_now_that_had_not_run_stays_cancelled() -> None:
    desk, client = ready()
    desk.activate()
    desk.cancel()
    client.accept()
    client.report_version(OLD_VERSION)
    assert (desk.state(), desk.order().firmware_version) == (OrderState.CANCELLED, OLD_VERSION)
    assert len(desk.outcomes()) == 1


def test_the_doubt_survives_a_restart() -> None:
    desk, client = ready()
    desk.activate()
    desk.cancel()
    client.accept()
    desk.restart(after=1.0)
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED
    desk.restart(after=1.0)
    assert len(client.commands(CS08)) == 2


def test_a_sleepy_device_that_has_not_fetched_its_command_gets_the_cancellation_only() -> None:
    desk, client = ready(sleepy=True)
    desk.activate(at=HOUR)
    desk.cancel()
    desk.wait(60.0)
    assert [activation_of(one).execution_time for one in client.commands()] == [CANCELLATION_TIME]
    client.accept()
    assert desk.state() is OrderState.CANCELLED


def test_there_must_be_such_an_order() -> None:
    desk, _ = ready()
    with pytest.raises(LocalError, match="there is no order 7"):
        desk.cancel(7)


def test_an_order_that_has_ended_cannot_be_cancelled() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(DONE)
    with pytest.raises(LocalError, match="order 1 has ended: it is activated"):
        desk.cancel()


def test_after_a_cancellation_there_may_be_another_order() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.cancel()
    with pytest.raises(LocalError, match="still open"):
        desk.activate()
    client.accept()
    assert desk.activate().number == 2


def test_a_cancellation_without_a_radio_waits_for_it() -> None:
    desk = Desk()
    desk.add(image())
    client = Client(desk)
    client.join()
    desk.activate(at=HOUR)
    client.accept()
    desk.go_down()
    desk.cancel()
    assert len(client.commands()) == 1
    desk.bring_up()
    client.accept()
    assert desk.state() is OrderState.CANCELLED
