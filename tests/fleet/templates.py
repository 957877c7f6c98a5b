"""New and empty SQLite databases of a fleet, made from a template.

Making all tables costs more than most tests do with them, so that it is done once for a test process;
that they are made as they should be is what tests of the schema show.
"""

import tempfile
from functools import cache, partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from ota_engine.store import connection as sqlite
from ota_engine.store.fleet import migrate
from ota_engine.store.fleet.book import FleetStore


def in_memory() -> FleetStore:
    """Open a new database in memory, with all that one has which is made table by table."""
    octets = _of_memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "create_now", partial(_take_over, octets))
        return FleetStore.open(None)


def laid_out(path: Path) -> Path:
    """Put a new database where there is none yet; gives its path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_of_file())
    return path


@cache
def _of_memory() -> bytes:
    connection = sqlite.open_memory()
    migrate.create_now(connection)
    octets = sqlite.driver_of(connection).serialize()
    sqlite.close(connection)
    return octets


@cache
def _of_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template"
        FleetStore.open(path).close()
        assert not path.with_name("template-wal").exists(), "all of it is in the file"
        return path.read_bytes()


def _take_over(octets: bytes, connection: sa.Connection) -> None:
    sqlite.driver_of(connection).deserialize(octets)
