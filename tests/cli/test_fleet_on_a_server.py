"""A fleet whose database is on a PostgreSQL server: every command finds it there, by its state folder."""

import json
import shutil
import signal
import subprocess
import sys
import tomllib
from contextlib import ExitStack, closing, suppress
from itertools import repeat
from pathlib import Path
from typing import Final

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.cli.stopping import LEFT
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.tables import KINDS
from ota_engine.store.backends.database import Dialect
from ota_engine.store.backends.sessions import halves_of, lock_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.copying import copy_fleet
from ota_engine.store.fleet.opening import turns_at
from ota_engine.store.location import place_at, write_place
from ota_engine.store.store import Store
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota
from tests.fleet.databases import FleetDatabases, place_in
from tests.postgresql import PostgresqlServer

pytestmark = pytest.mark.postgresql


@pytest.fixture
def fleet(tmp_path: Path, fleets_on_postgresql: FleetDatabases) -> FleetFolder:
    """A fleet of a few homes, founded on a server by command."""
    return FleetFolder(tmp_path, 6)


def held(store: FleetStore) -> dict[str, list[object]]:
    with store.reading():
        return {kind.TABLE: list(store.walk(Select(kind))) for kind in KINDS}


def test_what_is_founded_on_a_server_is_there_and_nowhere_else(fleet: FleetFolder) -> None:
    assert not list(fleet.state.glob("fleet.sqlite*"))
    assert (fleet.state / "database.toml").read_text().count("postgresql://") == 1
    people = zota("estate", "people", "--state", fleet.state, "--json")
    assert people.code == Exit.OK, people.err
    assert "sam" in {one["person"] for one in json.loads(people.out)["persons"]}
    checked = zota("estate", "check", "--state", fleet.state)
    assert (checked.code, checked.out.splitlines()[-1]) == (Exit.OK, "sound")
    for_hubs = zota("store", "check", "--state", fleet.state)
    assert (for_hubs.code, for_hubs.err.count("\n")) == (Exit.UNREADABLE, 1)
    assert "a fleet's database: zota estate check --state DIR looks it over" in for_hubs.err
    again = zota("estate", "init", fleet.folder / "founders.toml", *fleet.by("olive"), "--database",
                 "postgresql://zota@nowhere/fleet")  # fmt: skip
    assert again.code == Exit.ERRORS
    assert "there is a fleet already" in again.err


def test_where_another_fleet_is_a_new_one_leaves_no_file_and_is_sent_to_a_schema_of_its_own(
    fleet: FleetFolder,
) -> None:
    url = tomllib.loads((fleet.state / "database.toml").read_text())["url"]
    ops = fleet.folder / "ops"
    init = ("estate", "init", fleet.folder / "founders.toml", "--state", ops, "--as", "olive")
    signed = (*init, "--key", fleet.folder / "olive.key", "--database")
    ran = zota(*signed, url)
    assert (ran.code, ran.out, ran.err.count("\n")) == (Exit.ERRORS, "", 1), ran
    assert f"{url} (schema fleet): another fleet is founded there already" in ran.err
    assert "--database 'URL?schema=NAME'" in ran.err
    assert not ops.exists()
    own = f"{url}&schema=ops"
    for unfit in (("--key", fleet.folder / "peter.key"), ("--key", fleet.folder / "none.key")):
        assert zota(*init, *unfit, "--database", own).code != Exit.OK
        assert not (ops / "database.toml").exists()
    assert zota(*signed, own).code == Exit.OK
    assert 'schema = "ops"' in (ops / "database.toml").read_text()


def test_a_hubs_schema_there_is_told_for_what_it_is(
    tmp_path: Path, postgresql_database: str
) -> None:
    place = place_at(postgresql_database, "gateway_7")
    Store.open(place).close()
    write_place(tmp_path, place)
    for command in (("estate", "check"), ("estate", "people"), ("campaign", "list")):
        ran = zota(*command, "--state", tmp_path)
        assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1), ran
        assert "(schema gateway_7): this is a hub's database, and no fleet's: give" in ran.err


def test_a_fleet_in_a_schema_that_is_not_this_users_is_not_told_to_be_none(
    fleet: FleetFolder, postgresql_server: PostgresqlServer
) -> None:
    postgresql_server.say("CREATE ROLE outsider LOGIN")
    named = fleet.state / "database.toml"
    named.write_text(named.read_text().replace("zota@", "outsider@"))
    try:
        for command in (("estate", "people"), ("estate", "check"), ("campaign", "run")):
            ran = zota(*command, "--state", fleet.state)
            assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1), ran
            assert "the user may not use this schema: grant it the rights (docs" in ran.err
    finally:
        postgresql_server.say("DROP ROLE outsider")


