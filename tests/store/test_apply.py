"""What was applied is what is loaded: against a model, for any sequence of records."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.audience import OPERATORS
from ota_engine.errors import LocalError, StoreError
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    ClockRecord,
    CounterRecord,
    DeviceRecord,
    EventRecord,
    FirmwareRecord,
    ImageRecord,
    ImageTerms,
    OrderRecord,
    OutcomeRecord,
    PremisesChangeRecord,
    PremisesReplyRecord,
    PushRecord,
    PushTargetRecord,
    Record,
    SessionRecord,
    SessionState,
    Unassigned,
)
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from tests.store.samples import (
    HIGHEST,
    IMAGE,
    PPMID,
    RECORDS,
    assignment,
    audit,
    deeds,
    device,
    event,
    image,
    outcome,
    session,
)
from tests.tiers import examples

BATCHES = st.lists(st.lists(RECORDS, max_size=8), max_size=8)


@dataclass
class Model:
    """The store as dictionaries."""

    images: dict[str, ImageRecord] = field(default_factory=dict)
    devices: dict[Eui64, DeviceRecord] = field(default_factory=dict)
    firmwares: dict[tuple[Eui64, int, int], FirmwareRecord] = field(default_factory=dict)
    assignments: dict[tuple[Eui64, str], AssignmentRecord] = field(default_factory=dict)
    sessions: dict[tuple[Eui64, str], SessionRecord] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    outcomes: dict[str, OutcomeRecord] = field(default_factory=dict)
    audit: list[AuditRecord] = field(default_factory=list)
    trusted_utc: float | None = None
    orders: dict[int, OrderRecord] = field(default_factory=dict)
    counters: dict[Eui64, CounterRecord] = field(default_factory=dict)
    terms: dict[str, ImageTerms] = field(default_factory=dict)
    pushes: dict[int, PushRecord] = field(default_factory=dict)
    targets: dict[tuple[int, Eui64], PushTargetRecord] = field(default_factory=dict)
    changes: dict[str, PremisesChangeRecord] = field(default_factory=dict)
    replies: dict[tuple[str, Eui64], PremisesReplyRecord] = field(default_factory=dict)

    def apply(self, records: Sequence[Record]) -> "Model | None":
        """The model after the records; None when they contradict each other."""
        after = deepcopy(self)
        for record in records:
            after._take(record)
        fits = all(key[1] in after.images for key in after.assignments)
        fits &= after.terms.keys() <= after.images.keys()
        fits &= all(number in after.pushes for number, _ in after.targets)
        return after if fits and after.sessions.keys() <= after.assignments.keys() else None

    def _take(self, record: Record) -> None:
        match record:
            case ImageRecord():
                first = self.images.setdefault(record.sha256, record)
                self.images[record.sha256] = replace(first, name=record.name)
            case DeviceRecord():
                self.devices[record.device] = record
            case FirmwareRecord():
                key = (record.device, record.manufacturer_code, record.image_type)
                self.firmwares[key] = record
            case AssignmentRecord():
                self.assignments[record.device, record.sha256] = record
            case SessionRecord():
                self.sessions[record.device, record.sha256] = record
            case Unassigned():
                self.assignments.pop((record.device, record.sha256), None)
                self.sessions.pop((record.device, record.sha256), None)
            case OrderRecord():
                self.orders[record.number] = record
            case CounterRecord():
                self.counters[record.originator] = record
            case _:
                self._note(record)

    def _note(self, record: Record) -> None:
        match record:
            case ImageTerms():
                self.terms[record.sha256] = record
            case PushRecord():
                self.pushes[record.number] = record
            case PushTargetRecord():
                self.targets[record.push, record.device] = record
            case EventRecord():
                self.events.append(record)
            case OutcomeRecord():
                self.outcomes.setdefault(record.key, record)
            case AuditRecord():
                self.audit.append(record)
            case ClockRecord():
                self.trusted_utc = record.trusted_utc
            case PremisesChangeRecord():
                self.changes[record.subject] = record
            case PremisesReplyRecord():
                self.replies[record.subject, record.device] = record


def assert_holds(store: Store, model: Model) -> None:
    snapshot = store.load()
    assert {record.subject: record for record in snapshot.changes} == model.changes
    assert {(r.subject, r.device): r for r in snapshot.replies} == model.replies
    assert snapshot.images == tuple(sorted(model.images.values(), key=lambda r: r.sha256))
    assert {record.device: record for record in snapshot.devices} == model.devices
    assert {
        (r.device, r.manufacturer_code, r.image_type): r for r in snapshot.firmwares
    } == model.firmwares
    assert {(r.device, r.sha256): r for r in snapshot.assignments} == model.assignments
    assert {(r.device, r.sha256): r for r in snapshot.sessions} == model.sessions
    assert snapshot.trusted_utc == model.trusted_utc
    assert snapshot.orders == tuple(model.orders[number] for number in sorted(model.orders))
    assert {record.originator: record for record in snapshot.counters} == model.counters
    assert {record.sha256: record for record in snapshot.terms} == model.terms
    assert snapshot.pushes == tuple(model.pushes[number] for number in sorted(model.pushes))
    targets = [record for number in (1, 2) for record in store.push_targets(number)]
    assert {(record.push, record.device): record for record in targets} == model.targets
    assert store.events() == tuple(model.events)
    told = tuple(each for each in model.outcomes.values() if OPERATORS in each.audience)
    assert store.outcomes() == tuple(model.outcomes.values())
    assert store.dispatches.waiting(FILE_SINK, 1000) == told
    assert store.latest_utc() == max(latest_times(model), default=None)
    assert deeds(store) == model.audit
    assert store.verify_audit() is None


def latest_times(model: Model) -> list[float]:
    """Of what was noted last, of every kind that has a time and is never changed."""
    noted: list[float] = [event.utc for event in model.events[-1:]]
    noted += [outcome.utc for outcome in list(model.outcomes.values())[-1:]]
    return noted if model.trusted_utc is None else [*noted, model.trusted_utc]


def apply_to_both(store: Store, model: Model, batch: Sequence[Record]) -> Model:
    after = model.apply(batch)
    if after is None:
        with pytest.raises(StoreError):
            store.apply(batch)
        return model
    store.apply(batch)
    return after


@given(BATCHES)
def test_any_records_are_loaded_as_they_were_applied(batches: list[list[Record]]) -> None:
    model = Model()
    with Store.in_memory() as store:
        for batch in batches:
            model = apply_to_both(store, model, batch)
        assert_holds(store, model)


@examples(50)
@given(BATCHES)
def test_reopening_a_file_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Record]]
) -> None:
    path = tmp_path_factory.mktemp("store") / "zota.db"
    model = Model()
    for batch in batches:
        with Store.open(path, durable=False) as store:
            model = apply_to_both(store, model, batch)
    for _ in range(2):
        with Store.open(path, durable=False) as store:
            assert_holds(store, model)


@given(st.lists(RECORDS, max_size=12))
def test_one_batch_and_one_by_one_come_to_the_same(records: list[Record]) -> None:
    accepted = []
    with Store.in_memory() as apart, Store.in_memory() as together:
        for record in records:
            try:
                apart.apply([record])
            except StoreError:
                continue
            accepted.append(record)
        together.apply(accepted)
        assert together.load() == apart.load()
        assert together.events() == apart.events()
        assert together.outcomes() == apart.outcomes()
        assert deeds(together) == deeds(apart)


def test_a_batch_is_written_whole_or_not_at_all() -> None:
    with Store.in_memory() as store:
        orphan = session()  # there is neither its image nor its assignment
        with pytest.raises(StoreError, match="nothing was written"):
            store.apply([IMAGE, device(), event(), audit(), outcome("k"), orphan])
        assert_holds(store, Model())
        store.apply([audit()])  # and the chain goes on from where it was
        assert store.verify_audit() is None


def test_an_eui64_above_63_bits_is_kept() -> None:
    with Store.in_memory() as store:
        store.apply([device(HIGHEST)])
        assert store.load().devices[0].device == HIGHEST


def test_a_replayed_outcome_is_not_delivered_again() -> None:
    with Store.in_memory() as store:
        store.apply([outcome("once")])
        store.dispatches.delivered(FILE_SINK, ["once"])
        store.apply([outcome("once", reason="told differently")])
        assert store.dispatches.waiting(FILE_SINK, 10) == ()
        assert store.outcomes() == (outcome("once"),)


def test_the_outbox_gives_the_oldest_first_and_no_more_than_asked() -> None:
    with Store.in_memory() as store:
        store.apply([outcome(key) for key in "zya"])
        store.dispatches.delivered(FILE_SINK, "z")
        assert store.dispatches.waiting(FILE_SINK, 1) == (outcome("y"),)


def test_a_withdrawn_assignment_takes_its_session_and_no_other_along() -> None:
    with Store.in_memory() as store:
        store.apply([IMAGE, assignment(), session(), assignment(HIGHEST), session(HIGHEST)])
        store.apply([Unassigned(PPMID, IMAGE.sha256)])
        assert store.load().sessions == (session(HIGHEST),)
        assert store.load().assignments == (assignment(HIGHEST),)


def test_assigned_anew_in_the_batch_that_withdrew_it() -> None:
    with Store.in_memory() as store:
        store.apply([IMAGE, assignment(), session(state=SessionState.FAILED)])
        store.apply([Unassigned(PPMID, IMAGE.sha256), assignment(activation_delay=5)])
        assert store.load().assignments == (assignment(activation_delay=5),)
        assert store.load().sessions == ()


def test_an_image_that_is_not_what_its_hash_says_is_refused() -> None:
    with Store.in_memory() as store, pytest.raises(LocalError, match="does not have this hash"):
        store.apply([replace(IMAGE, data=b"swapped")])


def test_the_same_image_under_a_new_name_is_one_image() -> None:
    with Store.in_memory() as store:
        store.apply([image(), image(name="renamed")])
        assert store.load().images == (image(name="renamed"),)


def test_a_value_no_column_holds_is_one_line_and_nothing_written() -> None:
    with Store.in_memory() as store:
        for hostile in (event("\ud800"), device(network_address=1 << 70)):
            with pytest.raises(LocalError, match="cannot be stored"):
                store.apply([event("before"), hostile])
        assert store.events() == ()


@pytest.mark.parametrize(
    "hostile",
    [
        event("\0"),
        outcome("k", reason="a\0b"),
        outcome("k\0"),
        outcome("x" * 201),
        outcome("k", audience=frozenset({"Operators"})),
        outcome("k", audience=frozenset({"two words"})),
        outcome("k", audience=frozenset({""})),
        outcome("k", audience=frozenset({"x" * 41})),
        outcome("k", audience=frozenset({"per%cent"})),
    ],
)
def test_a_value_one_database_could_not_hold_is_refused_by_both(hostile: Record) -> None:
    with Store.in_memory() as store:
        with pytest.raises(LocalError, match=r"^[^\n\0]{1,200}$"):
            store.apply([event("before"), hostile])
        assert (store.events(), store.outcomes()) == ((), ())
        store.apply([outcome("x" * 200)])


def test_the_journal_is_found_by_device_by_kind_and_from_its_end() -> None:
    with Store.in_memory() as store:
        store.apply([event("joined"), event("joined", HIGHEST), event("offered"), event("left")])
        assert store.events(device=HIGHEST) == (event("joined", HIGHEST),)
        assert store.events(kind="joined") == (event("joined"), event("joined", HIGHEST))
        assert store.events(last=2) == (event("offered"), event("left"))


def test_a_path_may_hold_characters_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    path = tmp_path / "100% ?mode=memory&x#y.db"
    with Store.open(path) as store:
        store.apply([IMAGE])
    with Store.inspect(path) as store:
        assert store.load().images == (IMAGE,)
