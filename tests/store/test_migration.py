"""A database of an older schema opened by this version: all it held is there, and nothing is told twice."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ota_engine.audience import OPERATORS, OPERATORS_ONLY
from ota_engine.errors import StoreError
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.records import OrderState, OutcomeKind, Record, Verdict
from ota_engine.store import migrate, schema
from ota_engine.store.findings import RESTORE, StoreFinding
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.telling.dispatch import drain
from ota_engine.telling.json_lines import JsonLinesSink
from ota_engine.times import Utc
from tests.store.samples import (
    HIGHEST,
    HOLDING,
    IMAGE,
    PPMID,
    assignment,
    audit,
    device,
    firmware,
    order,
    outcome,
    session,
    sessions_of_schema_0009,
)

WORTH = Verification(CheckResult.VALID, CheckResult.ABSENT)

# Rows as the version of schema 0001 wrote them.
OLD_OUTCOMES = (
    ("told", 1.7e9, "00-DB-12-34-56-78-90-A4", "transfer", "succeeded", "", IMAGE.sha256, 1, 2),
    ("waits", 1.7e9, "FF-FF-FF-FF-FF-FF-FF-FE", "transfer", "failed", "x", IMAGE.sha256, 1, None),
)
OLD_OUTBOX = ((5, "told", True), (9, "waits", False))
PLACE, HABITS = (0x1234, 1, 0x0109, 11, 0, False), (3, 1, 1, None, 1.7e9)
OLD_DEVICES = [
    ("00-DB-12-34-56-78-90-A4", *PLACE, 0x121D, 0x84, 0x01020304, None, *HABITS),
    ("FF-FF-FF-FF-FF-FF-FF-FE", *PLACE, None, None, 7, None, *HABITS),
]
OLD_WISH = ("00-DB-12-34-56-78-90-A4", IMAGE.sha256, "upgrade", "immediate", 0, None, 1.7e9)
TOLD = outcome("told", version_before=1, version_after=2)
WAITS = replace(
    TOLD, key="waits", device=HIGHEST, verdict=Verdict.FAILED, reason="x", version_after=None
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of schema 0001 with an image, a session, and two outcomes."""
    path = tmp_path / "zota.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection, connection.begin():
        migrate.run_migrations(connection, migrate.SCRIPTS, "0001")
        connection.execute(sa.insert(schema.images).values(asdict(IMAGE)))
        connection.exec_driver_sql(
            "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            OLD_DEVICES,
        )
        connection.exec_driver_sql("INSERT INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?)", OLD_WISH)
        connection.execute(
            sa.insert(schema.sessions).values(_without(session(), "arrived", "silent"))
        )
        outcomes = "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        connection.exec_driver_sql(outcomes, list(OLD_OUTCOMES))
        connection.exec_driver_sql("INSERT INTO outbox VALUES (?, ?, ?)", list(OLD_OUTBOX))
    return path


def _without(record: Record, *later: str) -> dict[str, Any]:
    """The columns of a record that schema 0001 had."""
    return {name: value for name, value in asdict(record).items() if name not in later}


def test_everything_is_still_there(path: Path) -> None:
    with Store.open(path) as store:
        snapshot = store.load()
        assert snapshot.images == (IMAGE,)
        assert snapshot.devices == (device(), device(HIGHEST))
        assert (snapshot.assignments, snapshot.sessions) == ((assignment(),), (session(),))
        assert (snapshot.orders, snapshot.counters) == ((), ())
        assert store.outcomes() == (TOLD, WAITS)
        assert store.check().findings == ()


def test_the_firmware_of_a_device_becomes_one_of_its_firmwares(path: Path) -> None:
    """A version without manufacturer and image type was a hint, and is not carried over."""
    with Store.open(path) as store:
        assert store.load().firmwares == (firmware(),)


def test_what_was_told_is_not_told_again_and_what_waited_still_waits(path: Path) -> None:
    with Store.open(path) as store:
        assert store.dispatches.waiting(FILE_SINK, 10) == (WAITS,)
        store.apply([TOLD, outcome("new")])
        assert store.dispatches.waiting(FILE_SINK, 10) == (WAITS, outcome("new"))


def test_a_receiver_named_after_the_migration_is_told_all(path: Path) -> None:
    with Store.open(path) as store:
        store.dispatches.register("receiver")
        assert store.dispatches.waiting("receiver", 10) == (TOLD, WAITS)


def test_orders_and_proof_can_be_kept_thereafter(path: Path) -> None:
    proven = outcome("proven", message=b"\xdd\x00", verification=WORTH)
    with Store.open(path) as store:
        store.apply([order(counter=2**64 - 1), proven, audit()])
    with Store.open(path) as store:
        assert store.load().orders == (order(counter=2**64 - 1),)
        assert store.outcomes()[-1] == proven


def test_before_its_migration_it_is_not_looked_at_but_said_to_be_old(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"still has schema 0001.*start the engine on it once"):
        Store.inspect(path)
    assert path.read_bytes() == before


def test_a_database_that_no_engine_has_written_is_no_old_one(tmp_path: Path) -> None:
    empty = tmp_path / "zota.db"
    with closing(sqlite3.connect(empty)) as database:
        database.execute("VACUUM")
    with pytest.raises(StoreError, match="no engine has written anything here yet"):
        Store.inspect(empty)


