"""Opening: one owner, one schema, and a clear line for everything that is no such database."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ota_engine.errors import StoreError
from ota_engine.store import migrate, schema
from ota_engine.store.connection import open_file, pragma
from ota_engine.store.store import Store
from tests.store.samples import IMAGE, audit, device

LATER_REVISION = '''
"""A schema of days to come."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None

def upgrade() -> None:
    op.add_column("devices", sa.Column("colour", sa.Text(), nullable=True))
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zota.db"


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def later_scripts(folder: Path) -> Path:
    """The shipped migrations and one more, as a future version would ship them."""
    scripts = folder / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for shipped in [migrate.SCRIPTS / "env.py", *migrate.SCRIPTS.glob("versions/v*.py")]:
        copy = scripts / shipped.relative_to(migrate.SCRIPTS)
        copy.write_bytes(shipped.read_bytes())
    (scripts / "versions" / "v9999_later.py").write_text(LATER_REVISION.format(head=schema.HEAD))
    return scripts


def migrate_with(scripts: Path, path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection, connection.begin():
        migrate.run_migrations(connection, scripts)


# --- one owner (fault 25) --------------------------------------------------------------------------


def test_a_second_engine_is_refused_and_told_who_has_it(path: Path) -> None:
    with Store.open(path, owner="first engine"):
        with pytest.raises(StoreError) as refused:
            Store.open(path, owner="second engine")
        assert f"in use by 'first engine' (process {os.getpid()})" in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_second_name_of_the_file_does_not_let_two_in(path: Path) -> None:
    alias = path.with_name("alias.db")
    alias.symlink_to(path)
    with Store.open(path), pytest.raises(StoreError, match="in use"):
        Store.open(alias)


def test_closing_lets_the_next_one_in(path: Path) -> None:
    for _ in range(2):
        with Store.open(path) as store:
            assert store.closed_cleanly


HOLDING = """
import sys
from ota_engine.store.store import Store
from tests.store.samples import IMAGE
with Store.open(sys.argv[1]) as store:
    store.apply([IMAGE])
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_owner_blocks_nobody_and_what_it_committed_is_there(path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"process {owner.pid}"):
            Store.open(path)
        owner.send_signal(signal.SIGKILL)
    with Store.inspect(path) as reader:
        assert reader.load().images == (IMAGE,)
    for cleanly in (False, True):
        with Store.open(path) as store:
            assert store.closed_cleanly == cleanly
            assert store.load().images == (IMAGE,)


def test_a_reader_sees_what_is_committed_while_the_owner_works(path: Path) -> None:
    with Store.open(path) as owner, Store.inspect(path) as reader:
        owner.apply([IMAGE])
        assert reader.load().images == (IMAGE,)


def test_a_reader_can_change_nothing(path: Path) -> None:
    Store.open(path).close()
    with Store.inspect(path) as reader, pytest.raises(StoreError, match="cannot be written"):
        reader.apply([IMAGE])


# --- one schema (fault 6) -------------------------------------------------------------------------


def test_the_migrations_make_the_tables_the_code_speaks_of(path: Path) -> None:
    migrate_with(migrate.SCRIPTS, path)
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []
        in_file = _statements(connection)
    memory = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with memory.connect() as connection:
        migrate.create_now(connection)
        assert _statements(connection) == in_file
    memory.dispose()


def test_a_new_file_is_what_the_migrations_would_have_made(path: Path, tmp_path: Path) -> None:
    migrate_with(migrate.SCRIPTS, tmp_path / "migrated.db")
    Store.open(path).close()
    Store.open(tmp_path / "migrated.db").close()
    with raw(path) as new, raw(tmp_path / "migrated.db") as migrated:
        for rows in ("SELECT * FROM alembic_version", "SELECT * FROM sinks", "SELECT * FROM meta"):
            assert new.execute(rows).fetchall() == migrated.execute(rows).fetchall()


def test_of_two_that_make_the_same_database_the_later_one_takes_what_there_is(path: Path) -> None:
    with closing(open_file(path, durable=False)) as connection:
        migrate.create_now(connection)
        migrate.create_now(connection)
        assert migrate.revision_of(connection, str(path)) == schema.HEAD


def _statements(connection: sa.Connection) -> dict[str, list[str]]:
    """What every table and index is made of; a column added later stands behind the constraints."""
    made = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name != 'alembic_version'"
    return {
        name: sorted(
            re.split(r", (?![^(]*\))", " ".join(sql.split()).partition("(")[2][:-1].strip())
        )
        for name, sql in connection.exec_driver_sql(made)
    }


def test_every_shipped_revision_is_known() -> None:
    shipped = ScriptDirectory(str(migrate.SCRIPTS))
    assert [script.revision for script in shipped.walk_revisions()] == [*reversed(schema.REVISIONS)]


def test_a_database_from_a_newer_version_is_refused_and_left_alone(
    path: Path, tmp_path: Path
) -> None:
    migrate_with(later_scripts(tmp_path), path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"written by a newer zota.*upgrade zota"):
        Store.open(path)
    with pytest.raises(StoreError, match="written by a newer zota"):
        Store.inspect(path)
    assert path.read_bytes() == before


def test_a_database_from_an_older_version_is_migrated_with_all_it_holds(
    path: Path, tmp_path: Path
) -> None:
    with Store.open(path) as store:
        store.apply([IMAGE, device(), audit()])
    migrate_with(later_scripts(tmp_path), path)
    with raw(path) as database:
        assert database.execute("SELECT colour FROM devices").fetchall() == [(None,)]
        database.execute("UPDATE alembic_version SET version_num = ?", (schema.HEAD,))
    with Store.open(path) as store:
        assert store.load().images == (IMAGE,)
        assert store.load().devices == (device(),)
        assert store.verify_audit() is None


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with Store.open(path) as store:
        assert store.load().images == ()


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path, tmp_path: Path) -> None:
    scripts = later_scripts(tmp_path)
    later = scripts / "versions" / "v9999_later.py"
    later.write_text(later.read_text() + "    raise RuntimeError('power cut')\n")
    Store.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        before = list(database.iterdump())
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    sa.event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    sa.event.listen(engine, "begin", lambda opened: opened.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, pytest.raises(RuntimeError), connection.begin():
        migrate.run_migrations(connection, scripts)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        assert list(database.iterdump()) == before


@pytest.mark.parametrize("new", [True, False])
def test_alembic_is_not_imported_for_a_database_that_is_new_or_up_to_date(
    path: Path, new: bool
) -> None:
    if not new:
        Store.open(path).close()
    script = (
        "import sys; from ota_engine.store.store import Store; Store.open(sys.argv[1]).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == 0


# --- not a database -------------------------------------------------------------------------------


def test_what_is_no_database_is_refused_in_one_line_and_left_alone(path: Path) -> None:
    path.write_bytes(b"\x1e\xf1\xee\x0b an OTA file, not a database" * 100)
    before = path.read_bytes()
    for opening in (Store.open, Store.inspect):
        with pytest.raises(StoreError, match="is not a database: give another path") as refused:
            opening(path)
        assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path) -> None:
    with raw(path) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    for opening in (Store.open, Store.inspect):
        with pytest.raises(StoreError, match="some other program's database"):
            opening(path)


def test_nothing_is_created_where_nothing_was_asked_for(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here"):
        Store.open(path, create=False)
    with pytest.raises(StoreError, match="there is no database here"):
        Store.inspect(path)
    assert list(path.parent.iterdir()) == []


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"cannot be opened|is not a database"):
        Store.open(path)


@pytest.mark.parametrize("url", ["mysql://host/zota", "sqlite://", "sqlite:///", "file://x"])
def test_a_url_that_is_not_supported_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="give a file"):
        Store.open(url)


def test_a_sqlite_url_names_a_file(path: Path) -> None:
    with Store.open(f"sqlite:///{path}") as store:
        store.apply([IMAGE])
    with Store.open(path) as store:
        assert store.load().images == (IMAGE,)


def test_damage_is_found_when_opening_after_a_crash(path: Path) -> None:
    with Store.open(path) as store:
        store.apply([device(last_seen_utc=float(number)) for number in range(10)])
    with raw(path) as database:
        database.execute("UPDATE lease SET closed_utc = NULL")
        (root,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sessions'"
        ).fetchone()
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * 64)
    with pytest.raises(StoreError, match=r"damaged.*restore a backup"):
        Store.open(path)


def test_a_commit_waits_for_the_disk_unless_told_otherwise(path: Path) -> None:
    for durable, level in ((True, 2), (False, 1)):  # FULL, NORMAL
        connection = open_file(path, durable=durable)
        assert pragma(connection, "synchronous") == level
        connection.close()
        connection.engine.dispose()
