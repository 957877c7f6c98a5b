"""A PostgreSQL server of our own for tests: Debian's, on a socket in a folder of its own.

All workers of a run share one server, and the test that wants an empty database gets one by itself. A
server has a *keeper*, a process of its own session that starts it and then waits for the lock which
everybody who uses the server holds: the kernel drops it with the last of them, however they end, and
the keeper stops the server and removes its folder. So a run that is killed leaves nothing behind.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NoReturn
from uuid import uuid4

import pytest
import sqlalchemy as sa

from ota_engine.lock import try_lock

PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
)
SUPERUSER: Final = "zota"
OPTIONS: Final = "-c listen_addresses='' -c fsync=off -c max_connections=400"
PATIENCE_S: Final = 120  # for one command of the server's
GONE_S: Final = 0.05  # between looks whether killed processes have gone


class PostgresqlServer:
    """A running server; databases are made in it, and it can be stopped, killed and started again."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder = folder
        self._programs = programs
        self._as = () if user is None else ("runuser", "-u", user, "--")

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """The URL of one of its databases, which every client of PostgreSQL understands."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def new_database(self, template: str = "template0") -> str:
        """Make a database like another one, an empty one for example, and return its name."""
        name = f"test_{uuid4().hex[:12]}"
        self.say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it still."""
        self.say(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def say(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it; returns once it answers."""
        options = f"{OPTIONS} -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", self._data, "-w", "-o", options, "-l", self._log, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: ``immediate`` tells clients nothing and leaves its files as they are."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill all its processes at once (SIGKILL), as a machine dies."""
        doomed = self._signal(signal.SIGKILL)
        subprocess.run(
            [
                "tail",
                *(f"--pid={process}" for process in doomed),
                "-s",
                str(GONE_S),
                "-f",
                "/dev/null",
            ],
            check=True,
            timeout=PATIENCE_S,
        )

    def hang(self) -> None:
        """Let all its processes stand still (SIGSTOP): it takes connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them run again."""
        self._signal(signal.SIGCONT)

    def initialise(self) -> None:
        """Make its files: text is ordered by octets, whoever connects is believed."""
        how = ("-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "-N")
        self._run("initdb", "-D", self._data, *how)

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send all its processes a signal; some may end by themselves meanwhile."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        return processes

    def _processes(self) -> list[int]:
        first = int(Path(self._data, "postmaster.pid").read_text().split()[0])
        return [first, *_children_of(first)]

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    @property
    def _log(self) -> str:
        return str(self.folder / "log")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as, str(self._programs / program), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            cwd="/",
        )


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    """The server that all workers of this run share; leave it running."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_server(shared) as server:
        yield server


@pytest.fixture
def lone_postgresql_server(tmp_path: Path) -> Iterator[PostgresqlServer]:
    """A server for this test alone, which may stop or kill it."""
    with shared_server(tmp_path) as server:
        yield server


@pytest.fixture
def postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of an empty database, gone with the test."""
    name = postgresql_server.new_database()
    yield postgresql_server.url(name)
    postgresql_server.drop(name)


@pytest.fixture
def postgresql_connection(postgresql_database: str) -> Iterator[sa.Connection]:
    """A connection to an empty database."""
    url = sa.make_url(postgresql_database).set(drivername="postgresql+psycopg")
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as opened:
        yield opened


@contextlib.contextmanager
def shared_server(meeting: Path) -> Iterator[PostgresqlServer]:
    """Use the server that is noted in a folder, and be the first to start it.

    Args:
        meeting: a folder of the run, where all that share the server meet.
    """
    programs, user = _requirements()
    with _one_at_a_time(meeting / "postgresql.lock"):
        note = meeting / "postgresql.folder"
        folder = Path(note.read_text()) if note.exists() else None
        users = None if folder is None else _joined(folder)
        if folder is None or users is None:
            folder, users = _started(programs, user)
            note.write_text(str(folder))
    try:
        yield PostgresqlServer(folder, programs, user)
    finally:
        os.close(users)


def _requirements() -> tuple[Path, str | None]:
    """The server's programs and who may run them; skips the test where there is none of either."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = [
        folder for place in PLACES for folder in sorted(Path("/").glob(place[1:]), reverse=True)
    ]
    programs = next((folder for folder in found if (folder / "initdb").exists()), None)
    if programs is None:
        _do_without("no PostgreSQL server is installed (Debian: postgresql)")
    user = _ordinary_user() if os.geteuid() == 0 else None
    if user is None and os.geteuid() == 0:
        _do_without("PostgreSQL does not run as root, and there is nobody else to run it")
    return programs, user


def _ordinary_user() -> str | None:
    if shutil.which("runuser") is not None:
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name).pw_name
    return None


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI tests on PostgreSQL too: {reason}")
    pytest.skip(reason)


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _joined(folder: Path) -> int | None:
    """Become one of a server's users, unless its keeper has already seen the last of them go."""
    try:
        users = os.open(folder / "users", os.O_RDWR)
    except OSError:
        return None
    if try_lock(users, shared=True):
        return users
    os.close(users)
    return None


def _started(programs: Path, user: str | None) -> tuple[Path, int]:
    folder = Path(mkdtemp(prefix="zota-pg-"))
    users = os.open(folder / "users", os.O_RDWR | os.O_CREAT)
    try_lock(users, shared=True)
    if user is not None:
        shutil.chown(folder, user)
    keeper = subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder), str(programs), *([user] if user else [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(__file__).parents[1],
    )
    assert keeper.stdout is not None
    with keeper.stdout as told:
        answer = told.readline()
    keeper.returncode = 0  # it outlives us: nobody waits for it
    assert answer == b"ready\n", "the PostgreSQL server did not start: see above"
    return folder, users


def _children_of(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in text.split()]


def keep(arguments: Sequence[str]) -> None:
    """Start a server, stay with it until its last user has gone, and leave nothing of it."""
    folder, programs, *user = arguments
    server = PostgresqlServer(Path(folder), Path(programs), user[0] if user else None)
    try:
        server.initialise()
        server.start()
        os.write(1, b"ready\n")
        with (Path(folder) / "users").open("rb") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr.decode(errors="replace"))
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.argv[1:])
