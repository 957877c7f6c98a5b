"""Tables of f0002, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    _prenotified()
    _order_rules()


def _prenotified() -> None:
    op.create_table(
        "prenotified",
        sa.Column("device", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("gpf", sa.String(length=23), nullable=True),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )


def _order_rules() -> None:
    op.create_table(
        "order_rules",
        sa.Column("rules", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("listed_only", sa.Boolean(), nullable=False),
        sa.Column("least_gbcs", sa.Text(), nullable=False),
        sa.Column("most_octets", sa.Text(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rules"),
        sqlite_with_rowid=False,
    )
