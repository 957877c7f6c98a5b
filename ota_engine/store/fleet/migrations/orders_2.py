"""Tables of f0002, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    _order_rules()


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