def test_a_migration_that_is_cut_off_is_made_whole_the_next_time(path: Path) -> None:
    """The last statement fails, as a power cut would end it: the transaction is rolled back."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW held AS SELECT delivered FROM outbox")  # forbids to drop it
        database.commit()
        before = list(database.iterdump())
    with pytest.raises(StoreError):
        Store.open(path)
    with closing(sqlite3.connect(path)) as database:
        assert list(database.iterdump()) == before
        database.execute("DROP VIEW held")
        database.commit()
    with Store.open(path) as store:
        assert store.dispatches.waiting(FILE_SINK, 10) == (WAITS,)
        assert {each.device for each in store.outcomes()} == {PPMID, HIGHEST}


# --- schema 0002, as its own code wrote it --------------------------------------------------------

PROOF = '{"mac":"absent","signature":"valid"}'
SECOND_OUTCOMES = (  # key, verdict, message, verification
    ("told", "succeeded", b"\xdd\x00", PROOF),
    ("waits", "failed", None, ""),
    ("dead", "succeeded", b"\xdd\x01", "written by hand"),
)
SECOND_DELIVERIES = (  # sink, sequence, state, attempts, next_utc, problem
    ("outcomes.jsonl", 1, "delivered", 0, 0.0, ""),
    ("outcomes.jsonl", 2, "waiting", 0, 0.0, ""),
    ("outcomes.jsonl", 3, "delivered", 0, 0.0, ""),
    ("head end", 1, "delivered", 2, 0.0, "answered 503"),
    ("head end", 2, "waiting", 3, 1.7e9, "no complete answer within 10 s"),
    ("head end", 3, "dead", 1, 0.0, "answered 422"),
)
SECOND_ORDER = (
    *(7, "90-B3-D5-1F-30-01-00-00", "00-DB-12-34-56-78-90-A4", bytes(range(32)), "", None, 1.7e9),
    *("sent", 1.7e9, "", "18446744073709551615", b"\xdf", None, None, 1, None, None, None),
)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A database of schema 0002 with three outcomes on their way to two sinks, and an order."""
    path = tmp_path / "zota.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection, connection.begin():
        migrate.run_migrations(connection, migrate.SCRIPTS, "0002")
        for number, (key, verdict, message, worth) in enumerate(SECOND_OUTCOMES, 1):
            whom = "00-DB-12-34-56-78-90-A4"
            row = (key, 1.7e9, whom, "order", verdict, "x", IMAGE.sha256, None, 2, message, worth)
            connection.exec_driver_sql(_insert("outcomes", row), row)
            connection.exec_driver_sql("INSERT INTO outbox VALUES (?, ?)", (number, key))
        connection.exec_driver_sql("INSERT INTO sinks VALUES ('head end')")
        connection.exec_driver_sql(
            _insert("deliveries", SECOND_DELIVERIES[0]), list(SECOND_DELIVERIES)
        )
        connection.exec_driver_sql(_insert("orders", SECOND_ORDER), SECOND_ORDER)
        connection.exec_driver_sql(
            "INSERT INTO counters VALUES ('90-B3-D5-1F-30-01-00-00', '18446744073709551615')"
        )
    return path


def _insert(table: str, row: Sequence[object]) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - our own


def test_what_waits_is_dead_or_was_told_stays_so_for_every_sink(second: Path) -> None:
    with Store.open(second) as store:
        dispatches = store.dispatches
        assert dispatches.sinks() == {FILE_SINK: OPERATORS, "receiver": OPERATORS}
        assert [each.key for each in dispatches.waiting(FILE_SINK, 9)] == ["waits"]
        (waits,) = dispatches.due("receiver", 9, Utc(1.7e9), 60.0)
        assert (waits.outcome.key, waits.attempts, waits.problem) == (
            "waits",
            3,
            "no complete answer within 10 s",
        )
        (dead,) = dispatches.dead()
        assert (dead.outcome.key, dead.attempts, dead.problem) == ("dead", 1, "answered 422")
        told, *_ = store.outcomes()
        assert (told.kind, told.verdict, told.verification, told.audience) == (
            OutcomeKind.ORDER,
            Verdict.SUCCEEDED,
            WORTH,
            OPERATORS_ONLY,
        )


def test_an_order_of_the_second_schema_goes_on(second: Path) -> None:
    with Store.open(second) as store:
        (under_way,) = store.load().orders
        assert (under_way.number, under_way.state, under_way.counter) == (7, "sent", 2**64 - 1)
        store.apply([replace(under_way, state=OrderState.ACTIVATED), outcome("new")])
        assert store.outcomes()[-1] == outcome("new")


def test_what_the_second_schema_left_is_carried_to_file_and_receiver(second: Path) -> None:
    with Store.open(second) as store, JsonLinesSink(second.with_name("outcomes.jsonl")) as sink:
        assert drain(store, sink) == 1
        store.dispatches.requeue(store.dispatches.dead())
        store.dispatches.delivered("receiver", ["waits", "dead"])
        assert store.check().findings == (
            StoreFinding(
                "outcomes",
                "what proves outcome dead was worth cannot be read "
                "('written by hand' says nothing of a signature and a MAC)",
                RESTORE,
            ),
        )


# --- schema 0009 ----------------------------------------------------------------------------------


def test_of_an_older_session_its_state_alone_says_whether_its_image_has_arrived(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zota.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection, connection.begin():
        states = sessions_of_schema_0009(connection)
    with Store.open(path) as store:
        found = store.load().sessions
    assert {each.device: each.state for each in found} == states
    assert {each.state for each in found if each.arrived} == HOLDING
    assert not any(each.silent for each in found)


# --- what is newer --------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["0042", "9999"])
def test_a_database_of_a_newer_version_is_left_alone(second: Path, revision: str) -> None:
    with closing(sqlite3.connect(second)) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        database.commit()
    before = second.read_bytes()
    for open_it in (Store.open, Store.inspect):
        with pytest.raises(StoreError, match=f"written by a newer zota .schema {revision}"):
            open_it(second)
    assert second.read_bytes() == before
