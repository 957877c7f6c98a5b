"""Opens a fleet's database, wherever it is, and makes it if there is none; knows no row."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from ota_engine.errors import StoreError
from ota_engine.store import connection as sqlite
from ota_engine.store.backends.sessions import driver_for, lock_of
from ota_engine.store.backends.turns import NoOthers, ServerTurns, Turns
from ota_engine.store.fleet import migrate, schema
from ota_engine.store.fleet.configurations import register_contents
from ota_engine.store.fleet.planning import register_hash
from ota_engine.store.holds import is_there
from ota_engine.store.location import DATABASE_NAME, PostgresPlace, StorePlace, place_of
from ota_engine.store.migrate import A_HUB, HUB_TABLES, MOVED

if TYPE_CHECKING:
    from ota_engine.store.backends.postgresql import PostgresqlDatabase

SCHEMA: Final = "fleet"  # of a fleet on a server, where nobody says another one
NO_FLEET: Final = "there is no fleet here: zota estate init makes one"
_CACHE_KIB: Final = 64 * 1024  # of pages, whatever the size of the estate
_LOG_PAGES: Final = 8_192  # of the write-ahead log, before they go into the database
_BUSY_MS: Final = 60_000  # another operator's plan of a million homes is waited for


def place_in(state: Path, file_name: str) -> StorePlace:
    """Say where the fleet of a state folder is: in a file of it, or where the folder says.

    Raises:
        StoreError: what the folder says makes no sense.
    """
    return place_of(state, file_name, SCHEMA)


def absent_in(state: Path) -> StoreError:
    """Say of a state folder without the file of a fleet that there is none, or that it is a hub's."""
    return StoreError(f"{state}: {A_HUB if (state / DATABASE_NAME).exists() else NO_FLEET}")


def absent_at(place: PostgresPlace) -> StoreError:
    """Say of a server's schema that there is no fleet.

    Raises:
        StoreError: there may be one, and it is not this user's to see.
    """
    is_there(place)
    return StoreError(f"{place}: {NO_FLEET}")


def in_file(path: Path | None, place: str, *, durable: bool) -> sa.Connection:
    """Open or create a database in a file; None for one in memory.

    Raises:
        StoreError: it cannot be used as it is.
    """
    if path is None:
        connection = sqlite.open_memory()
        migrate.create_now(connection)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite.open_file(path, durable=durable)
        sqlite.pragma(connection, f"busy_timeout = {_BUSY_MS}")
        migrate.bring_up_to_date(connection, place)
        sqlite.use_write_ahead_log(connection)
        sqlite.pragma(connection, f"cache_size = -{_CACHE_KIB}")
        sqlite.pragma(connection, f"wal_autocheckpoint = {_LOG_PAGES}")
        sqlite.pragma(connection, "secure_delete = ON")  # what is erased is overwritten
    driver = sqlite.driver_of(connection)
    register_hash(driver)
    register_contents(driver)
    return connection


def on_server(place: PostgresPlace, *, durable: bool, create: bool) -> "PostgresqlDatabase":
    """Open or create a database in a schema of a server's.

    Args:
        place: where.
        durable: a commit survives the death of the server's machine.
        create: make it where there is none.

    Raises:
        StoreError: it cannot be used as it is, or there is none.
    """
    driver = connected(place, durable=durable)
    try:
        found = revision_at(driver)
        if found is None and not create:
            raise absent_at(place)
        if found != schema.HEAD:
            with driver.migrating() as connection:
                migrate.bring_up_to_date(connection, str(place))
    except BaseException:
        driver.close()
        raise
    return driver


def connected(place: PostgresPlace, *, durable: bool = True) -> "PostgresqlDatabase":
    """Connect to a server, whatever there is.

    Raises:
        StoreError: its driver is not installed.
    """
    driver_for(place)
    from ota_engine.store.backends.postgresql import PostgresqlDatabase  # noqa: PLC0415 - as that is

    return PostgresqlDatabase(place.url, place.schema, durable=durable)


def turns_at(place: StorePlace) -> Turns:
    """Share the work for a fleet with other processes, where its database is one that many use.

    Raises:
        StoreError: the server's driver is not installed.
    """
    if not isinstance(place, PostgresPlace):
        return NoOthers()
    return ServerTurns(str(place), partial(connected, place), partial(lock_of, place.schema))


def revision_at(driver: "PostgresqlDatabase") -> str | None:
    """Read the schema version of a fleet; None for none. Every opening does, so without more than that takes.

    Raises:
        StoreError: its rows are in another database now, or those there are a hub's.
    """
    name = schema.revision.name
    asked = (name, MOVED, *HUB_TABLES)
    marks = ", ".join("to_regclass(?)" for _ in asked)
    there, moved, *hubs = driver.execute(f"SELECT {marks}", asked).fetchone()
    if there is None:
        if None not in hubs:
            raise StoreError(f"{driver.place}: {A_HUB}")
        return None
    if moved is not None:
        target = driver.execute(f"SELECT target FROM {MOVED}").fetchone()[0]  # noqa: S608 - our own words
        raise StoreError(f"{driver.place}: was moved to {target}: use that one")
    row = driver.execute(f"SELECT version_num FROM {name}").fetchone()  # noqa: S608 - our own words
    return None if row is None else str(row[0])
