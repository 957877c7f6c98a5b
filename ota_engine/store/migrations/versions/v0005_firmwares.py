"""What a device says belongs to one of its firmwares; of several images, some go first."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOVED = ("manufacturer_code", "image_type", "file_version", "hardware_version")
UNKNOWN_VERSION = 0xFFFFFFFF


def upgrade() -> None:
    op.create_table(
        "firmwares",
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("manufacturer_code", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("image_type", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("profile", sa.Integer(), nullable=False),
        sa.Column("file_version", sa.BigInteger(), nullable=False),
        sa.Column("hardware_version", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device", "manufacturer_code", "image_type", name="pk_firmwares"),
    )
    _carry_over()
    for name in MOVED:
        op.drop_column("devices", name)
    op.add_column(
        "assignments", sa.Column("rank", sa.Integer(), nullable=False, server_default="0")
    )


def _carry_over() -> None:
    """The one firmware that was kept of each device becomes a row of its own."""
    carried = (
        "INSERT INTO firmwares (device, manufacturer_code, image_type, endpoint, profile,"
        " file_version, hardware_version, source, since_utc)"
        " SELECT device, manufacturer_code, image_type, endpoint, profile,"
        " COALESCE(file_version, :unknown), hardware_version, 'query', last_seen_utc"
        " FROM devices WHERE manufacturer_code IS NOT NULL AND image_type IS NOT NULL"
    )
    op.execute(
        sa.text(carried).bindparams(sa.bindparam("unknown", UNKNOWN_VERSION, sa.BigInteger()))
    )
