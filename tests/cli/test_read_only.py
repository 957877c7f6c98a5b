"""A state folder that cannot be written, on a medium that is read only say, is checked all the same."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ota_engine.store.store import DATABASE_NAME, Store
from tests.cli.powerless import without_privileges
from tests.cli.zota import Ran, zota_process
from tests.store.samples import IMAGE, audit, outcome

CHECKS = (("store", "check"), ("audit", "verify"), ("store", "dead-letters"))
READ_ONLY = stat.S_IRUSR | stat.S_IXUSR


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """What an engine that ended left."""
    folder = tmp_path / "closed"
    with Store.open(folder / DATABASE_NAME) as store:
        store.apply([IMAGE, audit(), outcome("k")])
    yield from _without_write_bits(folder)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Path]:
    """What was saved of an engine that was killed: the database, and a log it had not yet taken in."""
    folder, saved = tmp_path / "killed", tmp_path / "saved"
    saved.mkdir()
    with Store.open(folder / DATABASE_NAME) as store:
        store.apply([IMAGE, audit(), outcome("k")])
        for name in (DATABASE_NAME, DATABASE_NAME + "-wal"):
            shutil.copy(folder / name, saved)
    yield from _without_write_bits(saved)


def _without_write_bits(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        file.chmod(stat.S_IRUSR)
    folder.chmod(READ_ONLY)
    yield folder
    folder.chmod(stat.S_IRWXU)


def look(folder: Path, *command: str) -> Ran:
    return zota_process(*command, "--state", folder, prepare=without_privileges)


@pytest.mark.parametrize("command", CHECKS)
def test_a_folder_without_write_bits_is_read_and_left_as_it_is(
    closed: Path, command: tuple[str, ...]
) -> None:
    before = {file.name: file.read_bytes() for file in closed.iterdir()}
    ran = look(closed, *command)
    assert (ran.code, ran.err) == (0, "")
    assert {file.name: file.read_bytes() for file in closed.iterdir()} == before


def test_what_a_killed_engine_had_in_its_log_is_seen(killed: Path) -> None:
    ran = look(killed, "store", "check")
    assert (ran.code, ran.err) == (0, "")
    assert "1 outcomes" in ran.out
    assert sorted(file.name for file in killed.iterdir()) == [DATABASE_NAME, DATABASE_NAME + "-wal"]


def test_a_database_that_may_not_even_be_read_is_one_line(closed: Path) -> None:
    (closed / DATABASE_NAME).chmod(0)
    ran = look(closed, "store", "check")
    assert (ran.code, ran.out) == (3, "")
    assert "cannot be opened" in ran.err
    assert len(ran.err.splitlines()) == 1
