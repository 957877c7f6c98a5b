"""Whatever devices, people, radio and clock do in whatever order: what must never happen, does not."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.payloads import activation_of
from ota_engine.hub.delivery.commands import ConfirmClock
from ota_engine.records import OrderState
from tests.gbcs.parties import VERSION
from tests.hub.activation.desk import BAD, DONE, OLD_VERSION, Client, Desk, ready
from tests.tiers import examples

CS08 = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
DAY = 86_400.0


def ordered(desk: Desk, at: float | None) -> None:
    try:
        desk.activate(at)
    except LocalError:
        desk.tell_time()  # one order at a time, and none for later by a clock in doubt


def cancelled(desk: Desk) -> None:
    try:
        desk.cancel(len(desk.engine.orders()))
    except LocalError:
        desk.tell_time()


def answered(client: Client, say: Callable[[], object]) -> None:
    if client.commands():
        say()


def alerted(client: Client, good: bool) -> None:
    later = [
        number
        for number, one in enumerate(client.commands())
        if activation_of(one).execution_time is not None
    ]
    if later:
        client.alert(DONE if good else BAD, which=later[-1])


def versioned(client: Client, version: int) -> None:
    if client.commands(CS08):
        client.report_version(version)


def radio(desk: Desk) -> None:
    if desk.engine.link_down is None:
        desk.go_down()
    else:
        desk.bring_up()


DEEDS: dict[str, Callable[[Desk, Client], object]] = {
    "order now": lambda desk, _: ordered(desk, None),
    "order in an hour": lambda desk, _: ordered(desk, 3600.0),
    "cancel": lambda desk, _: cancelled(desk),
    "read the version": lambda desk, _: desk.read_version(),
    "answer done": lambda _, client: answered(client, lambda: client.answer(DONE)),
    "answer bad": lambda _, client: answered(client, lambda: client.answer(BAD)),
    "accept": lambda _, client: answered(client, client.accept),
    "accept the first": lambda _, client: answered(client, lambda: client.accept(0)),
    "alert done": lambda _, client: alerted(client, good=True),
    "alert bad": lambda _, client: alerted(client, good=False),
    "tell the new version": lambda _, client: versioned(client, VERSION),
    "tell the old version": lambda _, client: versioned(client, OLD_VERSION),
    "wait a second": lambda desk, _: desk.wait(1.0),
    "wait ten minutes": lambda desk, _: desk.wait(600.0),
    "wait two hours": lambda desk, _: desk.wait(7200.0),
    "wait two days": lambda desk, _: desk.wait(2 * DAY),
    "restart": lambda desk, _: desk.restart(after=1.0),
    "join": lambda _, client: client.join(),
    "deafen": lambda _, client: setattr(client, "deaf", not client.deaf),
    "mute": lambda _, client: setattr(client, "mute", not client.mute),
    "pull the radio, or plug it in": lambda desk, _: radio(desk),
    "set the clock back": lambda desk, _: desk.tell_time(-DAY),
    "set the clock forward": lambda desk, _: desk.tell_time(DAY),
    "confirm the clock": lambda desk, _: desk.give(ConfirmClock("ann")),
}


class Watcher:
    """What has been seen so far, and must not be gone back on."""

    def __init__(self, desk: Desk, client: Client) -> None:
        self.desk, self.client = desk, client
        self.activated: set[int] = set()

    def check(self) -> None:
        orders = self.desk.engine.orders()
        assert orders == self.desk.store.load().orders
        now = {order.number for order in orders if order.state is OrderState.ACTIVATED}
        assert self.activated <= now, "an activation was taken back"
        self.activated = now
        told = [one.key for one in self.desk.outcomes("order")]
        ended = Counter(key.rsplit("-", 1)[1] for key in told)
        assert len(set(told)) == len(told)
        assert ended["activated"] == len(now)
        self._check_counters()

    def _check_counters(self) -> None:
        """One counter, one message: the octets of a retry are those of the first try."""
        octets: dict[tuple[int, int], bytes] = {}
        for message, raw in zip(self.client.inbox, self.client.octets, strict=True):
            assert message.cra is Cra.COMMAND
            assert octets.setdefault((message.originator, message.counter), raw) == raw


@examples(100)
@given(st.booleans(), st.lists(st.sampled_from(sorted(DEEDS)), min_size=5, max_size=25))
def test_no_sequence_of_events_breaks_an_order(sleepy: bool, deeds: list[str]) -> None:
    desk, client = ready(sleepy=sleepy, get_every=1800.0)
    watcher = Watcher(desk, client)
    for deed in deeds:
        DEEDS[deed](desk, client)
        watcher.check()


@examples(100)
@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=15))
def test_every_order_comes_to_an_end(deeds: list[str]) -> None:
    desk, client = ready()
    desk.activate()
    for deed in deeds:
        DEEDS[deed](desk, client)
    if desk.engine.link_down is not None:
        desk.bring_up()
    desk.give(ConfirmClock("ann"))
    desk.wait(40 * DAY)
    open_states = {order.state for order in desk.engine.orders()} - {
        OrderState.ACTIVATED,
        OrderState.FAILED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
    }
    assert open_states == set()
