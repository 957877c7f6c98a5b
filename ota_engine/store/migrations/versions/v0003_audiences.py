"""Who may hear of an outcome, whom a sink speaks for, and deliveries to sinks called dispatches."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPERATORS = "operators"  # who was told of everything


def upgrade() -> None:
    _audience("outcomes", sa.Text())
    _audience("sinks", sa.String(length=40))
    _dispatches()
    _carry_over()
    op.drop_index("ix_deliveries_waiting", "deliveries")
    op.drop_table("deliveries")
    op.execute("DELETE FROM sinks WHERE name = 'head end'")


def _carry_over() -> None:
    """What was told stays told, also to the receiver, whose name was head end."""
    op.execute("INSERT INTO sinks (name) SELECT 'receiver' FROM sinks WHERE name = 'head end'")
    op.execute(
        "INSERT INTO dispatches (sink, sequence, state, attempts, next_utc, problem)"
        " SELECT CASE sink WHEN 'head end' THEN 'receiver' ELSE sink END,"
        " sequence, state, attempts, next_utc, problem FROM deliveries"
    )


def _audience(table: str, kind: sa.types.TypeEngine[str]) -> None:
    column = sa.Column("audience", kind, nullable=False, server_default=OPERATORS)
    op.add_column(table, column)


def _dispatches() -> None:
    op.create_table(
        "dispatches",
        sa.Column(
            "sink",
            sa.String(length=40).with_variant(sa.String(40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("sequence", SERIAL, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_utc", sa.Double(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sequence"], ["outbox.sequence"], name="fk_dispatches_outbox"),
        sa.ForeignKeyConstraint(["sink"], ["sinks.name"], name="fk_dispatches_sinks"),
        sa.PrimaryKeyConstraint("sink", "sequence", name="pk_dispatches"),
    )
    op.create_index(
        "ix_dispatches_waiting",
        "dispatches",
        ["sink", "sequence"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
