"""Tables of the first fleet, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    _ring_fences()
    _particulars()
    _fleet_audit()
    _fleet_audit_head()


def _ring_fences() -> None:
    op.create_table(
        "ring_fences",
        sa.Column("ring_fence", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ring_fence"),
        sqlite_with_rowid=False,
    )


def _particulars() -> None:
    op.create_table(
        "particulars",
        sa.Column("home", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("mpan", sa.Text(), nullable=False),
        sa.Column("mprn", sa.Text(), nullable=False),
        sa.Column("uprn", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )


def _fleet_audit() -> None:
    op.create_table(
        "fleet_audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fleet_audit_subject", "fleet_audit", ["subject"])


def _fleet_audit_head() -> None:
    op.create_table(
        "fleet_audit_head",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
