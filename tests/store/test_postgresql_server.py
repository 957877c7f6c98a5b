"""The server that tests use: shared, killed and come back, and never left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgresql import PostgresqlServer, shared_server

pytestmark = pytest.mark.postgresql

USES_ONE = """
import sys, time
from pathlib import Path
from tests.postgresql import shared_server
with shared_server(Path(sys.argv[1])) as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


def test_whoever_comes_second_uses_the_server_that_is_there(
    postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    meeting = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_server(meeting) as second:
        assert second.folder == postgresql_server.folder


def test_text_is_ordered_by_its_octets(postgresql_database: str) -> None:
    with psycopg.connect(postgresql_database) as connection:
        found = connection.execute("SELECT x FROM (VALUES ('a'), ('B'), ('_')) AS t(x) ORDER BY x")
        assert [x for (x,) in found] == ["B", "_", "a"]


@pytest.mark.heavy
def test_what_was_committed_survives_the_death_of_all_its_processes(
    lone_postgresql_server: PostgresqlServer,
) -> None:
    server = lone_postgresql_server
    server.say("CREATE TABLE kept (x int)")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        server.say("SELECT 1")
    server.start()
    server.say("INSERT INTO kept VALUES (1)")


@pytest.mark.usefixtures("postgresql_server")
@pytest.mark.heavy
def test_a_run_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", USES_ONE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout as told:
        folder = Path(told.readline().strip())
    first = (folder / "data" / "postmaster.pid").read_text().split()[0]
    run.send_signal(signal.SIGKILL)
    run.wait()
    subprocess.run(["tail", f"--pid={first}", "-f", "/dev/null"], check=True, timeout=120)
