"""Changes of tenancy and supplier, and what devices let the hub know of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "premises_changes",
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("issuer_event_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.BigInteger(), nullable=False),
        sa.Column("tariff_type", sa.Integer(), nullable=False),
        sa.Column("control", sa.BigInteger(), nullable=False),
        sa.Column("implementation_utc", sa.Double(), nullable=True),
        sa.Column("announced_utc", sa.Double(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("proposed_provider", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_premises_changes"),
    )
    op.create_table(
        "premises_replies",
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("issuer_event_id", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(40), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "device", name="pk_premises_replies"),
    )
