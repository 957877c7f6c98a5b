"""Orders whose command or answer does not arrive: sent again, never activated twice, then settled."""

from ota_engine.events import Left
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.verification import CheckResult
from ota_engine.records import OrderState
from tests.gbcs.parties import HCALCS, VERSION
from tests.hub.activation.desk import BAD, DAY, DONE, OLD_VERSION, Client, Desk, image, ready

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
HOUR = 3600.0
UNTIL_ASKED = 120.0 + 240.0 + 480.0 + 1.0  # three deliveries, each waited for twice as long


def test_a_device_never_seen_is_waited_for() -> None:
    desk = Desk()
    desk.add(image())
    client = Client(desk)
    desk.activate()
    assert desk.order().reason == "the device was not seen on the network yet"
    desk.wait(HOUR)
    assert desk.order().attempts == 0
    client.join()
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_without_a_radio_an_order_is_committed_and_waits() -> None:
    desk = Desk(up=False)
    desk.tell_time()
    desk.add(image())
    client = Client(desk)
    client.join()
    desk.activate()
    assert (desk.state(), desk.order().reason) == (
        OrderState.COMMITTED,
        "the radio is down: no link yet",
    )
    desk.bring_up()
    assert desk.state() is OrderState.SENT
    assert len(client.commands()) == 1


def test_a_deaf_device_is_tried_with_growing_pauses() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    desk.wait(6 * HOUR)
    assert desk.state() is OrderState.COMMITTED
    assert desk.order().reason == "not delivered yet: the device is out of reach"
    tried = desk.order().attempts
    assert 8 <= tried <= 15
    client.deaf = False
    while desk.state() is OrderState.COMMITTED:
        desk.wait(60.0)
    assert desk.order().attempts == tried + 1


def test_a_device_that_comes_back_is_tried_at_once() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    desk.wait(3 * HOUR)
    client.deaf = False
    client.join()
    assert desk.state() is OrderState.SENT


def test_a_radio_lost_on_the_way_costs_nothing_but_time() -> None:
    desk, client = ready()
    client.mute = True  # it hears, but its acknowledgements are lost with the radio
    desk.activate()
    desk.go_down()
    assert desk.order().reason == "not delivered yet: the radio is gone"
    client.mute = False
    desk.bring_up()
    assert desk.state() is OrderState.SENT
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_a_device_that_left_is_tried_again_when_it_is_back() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    desk.give(Left(client.eui64, desk.now))
    client.deaf = False
    client.join()
    assert desk.state() is OrderState.SENT


def test_a_retry_is_the_same_octets() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(121.0)
    assert len(client.octets) == 2
    assert client.octets[0] == client.octets[1] == desk.order().command
    assert desk.order().attempts == 2


def test_an_order_for_now_that_nobody_hears_expires_after_a_day() -> None:
    desk, client = ready()
    client.deaf = True
    desk.activate()
    desk.wait(DAY + HOUR)
    order = desk.order()
    assert order.state is OrderState.EXPIRED
    assert order.reason.startswith("no word in time: not delivered yet")
    assert [(one.kind, one.verdict) for one in desk.outcomes()] == [("order", "failed")]
    sent = order.attempts
    desk.wait(DAY)
    assert desk.order().attempts == sent


# --- a lost answer ------------------------------------------------------------------------------


def test_a_lost_answer_is_settled_by_the_version_the_device_says() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(UNTIL_ASKED)
    assert len(client.commands()) == 3
    assert len(client.commands(CS08)) == 1
    octets = client.report_version(VERSION)
    order = desk.order()
    assert (order.state, order.firmware_version) == (OrderState.ACTIVATED, VERSION)
    assert order.code is None
    assert order.reason == "runs 0x0123ABCD; its own answer was lost"
    (outcome,) = desk.outcomes("order")
    assert (outcome.verdict, outcome.message) == ("succeeded", octets)
    assert outcome.verification == (CheckResult.ABSENT, CheckResult.VALID)
    assert desk.outcomes("version") == []


