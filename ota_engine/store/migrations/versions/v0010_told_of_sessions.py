"""What was told of a session, remembered: its transfer's good end, and a device given up as silent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: Where the state itself says that the image has arrived; what was told of other sessions is not known.
HOLDING = ("waiting for more files", "held", "scheduled", "awaiting command", "restarting")


def upgrade() -> None:
    for name in ("arrived", "silent"):
        op.add_column(
            "sessions", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    sessions = sa.table("sessions", sa.column("state"), sa.column("arrived"))
    op.execute(sa.update(sessions).where(sessions.c.state.in_(HOLDING)).values(arrived=sa.true()))
