"""Tables of the first fleet, part 4: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import EUI64, TEXT


def create() -> None:
    _waivers()
    _forecasts()
    _signed_words()
    _pseudonym_keys()
    _fleet_audit()
    _fleet_audit_head()


def _waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("phases", TEXT, nullable=False),
        sa.Column("proposer", TEXT, nullable=False),
        sa.Column("proposed_utc", sa.Double(), nullable=False),
        sa.Column("approver", TEXT, nullable=False),
        sa.Column("approver_reason", TEXT, nullable=False),
        sa.Column("approved_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("campaign"),
        sqlite_with_rowid=False,
    )


def _forecasts() -> None:
    op.create_table(
        "forecasts",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("starts_utc", sa.Double(), nullable=False),
        sa.Column("ends_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase"),
        sqlite_with_rowid=False,
    )


def _signed_words() -> None:
    op.create_table(
        "signed_words",
        sa.Column("key", TEXT, autoincrement=False, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("device", EUI64, nullable=False),
        sa.Column("word", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signed_words_campaign", "signed_words", ["campaign"])


def _pseudonym_keys() -> None:
    op.create_table(
        "pseudonym_keys",
        sa.Column("purpose", TEXT, autoincrement=False, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("purpose"),
        sqlite_with_rowid=False,
    )


def _fleet_audit() -> None:
    op.create_table(
        "fleet_audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
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