def test_ctrl_c_ends_a_decision_that_waits_for_a_server_that_hangs(
    tmp_path: Path, lone_postgresql_server: PostgresqlServer
) -> None:
    import psycopg

    server, fleet = lone_postgresql_server, FleetFolder(tmp_path, 6)
    url = server.url(server.new_database())
    assert zota("store", "move", "--state", fleet.state, "--to", url).code == Exit.OK
    words = ("estate", "person", "remove", "sam", *fleet.by("olive"))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (lock_of("fleet", "writer"),))
        with subprocess.Popen(
            [sys.executable, "-m", "ota_engine", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while other.execute(waits).fetchone() is None:
                assert running.poll() is None
            server.hang()
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=300)
        server.go_on()
    # where the server was waited for, the driver complained after ten seconds
    assert (running.returncode, out, err) == (Exit.INTERRUPTED, "", "zota: interrupted\n")
    people = zota("estate", "people", "--state", fleet.state, "--json")
    assert {"person": "sam", "active": True}.items() <= next(
        one.items() for one in json.loads(people.out)["persons"] if one["person"] == "sam"
    )


@pytest.mark.heavy
def test_a_back_up_of_it_is_restored_to_a_server_or_a_file_with_the_same_rows(
    fleet: FleetFolder, fleets_on_postgresql: FleetDatabases
) -> None:
    file, new = fleet.folder / "backup.tar", fleet.folder / "new"
    made = zota("estate", "backup", "--state", fleet.state, "-o", file, "--with-keys")
    assert made.code == Exit.OK, made.err
    in_a_file = zota("estate", "restore", file, "--state", new)
    assert in_a_file.code == Exit.OK, in_a_file.err
    url = fleets_on_postgresql.place().url
    there = fleet.folder / "there"
    restored = zota("estate", "restore", file, "--state", there, "--database", url)
    assert restored.code == Exit.OK, restored.err
    assert not list(there.glob("fleet.sqlite*"))
    with (
        closing(FleetStore.open(new / "fleet.sqlite")) as here,
        closing(FleetStore.open(place_in(there))) as on_server,
        closing(FleetStore.open(place_in(fleet.state))) as first,
    ):
        assert held(here) == held(on_server) == held(first)
        assert on_server.verify_audit() is None
    full = zota("estate", "restore", file, "--state", fleet.folder / "third", "--database", url)
    assert (full.code, full.err.count("\n")) == (Exit.UNREADABLE, 1), full
    assert "there is a fleet already" in full.err


@pytest.mark.heavy
def test_rows_go_from_a_server_to_a_file_and_back_as_they_are(
    fleet: FleetFolder, fleets_on_postgresql: FleetDatabases, tmp_path: Path
) -> None:
    with (
        closing(FleetStore.open(place_in(fleet.state))) as first,
        closing(FleetStore.open(tmp_path / "copy.sqlite")) as here,
        closing(FleetStore.open(fleets_on_postgresql.place())) as back,
    ):
        rows = copy_fleet(first, here)
        assert copy_fleet(here, back) == rows > 20
        assert held(first) == held(here) == held(back)
        with first.reading(), here.reading(), back.reading():
            assert first.audit_head() == here.audit_head() == back.audit_head()
            assert list(back.broken_seals()) == []


def test_a_fleet_is_moved_to_a_file_and_back_and_goes_on_there(
    fleet: FleetFolder, fleets_on_postgresql: FleetDatabases
) -> None:
    with closing(FleetStore.open(place_in(fleet.state))) as store:
        first = held(store)
    moved = zota("store", "move", "--state", fleet.state, "--to", "sqlite")
    assert moved.code == Exit.OK, moved.err
    with closing(FleetStore.open(fleet.state / "fleet.sqlite")) as store:
        assert held(store) == first
    url = fleets_on_postgresql.empty_url()
    back = zota("store", "move", "--state", fleet.state, "--to", url)
    assert back.code == Exit.OK, back.err
    with closing(FleetStore.open(place_in(fleet.state))) as store:
        assert held(store) == first
        assert store.driver.dialect is Dialect.POSTGRESQL
    listed = zota("estate", "people", "--state", fleet.state)
    assert listed.code == Exit.OK, listed.err


def test_a_fleet_that_others_work_for_is_not_moved(fleet: FleetFolder) -> None:
    with closing(turns_at(place_in(fleet.state))) as worker:
        worker.share()
        ran = zota("store", "move", "--state", fleet.state, "--to", "sqlite")
        assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1), ran
        assert "1 of zota serve or zota campaign run are at work" in ran.err
    assert (fleet.state / "database.toml").exists()


