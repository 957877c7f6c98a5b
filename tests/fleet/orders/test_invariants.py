"""Whatever hubs, suppliers and users do in whatever order: nothing is told twice, no order goes back."""

from collections.abc import Mapping

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from images.eui64 import Eui64
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.orders.content import read_response_text
from ota_engine.fleet.orders.lives import LIVE
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    UserDocument,
)
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import HubOutcome, HubWord, Verb
from tests.fleet.orders import messages
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    GAS,
    NEW,
    OLD,
    WANTED,
    Street,
    device,
    ordered_image,
)

HCALCS, PPMID, HUB = device(DUAL, "HCALCS"), device(DUAL, "PPMID"), device(DUAL, "CHF")
USERS = st.sampled_from([ELEC, GAS, NEW])
#: How far an order has come; none may become smaller. One that was given up is as far as it was before: its
#: device may speak again, and goes on from there.
ORDER_PLACES: Mapping[DeliveryState, int | None] = {
    DeliveryState.ORDERED: 0,
    DeliveryState.UNREACHABLE: None,
    DeliveryState.FAILED: None,
    DeliveryState.ARRIVED: 1,
    DeliveryState.HELD: 2,
    DeliveryState.RUNNING: 3,
    DeliveryState.REPLACED: 4,
    DeliveryState.WITHDRAWN: 4,
}
#: Likewise of a command; states of both may be the same text.
COMMAND_PLACES: Mapping[CommandState, int] = {
    CommandState.DRAFTED: 0,
    CommandState.DATED: 1,
    CommandState.SENT: 2,
    CommandState.UNANSWERED: 3,
    CommandState.ACCEPTED: 3,
    CommandState.FAILED: 4,
    CommandState.DONE: 5,
    CommandState.CANCELLED: 5,
    CommandState.WITHDRAWN: 5,
}


class StreetMachine(RuleBasedStateMachine):
    """One home with two devices under everything that may come."""

    def __init__(self) -> None:
        super().__init__()
        self.street = Street()
        self.counter = 0
        self.told: dict[str, str] = {}
        self.places: dict[str, int] = {}
        self.said: list[HubOutcome] = []

    @rule(user=USERS, ppmid=st.booleans(), force=st.booleans())
    def a_user_orders(self, user: Eui64, ppmid: bool, force: bool) -> None:
        image = ordered_image(force_replace=force)
        self.street.order(user, PPMID if ppmid else HCALCS, ppmid=ppmid, image=image)

    @rule(user=USERS, sends=st.booleans())
    def a_user_activates(self, user: Eui64, sends: bool) -> None:
        self.counter += 1
        answer = self.street.draft(user, HCALCS, self.counter)
        draft = getattr(answer.response.body, "content", None)
        if sends and draft is not None:
            command = draft.payload[:-1] + b"\x40" + bytes(64)
            self.street.send(user, HCALCS, self.counter, command)

    @rule(word=st.sampled_from(HubWord), number=st.integers(0, 9), runs=st.booleans())
    def a_hub_speaks_of_an_order(self, word: HubWord, number: int, runs: bool) -> None:
        rows = self.street.rows(DeviceOrder)
        if rows:
            row = rows[number % len(rows)]
            version = WANTED if runs and word is HubWord.ACTIVATED else None
            self._say(self.street.hub_says(word, row.device, row.name, version=version))

    @rule(word=st.sampled_from(HubWord), number=st.integers(0, 9), code=st.integers(0, 3))
    def a_hub_speaks_of_a_command(self, word: HubWord, number: int, code: int) -> None:
        sent = self.street.told(Verb.COMMAND)
        if not sent:
            return
        told = sent[number % len(sent)]
        answers = word is HubWord.ANSWERED
        version = WANTED if code == 0 else OLD
        message = messages.activated(told.command, version, code) if answers else b""
        self._say(self.street.hub_says(word, told.device, told.campaign, message=message))

    @rule(counter=st.integers(1, 3), code=st.integers(0, 3))
    def a_hub_tells_of_a_transfer(self, counter: int, code: int) -> None:
        message = messages.transferred(HUB, PPMID, WANTED, counter, code)
        self._say(self.street.hub_says(HubWord.RECEIVED, PPMID, "", message=message))

    @rule(counter=st.integers(1, 3), code=st.integers(0, 1))
    def a_ppmid_alerts(self, counter: int, code: int) -> None:
        version = WANTED if code == 0 else OLD
        message = messages.ppmid_runs(PPMID, version, counter, code)
        self._say(self.street.hub_says(HubWord.ALERT, PPMID, "", message=message, version=version))

    @rule(number=st.integers(0, 99))
    def a_word_comes_again(self, number: int) -> None:
        if self.said:
            self.street.happen(self.said[number % len(self.said)])

    @rule(
        fuel=st.sampled_from(Fuel),
        party=st.sampled_from(["supplier-1", "supplier-2", "supplier-3", ""]),
    )
    def a_supplier_changes(self, fuel: Fuel, party: str) -> None:
        self.street.happen(SupplierTold(DUAL, fuel, party, self.street.utc))

    @rule(seconds=st.sampled_from([1.0, 3_600.0, 100_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.street.pass_time(seconds)

    def _say(self, outcome: HubOutcome) -> None:
        self.said.append(outcome)

    @invariant()
    def what_was_told_once_is_never_told_otherwise(self) -> None:
        now = {row.document: row.content for row in self.street.rows(UserDocument)}
        assert self.told.items() <= now.items()
        self.told = now
        ids = {
            (read_response_text(content).response_id, name.partition("/")[0] == "sr")
            for name, content in now.items()
        }
        alerts = [name for name in now if not name.startswith("sr/")]
        assert len([one for one in ids if not one[1]]) == len(alerts)

    @invariant()
    def no_order_and_no_command_goes_back(self) -> None:
        orders = {row.name: ORDER_PLACES[row.state] for row in self.street.rows(DeviceOrder)}
        states = {name: place for name, place in orders.items() if place is not None}
        states |= {row.name: COMMAND_PLACES[row.state] for row in self.street.rows(DeviceCommand)}
        for name, place in states.items():
            assert place >= self.places.get(name, 0), name
        self.places |= states

    @invariant()
    def a_device_has_one_live_order_at_most(self) -> None:
        live = [row.device for row in self.street.rows(DeviceOrder) if row.state in LIVE]
        assert len(live) == len(set(live))


TestStreet = StreetMachine.TestCase
TestStreet.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