def test_a_device_that_runs_another_version_leaves_the_order_expired() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(UNTIL_ASKED)
    client.report_version(OLD_VERSION)
    order = desk.order()
    assert (order.state, order.firmware_version) == (OrderState.EXPIRED, OLD_VERSION)
    assert order.reason == "not answered; the device runs 0x01000000"
    assert [one.verdict for one in desk.outcomes("order")] == ["failed"]


def test_an_answer_that_comes_after_all_corrects_what_was_told() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(UNTIL_ASKED)
    client.report_version(OLD_VERSION)
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED
    assert [one.verdict for one in desk.outcomes("order")] == ["failed", "succeeded"]
    assert len(desk.audits("answer late")) == 1


def test_a_device_that_says_nothing_at_all_leaves_the_order_expired_after_a_day() -> None:
    desk, _ = ready()
    desk.activate()
    desk.wait(DAY + HOUR)
    assert desk.state() is OrderState.EXPIRED
    assert desk.order().reason == "no word in time: not answered, nor what it runs: no answer"


def test_a_version_that_cannot_be_read_settles_nothing_and_is_asked_again() -> None:
    desk, client = ready()
    desk.activate()
    desk.wait(UNTIL_ASKED)
    client.report_version(0, code=1)
    assert desk.state() is OrderState.SENT
    desk.wait(HOUR + 1)
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED


def test_an_unknown_hash_cannot_be_settled_by_a_version() -> None:
    desk, client = ready()
    desk.activate(digest=bytes(32))
    desk.wait(UNTIL_ASKED)
    client.report_version(VERSION)
    assert desk.state() is OrderState.EXPIRED


def test_a_version_somebody_asked_for_settles_a_waiting_order_too() -> None:
    desk, client = ready()
    desk.activate()
    desk.read_version()
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACTIVATED
    assert [one.kind for one in desk.outcomes()] == ["version", "order"]


def test_an_old_version_somebody_asked_for_changes_no_order() -> None:
    desk, client = ready()
    desk.activate()
    desk.read_version()
    client.report_version(OLD_VERSION)
    assert desk.state() is OrderState.SENT


# --- duplicates and contradictions ----------------------------------------------------------------


def test_the_same_answer_twice_is_one_outcome() -> None:
    desk, client = ready()
    desk.activate()
    octets = client.answer(DONE)
    client.say(octets)
    assert len(desk.outcomes()) == 1
    assert len(desk.audits("answer repeated")) == 1


def test_a_flood_of_repeated_answers_does_not_fill_the_audit_trail() -> None:
    desk, client = ready()
    desk.activate()
    octets = client.answer(DONE)
    for _ in range(50):
        client.say(octets)
    assert len(desk.audits("answer repeated")) == 1


def test_a_failure_after_an_activation_is_told_and_not_believed() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(DONE)
    client.answer(BAD)
    assert desk.state() is OrderState.ACTIVATED
    told = desk.outcomes("order")
    assert [one.verdict for one in told] == ["succeeded", "failed"]
    assert told[1].reason.startswith("contradiction: outcome 2, hash mismatch")
    assert len(desk.audits("answer contradicts")) == 1


def test_an_activation_after_a_failure_is_believed() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD)
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED
    assert [one.verdict for one in desk.outcomes("order")] == ["failed", "succeeded"]


# --- sleepy devices -------------------------------------------------------------------------------


def test_a_sleepy_device_fetches_its_command_and_is_not_sent_another() -> None:
    desk, client = ready(sleepy=True)
    desk.activate()
    assert desk.state() is OrderState.COMMITTED
    desk.wait(40.0)
    assert desk.state() is OrderState.SENT
    assert len(client.commands()) == 1
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_a_sleepy_device_that_never_wakes_leaves_one_message_waiting() -> None:
    desk = Desk()
    desk.add(image())
    client = Client(desk, HCALCS, sleepy=True)
    client.join()
    client.tunnel.power_off()
    desk.activate()
    desk.wait(12 * HOUR)
    assert desk.order().attempts == 1
    desk.wait(DAY)
    assert desk.state() is OrderState.EXPIRED
    client.join()
    desk.wait(60.0)
    assert client.inbox == [], "what waited is taken back with the order"
