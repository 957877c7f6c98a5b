"""Brings a database to the schema this version speaks; imports Alembic only to migrate an older one."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from ota_engine.errors import StoreError
from ota_engine.store import schema

MOVED = "zota_moved"  # the table that only a database has whose rows are in another one now
FLEET_REVISION = "fleet_revision"  # the table that only a fleet's database has
A_FLEET = "this is a fleet's database: zota estate check --state DIR looks it over"
HUB_TABLES = frozenset((schema.revision.name, schema.outcomes.name))  # which one of a hub's has
A_HUB = (
    "this is a hub's database, and no fleet's: give the folder of a fleet; zota store check --state DIR"
    " looks this one over"
)
SCRIPTS = Path(__file__).parent / "migrations"


def revision_of(
    connection: sa.Connection, place: str, table: sa.Table = schema.revision
) -> str | None:
    """Read the schema version of a database, None for a new and empty one.

    Args:
        connection: to it.
        place: where it is, for people.
        table: that holds the version.

    Raises:
        StoreError: the tables in it are not zota's, or those of another part of it, or its rows have
            been moved to another database.
    """
    with connection.begin():
        tables = sa.inspect(connection).get_table_names()
        if not tables:
            return None
        if MOVED in tables:
            target = connection.scalar(sa.select(sa.column("target")).select_from(sa.table(MOVED)))
            raise StoreError(f"{place}: was moved to {target}: use that one")
        if table.name not in tables:
            if FLEET_REVISION in tables:
                raise StoreError(f"{place}: {A_FLEET}")
            if HUB_TABLES.issubset(tables):
                raise StoreError(f"{place}: {A_HUB}")
            raise StoreError(f"{place}: this is some other program's database: give another one")
        return connection.scalar(sa.select(table.c.version_num))


def bring_up_to_date(connection: sa.Connection, place: str) -> None:
    """Create or migrate the schema in one transaction.

    Raises:
        StoreError: the database is newer than this program.
    """
    found = revision_of(connection, place)
    if found is None:
        create_now(connection)
    elif found != schema.HEAD:
        refuse_unknown(found, place)
        with connection.begin():
            run_migrations(connection, SCRIPTS)


def refuse_unknown(
    revision: str | None, place: str, revisions: Sequence[str] = schema.REVISIONS
) -> None:
    """Refuse a schema that this version does not know.

    Args:
        revision: of the database.
        place: where it is, for people.
        revisions: that are known, the newest last.

    Raises:
        StoreError: it is newer, or not ours.
    """
    if revision is not None and revision not in revisions:
        raise StoreError(
            f"{place}: written by a newer zota (schema {revision}, this one knows up to "
            f"{revisions[-1]}): upgrade zota, or restore the backup made before its upgrade"
        )


def refuse_outdated(revision: str | None, place: str) -> None:
    """Refuse, for reading without changing anything, every schema but the newest.

    Raises:
        StoreError: the schema is another one.
    """
    refuse_unknown(revision, place)
    if revision is None:
        raise StoreError(f"{place}: no engine has written anything here yet: is it another file?")
    if revision != schema.HEAD:
        raise StoreError(
            f"{place}: still has schema {revision}, this version reads {schema.HEAD}: "
            "start the engine on it once to migrate it"
        )


def create_now(connection: sa.Connection) -> None:
    """Create the newest schema without its history, unless somebody else has been quicker."""
    with connection.begin():
        if sa.inspect(connection).has_table(schema.revision.name):
            return
        make_tables(connection, *schema.METADATA.sorted_tables, schema.revision)
        connection.execute(sa.insert(schema.revision).values(version_num=schema.HEAD))
        connection.execute(sa.insert(schema.sinks).values(name=schema.FILE_SINK))


def make_tables(connection: sa.Connection, *tables: sa.Table) -> None:
    """Make tables and their indexes in a database that has none, inside the caller's transaction."""
    for text in _creation(tables, connection.dialect):
        connection.exec_driver_sql(text)


@lru_cache(maxsize=4)
def _creation(tables: tuple[sa.Table, ...], dialect: sa.Dialect) -> tuple[str, ...]:
    """The statements that make tables, compiled once for all databases that are opened."""
    made: list[sa.schema.ExecutableDDLElement] = []
    for table in tables:
        made.append(sa.schema.CreateTable(table))
        made += [sa.schema.CreateIndex(index) for index in sorted(table.indexes, key=str)]
    return tuple(str(one.compile(dialect=dialect)) for one in made)


def run_migrations(connection: sa.Connection, scripts: Path, upto: str = "head") -> None:
    """Run a folder of Alembic revisions up to one of them, inside the caller's transaction."""
    from alembic import command  # noqa: PLC0415 - 0.2 s that only a migration has to pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, upto)
