"""A fleet on PostgreSQL is what it is on SQLite: rows, trail, seals, order; writers come one after the other."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ota_engine.errors import StoreError, StoreLost
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.rows import Counts, RowKey, Select, field_names
from ota_engine.fleet.orders.rows import ServiceUser
from ota_engine.fleet.tables import KINDS
from ota_engine.store.backends.postgresql import translated
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.forms import FORMS, quoted
from ota_engine.store.location import PostgresPlace
from tests.fleet.databases import SCHEMA, FleetDatabases, new_store
from tests.fleet.store.finished import finished
from tests.postgresql import PostgresqlServer

pytestmark = [pytest.mark.postgresql, pytest.mark.usefixtures("fleets_on_postgresql")]

HUB = ("CHF", "Maker", "Hub", "1")
#: By code points; a language would sort them otherwise.
NAMES = ("A", "B", "Z", "_", "a", "b", "Ä", "ß", "Ω", "\U0001f600")


def rows(store: FleetStore) -> dict[str, list[Any]]:
    with store.reading():
        return {kind.TABLE: list(store.walk(Select(kind))) for kind in KINDS}


def test_a_campaign_leaves_the_same_rows_trail_and_seals_as_on_sqlite() -> None:
    there = finished(2).store
    here = finished(2, store=FleetStore.open(None)).store
    with there.reading(), here.reading():
        assert list(there.trail()) == list(here.trail())
        assert there.verify_audit() is None
        assert list(there.broken_seals()) == []
    assert rows(there) == rows(here)


def test_text_is_sorted_by_code_points_whatever_the_language_of_the_server(
    postgresql_server: PostgresqlServer,
) -> None:
    name = "spoken_german"
    postgresql_server.say(
        f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'"
    )
    try:
        place = PostgresPlace(postgresql_server.url(name), SCHEMA)
        with closing(FleetStore.open(place)) as store, store.transaction():
            store.insert(Variant(each, *HUB) for each in reversed(NAMES))
            assert [row.variant for row in store.select(Select(Variant))] == list(NAMES)
            found = store.driver.execute(
                "SELECT max(variant), (SELECT min(variant) FROM variants WHERE variant > ?)"
                " FROM variants",
                ("Z",),
            )
            assert found.fetchone() == (NAMES[-1], "_")
    finally:
        postgresql_server.drop(name)


def test_a_database_that_cannot_hold_every_text_is_refused_with_how_to_make_one(
    postgresql_server: PostgresqlServer,
) -> None:
    name = "latin"
    postgresql_server.say(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(StoreError, match=r"as LATIN1, [^\n]*createdb --encoding UTF8"):
            FleetStore.open(PostgresPlace(postgresql_server.url(name), SCHEMA))
    finally:
        postgresql_server.drop(name)


def test_no_column_bears_a_name_that_means_something_else(
    postgresql_server: PostgresqlServer,
) -> None:
    import psycopg

    with psycopg.connect(postgresql_server.url("postgres")) as connection:
        words = "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')"
        reserved = {word for (word,) in connection.execute(words)}
    named = {name for kind in KINDS for name in (kind.TABLE, *field_names(kind))}
    assert {quoted(name) for name in named} & reserved == set()


def test_rows_are_found_by_any_number_of_keys(fleets_on_postgresql: FleetDatabases) -> None:
    store = new_store()
    made = [Variant(f"v{number:04d}", *HUB) for number in range(1_000)]
    with store.transaction():
        store.insert(made)
        keys = [RowKey(Variant, (f"v{number:04d}",)) for number in range(1_500)]
        found = dict(store.load(keys))
        assert [found[key] for key in keys] == [*made, *[None] * 500]
        assert store.count(Counts(Variant, ("kind",), ())) == {("CHF",): 1_000}
        assert dict(store.load([RowKey(ServiceUser, (1,))])) == {RowKey(ServiceUser, (1,)): None}


def test_who_writes_waits_for_who_wrote_before_and_sees_it(
    fleets_on_postgresql: FleetDatabases,
) -> None:
    place = fleets_on_postgresql.place()
    with closing(FleetStore.open(place)) as first, closing(FleetStore.open(place)) as second:
        seen: list[Any] = []

        def write() -> None:
            with second.transaction():
                seen.extend(second.select(Select(Variant)))

        other = threading.Thread(target=write)
        with first.transaction():
            first.insert([Variant("v", *HUB)])
            other.start()
            with closing(FleetStore.open(place)) as third, third.reading():
                assert third.select(Select(Variant)) == []
        other.join()
        assert [row.variant for row in seen] == ["v"]


def test_who_reads_sees_one_moment_and_writes_nothing(
    fleets_on_postgresql: FleetDatabases,
) -> None:
    place = fleets_on_postgresql.place()
    with closing(FleetStore.open(place)) as writer, closing(FleetStore.open(place)) as reader:
        with reader.reading():
            before = reader.data_version()
            assert reader.select(Select(Variant)) == []
            with writer.transaction():
                writer.insert([Variant("v", *HUB)])
            assert reader.select(Select(Variant)) == []
            assert reader.data_version() == before
        assert reader.data_version() != before
        with pytest.raises(StoreError, match="takes no writes"), reader.reading():
            reader.insert([Variant("w", *HUB)])
        assert [row.variant for row in reader.select(Select(Variant))] == ["v"]


def test_a_statement_that_failed_takes_the_whole_transaction_with_it() -> None:
    store = new_store()
    with pytest.raises(StoreError), store.transaction():
        store.insert([Variant("v", *HUB)])
        with pytest.raises(Exception, match="nowhere"):
            store.driver.execute("SELECT * FROM nowhere")
    assert store.select(Select(Variant)) == []
    with store.transaction():
        store.insert([Variant("w", *HUB)])
        with pytest.raises(ZeroDivisionError), store.part():
            store.insert([Variant("x", *HUB)])
            raise ZeroDivisionError
    assert [row.variant for row in store.select(Select(Variant))] == ["w"]


def test_a_connection_that_was_lost_is_made_anew_and_nothing_of_its_transaction_counts(
    fleets_on_postgresql: FleetDatabases,
) -> None:
    place = fleets_on_postgresql.place()
    with closing(FleetStore.open(place)) as store, closing(FleetStore.open(place)) as other:
        own = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with pytest.raises(StoreLost, match=r"^[^\n]+$"), store.transaction():
            store.insert([Variant("v", *HUB)])
            other.driver.execute(f"{own} AND pid <> pg_backend_pid()")
            store.insert([Variant("w", *HUB)])
        with store.transaction():
            assert store.select(Select(Variant)) == []
            store.insert([Variant("x", *HUB)])
        assert [row.variant for row in other.select(Select(Variant))] == ["x"]
        watched = store.data_version()
        other.driver.execute(f"{own} AND pid <> pg_backend_pid()")
        with pytest.raises(StoreLost):
            store.data_version()
        assert store.data_version() >= watched


def test_more_rows_than_are_fetched_at_once_are_walked_in_order() -> None:
    store = new_store()
    with store.transaction():
        store.driver.fill(
            "variants",
            FORMS[Variant].columns,
            (FORMS[Variant].write(Variant(f"v{n:05d}", *HUB)) for n in range(12_000)),
        )
        again = ((f"{row[0]}x", *row[1:]) for row in walked(store))
        store.driver.fill("variants", FORMS[Variant].columns, again)
    names = [row.variant for row in store.walk(Select(Variant))]
    assert len(names) == 24_000
    assert names == sorted(names)


def walked(store: FleetStore) -> Iterator[Any]:
    return store.driver.stream("SELECT * FROM variants ORDER BY variant")


@pytest.mark.parametrize(
    ("text", "written", "names"),
    [
        ("SELECT ? , ?", "SELECT $1 , $2", None),
        ("SELECT ?2, ?1", "SELECT $2, $1", None),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT '?:a' || \":b\" || CAST(:c AS TEXT)", "SELECT '?:a' || \":b\" || CAST($1 AS TEXT)", ("c",)),
        ("DELETE FROM temp.drawn WHERE attempt.n = ?", "DELETE FROM pg_temp.drawn WHERE attempt.n = $1", None),
        ("SELECT x::text", "SELECT x::text", None),
    ],
)  # fmt: skip
def test_marks_and_temporary_tables_are_called_as_postgresql_calls_them(
    text: str, written: str, names: tuple[str, ...] | None
) -> None:
    found = translated(text)
    assert (found.text.decode(), found.names) == (written, names)
