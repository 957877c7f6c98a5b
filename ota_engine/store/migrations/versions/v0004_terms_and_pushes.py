"""The terms images are released on, and pushes with what each came to for every firmware."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "image_terms",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["images.sha256"], name="fk_image_terms_images"),
        sa.PrimaryKeyConstraint("sha256", name="pk_image_terms"),
    )
    op.add_column(
        "assignments", sa.Column("waived", sa.Text(), nullable=False, server_default="[]")
    )
    op.add_column("devices", sa.Column("model", sa.Text(), nullable=True))
    op.add_column("devices", sa.Column("maker", sa.Text(), nullable=True))
    _pushes()


def _pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("images", sa.Text(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(40), nullable=False),
        sa.Column("activation", sa.String(40), nullable=False),
        sa.Column("activation_utc", sa.Double(), nullable=True),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=False),
        sa.Column("wishes", sa.Text(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("ended_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_pushes"),
    )
    op.create_table(
        "push_targets",
        sa.Column("push", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("manufacturer_code", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("image_type", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["push"], ["pushes.number"], name="fk_push_targets_pushes"),
        sa.PrimaryKeyConstraint(
            "push", "device", "manufacturer_code", "image_type", name="pk_push_targets"
        ),
    )
