"""What devices answer, matched to what was ordered; and every answer that must change nothing."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    activation_of,
)
from ota_engine.gbcs.protection import authenticate, protect
from ota_engine.hub.activation.book import OrderBook, Ruling
from ota_engine.hub.activation.life import OrderAction, OrderStep
from ota_engine.hub.activation.order import (
    commit_order,
    has_ended,
    may_send,
    step_order,
    withdraw_order,
)
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import Utc
from tests.gbcs.parties import (
    HASH,
    HCALCS,
    LATER,
    NOW,
    PPMID,
    SECOND_SUPPLIER,
    VERSION,
    all_messages,
    everyone,
)
from tests.hub.activation.orders import SENT_UTC, committed, drafted, sent

DONE, BAD = ActivationOutcome(0, VERSION), ActivationOutcome(2, 0x01000000)


def answer(order: OrderRecord, said: ActivationOutcome | CommandAccepted) -> bytes:
    clock = compose.device_time(NOW)
    return serialise(protect(compose.response(parse(order.command), said, clock), everyone()))


def alert(order: OrderRecord, outcome: ActivationOutcome, code: int | None = None) -> bytes:
    good = outcome.code == 0
    code = code or (
        AlertCode.FUTURE_DATED_COMMAND_ACTIONED
        if good
        else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
    )
    assert order.counter is not None and order.execution_utc is not None
    message = compose.alert(
        MessageCode.FIRMWARE_ACTIVATION_ALERT,
        FutureDatedOutcome(code, at_of(order), order.counter, outcome),
        originator=order.device,
        recipient=order.originator,
        counter=2000,
    )
    return serialise(protect(message, everyone()))


def at_of(order: OrderRecord) -> datetime:
    return datetime.fromtimestamp(order.execution_utc or 0.0, UTC)


def take(book: OrderBook, octets: bytes) -> Ruling:
    message = parse(octets)
    authenticate(message, everyone(), now=NOW)
    return book.take(message, octets, Utc(NOW.timestamp()))


def test_the_command_is_a_cs06_the_device_believes() -> None:
    order = sent(LATER)
    command = parse(order.command)
    authenticate(command, everyone(), now=NOW)
    assert activation_of(command) == (HASH, 1000, LATER)


def test_now_is_answered_by_the_outcome() -> None:
    octets = answer(sent(), DONE)
    ruling = take(OrderBook([sent()]), octets)
    assert (ruling.order.state, ruling.action) == (OrderState.ACTIVATED, OrderAction.REPORT)
    assert (ruling.order.code, ruling.order.firmware_version) == (0, VERSION)
    assert ruling.order.evidence == octets
    assert ruling.order.reason == "outcome 0, success: the device runs 0x0123ABCD"


@pytest.mark.parametrize("code", [1, 2, 3, 0x7F])
def test_any_outcome_but_success_is_a_failure(code: int) -> None:
    ruling = take(OrderBook([sent()]), answer(sent(), ActivationOutcome(code, VERSION)))
    assert (ruling.order.state, ruling.order.code) == (OrderState.FAILED, code)


@pytest.mark.parametrize(("outcome", "end"), [(DONE, "activated"), (BAD, "failed")])
def test_later_is_accepted_then_told_by_alert(outcome: ActivationOutcome, end: str) -> None:
    book = OrderBook([sent(LATER)])
    assert take(book, answer(sent(LATER), CommandAccepted())).order.state is OrderState.ACCEPTED
    (accepted,) = book.orders()
    book.put(step_order(accepted, OrderStep.TIME, SENT_UTC)[0])
    ruling = take(book, alert(sent(LATER), outcome))
    assert (ruling.before.state, ruling.order.state) == (OrderState.DUE, end)


def test_an_alert_that_overtakes_the_acceptance() -> None:
    book = OrderBook([sent(LATER)])
    assert take(book, alert(sent(LATER), DONE)).order.state is OrderState.ACTIVATED
    ruling = take(book, answer(sent(LATER), CommandAccepted()))
    assert (ruling.order.state, ruling.action) == (OrderState.ACTIVATED, OrderAction.LATE)


def test_a_duplicate_changes_nothing() -> None:
    book, octets = OrderBook([sent()]), answer(sent(), DONE)
    first = take(book, octets).order
    ruling = take(book, octets)
    assert (ruling.order, ruling.action) == (first, OrderAction.DUPLICATE)


def test_a_failure_after_an_activation_is_a_contradiction_and_not_believed() -> None:
    book = OrderBook([sent()])
    first = take(book, answer(sent(), DONE)).order
    ruling = take(book, answer(sent(), BAD))
    assert (ruling.order, ruling.action) == (first, OrderAction.CONTRADICTION)


def test_an_activation_after_a_failure_is_a_contradiction_and_believed() -> None:
    book = OrderBook([sent()])
    take(book, answer(sent(), BAD))
    ruling = take(book, answer(sent(), DONE))
    assert (ruling.order.state, ruling.action) == (OrderState.ACTIVATED, OrderAction.CONTRADICTION)
    assert ruling.order.firmware_version == VERSION


def test_a_late_answer_is_believed_after_the_order_expired() -> None:
    expired, action = step_order(sent(), OrderStep.LAPSE, SENT_UTC)
    assert (expired.state, action) == (OrderState.EXPIRED, OrderAction.REPORT)
    ruling = take(OrderBook([expired]), answer(sent(), DONE))
    assert (ruling.order.state, ruling.action) == (OrderState.ACTIVATED, OrderAction.CORRECT)


def test_an_answer_before_the_sending_was_stored() -> None:
    order = committed()
    assert take(OrderBook([order]), answer(order, DONE)).order.state == "activated"


def refused(book: OrderBook, octets: bytes, because: str | None) -> None:
    before = book.orders()
    with pytest.raises(PeerError, match=because):
        take(book, octets)
    assert book.orders() == before


def test_an_answer_to_an_order_never_given() -> None:
    refused(OrderBook(), answer(sent(), DONE), "no order we gave")
    refused(OrderBook([sent(LATER)]), alert(sent(LATER, 1001), DONE), "no order we gave")


def test_an_answer_from_another_device() -> None:
    another = sent(device=PPMID)
    refused(OrderBook([sent()]), answer(another, DONE), "no order we gave")


def test_another_suppliers_order_of_the_same_counter() -> None:
    theirs = committed(originator=SECOND_SUPPLIER)
    refused(OrderBook([sent()]), answer(theirs, DONE), "no order we gave")


@given(st.data())
def test_a_flipped_bit_anywhere(data: st.DataObject) -> None:
    octets = bytearray(answer(sent(), DONE))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    refused(OrderBook([sent()]), bytes(octets), None)


def test_an_alert_that_contradicts_itself() -> None:
    order = sent(LATER)
    octets = alert(order, DONE, AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED)
    refused(OrderBook([order]), octets, "contradicts itself")


def test_an_order_for_now_that_is_noted_for_later() -> None:
    refused(OrderBook([sent()]), answer(sent(), CommandAccepted()), "still awaited")


@pytest.mark.parametrize("name", ["CS08 answer", "CCS08", "CS09"])
def test_messages_that_answer_no_activation(name: str) -> None:
    refused(OrderBook([sent()]), serialise(all_messages()[name]), "answers no activation")


def test_the_command_itself_is_no_answer() -> None:
    refused(OrderBook([sent()]), sent().command, "answers no activation")


def cancelling(order: OrderRecord, counter: int = 1001) -> OrderRecord:
    revoked, action = withdraw_order(order, counter, everyone(), SENT_UTC, "ann cancels")
    assert action is OrderAction.REVOKE
    return revoked


def cancel_answer(order: OrderRecord, said: ActivationOutcome | CommandAccepted) -> bytes:
    message: Message = compose.response(parse(order.cancel_command), said, compose.device_time(NOW))
    return serialise(protect(message, everyone()))


def test_a_cancellation_is_the_same_order_at_the_end_of_time_with_a_new_counter() -> None:
    revoked = cancelling(sent(LATER))
    assert activation_of(parse(revoked.cancel_command)) == (HASH, 1001, CANCELLATION_TIME)
    assert revoked.state is OrderState.SENT


def test_a_cancellation_holds_when_the_device_accepts_it() -> None:
    book = OrderBook([cancelling(sent(LATER))])
    ruling = take(book, cancel_answer(cancelling(sent(LATER)), CommandAccepted()))
    assert (ruling.order.state, ruling.action) == (OrderState.CANCELLED, OrderAction.REPORT)


def test_a_cancellation_that_comes_too_late() -> None:
    book = OrderBook([cancelling(sent(LATER))])
    take(book, alert(sent(LATER), DONE))
    ruling = take(book, cancel_answer(cancelling(sent(LATER)), CommandAccepted()))
    assert (ruling.order.state, ruling.action) == (OrderState.ACTIVATED, OrderAction.LATE)


def test_a_refused_cancellation_changes_nothing() -> None:
    revoked = cancelling(sent(LATER))
    refused(OrderBook([revoked]), cancel_answer(revoked, BAD), "refuses the cancellation")


def test_a_drafted_order_is_cancelled_at_once() -> None:
    done, action = withdraw_order(drafted(), 1001, everyone(), SENT_UTC, "ann cancels")
    assert (done.state, action) == (OrderState.CANCELLED, OrderAction.REPORT)
    assert done.cancel_command == b""


def test_a_second_withdrawal_sends_the_same_cancellation() -> None:
    revoked = cancelling(sent(LATER))
    assert cancelling(revoked, 1002) == revoked


@pytest.mark.parametrize("counter", [999, 1000])
def test_a_cancellation_needs_a_larger_counter(counter: int) -> None:
    with pytest.raises(LocalError, match="larger"):
        withdraw_order(sent(LATER), counter, everyone(), SENT_UTC, "ann cancels")


def test_a_retry_sends_the_same_octets_so_no_device_activates_twice() -> None:
    order = sent()
    again, action = step_order(order, OrderStep.RETRY, SENT_UTC)
    assert action is OrderAction.RESEND
    assert again == order


@pytest.mark.parametrize("accepted", [False, True])
def test_a_retry_of_a_revoked_order_repeats_the_cancellation_instead(accepted: bool) -> None:
    revoked = cancelling(sent(LATER))
    if accepted:
        revoked, _ = step_order(revoked, OrderStep.ACCEPT, SENT_UTC)
    again, action = step_order(revoked, OrderStep.RETRY, SENT_UTC)
    assert (again, action) == (revoked, OrderAction.REVOKE)
    assert not may_send(again)


def test_a_retry_after_the_end_does_nothing() -> None:
    ended, _ = step_order(cancelling(sent(LATER)), OrderStep.CANCEL, SENT_UTC)
    assert step_order(ended, OrderStep.RETRY, SENT_UTC) == (ended, None)


def test_a_time_that_came_before_the_order_left_ends_it() -> None:
    ended, action = step_order(committed(LATER), OrderStep.TIME, SENT_UTC)
    assert (ended.state, action) == (OrderState.EXPIRED, OrderAction.REPORT)
    assert has_ended(ended) and not may_send(ended)


def test_the_one_open_order_of_a_device_is_found_until_it_ends() -> None:
    book = OrderBook([sent()])
    assert book.open_orders(Eui64(HCALCS)) == (sent(),)
    assert book.next_number() == 2
    take(book, answer(sent(), DONE))
    assert book.open_orders(Eui64(HCALCS)) == ()


def test_orders_without_a_key_are_not_committed() -> None:
    from ota_engine.gbcs.keystore import Keystore

    with pytest.raises(LocalError, match="no signing key"):
        commit_order(drafted(), 1, Keystore())
