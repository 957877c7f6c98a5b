"""A store on a server: one writer, who is named to others; cut off, it goes on only where it may."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from ota_engine.errors import StoreError, StoreLost
from ota_engine.store.holds import is_there, who_holds
from ota_engine.store.location import PostgresPlace
from ota_engine.store.server import Server
from ota_engine.store.store import Store
from tests.postgresql import PostgresqlServer
from tests.store.samples import IMAGE, audit, deeds, event, outcome

pytestmark = pytest.mark.postgresql

HOLDING = """
import sys
from ota_engine.store.location import PostgresPlace
from ota_engine.store.store import Store
from tests.store.samples import IMAGE
with Store.open(PostgresPlace(sys.argv[1], "one"), owner="first engine") as store:
    store.apply([IMAGE])
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(postgresql_database: str) -> PostgresPlace:
    return PostgresPlace(postgresql_database, "one")


@pytest.fixture
def alone(lone_postgresql_server: PostgresqlServer) -> Iterator[PostgresPlace]:
    """A place on a server that the test may kill."""
    server = lone_postgresql_server
    yield PostgresPlace(server.url(server.new_database()), "one")


def test_a_second_engine_is_refused_and_told_who_has_it(place: PostgresPlace) -> None:
    with Store.open(place, owner="first engine"):
        with pytest.raises(StoreError) as refused:
            Store.open(place, owner="second engine")
        assert f"in use by 'first engine (process {os.getpid()} on " in str(refused.value)
        assert str(refused.value).isprintable()
        assert str(who_holds(place)).startswith("'first engine (process ")
    assert who_holds(place) is None
    with Store.open(place) as store:
        assert store.closed_cleanly


def test_two_schemas_of_one_database_know_nothing_of_each_other(place: PostgresPlace) -> None:
    other = PostgresPlace(place.url, "other")
    with Store.open(place) as here, Store.open(other) as there:
        here.apply([IMAGE, event()])
        assert there.events() == ()
        assert there.load().images == ()
        there.apply([IMAGE])


def test_nothing_is_made_where_nothing_was_asked_for(place: PostgresPlace) -> None:
    assert not is_there(place)
    with pytest.raises(StoreError, match="there is no database here"):
        Store.open(place, create=False)
    with pytest.raises(StoreError, match="there is no database here"):
        Store.inspect(place)
    assert not is_there(place)
    Store.open(place).close()
    assert is_there(place)


def test_the_tables_of_another_program_are_left_alone(place: PostgresPlace) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute("CREATE SCHEMA one CREATE TABLE songs (title text)")
    for opening in (Store.open, Store.inspect):
        with pytest.raises(StoreError, match="some other program's database"):
            opening(place)


def test_a_reader_sees_what_is_committed_and_can_change_nothing(place: PostgresPlace) -> None:
    with Store.open(place) as owner, Store.inspect(place) as reader:
        owner.apply([IMAGE])
        assert reader.load().images == (IMAGE,)
        with pytest.raises(StoreError, match="takes no writes"):
            reader.apply([event()])


def test_a_killed_owner_blocks_nobody_and_what_it_committed_is_there(place: PostgresPlace) -> None:
    command = [sys.executable, "-c", HOLDING, place.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"'first engine .process {owner.pid} on "):
            Store.open(place)
        owner.send_signal(signal.SIGKILL)
    for cleanly in (False, True):
        with Store.open(place) as store:
            assert store.closed_cleanly == cleanly
            assert store.load().images == (IMAGE,)


def test_what_was_lost_with_the_server_is_known_when_it_is_back(
    alone: PostgresPlace, lone_postgresql_server: PostgresqlServer
) -> None:
    with Store.open(alone) as store:
        store.apply([outcome("before")])
        lone_postgresql_server.kill()
        for _ in range(2):
            with pytest.raises(StoreLost, match="out of reach"):
                store.apply([outcome("lost"), audit()])
            with pytest.raises(StoreLost, match="out of reach"):
                store.reopen()
        lone_postgresql_server.start()
        assert not store.reopen()
        store.apply([outcome("lost"), audit()])
        assert [one.key for one in store.outcomes()] == ["before", "lost"]
        assert len(deeds(store)) == 1
        assert store.check().findings == ()


def test_a_commit_whose_answer_was_lost_is_not_made_twice(place: PostgresPlace) -> None:
    with Store.open(place) as store:
        store.apply([event("first")])
        _cut(place)
        with pytest.raises(StoreLost):
            store.apply([event("second")])
        with psycopg.connect(
            place.url
        ) as behind:  # as if it had been committed, and the answer lost
            behind.execute("INSERT INTO one.events VALUES (default, 0, NULL, 'second', '')")
            behind.execute("UPDATE one.meta SET value = '2' WHERE name = 'batches'")
        assert store.reopen()
        store.apply([event("third")])
        assert [one.kind for one in store.events()] == ["first", "second", "third"]


def test_who_was_cut_off_and_finds_another_there_stops_and_says_so(place: PostgresPlace) -> None:
    with Store.open(place, owner="first") as first:
        _cut(place)
        with Store.open(place, owner="second"):
            with pytest.raises(StoreLost):
                first.apply([event()])
            with pytest.raises(StoreError, match="in use by 'second"):
                first.reopen()
        with pytest.raises(StoreError, match=r"'second' on .* has had it since"):
            first.reopen()


def test_a_session_of_ones_own_that_the_server_still_believes_in_is_ended(
    place: PostgresPlace,
) -> None:
    server = Server(place, "zota")
    with server.connect_as_holder() as cut_off, server.connect_as_holder() as again:
        assert again.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            cut_off.execute("SELECT 1")


def _cut(place: PostgresPlace) -> None:
    """End whatever session holds the lease, as a network that fails does."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"
        )
