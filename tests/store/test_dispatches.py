"""Every outcome waits for every sink on its own, and leaves only delivered or dead."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.store.dispatches import PendingDispatch
from ota_engine.store.schema import FILE_SINK, DeliveryState
from ota_engine.store.store import Store
from tests.store.samples import outcome

HEAD_END, SECOND = "head end", "second head end"
VALID = Verification(CheckResult.VALID, CheckResult.ABSENT)
NOW = 1.7e9  # UTC
HOUR = 3600.0


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        opened.deliveries.register(HEAD_END)
        yield opened


def due(store: Store, now: float = NOW, sink: str = HEAD_END) -> list[str]:
    return [letter.outcome.key for letter in store.deliveries.due(sink, 10, now, HOUR)]


def test_a_sink_named_later_is_told_what_happened_before_in_its_order(store: Store) -> None:
    store.apply([outcome(key) for key in "zya"])
    store.mark_delivered("zya")
    store.deliveries.register(SECOND)
    store.apply([outcome("b")])
    assert due(store, sink=SECOND) == ["z", "y", "a", "b"]


def test_what_one_sink_was_told_still_waits_for_the_other(store: Store) -> None:
    store.apply([outcome("k")])
    store.deliveries.delivered(HEAD_END, ["k"])
    assert due(store) == []
    assert store.outbox(10) == (outcome("k"),)
    store.mark_delivered(["k"])
    assert store.outbox(10) == ()


def test_an_outcome_replayed_is_queued_for_nobody_again(store: Store) -> None:
    store.apply([outcome("k")])
    store.deliveries.delivered(HEAD_END, ["k"])
    store.apply([outcome("k", reason="told differently")])
    store.deliveries.register(HEAD_END)
    assert due(store) == []


def test_an_outcome_whose_proof_is_worth_nobody_knows_what_is_still_told(tmp_path: Path) -> None:
    proven = outcome("k", message=b"\xdd", verification=VALID)
    with Store.open(tmp_path / "zota.db") as store:
        store.apply([proven, outcome("next")])
    with closing(sqlite3.connect(tmp_path / "zota.db")) as database:
        database.executescript("UPDATE outcomes SET verification = '{\"mac\":7}' WHERE key = 'k'")
    with Store.open(tmp_path / "zota.db") as store:
        assert store.outbox(10) == (replace(proven, verification=None), outcome("next"))


def test_a_letter_postponed_is_due_when_its_time_has_come(store: Store) -> None:
    store.apply([outcome("first"), outcome("second")])
    store.deliveries.postpone(HEAD_END, "first", 3, NOW + 60, "answered 503")
    assert due(store) == ["second"]
    assert due(store, NOW + 60) == ["first", "second"]
    assert store.deliveries.next_utc(HEAD_END) == 0.0
    store.deliveries.delivered(HEAD_END, ["second"])
    assert store.deliveries.next_utc(HEAD_END) == NOW + 60
    (letter,) = store.deliveries.due(HEAD_END, 10, NOW + 60, HOUR)
    assert letter == PendingDispatch(
        outcome("first"), HEAD_END, DeliveryState.WAITING, 3, NOW + 60, "answered 503"
    )


def test_a_clock_set_back_by_days_holds_no_letter_back(store: Store) -> None:
    store.apply([outcome("k")])
    store.deliveries.postpone(HEAD_END, "k", 1, NOW + 60, "")
    assert due(store, NOW - 86_400) == ["k"]


def test_nothing_waits_for_a_sink_nobody_named(store: Store) -> None:
    store.apply([outcome("k")])
    assert due(store, sink=SECOND) == []
    assert store.deliveries.next_utc(SECOND) is None


def test_a_dead_letter_is_kept_told_of_and_queued_again(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.deliveries.register(HEAD_END)
        store.apply([outcome("k"), outcome("sound")])
        store.deliveries.bury(HEAD_END, "k", 7, "answered 422")
        assert due(store) == ["sound"]
    with Store.inspect(path) as store:
        assert store.deliveries.counts()[HEAD_END] == {
            DeliveryState.WAITING: 1,
            DeliveryState.DELIVERED: 0,
            DeliveryState.DEAD: 1,
        }
        (letter,) = store.deliveries.dead()
        assert (letter.outcome, letter.attempts, letter.problem) == (
            outcome("k"),
            7,
            "answered 422",
        )
        assert store.check().findings == ()
    with Store.open(path) as store:
        store.deliveries.requeue([letter])
        assert store.deliveries.dead() == ()
        assert due(store) == ["k", "sound"]
        assert store.deliveries.due(HEAD_END, 1, NOW, HOUR)[0].attempts == 0


def test_whatever_waits_can_be_hastened(store: Store) -> None:
    store.apply([outcome("waiting"), outcome("dead"), outcome("told")])
    store.deliveries.postpone(HEAD_END, "waiting", 9, NOW + 60, "")
    store.deliveries.bury(HEAD_END, "dead", 9, "")
    store.deliveries.delivered(HEAD_END, ["told"])
    store.deliveries.hasten(HEAD_END)
    assert due(store) == ["waiting"]


class AnyOrder(RuleBasedStateMachine):
    """Against a dictionary: whatever happens in whatever order, no letter is lost or doubled."""

    keys = st.sampled_from("abc")
    sinks = st.sampled_from([FILE_SINK, HEAD_END, SECOND])

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.in_memory()
        self.order: list[str] = []
        self.states: dict[str, dict[str, DeliveryState]] = {FILE_SINK: {}}

    @rule(key=keys)
    def happen(self, key: str) -> None:
        self.store.apply([outcome(key)])
        self.order += [key] if key not in self.order else []
        for states in self.states.values():
            states.setdefault(key, DeliveryState.WAITING)

    @rule(sink=sinks)
    def register(self, sink: str) -> None:
        self.store.deliveries.register(sink)
        known = self.states.setdefault(sink, {})
        for key in self.order:
            known.setdefault(key, DeliveryState.WAITING)

    @rule(sink=sinks, key=keys)
    def deliver(self, sink: str, key: str) -> None:
        self.store.deliveries.delivered(sink, [key])
        self._set(sink, key, DeliveryState.DELIVERED)

    @rule(sink=sinks, key=keys)
    def postpone(self, sink: str, key: str) -> None:
        self.store.deliveries.postpone(sink, key, 1, NOW, "again")
        self._set(sink, key, DeliveryState.WAITING)

    @rule(sink=sinks, key=keys)
    def bury(self, sink: str, key: str) -> None:
        self.store.deliveries.bury(sink, key, 1, "never")
        self._set(sink, key, DeliveryState.DEAD)

    @precondition(lambda self: self.store.deliveries.dead())
    @rule()
    def requeue(self) -> None:
        dead = self.store.deliveries.dead()
        self.store.deliveries.requeue(dead)
        for letter in dead:
            self._set(letter.sink, letter.outcome.key, DeliveryState.WAITING)

    def _set(self, sink: str, key: str, state: DeliveryState) -> None:
        if key in self.states.get(sink, {}):
            self.states[sink][key] = state

    @invariant()
    def every_letter_is_where_it_should_be(self) -> None:
        for sink, states in self.states.items():
            waiting = [key for key in self.order if states[key] is DeliveryState.WAITING]
            dead = {key for key in self.order if states[key] is DeliveryState.DEAD}
            told = self.store.deliveries.waiting(sink, 10)
            assert [each.key for each in told] == waiting
            assert {each.outcome.key for each in self.store.deliveries.dead(sink)} == dead

    def teardown(self) -> None:
        assert self.store.check().findings == ()
        self.store.close()


AnyOrder.TestCase.settings = settings(max_examples=25, stateful_step_count=15)
TestAnyOrder = AnyOrder.TestCase
