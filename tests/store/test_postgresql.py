"""The store's rows on a real PostgreSQL server: every migration, and the same story as on SQLite."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ota_engine.errors import LocalError, StoreError
from ota_engine.records import Record
from ota_engine.store import migrate, schema
from ota_engine.store.location import PostgresPlace
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.postgresql import PostgresqlServer
from tests.store.samples import HOLDING, RECORDS, event, outcome, sessions_of_schema_0009
from tests.tiers import examples

NOW = Utc(1.7e9)  # UTC
PLACE, SECOND = "the server", "a second sink"

pytestmark = pytest.mark.postgresql


@pytest.fixture
def connection(postgresql_connection: sa.Connection) -> sa.Connection:
    """An empty database."""
    return postgresql_connection


def test_the_migrations_make_the_tables_the_code_speaks_of(connection: sa.Connection) -> None:
    assert migrate.revision_of(connection, PLACE) is None
    with connection.begin():
        migrate.run_migrations(connection, migrate.SCRIPTS)
    assert migrate.revision_of(connection, PLACE) == schema.HEAD
    assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []


def test_what_the_first_schema_said_was_told_stays_told(connection: sa.Connection) -> None:
    with connection.begin():
        migrate.run_migrations(connection, migrate.SCRIPTS, "0001")
        for number, key in enumerate(("told", "waits"), 1):
            row = (key, NOW, "00-DB-12-34-56-78-90-A4", "transfer", "succeeded", "", "", 1, 2)
            connection.exec_driver_sql(
                "INSERT INTO outcomes VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", row
            )
            queued = (number, key, key == "told")
            connection.exec_driver_sql("INSERT INTO outbox VALUES (%s, %s, %s)", queued)
    migrate.bring_up_to_date(connection, PLACE)
    store = Store(connection, PLACE)
    assert [each.key for each in store.outcomes()] == ["told", "waits"]
    assert [each.key for each in store.dispatches.waiting(FILE_SINK, 9)] == ["waits"]


def test_of_an_older_session_its_state_alone_says_whether_its_image_has_arrived(
    connection: sa.Connection,
) -> None:
    with connection.begin():
        states = sessions_of_schema_0009(connection)
    migrate.bring_up_to_date(connection, PLACE)
    found = Store(connection, PLACE).load().sessions
    assert {each.device: each.state for each in found} == states
    assert {each.state for each in found if each.arrived} == HOLDING
    assert not any(each.silent for each in found)


@settings(examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(RECORDS, max_size=8), max_size=8))
def test_any_records_come_to_the_same_as_on_sqlite(
    connection: sa.Connection, batches: list[list[Record]]
) -> None:
    _empty(connection)
    there = Store(connection, PLACE)
    with Store.in_memory() as here:
        for store in (here, there):
            store.dispatches.register(SECOND, "supplier")
        for batch in batches:
            assert _applied(here, batch) == _applied(there, batch)
        assert there.load() == here.load()
        assert there.events() == here.events()
        assert there.outcomes() == here.outcomes()
        assert there.audit_rows() == here.audit_rows()
        for sink in (FILE_SINK, SECOND):
            mine = here.dispatches.due(sink, 100, NOW, 60.0)
            assert there.dispatches.due(sink, 100, NOW, 60.0) == mine
        assert there.dispatches.counts() == here.dispatches.counts()


def test_a_dispatch_goes_every_way_it_can(connection: sa.Connection) -> None:
    migrate.bring_up_to_date(connection, PLACE)
    store = Store(connection, PLACE)
    store.apply([outcome(key) for key in ("told", "later", "dead")])
    store.dispatches.register(SECOND)
    store.dispatches.delivered(SECOND, ["told"])
    store.dispatches.postpone(SECOND, "later", 1, NOW + 30, "answered 503")
    store.dispatches.bury(SECOND, "dead", 1, "answered 422")
    assert store.dispatches.due(SECOND, 9, NOW, 60.0) == ()
    assert store.dispatches.next_utc(SECOND) == NOW + 30
    assert [letter.outcome.key for letter in store.dispatches.dead()] == ["dead"]
    store.dispatches.requeue(store.dispatches.dead())
    store.dispatches.hasten(SECOND)
    due = store.dispatches.due(SECOND, 9, NOW, 60.0)
    assert [(letter.outcome.key, letter.attempts) for letter in due] == [("later", 1), ("dead", 0)]


@pytest.mark.parametrize(
    "hostile", [event("\0"), event("\ud800"), outcome("k", reason="a\0b"), outcome("x" * 201)]
)
def test_a_value_it_could_not_hold_is_refused_in_one_line(
    connection: sa.Connection, hostile: Record
) -> None:
    migrate.bring_up_to_date(connection, PLACE)
    store = Store(connection, PLACE)
    with pytest.raises(LocalError, match=r"^[^\n\0]{1,200}$"):
        store.apply([event("before"), hostile])
    assert store.events() == ()
    with pytest.raises(LocalError, match="names no sink"):
        store.dispatches.register("x" * 41)


def _empty(connection: sa.Connection) -> None:
    """Give the database the newest schema and no rows but those of a new one."""
    if migrate.revision_of(connection, PLACE) is None:
        migrate.create_now(connection)
        return
    tables = ", ".join(table.name for table in schema.METADATA.sorted_tables)
    with connection.begin():
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connection.execute(sa.insert(schema.sinks).values(name=FILE_SINK))


def _applied(store: Store, batch: list[Record]) -> bool:
    try:
        store.apply(batch)
    except StoreError:
        return False
    return True


def test_names_are_sorted_by_their_octets_whatever_the_language_of_the_database(
    postgresql_server: PostgresqlServer,
) -> None:
    names = ["a", "B", "_", "é", "Z", "1"]
    postgresql_server.say("CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'")  # fmt: skip
    try:
        there = PostgresPlace(postgresql_server.url("english"), "one")
        with Store.open(there) as store, Store.in_memory() as here:
            for name in names:
                for each in (store, here):
                    each.dispatches.register(name)
            assert list(store.dispatches.sinks()) == sorted([*names, FILE_SINK])
            assert list(here.dispatches.sinks()) == sorted([*names, FILE_SINK])
    finally:
        postgresql_server.drop("english")
