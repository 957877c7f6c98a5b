"""Whether a fleet's database is what was written: its pages, its trail, and the rows that the trail seals.

Knows SQLite's own way to look at pages; a server looks at its own. Changes nothing.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from ota_engine.errors import StoreError
from ota_engine.store.backends.database import Dialect
from ota_engine.store.connection import LOG_SUFFIX, close, driver_of, open_to_read
from ota_engine.store.failures import mapped, one_line
from ota_engine.store.findings import MOST, StoreFinding
from ota_engine.store.fleet import opening, schema
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.sealing import COMPARE
from ota_engine.store.location import PostgresPlace, SqlitePlace, StorePlace
from ota_engine.store.migrate import refuse_unknown, revision_of

RESTORE = "move the state folder away and restore a back-up (zota estate restore)"


@contextmanager
def inspected(at: StorePlace | Path) -> Iterator[FleetStore]:
    """Open a fleet's database only to read it, also beside whoever writes to it.

    Raises:
        StoreError: it is absent, of another version, damaged, or no such database at all.
    """
    place = str(at)
    if isinstance(at, PostgresPlace):
        with mapped(place), closing(opening.connected(at)) as driver:
            found = opening.revision_at(driver)
            if found is None:
                raise opening.absent_at(at)
            _refuse_another(found, place)
            yield FleetStore(driver, place, driver.close)
        return
    path = at.path if isinstance(at, SqlitePlace) else at
    if not path.exists():
        raise opening.absent_in(path.parent)
    with mapped(place):
        connection = open_to_read(path)
        try:
            _refuse_another(revision_of(connection, place, schema.revision), place)
            yield FleetStore(driver_of(connection), place, partial(close, connection))
        finally:
            close(connection)


def _refuse_another(found: str | None, place: str) -> None:
    if found != schema.HEAD:
        refuse_unknown(found, place, schema.REVISIONS)
        raise StoreError(
            f"{place}: written by an older zota (schema {found}): any other command on it"
            " brings it up to date"
        )


def was_left_open(place: StorePlace | Path) -> bool:
    """Whether somebody uses a database, or whoever did so last was killed or lost its power; a server sees to its own."""
    if isinstance(place, PostgresPlace):
        return False
    path = place.path if isinstance(place, SqlitePlace) else place
    log = path.with_name(path.name + LOG_SUFFIX)
    return log.exists() and log.stat().st_size > 0


def refuse_damaged(store: FleetStore) -> None:
    """Look at the pages and at the trail, before anything is decided by what is in them.

    Raises:
        StoreError: one of them is not what was written.
    """
    with store.reading():
        found = next(_pages(store), None) or next(_trail(store), None)
    if found is not None:
        raise StoreError(f"{store.place}: {found.problem}: {RESTORE}")


def look_all_over(store: FleetStore) -> list[StoreFinding]:
    """Look at pages, trail and sealed rows; the first few findings of each."""
    found: list[StoreFinding] = []
    for look in (_pages, _trail, _seals):
        try:
            with store.reading():
                found += islice(look(store), MOST)
        except StoreError as error:
            problem = str(error).removeprefix(f"{store.place}: ")
            return [*found, StoreFinding("database", problem, RESTORE)]
    return found


def _pages(store: FleetStore) -> Iterator[StoreFinding]:
    if store.driver.dialect is Dialect.SQLITE:
        for (answer,) in store.driver.execute(f"PRAGMA quick_check({MOST})"):
            if answer != "ok":
                problem = f"the database is damaged ({one_line(answer)})"
                yield StoreFinding("database", problem, RESTORE)


def _trail(store: FleetStore) -> Iterator[StoreFinding]:
    fault = store.verify_audit()
    if fault is not None:
        yield StoreFinding("fleet_audit", fault.problem, COMPARE)


def _seals(store: FleetStore) -> Iterator[StoreFinding]:
    yield from store.broken_seals()
