"""Tables of f0002, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT


def create() -> None:
    _prenotified()
    _order_rules()


def _prenotified() -> None:
    op.create_table(
        "prenotified",
        sa.Column("device", EUI64, autoincrement=False, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("gpf", EUI64, nullable=True),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )


def _order_rules() -> None:
    op.create_table(
        "order_rules",
        sa.Column("rules", TEXT, autoincrement=False, nullable=False),
        sa.Column("listed_only", FLAG, nullable=False),
        sa.Column("least_gbcs", TEXT, nullable=False),
        sa.Column("most_octets", TEXT, nullable=False),
        sa.Column("codes", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rules"),
        sqlite_with_rowid=False,
    )
