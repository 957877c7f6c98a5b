"""A store moved to a server and back: every answer is the same, and until the end the old one counts."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from ota_engine.errors import StoreError
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Select
from ota_engine.store import moving
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import FLEET_NAME, PLACE_NAME, PostgresPlace, SqlitePlace, place_of
from ota_engine.store.moving import move
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.postgresql import PostgresqlServer
from tests.store.databases import edit_sqlite
from tests.store.samples import (
    HIGHEST,
    IMAGE,
    assignment,
    audit,
    change,
    device,
    event,
    firmware,
    order,
    outcome,
    push,
    reply,
    session,
    target,
    terms,
)
from tests.tiers import HEAVY

pytestmark = pytest.mark.postgresql

NOW = Utc(1.7e9)  # UTC


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A hub's state folder with rows of every kind."""
    with Store.open(tmp_path / "zota.db") as store:
        store.apply([IMAGE, device(), device(HIGHEST), firmware(), assignment(), session()])
        store.apply(
            [event(), event("é % ' \" \\ ☃"), outcome("a"), outcome("b", message=b"\0\xff")]
        )
        store.apply([audit(), order(), terms(), push(), target(), change(), reply()])
        store.dispatches.register("receiver")
        store.dispatches.postpone("receiver", "a", 2, NOW, "answered 503")
        store.dispatches.delivered("receiver", ["b"])
    return tmp_path


def answers(store: Store) -> list[Any]:
    """What every question to a store says."""
    return [
        store.load(),
        store.outcomes(),
        store.outcomes_after("a"),
        store.events(),
        store.pushes(),
        store.push_targets(1),
        store.audit_rows(),
        store.audit_head(),
        store.dispatches.sinks(),
        store.dispatches.counts(),
        [store.dispatches.due(sink, 9, NOW, 60.0) for sink in ("receiver", FILE_SINK)],
        store.verify_audit(),
        store.broken_seals(),
        store.check()._replace(database=""),
    ]


def asked(folder: Path) -> list[Any]:
    with Store.inspect(place_of(folder)) as store:
        return answers(store)


def test_there_and_back_every_question_has_the_same_answer(
    state: Path, postgresql_database: str
) -> None:
    before = asked(state)
    there = move(state, postgresql_database, "north")
    assert place_of(state) == there.target == PostgresPlace(postgresql_database, "north")
    assert there.rows["events"] == 2
    assert asked(state) == before
    with Store.open(place_of(state)) as store:
        store.apply([event("on the server"), outcome("c"), audit("on the server")])
    grown = asked(state)
    assert [one.kind for one in grown[3]][-1] == "on the server"
    back = move(state, "sqlite")
    assert back.target == place_of(state) == SqlitePlace(state / "zota.db")
    assert not (state / PLACE_NAME).exists()
    assert asked(state) == grown
    with Store.open(place_of(state)) as store:
        store.apply([event("in the file"), outcome("d")])
        assert [one.key for one in store.outcomes()] == ["a", "b", "c", "d"]
    again = move(state, postgresql_database, "north")
    assert asked(state)[1][-1].key == "d"
    assert again.source == back.target


def test_the_old_one_refuses_everybody_and_says_where_its_rows_are(
    state: Path, postgresql_database: str
) -> None:
    file = state / "zota.db"
    move(state, postgresql_database, "north")
    for opening in (Store.open, Store.inspect):
        with pytest.raises(StoreError, match=r"was moved to postgresql:.*\(schema north\): use"):
            opening(file)
    with pytest.raises(Exception, match="was moved to"):
        edit_sqlite(file, "UPDATE devices SET endpoint = 7")
    place = place_of(state)
    move(state, "sqlite")
    with pytest.raises(StoreError, match=r"was moved to .*zota.db: use that one"):
        Store.open(place)


def test_nothing_is_written_over_and_nothing_in_use_is_moved(
    state: Path, postgresql_database: str
) -> None:
    before = asked(state)
    Store.open(PostgresPlace(postgresql_database, "taken")).close()
    with pytest.raises(StoreError, match="there is something already"):
        move(state, postgresql_database, "taken")
    engine = Store.open(state / "zota.db", owner="an engine")
    with closing(engine), pytest.raises(StoreError, match="in use by 'an engine'"):
        move(state, postgresql_database, "north")
    with pytest.raises(StoreError, match="is where this store lies"):
        move(state, "sqlite")
    with pytest.raises(StoreError, match="there is no database here"):
        move(state / "nowhere", postgresql_database)
    assert asked(state) == before


