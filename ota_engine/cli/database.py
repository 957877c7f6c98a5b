"""Which database a command means: a file, or the one in a state directory."""

from pathlib import Path

from ota_engine.errors import LocalError


def chosen_database(database: Path | None, state: Path | None) -> Path:
    """Resolve the two ways of naming a database.

    Raises:
        LocalError: both were given, or neither.
    """
    from ota_engine.store.location import DATABASE_NAME

    if (database is None) == (state is None):
        raise LocalError("which database? give its path, or --state and the directory it lies in")
    if database is not None:
        return database
    assert state is not None  # noqa: S101 - exactly one of the two is given
    return state / DATABASE_NAME
