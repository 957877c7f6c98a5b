"""A store on a server: one writer, who is named to others; cut off, it goes on only where it may."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
import trio
import trio.testing

from ota_engine.errors import StoreError, StoreLost
from ota_engine.records import Record
from ota_engine.store.holds import is_there, who_holds
from ota_engine.store.location import PostgresPlace
from ota_engine.store.returning import Endurance, apply_through
from ota_engine.store.schema import DispatchState
from ota_engine.store.server import Server
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter, commit_when_possible, open_writer
from ota_engine.times import Utc
from tests.postgresql import PostgresqlServer
from tests.store.killed_engine import story
from tests.store.samples import IMAGE, audit, deeds, event, outcome
from tests.tiers import first_of, repeats

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


@pytest.mark.heavy
def test_of_many_that_make_the_same_new_schema_one_has_it_and_the_others_are_told(
    place: PostgresPlace,
) -> None:
    def attempt(_: int) -> Store | str:
        try:
            return Store.open(place)
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attempt, range(6)))
    (mine,) = [one for one in found if isinstance(one, Store)]
    assert all("is in use by 'zota (process " in one for one in found if isinstance(one, str))
    mine.close()


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
        with pytest.raises(StoreError, match="some other program's database: give another one"):
            opening(place)


def test_a_reader_sees_what_is_committed_and_can_change_nothing(place: PostgresPlace) -> None:
    with Store.open(place) as owner, Store.inspect(place) as reader:
        owner.apply([IMAGE])
        assert reader.load().images == (IMAGE,)
        with pytest.raises(StoreError, match="takes no writes"):
            reader.apply([event()])


@pytest.mark.heavy
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


@pytest.mark.heavy
def test_what_was_lost_with_the_server_is_known_when_it_is_back(
    alone: PostgresPlace, lone_postgresql_server: PostgresqlServer
) -> None:
    with Store.open(alone) as store:
        store.apply([outcome("before")])
        lone_postgresql_server.kill()
        for _ in range(2):
            with pytest.raises(StoreLost, match=r"out of reach|was cut"):
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


@first_of("death", ["stop", "kill"])
async def test_the_writer_goes_on_when_the_server_is_back_and_writes_nothing_twice(
    alone: PostgresPlace, lone_postgresql_server: PostgresqlServer, death: str
) -> None:
    heard: list[StoreLost | None] = []
    away = trio.Event()

    def hear(error: StoreLost | None) -> None:
        heard.append(error)
        away.set()

    def both(number: int) -> list[Record]:
        return [event(str(number)), audit(str(number))]

    with Store.open(alone) as store:
        async with open_writer(store, hear) as writer, trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(writer.commit, both(number))
            await trio.to_thread.run_sync(getattr(lone_postgresql_server, death))
            for number in range(20, 40):
                nursery.start_soon(writer.commit, both(number))
            nursery.start_soon(writer.call, store.load)
            await away.wait()
            await trio.to_thread.run_sync(lone_postgresql_server.start)
        assert sorted(int(one.kind) for one in store.events()) == [*range(40)]
        assert sorted(int(one.subject) for one in deeds(store)) == [*range(40)]
        assert store.check().findings == ()
    assert isinstance(heard[0], StoreLost)
    assert heard[-1] is None


@pytest.mark.heavy
async def test_whoever_is_cancelled_waits_no_longer_for_a_server_that_is_away(
    alone: PostgresPlace, lone_postgresql_server: PostgresqlServer
) -> None:
    with Store.open(alone) as store:
        async with open_writer(store) as writer:
            lone_postgresql_server.kill()
            with pytest.raises(StoreLost), trio.move_on_after(0.1):
                await writer.commit([event()])
            with pytest.raises(StoreLost), trio.move_on_after(0.1):
                await writer.call(store.load)


@pytest.mark.heavy
async def test_the_writer_stops_where_another_engine_has_taken_over(place: PostgresPlace) -> None:
    with Store.open(place, owner="first") as first:
        async with open_writer(first) as writer:
            _cut(place)
            with Store.open(place, owner="second") as second:
                with pytest.raises(StoreError, match="in use by 'second"):
                    await writer.commit([event("first")])
                second.apply([event("second")])
            with pytest.raises(StoreError, match=r"'second' on .* has had it|cut"):
                await writer.commit([event("first")])
    with Store.inspect(place) as store:
        assert [one.kind for one in store.events()] == ["second"]


@repeats(2, 12)
@pytest.mark.heavy
def test_a_server_killed_again_and_again_loses_and_doubles_nothing(
    alone: PostgresPlace, lone_postgresql_server: PostgresqlServer, repeats: int
) -> None:
    chance = random.Random(repeats)
    told = 0
    with Store.open(alone) as store, ThreadPoolExecutor(1) as other:
        for _ in range(repeats):
            pause = chance.uniform(0.0, 0.05)
            death = other.submit(_die_and_come_back, lone_postgresql_server, pause)
            while not death.done() or told % 5:
                apply_through(store, story(told), Endurance())
                told += 1
            death.result()
        assert [one.kind for one in store.events()] == [str(number) for number in range(told)]
        assert [one.subject for one in deeds(store)] == [str(number) for number in range(told)]
        assert [one.key for one in store.outcomes()] == [str(number) for number in range(told)]
        assert store.check().findings == ()


def _refusing(place: PostgresPlace, state: str, times: int) -> None:
    """Let the server refuse new events so many times, with a SQLSTATE."""
    with psycopg.connect(place.url) as behind:
        behind.execute("SET search_path TO one")
        behind.execute("CREATE SEQUENCE refused")
        behind.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('refused') <= {times} THEN RAISE EXCEPTION USING ERRCODE = '{state}';"
            " END IF; RETURN NEW; END $$".encode()
        )
        behind.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()"
        )


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_another_transaction_was_in_the_way_of_is_done_again(
    place: PostgresPlace, state: str
) -> None:
    with Store.open(place) as store:
        _refusing(place, state, 3)
        async with open_writer(store) as writer:
            await writer.commit([event("once"), audit("once")])
        assert [one.kind for one in store.events()] == ["once"]
        assert store.check().findings == ()


async def test_a_full_disk_of_the_server_is_waited_out(
    place: PostgresPlace, autojump_clock: trio.testing.MockClock
) -> None:
    alarms: list[StoreError | None] = []
    with Store.open(place) as store:
        _refusing(place, "53100", 3)
        writer = InlineWriter(store)
        await commit_when_possible(writer, [event("at last"), audit()], alarms.append)
        assert [one.kind for one in store.events()] == ["at last"]
        assert store.check().findings == ()
    assert "the server's disk is full" in str(alarms[0])
    assert alarms[1:] == [None]


def test_several_couriers_share_one_outbox_beside_the_engine(place: PostgresPlace) -> None:
    everything = [str(number) for number in range(200)]
    carried: list[list[str]] = []

    def carry(courier: Store) -> list[str]:
        mine: list[str] = []
        while letters := courier.dispatches.claim("receiver", 7, Utc(1.7e9), 3600.0):
            keys = [letter.outcome.key for letter in letters]
            courier.dispatches.delivered("receiver", keys)
            mine += keys
        return mine

    with Store.open(place) as engine:
        engine.dispatches.register("receiver")
        engine.apply([outcome(key) for key in everything])
        with ThreadPoolExecutor(4) as pool, ExitStack() as stack:
            couriers = [stack.enter_context(Store.open_to_deliver(place)) for _ in range(4)]
            carried = list(pool.map(carry, couriers))
            engine.apply([outcome("meanwhile")])
            assert carry(couriers[0]) == ["meanwhile"]
        assert (
            engine.dispatches.counts()["receiver"][DispatchState.DELIVERED] == len(everything) + 1
        )
        engine.apply([event()])
    assert sorted(key for keys in carried for key in keys) == sorted(everything)


def test_a_sink_that_registers_while_outcomes_are_written_misses_none(place: PostgresPlace) -> None:
    with (
        Store.open(place) as engine,
        Store.open_to_deliver(place) as courier,
        ThreadPoolExecutor(1) as pool,
    ):

        def register() -> None:
            for number in range(10):
                courier.dispatches.register(f"sink {number}")

        registering = pool.submit(register)
        told = 0
        while not registering.done():
            engine.apply([outcome(str(told))])
            told += 1
        registering.result()
        counts = engine.dispatches.counts()
        assert {counts[f"sink {number}"][DispatchState.WAITING] for number in range(10)} == {told}
        assert engine.check().findings == ()


def _die_and_come_back(server: PostgresqlServer, pause: float) -> None:
    time.sleep(pause)
    server.kill()
    server.start()


def _cut(place: PostgresPlace) -> None:
    """End whatever session holds the lease, as a network that fails does."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
