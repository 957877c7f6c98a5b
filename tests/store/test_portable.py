"""Every table and every write can be said in PostgreSQL, also where no server is installed."""

from dataclasses import fields

import pytest
import sqlalchemy as sa

from ota_engine.store import schema
from ota_engine.store.writes import Statements, statements

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
