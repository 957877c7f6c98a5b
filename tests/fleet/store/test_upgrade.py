"""A database of an earlier schema is brought to the newest one: every row and every seal is as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ota_engine.fleet.campaigns.rows import SumSample
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.seals import ADDED
from ota_engine.fleet.tables import KINDS
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.forms import FORMS
from ota_engine.store.fleet.migrate import SCRIPTS
from ota_engine.store.fleet.schema import REVISIONS
from ota_engine.store.fleet.sealing import broken_seals
from ota_engine.store.migrate import run_migrations
from tests.fleet.databases import sqlite_of
from tests.fleet.store.finished import finished

FIRST = REVISIONS[0]


def columns(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as found:
        tables = [
            name for (name,) in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: [row[1] for row in found.execute(f"PRAGMA table_info({name})")] for name in tables
        }


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The database of a finished campaign, as the first schema held it."""
    now, path = tmp_path / "now.sqlite", tmp_path / "fleet.sqlite"
    with closing(finished().store) as store, closing(sqlite3.connect(now)) as copy:
        sqlite_of(store).backup(copy)
    with sa.create_engine(f"sqlite:///{path}").connect() as made, made.begin():
        run_migrations(made, SCRIPTS, FIRST)
    with closing(sqlite3.connect(path)) as filled:
        filled.execute("ATTACH ? AS now", (str(now),))
        filled.execute("DELETE FROM main.fleet_audit_head")
        for table, names in columns(path).items():
            if table != "fleet_revision":
                listed = ", ".join(f'"{name}"' for name in names)
                copied = f"INSERT INTO main.{table} ({listed}) SELECT {listed} FROM now.{table}"  # noqa: S608 - our own words
                filled.execute(copied)
        filled.commit()
    return path


def rows(store: FleetStore) -> dict[str, list[Any]]:
    with store.reading():
        return {kind.TABLE: sorted(store.walk(Select(kind)), key=repr) for kind in KINDS}


def test_every_row_is_as_it_was_and_fits_its_seal(earlier: Path) -> None:
    with closing(finished().store) as as_new:
        wanted = rows(as_new) | {SumSample.TABLE: []}  # nobody sampled what is past
    with closing(FleetStore.open(earlier)) as store:
        assert rows(store) == wanted
        assert list(broken_seals(store.driver)) == []
        assert any(wanted[name] for name in ADDED), (
            "no row whose table has grown: nothing was shown"
        )


def test_fields_that_sealed_rows_have_got_are_known_to_their_digest(earlier: Path) -> None:
    before = columns(earlier)
    grown = {
        kind.TABLE: FORMS[kind].names[len(before[kind.TABLE]) :]
        for kind in KINDS
        if kind.TABLE in before and FORMS[kind].may_be_evidence
    }
    assert {name: len(added) for name, added in grown.items() if added} == {
        name: len(values) for name, values in ADDED.items()
    }
