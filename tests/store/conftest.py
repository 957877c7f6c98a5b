"""The same tests on both databases: what a test calls a file is, the second time, a schema on a server."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from ota_engine.store import store as store_module
from ota_engine.store.location import PostgresPlace, SqlitePlace, StorePlace, place_at
from ota_engine.store.store import Store
from tests.postgresql import PostgresqlServer
from tests.store import databases
from tests.tiers import HEAVY

ON_BOTH: Final = (
    "test_apply",
    "test_audit",
    "test_check",
    "test_dispatches",
    "test_seals",
    "test_writer",
)
DEFAULT: Final = frozenset(  # of those on the server, in the default tier too
    (
        "test_a_sound_database_has_no_findings",
        "test_a_trail_that_grows_while_it_is_looked_at_is_sound",
        "test_commits_that_arrive_while_the_disk_is_busy_share_a_transaction",
    )
)
APART: Final = {  # what a server does in another way, or cannot be made to do by a test
    "test_flipped_bytes_never_change_what_is_served": "the octets of its files are the server's affair",
    "test_checking_changes_nothing": "the octets of its files are the server's affair",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test of the store both databases."""
    module, test = metafunc.module.__name__.rpartition(".")[2], metafunc.function.__name__
    if module not in ON_BOTH or test in APART or "full" in metafunc.fixturenames:
        return
    marks = [pytest.mark.postgresql]
    if test not in DEFAULT:
        marks.append(getattr(pytest.mark, HEAVY))
    both = ["sqlite", pytest.param("postgresql", marks=marks)]
    metafunc.fixturenames.insert(0, "database")
    metafunc.parametrize("database", both, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every file and memory that a test names be a schema of one database on a server."""
    if request.param == "sqlite":
        yield
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.new_database()
    numbers = count()

    def there(named: str | Path | StorePlace) -> StorePlace:
        place = place_at(named)
        if isinstance(place, SqlitePlace):
            return PostgresPlace(server.url(name), _schema(str(place.path)))
        return place

    def in_memory(_: Any) -> Store:
        return Store.open(PostgresPlace(server.url(name), f"memory_{next(numbers)}"))

    monkeypatch.setattr(store_module, "place_at", there)
    monkeypatch.setattr(Store, "in_memory", classmethod(in_memory))
    monkeypatch.setattr(databases, "there", there)
    yield
    server.drop(name)


def _schema(path: str) -> str:
    return f"file_{sha256(path.encode()).hexdigest()[:16]}"
