"""Tables of f0003, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import FLAG, TEXT


def create() -> None:
    _gateway_contacts()
    _home_counters()
    _home_moves()
    _sum_samples()
    _gateway_alerts()
    _fleet_audit()


def _gateway_contacts() -> None:
    op.create_table(
        "gateway_contacts",
        sa.Column("gateway", TEXT, autoincrement=False, nullable=False),
        sa.Column("seen_utc", sa.Double(), nullable=False),
        sa.Column("software", TEXT, nullable=False),
        sa.Column("protocol", sa.BigInteger(), nullable=False),
        sa.Column("clock_off_s", sa.Double(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("trouble", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("gateway"),
        sqlite_with_rowid=False,
    )


def _home_counters() -> None:
    op.create_table(
        "home_counters",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("originator", TEXT, autoincrement=False, nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("home", "originator"),
        sqlite_with_rowid=False,
    )


def _home_moves() -> None:
    op.create_table(
        "home_moves",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("asked_utc", sa.Double(), nullable=False),
        sa.Column("moved_utc", sa.Double(), nullable=True),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_home_moves_asked_utc", "home_moves", ["asked_utc"])
    op.create_index("ix_home_moves_due_utc", "home_moves", ["due_utc"])
    op.create_index("ix_home_moves_moved_utc", "home_moves", ["moved_utc"])
    op.create_index("ix_home_moves_state_source", "home_moves", ["state", "source"])


def _sum_samples() -> None:
    op.create_table(
        "sum_samples",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", TEXT, autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "state", "hour"),
        sqlite_with_rowid=False,
    )


def _gateway_alerts() -> None:
    op.create_table(
        "gateway_alerts",
        sa.Column("gateway", TEXT, autoincrement=False, nullable=False),
        sa.Column("cause", TEXT, autoincrement=False, nullable=False),
        sa.Column("subject", TEXT, autoincrement=False, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_utc", sa.Double(), nullable=False),
        sa.Column("last_utc", sa.Double(), nullable=False),
        sa.Column("open", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "cause", "subject"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gateway_alerts_open_gateway", "gateway_alerts", ["open", "gateway"])


def _fleet_audit() -> None:
    op.create_index("ix_fleet_audit_actor", "fleet_audit", ["actor"])
