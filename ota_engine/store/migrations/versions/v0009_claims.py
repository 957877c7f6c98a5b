"""Who is telling an outcome just now, so that several couriers may serve one sink."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatches", sa.Column("owner", sa.Text(), nullable=True))
    op.add_column(
        "dispatches", sa.Column("until_utc", sa.Double(), nullable=False, server_default="0")
    )
