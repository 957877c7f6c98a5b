"""Brings a fleet's database to the schema this version speaks; knows no row."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from ota_engine.store.fleet import schema
from ota_engine.store.fleet.guards import guard_trail
from ota_engine.store.migrate import make_tables, refuse_unknown, revision_of, run_migrations

SCRIPTS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: sa.Connection, place: str) -> None:
    """Create or migrate the schema in one transaction.

    Raises:
        StoreError: the database is newer than this program, or not a fleet's.
    """
    found = revision_of(connection, place, schema.revision)
    if found is None:
        create_now(connection)
    elif found != schema.HEAD:
        refuse_unknown(found, place, schema.REVISIONS)
        with connection.begin():
            run_migrations(connection, SCRIPTS)


def create_now(connection: sa.Connection) -> None:
    """Create the newest schema without its history, unless somebody else has been quicker."""
    with connection.begin():
        if sa.inspect(connection).has_table(schema.revision.name):
            return
        make_tables(connection, *schema.METADATA.sorted_tables, schema.revision)
        guard_trail(connection)
        connection.execute(sa.insert(schema.revision).values(version_num=schema.HEAD))
