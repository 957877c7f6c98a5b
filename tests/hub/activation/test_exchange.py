"""An order between an engine and a device that lose messages and restart: activated once, or not."""

from random import Random

import pytest

from emulators.gbcs.replay import ReplayGuard
from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs import compose
from ota_engine.gbcs.envelope import parse, serialise
from ota_engine.gbcs.payloads import ActivationOutcome, activation_of
from ota_engine.gbcs.protection import authenticate, protect
from ota_engine.hub.activation.book import OrderBook, Ruling
from ota_engine.hub.activation.counters import next_counter
from ota_engine.hub.activation.life import OrderAction, OrderStep
from ota_engine.hub.activation.order import step_order
from ota_engine.records import CounterRecord, OrderRecord, OrderState
from ota_engine.times import Utc
from tests.gbcs.parties import HASH, NOW, VERSION, everyone
from tests.gbcs.parties import SUPPLIER as SUPPLIER_NUMBER
from tests.hub.activation import orders
from tests.hub.activation.orders import SENT_UTC

SUPPLIER = Eui64(SUPPLIER_NUMBER)


class Device:
    """As little of an HCALCS as a command meets: signature, MAC, counter, hash, in that order."""

    def __init__(self) -> None:
        self.guard = ReplayGuard()
        self.activations = 0

    def restart(self) -> None:
        self.guard = ReplayGuard(self.guard.state)

    def receive(self, octets: bytes) -> bytes | None:
        command = parse(octets)
        authenticate(command, everyone())
        order = activation_of(command)
        if not self.guard.accept(command.originator, command.counter):
            return None
        code = 0 if order.manufacturer_image_hash == HASH else 2
        self.activations += code == 0
        said = compose.response(command, ActivationOutcome(code, VERSION), compose.device_time(NOW))
        return serialise(protect(said, everyone()))


def committed(counters: CounterRecord, digest: bytes = HASH) -> OrderRecord:
    return orders.committed(counter=counters.last, digest=digest)


def take(book: OrderBook, octets: bytes) -> Ruling:
    message = parse(octets)
    authenticate(message, everyone(), now=NOW)
    return book.take(message, octets, SENT_UTC)


@pytest.mark.parametrize("seed", range(20))
def test_retries_and_restarts_activate_at_most_once(seed: int) -> None:
    random, device = Random(seed), Device()
    book = OrderBook([committed(next_counter(CounterRecord(SUPPLIER, 0), Utc(NOW.timestamp())))])
    (order,) = book.orders()
    order, _ = step_order(order, OrderStep.SEND, SENT_UTC)
    book.put(order)
    for _ in range(12):
        if random.random() < 0.3:
            device.restart()
        if random.random() < 0.3:
            book = OrderBook(book.orders())  # the engine comes back with what it stored
        (order,) = book.orders()
        order, action = step_order(order, OrderStep.RETRY, SENT_UTC)
        book.put(order)
        if action is not OrderAction.RESEND or random.random() < 0.5:
            continue  # ended, or lost on the way there
        answer = device.receive(order.command)
        if answer is not None and random.random() < 0.5:  # else lost on the way back
            take(book, answer)
    (order,) = book.orders()
    assert device.activations <= 1
    assert order.state in {OrderState.SENT, OrderState.ACTIVATED}
    if order.state is OrderState.ACTIVATED:
        assert device.activations == 1


def test_a_replay_after_the_devices_restart_is_not_answered() -> None:
    device, order = Device(), committed(CounterRecord(SUPPLIER, 1000))
    assert device.receive(order.command) is not None
    device.restart()
    assert device.receive(order.command) is None
    assert device.activations == 1


def test_an_older_order_after_a_newer_one_is_a_replay() -> None:
    device = Device()
    older, newer = (committed(CounterRecord(SUPPLIER, last)) for last in (1000, 1001))
    device.receive(newer.command)
    assert device.receive(older.command) is None


def test_the_hash_of_another_image_uses_up_the_counter_and_activates_nothing() -> None:
    device, order = Device(), committed(CounterRecord(SUPPLIER, 1000), bytes(32))
    answer = device.receive(order.command)
    assert answer is not None and device.activations == 0
    ruling = take(OrderBook([order]), answer)
    assert (ruling.order.state, ruling.order.code) == (OrderState.FAILED, 2)
    assert device.receive(order.command) is None


def test_a_forged_command_uses_up_no_counter() -> None:
    device, order = Device(), committed(CounterRecord(SUPPLIER, 1000))
    forged = bytearray(order.command)
    forged[-1] ^= 1
    with pytest.raises(PeerError):
        device.receive(bytes(forged))
    assert device.receive(order.command) is not None
