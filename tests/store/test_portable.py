"""Every table and every write can be said in PostgreSQL, also where no server is installed."""

from dataclasses import fields
from typing import Any

import pytest
import sqlalchemy as sa

from ota_engine.errors import LocalError
from ota_engine.store import schema
from ota_engine.store.store import Store
from ota_engine.store.writes import Statements, statements
from tests.store.samples import HIGHEST, IMAGE

POSTGRESQL = sa.create_mock_engine("postgresql+psycopg://", lambda *_: None).dialect


@pytest.mark.parametrize("table", schema.METADATA.sorted_tables, ids=str)
def test_every_table_can_be_made(table: sa.Table) -> None:
    made = str(sa.schema.CreateTable(table).compile(dialect=POSTGRESQL))
    assert table.name in made
    assert "AUTOINCREMENT" not in made


@pytest.mark.parametrize("name", [item.name for item in fields(Statements)])
def test_every_write_can_be_said(name: str) -> None:
    statement = getattr(statements("postgresql"), name)
    assert str(statement.compile(dialect=POSTGRESQL)).split()[0] in ("INSERT", "UPDATE", "DELETE")


def test_an_outcome_known_already_is_ignored_there_too() -> None:
    said = str(statements("postgresql").outcome.compile(dialect=POSTGRESQL))
    assert "ON CONFLICT DO NOTHING" in said


@pytest.mark.parametrize(
    "column",
    [
        column
        for table in schema.METADATA.sorted_tables
        for column in table.columns
        if getattr(column.type, "length", None) is not None
    ],
    ids=str,
)
def test_no_column_is_given_more_than_a_server_would_take(column: sa.Column[Any]) -> None:
    """SQLite keeps what is too long for its column; PostgreSQL refuses it."""
    kind, most = column.type, getattr(column.type, "length", 0)
    if isinstance(kind, schema.Choice):
        assert max(map(len, kind.members)) <= most
    elif isinstance(kind, schema.Eui64Text):
        assert len(str(kind.process_bind_param(HIGHEST, POSTGRESQL))) == most
    elif isinstance(kind, schema.Counter):
        assert len(str(kind.process_bind_param((1 << 64) - 1, POSTGRESQL))) == most
    elif most == len(IMAGE.sha256):
        assert column.name in ("sha256", "hash"), "a digest in hexadecimal, made by ourselves"
    else:
        with Store.in_memory() as store, pytest.raises(LocalError, match="names no"):
            if column.name == "audience":
                store.dispatches.register("a sink", "x" * (most + 1))
            else:
                store.dispatches.register("x" * (most + 1))
