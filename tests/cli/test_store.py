"""``zota store check``: what it says of sound, damaged, busy and foreign databases."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ota_engine.errors import StoreError
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import FLEET_NAME
from ota_engine.store.store import DATABASE_NAME, Store
from tests.cli.zota import Ran, zota, zota_process
from tests.store.samples import IMAGE, assignment, audit, device, event, outcome, session


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Store.open(tmp_path / DATABASE_NAME) as store:
        store.apply([IMAGE, device(), assignment(), session(), event(), outcome("k"), audit()])
    return tmp_path


def edit(state: Path, statement: str) -> None:
    with closing(sqlite3.connect(state / DATABASE_NAME)) as database:
        database.executescript(statement)


def test_a_sound_database(state: Path) -> None:
    ran = zota("store", "check", state / DATABASE_NAME)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "sound"
    assert "1 sessions" in ran.out


def test_a_state_directory_stands_for_its_database(state: Path) -> None:
    assert (
        zota("store", "check", "--state", state).out
        == zota("store", "check", state / DATABASE_NAME).out
    )


def test_json_of_a_sound_database(state: Path) -> None:
    ran = zota("store", "check", "--state", state, "--json")
    report = json.loads(ran.out)
    assert ran.code == 0
    assert report["findings"] == []
    assert report["in_use_by"] is None
    assert report["rows"]["images"] == 1
    assert list(report) == [
        "database",
        "schema",
        "rows",
        "audit_head",
        "findings",
        "sealed_as_found",
        "in_use_by",
        "octets",
    ]


def test_defects_are_told_and_the_exit_code_says_so(state: Path) -> None:
    edit(state, "UPDATE images SET data = x'00'")
    ran = zota("store", "check", "--state", state)
    assert ran.code == 2
    assert "is not what its hash says" in ran.out
    assert "restore a backup" in ran.out
    assert ran.out.splitlines()[-1] == "DEFECTS FOUND"
    findings = json.loads(zota("store", "check", "--state", state, "--json").out)["findings"]
    assert {"where", "problem", "remedy"} == set(findings[0])


def test_a_database_in_use_can_be_checked_and_its_user_is_named(state: Path) -> None:
    with Store.open(state / DATABASE_NAME, owner="the engine"):
        ran = zota("store", "check", "--state", state)
    assert ran.code == 0
    assert "in use by 'the engine'" in ran.out
    assert "not in use" in zota("store", "check", "--state", state).out


def test_checking_while_an_engine_starts_does_not_keep_it_out(state: Path) -> None:
    for _ in range(5):
        zota("store", "check", "--state", state)
        Store.open(state / DATABASE_NAME).close()


def refused(ran: Ran, code: int, words: str) -> None:
    assert ran.code == code
    assert ran.out == ""
    assert ran.err.startswith("zota: ")
    assert ran.err.count("\n") == 1
    assert words in ran.err


@pytest.mark.parametrize("command", [("store", "check"), ("audit", "verify")])
def test_what_cannot_be_opened_is_one_line_on_standard_error(
    tmp_path: Path, command: tuple[str, str]
) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "songs.db"
    text.write_text("no database\n" * 100)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    refused(zota(*command, tmp_path / "absent.db"), 3, "there is no database here")
    refused(zota(*command, "--state", tmp_path), 3, "there is no database here")
    refused(zota(*command, text), 3, "this is not a database")
    refused(zota(*command, other), 3, "some other program's database: give another one")
    refused(zota(*command, tmp_path), 3, "this is not a database")


@pytest.mark.parametrize(
    "to",
    [
        "postgres:/zota:geheim77@127.0.0.1/homes",
        "host=127.0.0.1 dbname=homes password=geheim77",
        "elsewhere",
    ],
)
def test_a_store_is_moved_to_a_server_or_a_file_of_its_folder_and_to_nothing_else(
    state: Path, to: str
) -> None:
    before = sorted(path.name for path in state.iterdir())
    ran = zota("store", "move", "--state", state, "--to", to)
    refused(ran, 2, "give --to postgresql://USER@HOST/DATABASE, or --to sqlite")
    assert "geheim77" not in ran.err
    assert sorted(path.name for path in state.iterdir()) == before


@pytest.mark.parametrize("to", ["sqlite:///elsewhere.db", "sqlite:////a:b@c/zota.db", "sqlite:"])
def test_whoever_names_a_file_to_move_a_store_to_is_told_what_to_type(state: Path, to: str) -> None:
    before = sorted(path.name for path in state.iterdir())
    ran = zota("store", "move", "--state", state, "--to", to)
    refused(ran, 2, "lies in its state folder")
    assert "give --to sqlite, as it stands, without a path" in ran.err
    assert sorted(path.name for path in state.iterdir()) == before


@pytest.mark.parametrize(
    "named",
    [
        "postgresql://zota:ge/heim77@127.0.0.1:5499/homes",
        "postgres:/zota:geheim77@127.0.0.1/homes",
        "host=127.0.0.1 dbname=homes password=geheim77",
    ],
)
def test_a_password_typed_for_a_database_is_not_printed(named: str) -> None:
    ran = zota("store", "check", named)
    refused(ran, 3, "the URL of a database")
    assert "heim77" not in ran.err


@pytest.mark.parametrize("command", [("store", "check"), ("audit", "verify")])
def test_a_fleets_folder_and_file_are_told_for_what_they_are_and_what_looks_them_over(
    tmp_path: Path, command: tuple[str, str]
) -> None:
    FleetStore.open(tmp_path / FLEET_NAME).close()
    for named in (("--state", tmp_path), (tmp_path / FLEET_NAME,)):
        refused(zota(*command, *named), 3, "a fleet's database: zota estate check --state DIR")
    checked = zota("estate", "check", "--state", tmp_path)
    assert (checked.code, checked.out.splitlines()[-1]) == (0, "sound")


@pytest.mark.parametrize(
    "command", ["estate check", "estate people", "estate backup -o FILE", "campaign list"]
)
def test_a_hubs_folder_is_told_for_what_it_is_by_what_looks_for_a_fleet(
    state: Path, command: str
) -> None:
    ran = zota(*command.replace("FILE", str(state / "backup")).split(), "--state", state)
    refused(
        ran, 3, f"{state}: this is a hub's database, and no fleet's: give the folder of a fleet"
    )
    assert "zota store check --state DIR looks this one over" in ran.err
    assert zota("store", "check", "--state", state).code == 0
    (state / DATABASE_NAME).rename(state / FLEET_NAME)
    refused(zota("estate", "check", "--state", state), 3, f"{FLEET_NAME}: this is a hub's database")


@pytest.mark.parametrize("command", [("store", "check"), ("audit", "verify")])
def test_which_database_must_be_said_once(state: Path, command: tuple[str, str]) -> None:
    refused(zota(*command), 2, "which database?")
    refused(zota(*command, state / DATABASE_NAME, "--state", state), 2, "which database?")


@pytest.mark.parametrize("command", [("store", "check"), ("audit", "verify")])
def test_a_database_of_a_newer_version(state: Path, command: tuple[str, str]) -> None:
    edit(state, "UPDATE alembic_version SET version_num = '9999'")
    refused(zota(*command, "--state", state), 3, "upgrade zota")
    with pytest.raises(StoreError, match="newer"):
        Store.open(state / DATABASE_NAME)


def test_a_process_of_its_own_says_the_same(state: Path) -> None:
    ran = zota_process("store", "check", "--state", state)
    assert (ran.code, ran.err) == (0, "")
