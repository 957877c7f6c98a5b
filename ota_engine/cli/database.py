"""Which database a command means: a file, a URL, or the one of a state directory."""

from pathlib import Path
from typing import TYPE_CHECKING

from ota_engine.errors import LocalError, StoreError

if TYPE_CHECKING:
    from ota_engine.store.location import StorePlace


def chosen_database(database: str | None, state: Path | None) -> "StorePlace":
    """Resolve the two ways of naming a database.

    Raises:
        LocalError: both were given, or neither.
        StoreError: a URL is none of a database, or the directory does not say where it lies, or has
            a fleet's.
    """
    from ota_engine.store.location import FLEET_NAME, SqlitePlace, place_at, place_of
    from ota_engine.store.migrate import A_FLEET

    if (database is None) == (state is None):
        raise LocalError("which database? give its path, or --state and the directory it lies in")
    if database is not None:
        return place_at(database)
    assert state is not None  # noqa: S101 - exactly one of the two is given
    place = place_of(state)
    if isinstance(place, SqlitePlace) and not place.path.exists() and (state / FLEET_NAME).exists():
        raise StoreError(f"{state}: {A_FLEET}")
    return place