def test_a_server_that_has_no_fleet_or_cannot_be_reached_is_told_in_one_line(
    tmp_path: Path, postgresql_database: str
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for url, words in (
        (postgresql_database, "there is no fleet here: zota estate init makes one"),
        (f"postgresql://zota@/none?host={tmp_path}", "the server"),
        ("postgresql://zota:secret@host/db", "a password does not belong"),
    ):
        (state / "database.toml").write_text(f'url = "{url}"\nschema = "fleet"\n')
        ran = zota("estate", "people", "--state", state)
        assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1), ran
        assert words in ran.err
        assert "secret" not in ran.err
    shutil.rmtree(state)
    ran = zota("estate", "init", tmp_path / "none.toml", "--state", state, "--as", "olive",
               "--database", "sqlite:///x")  # fmt: skip
    assert ran.code != Exit.OK
    assert not state.exists()
    assert place_at(postgresql_database, "fleet") is not None


RUN: Final = ("campaign", "run")
SERVE: Final = ("serve", "--http", "127.0.0.1:0")
#: Looks again within a second, however little is due.
OFTEN: Final = (
    "from ota_engine.cli import app; from ota_engine.head_end import running;"
    " running.LONGEST_PAUSE_S = 1.0; app.main()"
)


def test_a_campaign_that_runs_outlives_its_server_and_says_once_that_it_is_away(
    tmp_path: Path, lone_postgresql_server: PostgresqlServer
) -> None:
    import psycopg

    server, fleet = lone_postgresql_server, FleetFolder(tmp_path, 6)
    url = server.url(server.new_database())
    assert zota("store", "move", "--state", fleet.state, "--to", url).code == Exit.OK
    line = [sys.executable, "-c", OFTEN, *RUN, "--state", str(fleet.state)]
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as runs, ExitStack() as after:
        after.callback(runs.kill)
        assert runs.stderr is not None
        while "Ctrl-C ends it" not in runs.stderr.readline():
            assert runs.poll() is None
        server.stop()
        while "server is out of reach" not in (told := runs.stderr.readline()):
            assert runs.poll() is None, told
        server.start()
        with psycopg.connect(url, autocommit=True) as looking:
            while looking.execute(others).fetchone() is None:
                assert runs.poll() is None
        runs.send_signal(signal.SIGINT)
        rest = runs.stderr.read()
    assert told.endswith("; it is waited for, and all goes on then\n")
    assert "out of reach" not in rest
    assert runs.returncode == Exit.INTERRUPTED


#: Seconds until a signal is repeated: one that comes before the last was taken is one with that.
AGAIN_S: Final = (2.0, *repeat(30.0, 10))
#: A second signal is what ends it, and not the time that it has after the first.
PATIENT: Final = "from ota_engine.cli import app, stopping; stopping.PATIENCE_S = 1e6; app.main()"


@pytest.mark.parametrize(
    ("words", "twice"),
    [
        (SERVE, True),
        pytest.param((*SERVE, "--workers", "2"), False, marks=pytest.mark.heavy),
        pytest.param(RUN, True, marks=pytest.mark.heavy),
        pytest.param(SERVE, False, marks=pytest.mark.heavy),
        pytest.param(RUN, False, marks=pytest.mark.heavy),
    ],
)
def test_what_runs_until_a_signal_ends_also_in_mid_statement_while_its_server_hangs(
    tmp_path: Path, lone_postgresql_server: PostgresqlServer, words: tuple[str, ...], twice: bool
) -> None:
    import psycopg

    server, fleet = lone_postgresql_server, FleetFolder(tmp_path, 6)
    url = server.url(server.new_database())
    assert zota("store", "move", "--state", fleet.state, "--to", url).code == Exit.OK
    program = ("-c", PATIENT) if twice else ("-m", "ota_engine")
    line = [sys.executable, *program, *words, "--state", str(fleet.state)]
    with (
        psycopg.connect(url) as other,
        psycopg.connect(url, autocommit=True) as looking,
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as runs,
        ExitStack() as after,
    ):
        after.callback(runs.kill)
        after.callback(server.go_on)
        assert runs.stdout is not None
        while "Ctrl-C ends it" not in runs.stdout.readline():
            assert runs.poll() is None
        if "--workers" in words:  # the second place is taken once there are two
            place = halves_of(lock_of("fleet", "worker 1"))
            asked = "SELECT 1 FROM pg_locks WHERE (classid, objid) = (%s, %s)"
            while looking.execute(asked, place).fetchone() is None:
                assert runs.poll() is None
        looked_at = next(iter(Fleet().timed())).TABLE  # by whoever asks what is due
        other.execute(f"LOCK TABLE fleet.{looked_at} IN ACCESS EXCLUSIVE MODE".encode())
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while looking.execute(waits).fetchone() is None:
            assert runs.poll() is None
        server.hang()
        runs.send_signal(signal.SIGINT)
        for seconds in AGAIN_S if twice else ():
            with suppress(subprocess.TimeoutExpired):
                runs.wait(seconds)
                break
            runs.send_signal(signal.SIGINT)
        said = runs.stdout.read()
        runs.wait()
    assert runs.returncode == Exit.INTERRUPTED
    assert said.count(LEFT) == 1
    assert len([line for line in said.splitlines() if '"event": "worker"' not in line]) == 1
