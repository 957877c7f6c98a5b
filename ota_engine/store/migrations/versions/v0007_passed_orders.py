"""Orders that users have signed themselves, told apart from the engine's own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders", sa.Column("passed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
