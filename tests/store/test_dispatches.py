"""Every outcome waits for every sink on its own, and leaves only delivered or dead."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ota_engine.audience import OPERATORS
from ota_engine.errors import LocalError
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.store.dispatches import CLAIMED_S, Dispatches, PendingDispatch
from ota_engine.store.schema import FILE_SINK, DispatchState
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.store.databases import tamper
from tests.store.samples import outcome
from tests.tiers import examples

RECEIVER, SECOND = "receiver", "second receiver"
SUPPLIER = "supplier"
VALID = Verification(CheckResult.VALID, CheckResult.ABSENT)
NOW = Utc(1.7e9)  # UTC
HOUR = 3600.0


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        opened.dispatches.register(RECEIVER)
        yield opened


def due(store: Store, now: float = NOW, sink: str = RECEIVER) -> list[str]:
    return [letter.outcome.key for letter in store.dispatches.due(sink, 10, Utc(now), HOUR)]


def test_a_sink_named_later_is_told_what_happened_before_in_its_order(store: Store) -> None:
    store.apply([outcome(key) for key in "zya"])
    store.dispatches.delivered(FILE_SINK, "zya")
    store.dispatches.register(SECOND)
    store.apply([outcome("b")])
    assert due(store, sink=SECOND) == ["z", "y", "a", "b"]


def test_what_one_sink_was_told_still_waits_for_the_other(store: Store) -> None:
    store.apply([outcome("k")])
    store.dispatches.delivered(RECEIVER, ["k"])
    assert due(store) == []
    assert store.dispatches.waiting(FILE_SINK, 10) == (outcome("k"),)
    store.dispatches.delivered(FILE_SINK, ["k"])
    assert store.dispatches.waiting(FILE_SINK, 10) == ()


def test_an_outcome_replayed_is_queued_for_nobody_again(store: Store) -> None:
    store.apply([outcome("k")])
    store.dispatches.delivered(RECEIVER, ["k"])
    store.apply([outcome("k", reason="told differently")])
    store.dispatches.register(RECEIVER)
    assert due(store) == []


def test_an_outcome_whose_proof_is_worth_nobody_knows_what_is_still_told(tmp_path: Path) -> None:
    proven = outcome("k", message=b"\xdd", verification=VALID)
    with Store.open(tmp_path / "zota.db") as store:
        store.apply([proven, outcome("next")])
    tamper(tmp_path / "zota.db", "UPDATE outcomes SET verification = '{\"mac\":7}' WHERE key = 'k'")
    with Store.open(tmp_path / "zota.db") as store:
        assert store.dispatches.waiting(FILE_SINK, 10) == (
            replace(proven, verification=None),
            outcome("next"),
        )


def test_a_letter_postponed_is_due_when_its_time_has_come(store: Store) -> None:
    store.apply([outcome("first"), outcome("second")])
    store.dispatches.postpone(RECEIVER, "first", 3, NOW + 60, "answered 503")
    assert due(store) == ["second"]
    assert due(store, NOW + 60) == ["first", "second"]
    assert store.dispatches.next_utc(RECEIVER) == 0.0
    store.dispatches.delivered(RECEIVER, ["second"])
    assert store.dispatches.next_utc(RECEIVER) == NOW + 60
    (letter,) = store.dispatches.due(RECEIVER, 10, NOW + 60, HOUR)
    assert letter == PendingDispatch(
        outcome("first"), RECEIVER, DispatchState.WAITING, 3, NOW + 60, "answered 503"
    )


def test_a_clock_set_back_by_days_holds_no_letter_back(store: Store) -> None:
    store.apply([outcome("k")])
    store.dispatches.postpone(RECEIVER, "k", 1, NOW + 60, "")
    assert due(store, NOW - 86_400) == ["k"]


def test_a_sink_is_told_only_what_its_party_may_hear_now_and_before(store: Store) -> None:
    both = frozenset({OPERATORS, SUPPLIER})
    store.apply([outcome("ours"), outcome("for both", audience=both)])
    store.dispatches.register(SECOND, SUPPLIER)
    store.apply([outcome("theirs", audience=frozenset({SUPPLIER})), outcome("ours too")])
    store.apply([outcome("nobody's", audience=frozenset()), outcome("both again", audience=both)])
    assert due(store) == ["ours", "for both", "ours too", "both again"]
    assert due(store, sink=SECOND) == ["for both", "theirs", "both again"]
    assert store.dispatches.sinks() == {FILE_SINK: OPERATORS, RECEIVER: OPERATORS, SECOND: SUPPLIER}
    assert store.check().findings == ()


def test_a_party_is_not_taken_for_another_whose_name_begins_or_ends_alike(store: Store) -> None:
    for sink, party in (("one", "supplier"), ("two", "a-supplier"), ("three", "supplier-b")):
        store.dispatches.register(sink, party)
    store.apply([outcome("k", audience=frozenset({"supplier", "x"}))])
    assert [due(store, sink=sink) for sink in ("one", "two", "three")] == [["k"], [], []]


def test_a_sink_never_changes_the_party_it_speaks_for(store: Store) -> None:
    store.apply([outcome("k", audience=frozenset({SUPPLIER}))])
    with pytest.raises(LocalError, match="is told what operators may hear, not supplier: give"):
        store.dispatches.register(RECEIVER, SUPPLIER)
    assert (due(store), store.dispatches.sinks()[RECEIVER]) == ([], OPERATORS)


def test_who_may_not_hear_of_it_is_not_told_whatever_rows_say(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.apply([outcome("k")])
    tamper(path, "UPDATE outcomes SET audience = 'supplier'")
    with Store.open(path) as store:
        assert due(store, sink=FILE_SINK) == []


@pytest.mark.parametrize("name", ["", "x" * 41, "a\0b", "two\nlines", "\ud800", "\x1b[31m"])
def test_a_sink_has_a_name_that_every_database_can_hold(store: Store, name: str) -> None:
    with pytest.raises(LocalError, match=r"^[^\n\0\x1b]+ names no sink: give 1 to 40 printable"):
        store.dispatches.register(name)
    with pytest.raises(LocalError, match=r"^[^\n\0\x1b]+ names no audience: give 1 to 40 of"):
        store.dispatches.register("a sink", name)
    store.dispatches.register("ж" * 40)


def test_nothing_waits_for_a_sink_nobody_named(store: Store) -> None:
    store.apply([outcome("k")])
    assert due(store, sink=SECOND) == []
    assert store.dispatches.next_utc(SECOND) is None


def test_a_dead_letter_is_kept_told_of_and_queued_again(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.dispatches.register(RECEIVER)
        store.apply([outcome("k"), outcome("sound")])
        store.dispatches.bury(RECEIVER, "k", 7, "answered 422")
        assert due(store) == ["sound"]
    with Store.inspect(path) as store:
        assert store.dispatches.counts()[RECEIVER] == {
            DispatchState.WAITING: 1,
            DispatchState.DELIVERED: 0,
            DispatchState.DEAD: 1,
        }
        (letter,) = store.dispatches.dead()
        assert (letter.outcome, letter.attempts, letter.problem) == (
            outcome("k"),
            7,
            "answered 422",
        )
        assert store.check().findings == ()
    with Store.open(path) as store:
        store.dispatches.requeue([letter])
        assert store.dispatches.dead() == ()
        assert due(store) == ["k", "sound"]
        assert store.dispatches.due(RECEIVER, 1, NOW, HOUR)[0].attempts == 0


def test_whatever_waits_can_be_hastened(store: Store) -> None:
    store.apply([outcome("waiting"), outcome("dead"), outcome("told")])
    store.dispatches.postpone(RECEIVER, "waiting", 9, NOW + 60, "")
    store.dispatches.bury(RECEIVER, "dead", 9, "")
    store.dispatches.delivered(RECEIVER, ["told"])
    store.dispatches.hasten(RECEIVER)
    assert due(store) == ["waiting"]


class AnyOrder(RuleBasedStateMachine):
    """Against a dictionary: whatever happens in whatever order, no letter is lost or doubled."""

    keys = st.sampled_from("abc")
    sinks = st.sampled_from([FILE_SINK, RECEIVER, SECOND])

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.in_memory()
        self.order: list[str] = []
        self.states: dict[str, dict[str, DispatchState]] = {FILE_SINK: {}}

    @rule(key=keys)
    def happen(self, key: str) -> None:
        self.store.apply([outcome(key)])
        self.order += [key] if key not in self.order else []
        for states in self.states.values():
            states.setdefault(key, DispatchState.WAITING)

    @rule(sink=sinks)
    def register(self, sink: str) -> None:
        self.store.dispatches.register(sink)
        known = self.states.setdefault(sink, {})
        for key in self.order:
            known.setdefault(key, DispatchState.WAITING)

    @rule(sink=sinks, key=keys)
    def deliver(self, sink: str, key: str) -> None:
        self.store.dispatches.delivered(sink, [key])
        self._set(sink, key, DispatchState.DELIVERED)

    @rule(sink=sinks, key=keys)
    def postpone(self, sink: str, key: str) -> None:
        self.store.dispatches.postpone(sink, key, 1, NOW, "again")
        self._fail(sink, key, DispatchState.WAITING)

    @rule(sink=sinks, key=keys)
    def bury(self, sink: str, key: str) -> None:
        self.store.dispatches.bury(sink, key, 1, "never")
        self._fail(sink, key, DispatchState.DEAD)

    @precondition(lambda self: self.store.dispatches.dead())
    @rule()
    def requeue(self) -> None:
        dead = self.store.dispatches.dead()
        self.store.dispatches.requeue(dead)
        for letter in dead:
            self._set(letter.sink, letter.outcome.key, DispatchState.WAITING)

    def _fail(self, sink: str, key: str, state: DispatchState) -> None:
        """What has come to its end by one courier stays so, whatever another one says of it later."""
        if self.states.get(sink, {}).get(key) is DispatchState.WAITING:
            self._set(sink, key, state)

    def _set(self, sink: str, key: str, state: DispatchState) -> None:
        if key in self.states.get(sink, {}):
            self.states[sink][key] = state

    @invariant()
    def every_letter_is_where_it_should_be(self) -> None:
        for sink, states in self.states.items():
            waiting = [key for key in self.order if states[key] is DispatchState.WAITING]
            dead = {key for key in self.order if states[key] is DispatchState.DEAD}
            told = self.store.dispatches.waiting(sink, 10)
            assert [each.key for each in told] == waiting
            assert {each.outcome.key for each in self.store.dispatches.dead(sink)} == dead

    def teardown(self) -> None:
        assert self.store.check().findings == ()
        self.store.close()


AnyOrder.TestCase.settings = settings(examples(60), stateful_step_count=15)
TestAnyOrder = AnyOrder.TestCase


def test_what_was_recorded_after_an_outcome_is_found_in_its_order() -> None:
    with Store.in_memory() as store:
        for key in ("b", "a", "c", "a"):
            store.apply([outcome(key)])
        assert [one.key for one in store.outcomes_after("b")] == ["a", "c"]
        assert [one.key for one in store.outcomes_after("c")] == []
        assert [one.key for one in store.outcomes_after("")] == ["b", "a", "c"]


def test_what_one_has_claimed_another_passes_over_until_the_claim_ends(store: Store) -> None:
    store.dispatches.register(RECEIVER)
    store.apply([outcome(str(number)) for number in range(5)])
    other = Dispatches(store.dispatches._connection, store.place, store.dispatches._write)
    mine = store.dispatches.claim(RECEIVER, 2, NOW, HOUR)
    assert [letter.outcome.key for letter in mine] == ["0", "1"]
    theirs = other.claim(RECEIVER, 9, NOW, HOUR)
    assert [letter.outcome.key for letter in theirs] == ["2", "3", "4"]
    assert store.dispatches.claim(RECEIVER, 9, Utc(NOW + 1), HOUR) == mine, "one's own stay so"
    assert store.dispatches.next_utc(RECEIVER) == 0.0
    store.dispatches.delivered(RECEIVER, ["0", "1"])
    assert store.dispatches.next_utc(RECEIVER) == NOW + CLAIMED_S
    later = Utc(NOW + CLAIMED_S)
    assert len(store.dispatches.claim(RECEIVER, 9, later, HOUR)) == 3, "their courier has died"
    other.postpone(RECEIVER, "2", 1, Utc(later + 60), "too late, but true")
    store.dispatches.delivered(RECEIVER, ["3"])
    other.postpone(RECEIVER, "3", 1, Utc(later + 60), "it was delivered meanwhile")
    other.bury(RECEIVER, "3", 1, "it was delivered meanwhile")
    assert store.dispatches.counts()[RECEIVER] == {"waiting": 2, "delivered": 3, "dead": 0}


def test_nobody_keeps_letters_from_whoever_opens_the_database_next(tmp_path: Path) -> None:
    with Store.open(tmp_path / "zota.db") as store:
        store.dispatches.register(RECEIVER)
        store.apply([outcome("k")])
        assert len(store.dispatches.claim(RECEIVER, 9, NOW, HOUR)) == 1
    with Store.open(tmp_path / "zota.db") as store:
        now = Utc(NOW + (CLAIMED_S if store.dispatches.claim(RECEIVER, 9, NOW, HOUR) == () else 0))
        assert len(store.dispatches.claim(RECEIVER, 9, now, HOUR)) == 1
