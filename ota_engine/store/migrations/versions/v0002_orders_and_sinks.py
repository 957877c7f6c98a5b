"""Orders to activate, originator counters, proof of an outcome, and several sinks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FILE_SINK = "outcomes.jsonl"  # the only one there was


def upgrade() -> None:
    op.add_column("outcomes", sa.Column("message", sa.LargeBinary(), nullable=True))
    op.add_column(
        "outcomes", sa.Column("verification", sa.Text(), nullable=False, server_default="")
    )
    _activation()
    _sinks()
    _carry_over()
    op.drop_index("ix_outbox_waiting", "outbox")
    op.drop_column("outbox", "delivered")


def _activation() -> None:
    op.create_table(
        "orders",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("originator", sa.String(23), nullable=False),
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("manufacturer_image_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("execution_utc", sa.Double(), nullable=True),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counter", sa.String(20), nullable=True),
        sa.Column("command", sa.LargeBinary(), nullable=True),
        sa.Column("cancel_counter", sa.String(20), nullable=True),
        sa.Column("cancel_command", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("firmware_version", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_orders"),
    )
    op.create_table(
        "counters",
        sa.Column("originator", sa.String(23), nullable=False),
        sa.Column("last", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("originator", name="pk_counters"),
    )


def _sinks() -> None:
    op.create_table(
        "sinks",
        sa.Column(
            "name",
            sa.String(length=40).with_variant(sa.String(40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name="pk_sinks"),
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "sink",
            sa.String(length=40).with_variant(sa.String(40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("sequence", SERIAL, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_utc", sa.Double(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sequence"], ["outbox.sequence"], name="fk_deliveries_outbox"),
        sa.ForeignKeyConstraint(["sink"], ["sinks.name"], name="fk_deliveries_sinks"),
        sa.PrimaryKeyConstraint("sink", "sequence", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["sink", "sequence"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _carry_over() -> None:
    """What the file was told stays told; what waited for it still waits."""
    op.execute(sa.text("INSERT INTO sinks (name) VALUES (:sink)").bindparams(sink=FILE_SINK))
    told = (
        "INSERT INTO deliveries (sink, sequence, state, attempts, next_utc, problem)"
        " SELECT :sink, sequence, CASE WHEN delivered THEN 'delivered' ELSE 'waiting' END, 0, 0, ''"
        " FROM outbox"
    )
    op.execute(sa.text(told).bindparams(sink=FILE_SINK))
