"""A database of schema 0001 opened by this version: all it held is there, and nothing is told twice."""

import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ota_engine.errors import StoreError
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.records import Verdict
from ota_engine.store import migrate, schema
from ota_engine.store.store import Store
from tests.store.samples import (
    HIGHEST,
    IMAGE,
    PPMID,
    assignment,
    audit,
    device,
    order,
    outcome,
    session,
)

WORTH = Verification(CheckResult.VALID, CheckResult.ABSENT)

# Rows as the version of schema 0001 wrote them.
OLD_OUTCOMES = (
    ("told", 1.7e9, "00-DB-12-34-56-78-90-A4", "transfer", "succeeded", "", IMAGE.sha256, 1, 2),
    ("waits", 1.7e9, "FF-FF-FF-FF-FF-FF-FF-FE", "transfer", "failed", "x", IMAGE.sha256, 1, None),
)
OLD_OUTBOX = ((5, "told", True), (9, "waits", False))
TOLD = outcome("told", version_before=1, version_after=2)
WAITS = replace(
    TOLD, key="waits", device=HIGHEST, verdict=Verdict.FAILED, reason="x", version_after=None
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of schema 0001 with an image, a session, and two outcomes."""
    path = tmp_path / "zota.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(migrate.SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.insert(schema.images).values(asdict(IMAGE)))
        connection.execute(sa.insert(schema.devices).values(asdict(device())))
        connection.execute(sa.insert(schema.assignments).values(asdict(assignment())))
        connection.execute(sa.insert(schema.sessions).values(asdict(session())))
        outcomes = "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        connection.exec_driver_sql(outcomes, list(OLD_OUTCOMES))
        connection.exec_driver_sql("INSERT INTO outbox VALUES (?, ?, ?)", list(OLD_OUTBOX))
    return path


def test_everything_is_still_there(path: Path) -> None:
    with Store.open(path) as store:
        snapshot = store.load()
        assert snapshot.images == (IMAGE,)
        assert (snapshot.devices, snapshot.sessions) == ((device(),), (session(),))
        assert (snapshot.orders, snapshot.counters) == ((), ())
        assert store.outcomes() == (TOLD, WAITS)
        assert store.check().findings == ()


def test_what_was_told_is_not_told_again_and_what_waited_still_waits(path: Path) -> None:
    with Store.open(path) as store:
        assert store.outbox(10) == (WAITS,)
        store.apply([TOLD, outcome("new")])
        assert store.outbox(10) == (WAITS, outcome("new"))


def test_a_head_end_named_after_the_migration_is_told_all(path: Path) -> None:
    with Store.open(path) as store:
        store.deliveries.register("head end")
        assert store.deliveries.waiting("head end", 10) == (TOLD, WAITS)


def test_orders_and_proof_can_be_kept_thereafter(path: Path) -> None:
    proven = outcome("proven", message=b"\xdd\x00", verification=WORTH)
    with Store.open(path) as store:
        store.apply([order(counter=2**64 - 1), proven, audit()])
    with Store.open(path) as store:
        assert store.load().orders == (order(counter=2**64 - 1),)
        assert store.outcomes()[-1] == proven


def test_before_its_migration_it_is_not_looked_at_but_said_to_be_old(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"still has schema 0001.*start the engine on it once"):
        Store.inspect(path)
    assert path.read_bytes() == before


def test_a_migration_that_is_cut_off_is_made_whole_the_next_time(path: Path) -> None:
    """The last statement fails, as a power cut would end it: the transaction is rolled back."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW held AS SELECT delivered FROM outbox")  # forbids to drop it
        database.commit()
        before = list(database.iterdump())
    with pytest.raises(StoreError):
        Store.open(path)
    with closing(sqlite3.connect(path)) as database:
        assert list(database.iterdump()) == before
        database.execute("DROP VIEW held")
        database.commit()
    with Store.open(path) as store:
        assert store.outbox(10) == (WAITS,)
        assert {each.device for each in store.outcomes()} == {PPMID, HIGHEST}
