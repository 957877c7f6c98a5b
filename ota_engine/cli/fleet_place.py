"""Where a fleet is to be kept, as whoever founds or restores one says; opens nothing that it does not make."""

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
        help="Keep it on a PostgreSQL server: postgresql://USER@HOST/DATABASE.",
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


def settle(state: Path, database: str | None) -> None:
    """Have a new fleet on a server, and the state folder say so.

    Raises:
        LocalError: there is a fleet in the folder, or it says already where that is.
        StoreError: the server cannot be used.
    """
    place = on_server(database)
    if place is None:
        return
    from ota_engine.store.fleet.book import FleetStore
    from ota_engine.store.location import PLACE_NAME, write_place

    for name in (FLEET_NAME, PLACE_NAME):
        if (state / name).exists():
            raise LocalError(
                f"{state / name}: there is a fleet already, and nothing is overwritten: name a new"
                " folder"
            )
    FleetStore.open(place).close()
    state.mkdir(parents=True, exist_ok=True)
    write_place(state, place)
