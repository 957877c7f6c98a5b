"""``zota audit verify``: names the first bad row (fault 35)."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ota_engine.store.store import DATABASE_NAME, Store
from tests.cli.zota import zota
from tests.store.samples import audit, outcome


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Store.open(tmp_path / DATABASE_NAME) as store:
        store.apply([audit(f"device {number}") for number in range(5)])
    return tmp_path


def edit(state: Path, statement: str) -> None:
    with closing(sqlite3.connect(state / DATABASE_NAME)) as database:
        database.executescript(statement)


def test_a_trail_as_it_was_written(state: Path) -> None:
    ran = zota("audit", "verify", "--state", state)
    assert (ran.code, ran.err) == (0, "")
    with Store.open(state / DATABASE_NAME) as store:
        assert "5 rows as they were written" in ran.out
        assert f"audit head: {store.audit_head().hash}" in ran.out.splitlines()


def test_an_edited_row_is_named(state: Path) -> None:
    edit(state, "UPDATE audit SET actor = 'somebody else' WHERE sequence = 3")
    ran = zota("audit", "verify", "--state", state)
    assert ran.code == 2
    assert "row 3 is not what was written" in ran.out


def test_a_deleted_row_is_named_in_json(state: Path) -> None:
    edit(state, "DELETE FROM audit WHERE sequence = 2")
    ran = zota("audit", "verify", state / DATABASE_NAME, "--json")
    report = json.loads(ran.out)
    assert ran.code == 2
    assert report["first_bad_row"] == 2
    assert report["problem"] == "row 2 is missing"
    assert list(report) == [
        "database",
        "rows",
        "head",
        "first_bad_row",
        "problem",
        "broken_seals",
    ]


def test_a_cut_tail_is_named(state: Path) -> None:
    edit(state, "DELETE FROM audit WHERE sequence > 3")
    assert "row 4 is missing: 5 were written" in zota("audit", "verify", "--state", state).out


def test_a_head_noted_earlier_guards_against_a_trail_written_anew(state: Path) -> None:
    noted = json.loads(zota("audit", "verify", "--state", state, "--json").out)["head"]
    assert zota("audit", "verify", "--state", state, "--head", noted).code == 0
    (state / DATABASE_NAME).unlink()
    with Store.open(state / DATABASE_NAME) as store:
        store.apply([audit(f"device {number}", actor="forger") for number in range(5)])
    assert zota("audit", "verify", "--state", state).code == 0
    ran = zota("audit", "verify", "--state", state, "--head", noted)
    assert ran.code == 2
    assert "the known head is not in it" in ran.out


def test_an_empty_trail(tmp_path: Path) -> None:
    Store.open(tmp_path / DATABASE_NAME).close()
    ran = zota("audit", "verify", "--state", tmp_path)
    assert ran.code == 0
    assert "0 rows as they were written" in ran.out


def test_a_rewritten_verdict_is_named_by_both_checks(state: Path) -> None:
    with Store.open(state / DATABASE_NAME) as store:
        store.apply([outcome("k")])
    edit(state, "UPDATE outcomes SET verdict = 'failed'")
    for command in (("audit", "verify"), ("store", "check")):
        ran = zota(*command, "--state", state)
        assert ran.code == 2
        assert "outcome k is not what was recorded: compare it with a backup" in ran.out
    report = json.loads(zota("audit", "verify", "--state", state, "--json").out)
    assert report["first_bad_row"] is None
    assert report["broken_seals"] == ["outcome k is not what was recorded"]


def test_a_head_is_taken_as_people_copy_it_and_refused_if_it_is_none(state: Path) -> None:
    noted = json.loads(zota("audit", "verify", "--state", state, "--json").out)["head"]
    assert zota("audit", "verify", "--state", state, "--head", f" {noted.upper()} ").code == 0
    ran = zota("audit", "verify", "--state", state, "--head", noted[:-1])
    assert (ran.code, ran.out) == (2, "")
    assert "give the 64 hex digits that were printed" in ran.err
