"""Where a fleet is to be kept, as whoever founds or restores one says; opens nothing that it does not make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.errors import LocalError
from ota_engine.store.location import FLEET_NAME

if TYPE_CHECKING:
    from ota_engine.store.location import PostgresPlace

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Keep it on a PostgreSQL server: postgresql://USER@HOST/DATABASE; with ?schema=NAME"
        " beside other fleets there.",
    ),
]


def on_server(database: str | None) -> "PostgresPlace | None":
    """Read where on a server a fleet is to be; None for a file in the state folder.

    Raises:
        LocalError: it names no server.
        StoreError: it is no URL of a database, or has a password in it.
    """
    if database is None:
        return None
    from ota_engine.store.fleet.opening import SCHEMA
    from ota_engine.store.location import server_at

    place = server_at(database, SCHEMA)
    if place is None:
        raise LocalError(
            "--database names no server: give postgresql://USER@HOST/DATABASE, or leave it out for"
            " a file in the state folder"
        )
    return place


@contextmanager
def settled(state: Path, database: str | None) -> Iterator[None]:
    """Have a new fleet on a server, and the state folder say so, unless the block says that it is not founded.

    Raises:
        LocalError: there is a fleet in the folder or at that place on the server, or the folder says
            already where its fleet is.
        StoreError: the server cannot be used.
    """
    place = on_server(database)
    if place is None:
        yield
        return
    from ota_engine.store.location import PLACE_NAME, write_place

    for name in (FLEET_NAME, PLACE_NAME):
        if (state / name).exists():
            raise LocalError(
                f"{state / name}: there is a fleet already, and nothing is overwritten: name a new"
                " folder"
            )
    _refuse_founded(place)
    state.mkdir(parents=True, exist_ok=True)
    write_place(state, place)
    try:
        yield
    except (LocalError, OSError, typer.Exit):  # after a StoreError it may be founded all the same
        (state / PLACE_NAME).unlink()
        raise


def _refuse_founded(place: "PostgresPlace") -> None:
    """Make the tables of a fleet, and refuse those in which there is one.

    Raises:
        LocalError: there is a fleet.
        StoreError: the server cannot be used.
    """
    from ota_engine.fleet.kernel.rows import Select
    from ota_engine.fleet.parties.rows import Person
    from ota_engine.store.fleet.book import FleetStore

    store = FleetStore.open(place)
    try:
        with store.reading():
            is_founded = any(True for _ in store.walk(Select(Person, limit=1)))
    finally:
        store.close()
    if is_founded:
        raise LocalError(
            f"{place}: another fleet is founded there already: give this one a schema of its own,"
            " --database 'URL?schema=NAME'"
        )
