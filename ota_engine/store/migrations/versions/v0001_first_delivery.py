"""The tables of the first delivery: catalogue, devices, assignments, sessions, journal, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _catalogue()
    _fleet()
    _record()
    _accounts()


def _catalogue() -> None:
    op.create_table(
        "images",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("manufacturer_code", sa.Integer(), nullable=False),
        sa.Column("image_type", sa.Integer(), nullable=False),
        sa.Column("file_version", sa.BigInteger(), nullable=False),
        sa.Column("zigbee_stack_version", sa.Integer(), nullable=False),
        sa.Column("header_string", sa.Text(), nullable=False),
        sa.Column("minimum_hardware_version", sa.Integer(), nullable=True),
        sa.Column("maximum_hardware_version", sa.Integer(), nullable=True),
        sa.Column("upgrade_file_destination", sa.String(23), nullable=True),
        sa.Column("manufacturer_image_hash", sa.Text(), nullable=False),
        sa.Column("added_utc", sa.Double(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_images"),
    )


def _fleet() -> None:
    op.create_table(
        "devices",
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("network_address", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("profile", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("relays", sa.Integer(), nullable=False),
        sa.Column("sleepy", sa.Boolean(), nullable=False),
        sa.Column("manufacturer_code", sa.Integer(), nullable=True),
        sa.Column("image_type", sa.Integer(), nullable=True),
        sa.Column("file_version", sa.BigInteger(), nullable=True),
        sa.Column("hardware_version", sa.Integer(), nullable=True),
        sa.Column("cluster_revision", sa.Integer(), nullable=True),
        sa.Column("power_source", sa.Integer(), nullable=True),
        sa.Column("period_unit_ms", sa.Integer(), nullable=True),
        sa.Column("block_limit", sa.Integer(), nullable=True),
        sa.Column("last_seen_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_devices"),
    )
    op.create_table(
        "assignments",
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(40), nullable=False),
        sa.Column("activation", sa.String(40), nullable=False),
        sa.Column("activation_delay", sa.BigInteger(), nullable=False),
        sa.Column("activation_utc", sa.Double(), nullable=True),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["images.sha256"], name="fk_assignments_images"),
        sa.PrimaryKeyConstraint("device", "sha256", name="pk_assignments"),
    )
    op.create_table(
        "sessions",
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("version_before", sa.BigInteger(), nullable=True),
        sa.Column("version_after", sa.BigInteger(), nullable=True),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("started_utc", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device", "sha256"],
            ["assignments.device", "assignments.sha256"],
            name="fk_sessions_assignments",
        ),
        sa.PrimaryKeyConstraint("device", "sha256", name="pk_sessions"),
    )


def _record() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", SERIAL, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("device", sa.String(23), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_events"),
    )
    op.create_table(
        "outcomes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("device", sa.String(23), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version_before", sa.BigInteger(), nullable=True),
        sa.Column("version_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_outcomes"),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", SERIAL, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["outcomes.key"], name="fk_outbox_outcomes"),
        sa.PrimaryKeyConstraint("sequence", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["sequence"],
        unique=False,
        sqlite_where=sa.text("delivered = 0"),
        postgresql_where=sa.text("delivered = false"),
    )


def _accounts() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "lease",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("opened_utc", sa.Double(), nullable=False),
        sa.Column("closed_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_lease"),
    )
