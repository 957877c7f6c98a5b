"""The fleet's schema: what its revisions make is what its rows say; no other database is opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ota_engine.errors import StoreError
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.tables import KINDS
from ota_engine.store.connection import open_file
from ota_engine.store.fleet import migrate, schema
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.migrate import revision_of, run_migrations
from ota_engine.store.store import Store
from tests.fleet.databases import new_store, sqlite_of
from tests.fleet.store.finished import finished

REMEDY = "the rows say otherwise: run python tools/fleet_schema.py"
HUB = ("CHF", "Maker", "Hub", "1")


def test_the_revisions_make_the_tables_that_the_rows_say(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as opened, opened.begin():
        run_migrations(opened, migrate.SCRIPTS)
    with closing(sqlite3.connect(path)) as made:
        assert made.execute("SELECT * FROM fleet_revision").fetchall() == [(schema.HEAD,)]
    assert _objects(path) == _objects(_from_rows(tmp_path)), REMEDY


def test_of_two_that_make_the_same_database_the_later_one_takes_what_there_is(
    tmp_path: Path,
) -> None:
    path = _from_rows(tmp_path)
    with closing(open_file(path, durable=False)) as connection:
        migrate.create_now(connection)
        assert revision_of(connection, "there", schema.revision) == schema.HEAD


@pytest.mark.postgresql
def test_the_revisions_make_the_same_tables_on_postgresql(
    postgresql_connection: sa.Connection,
) -> None:
    with postgresql_connection.begin():
        run_migrations(postgresql_connection, migrate.SCRIPTS)
    context = MigrationContext.configure(
        postgresql_connection, opts={"version_table": schema.revision.name}
    )
    assert compare_metadata(context, schema.METADATA) == [], REMEDY


@pytest.mark.postgresql
def test_the_trail_refuses_to_be_changed_on_postgresql(
    postgresql_connection: sa.Connection,
) -> None:
    migrate.create_now(postgresql_connection)
    for verb in (
        "UPDATE fleet_audit SET actor = ''",
        "DELETE FROM fleet_audit",
        "TRUNCATE fleet_audit",
    ):
        with (
            pytest.raises(sa.exc.DBAPIError, match="only ever extended"),
            postgresql_connection.begin(),
        ):
            postgresql_connection.exec_driver_sql(verb)


def test_every_kind_of_row_has_a_table_of_its_own() -> None:
    assert len(schema.TABLES) == len(KINDS) == len(set(schema.TABLES.values()))


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "fleet.sqlite"
    row = Variant("hub-1", *HUB)
    store = FleetStore.open(path)
    with store.transaction():
        store.insert([row])
    store.close()
    with closing(FleetStore.open(path)) as again, again.transaction():
        assert again.select(Select(Variant)) == [row]


def test_after_an_error_nothing_of_a_part_counts_and_the_rest_does() -> None:
    store = new_store()
    with store.transaction():
        store.insert([Variant("before", *HUB)])
        with pytest.raises(ZeroDivisionError), store.part():
            store.insert([Variant("within", *HUB)])
            raise ZeroDivisionError
        with store.part():
            store.insert([Variant("after", *HUB)])
    assert {row.variant for row in store.select(Select(Variant))} == {"before", "after"}
    store.close()


def test_a_part_of_a_transaction_that_the_database_has_given_up_is_one_trouble_with_it() -> None:
    store = new_store()
    with pytest.raises(StoreError, match="do not fit together"), store.transaction():
        store.insert([Variant("before", *HUB)])
        with store.part():
            sqlite_of(store).execute("INSERT OR ROLLBACK INTO variants SELECT * FROM variants")
    assert store.select(Select(Variant)) == []
    store.close()


def test_the_database_of_a_hub_is_not_a_fleets(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path):
        pass
    before = path.read_bytes()
    with pytest.raises(StoreError, match="this is a hub's database, and no fleet's"):
        FleetStore.open(path)
    assert path.read_bytes() == before


def test_the_database_of_a_newer_fleet_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    FleetStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE fleet_revision SET version_num = 'f9999'")
    with pytest.raises(StoreError, match=r"written by a newer zota \(schema f9999"):
        FleetStore.open(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    path.write_text("homes, hubs and a poem, long enough to be no header of a database file at all")
    with pytest.raises(StoreError, match=r"^[^\n]+$"):
        FleetStore.open(path)


def test_a_database_that_was_edited_to_nonsense_is_refused_in_one_line() -> None:
    town = finished(1)
    town.store.driver.execute("UPDATE members SET state = 'elsewhere'")
    with pytest.raises(StoreError, match=r"^members: a row is not what was written[^\n]*restore"):
        town.pass_time(86_400.0 * 30)
        town.member("h0")


def _from_rows(folder: Path) -> Path:
    path = folder / "rows.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        migrate.create_now(connection)
    return path


def _objects(path: Path) -> dict[str, list[object]]:
    """Every table with its columns, its key and its indexes, and every trigger."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(_described(connection))


def _described(connection: sqlite3.Connection) -> Iterator[tuple[str, list[object]]]:
    master = (
        "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    for name, kind, text in connection.execute(master).fetchall():
        if kind == "table":
            columns = connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
            yield name, [*columns, "WITHOUT ROWID" in text]
        else:
            yield name, [" ".join(text.split())]