def test_what_is_not_sound_is_not_moved(state: Path, postgresql_database: str) -> None:
    edit_sqlite(state / "zota.db", "UPDATE outcomes SET verdict = 'failed'")
    with pytest.raises(StoreError, match="nothing was moved; look over the old database first"):
        move(state, postgresql_database, "north")
    assert place_of(state) == SqlitePlace(state / "zota.db")
    edit_sqlite(state / "zota.db", "UPDATE outcomes SET verdict = 'succeeded'")
    move(state, postgresql_database, "north")


STEPS = [
    (step, back)
    for step in ("events", "outcomes", "_contents", "_close", "write_place")
    for back in (False, True)
]
SOME = [("_contents", False), ("_close", False), ("write_place", True)]


@pytest.mark.parametrize(
    ("step", "back"),
    [pytest.param(*one, marks=[] if one in SOME else getattr(pytest.mark, HEAVY)) for one in STEPS],
)
def test_killed_at_any_step_the_old_one_is_what_it_was(
    state: Path, postgresql_database: str, step: str, back: bool
) -> None:
    to = postgresql_database
    if back:
        move(state, to, "north")
        to = "sqlite"
    before, place = asked(state), place_of(state)
    child = os.fork()
    if child == 0:
        try:
            _die_at(step, lambda progress: move(state, to, "south", progress))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert place_of(state) == place
    assert asked(state) == before
    move(state, to, "south")
    assert asked(state) == before


@pytest.mark.heavy
@pytest.mark.parametrize("back", [False, True])
def test_interrupted_while_the_server_hangs_it_ends_and_the_old_one_is_what_it_was(
    state: Path, lone_postgresql_server: PostgresqlServer, back: bool
) -> None:
    server = lone_postgresql_server
    url = server.url(server.new_database())
    if back:
        move(state, url, "north")
    before, place = asked(state), place_of(state)

    def hang(table: str, _: int) -> None:
        if table == "events":
            server.hang()
            Timer(1.0, partial(os.kill, os.getpid(), signal.SIGINT)).start()

    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            move(state, "sqlite" if back else url, "south", hang)
        except KeyboardInterrupt:
            os._exit(130)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    server.go_on()
    assert os.waitstatus_to_exitcode(status) == 130
    assert place_of(state) == place
    assert asked(state) == before


def _die_at(step: str, run: Callable[[moving.MoveProgress], object]) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if hasattr(moving, step):
        setattr(moving, step, die)
    run(lambda table, _: die() if table == step else None)


@pytest.mark.heavy
def test_a_fleet_is_moved_as_well_with_its_trail(tmp_path: Path, postgresql_database: str) -> None:
    rows = [Variant(f"hub {number}", "CHF", "Maker", "Hüb", str(number)) for number in range(3)]
    with closing(FleetStore.open(tmp_path / FLEET_NAME)) as store, store.transaction():
        store.insert(rows)
        store.keep([], [AuditNote("olive", "did", "it", {"why": "☃"})], NOW)
    heads, places = [], []
    for to in (postgresql_database, "sqlite", postgresql_database):
        move(tmp_path, to)
        place = place_of(tmp_path, FLEET_NAME, "fleet")
        assert isinstance(place, SqlitePlace) == (to == "sqlite")
        with closing(FleetStore.open(place)) as store, store.transaction():
            heads.append(store.audit_head())
            places.append(place)
            assert store.verify_audit() is None
            assert sorted(store.select(Select(Variant)), key=str) == rows
    assert heads[0] == heads[1] == heads[2]
    assert heads[0].length == 1
    with pytest.raises(StoreError, match="was moved to postgresql"):
        FleetStore.open(tmp_path / FLEET_NAME)
    move(tmp_path, "sqlite")
    with pytest.raises(StoreError, match=r"was moved to .*fleet\.sqlite"):
        FleetStore.open(places[0])
