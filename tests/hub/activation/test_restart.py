"""An engine that comes back: what is open goes on, what is over stays over, nothing is sent twice."""

from ota_engine.gbcs.codes import MessageCode
from ota_engine.records import OrderState
from tests.gbcs.parties import VERSION
from tests.hub.activation.desk import BAD, DONE, ready

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
HOUR = 3600.0
AWAY = 600.0  # seconds: longer than a tunnel remembers pieces


def test_an_order_committed_before_the_crash_is_sent_after_it() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    client.deaf = False
    desk.restart(after=AWAY)
    assert desk.state() is OrderState.SENT
    assert client.octets == [desk.order().command]
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_an_order_sent_before_the_crash_is_repeated_with_the_same_octets() -> None:
    desk, client = ready()
    desk.activate()
    desk.restart(after=AWAY)
    assert client.octets[0] == client.octets[1]
    assert desk.order().attempts == 2


def test_an_accepted_order_is_not_repeated() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.restart(after=AWAY)
    desk.wait(HOUR)
    assert len(client.commands()) == 1
    assert desk.state() is OrderState.DUE
    client.alert(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_an_alert_missed_while_the_engine_was_away_is_asked_after() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    desk.restart(after=3 * HOUR)
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED


def test_a_settlement_cut_off_by_the_crash_begins_anew() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(900.0)
    assert len(client.commands(CS08)) >= 1
    desk.restart(after=AWAY)
    desk.wait(900.0)
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED
    assert len(desk.outcomes("order")) == 1


def test_an_answer_that_comes_after_the_restart_finds_its_order() -> None:
    desk, client = ready()
    desk.activate()
    octets = client.respond(client.commands()[0], DONE)
    desk.restart(after=AWAY)
    client.say(octets)
    assert desk.state() is OrderState.ACTIVATED


def test_what_is_over_stays_over_and_is_told_once() -> None:
    desk, client = ready()
    desk.activate()
    octets = client.answer(BAD)
    desk.restart(after=AWAY)
    client.say(octets)
    desk.wait(HOUR)
    assert desk.state() is OrderState.FAILED
    assert len(desk.outcomes()) == 1
    assert len(client.commands()) == 1


def test_a_device_nobody_assigned_anything_is_remembered_with_its_order() -> None:
    desk, client = ready()
    desk.activate()
    desk.restart(after=AWAY)
    assert client.octets[1:] == [desk.order().command]


def test_counters_go_on_where_they_were_when_the_clock_was_set_back_meanwhile() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD)
    desk.utc_offset -= 86_400.0
    desk.restart(after=AWAY)
    desk.activate()
    first, second = client.commands()
    assert second.counter == first.counter + 1


def test_a_store_restored_from_an_old_copy_is_overtaken_by_the_time() -> None:
    desk, client = ready()
    old = desk.store.load()
    desk.activate()
    client.answer(BAD)
    desk.restart(after=AWAY, snapshot=old)
    client.join()
    desk.activate()
    first, second = client.commands()
    assert second.counter > first.counter
