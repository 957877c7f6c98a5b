"""Outcomes, ended orders, images and pushes are sealed in the audit trail, those there are as found."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note that rows are there to be sealed; the store does it, in the transaction that drops the note."""
    due = (
        "INSERT INTO meta (name, value) SELECT 'seals due', '0006'"
        " WHERE EXISTS (SELECT 1 FROM outcomes) OR EXISTS (SELECT 1 FROM orders)"
        " OR EXISTS (SELECT 1 FROM images) OR EXISTS (SELECT 1 FROM pushes)"
    )
    op.execute(sa.text(due))
