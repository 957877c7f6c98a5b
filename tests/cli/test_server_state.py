"""A state folder whose database lies on a PostgreSQL server: every command works as with a file."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from ota_engine.store.location import PLACE_NAME, PostgresPlace, write_place
from ota_engine.store.store import Store
from tests.cli.firmware import image_file
from tests.cli.test_push import PPMID
from tests.cli.zota import zota

pytestmark = pytest.mark.postgresql

NOBODY = "postgresql://zota@127.0.0.1:1/homes"


@pytest.fixture
def state(tmp_path: Path, postgresql_database: str) -> Path:
    folder = tmp_path / "CHF 7"
    folder.mkdir()
    (folder / PLACE_NAME).write_text(f'url = "{postgresql_database}"\n')
    return folder


def test_a_push_and_every_question_after_it(
    tmp_path: Path, state: Path, postgresql_database: str
) -> None:
    url = f"{postgresql_database}&schema=gateway_chf_7"
    pushed = zota("push", image_file(tmp_path), "--device", PPMID, "--link", "sim://", "--state", state, "--json")  # fmt: skip
    assert pushed.code == 0, pushed.err
    assert not (state / "zota.db").exists()
    for where in (("--state", state), (url,)):
        checked = zota("store", "check", *where)
        assert checked.code == 0, checked.out
        assert "not in use\nsound\n" in checked.out
        assert "schema gateway_chf_7" in " ".join(checked.out.split())
        verified = zota("audit", "verify", *where, "--json")
        assert verified.code == 0, verified.out
        assert f"audit head: {json.loads(verified.out)['head']}\n" in pushed.err
        assert zota("store", "dead-letters", *where).code == 0
    resumed = zota("push", "--resume", "--link", "sim://", "--state", state)
    assert "the last push has ended" in resumed.err
    lines = (state / "outcomes.jsonl").read_text().splitlines()
    with Store.inspect(url) as store:
        assert [one.key for one in store.outcomes()] == [json.loads(line)["id"] for line in lines]
        assert {format_eui64(one.device) for one in store.outcomes()} == {PPMID}


def test_a_second_engine_is_told_who_has_it(
    tmp_path: Path, state: Path, postgresql_database: str
) -> None:
    with Store.open(PostgresPlace(postgresql_database, "gateway_chf_7"), owner="zota orders"):
        refused = zota("push", image_file(tmp_path), "--device", PPMID, "--link", "sim://", "--state", state)  # fmt: skip
        assert "in use by 'zota orders (process " in zota("store", "check", "--state", state).out
    assert refused.code == 3
    assert "is in use by 'zota orders (process " in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_store_is_moved_there_and_back(tmp_path: Path, postgresql_database: str) -> None:
    state = tmp_path / "state"
    link = ("--link", "sim://", "--state", state)
    assert zota("push", image_file(tmp_path), "--device", PPMID, *link).code == 0
    head = zota("audit", "verify", "--state", state).out.splitlines()[-1]
    there = zota("store", "move", "--state", state, "--to", postgresql_database)
    assert there.code == 0, there.err
    assert there.out.startswith("moved ")
    assert "(schema gateway_state)" in " ".join(there.out.split())
    assert zota("audit", "verify", "--state", state).out.splitlines()[-1] == head
    old = zota("store", "check", state / "zota.db")
    assert old.code == 3
    assert "was moved to postgresql://" in old.err
    back = zota("store", "move", "--state", state, "--to", "sqlite", "--json")
    assert json.loads(back.out)["to"] == str(state / "zota.db")
    assert zota("audit", "verify", state / "zota.db").out.splitlines()[-1] == head
    wrong = zota("store", "move", "--state", state, "--to", "postgresql://a:tops3cret@h/d")
    assert wrong.code == 3
    assert "a password does not belong into the URL" in wrong.err
    assert "tops3cret" not in wrong.err + wrong.out


def test_a_move_that_is_interrupted_says_how_to_go_on(
    tmp_path: Path, postgresql_database: str
) -> None:
    import psycopg

    state = tmp_path / "north"
    state.mkdir()
    Store.open(state / "zota.db").close()
    move = ("store", "move", "--state", str(state), "--to", postgresql_database)
    with (
        psycopg.connect(postgresql_database) as other,
        psycopg.connect(postgresql_database, autocommit=True) as looking,
    ):
        other.execute(
            "CREATE SCHEMA gateway_north"
        )  # whoever makes it too waits for what becomes of it
        with subprocess.Popen(
            [sys.executable, "-m", "ota_engine", *move], stderr=subprocess.PIPE, text=True
        ) as moving:
            waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while looking.execute(waits).fetchone() is None:
                assert moving.poll() is None
            moving.send_signal(signal.SIGINT)
            _, err = moving.communicate()
        other.rollback()
    assert moving.returncode == Exit.INTERRUPTED
    assert err == "zota: interrupted; the same command starts anew\n"
    assert zota(*move).code == Exit.OK


@pytest.mark.parametrize("command", [["store", "check"], ["audit", "verify"], ["orders", "list"]])
def test_a_server_that_is_not_there_is_one_line(tmp_path: Path, command: list[str]) -> None:
    write_place(tmp_path, PostgresPlace(NOBODY, "north"))
    told = zota(*command, "--state", tmp_path)
    assert told.code == 3
    assert "the server is out of reach: see that it runs" in told.err
    assert 'at "127.0.0.1", port 1 failed' in told.err
    assert len(told.err.splitlines()) == 1
