"""Tables of f0002, part 1: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.carrying import carry_over
from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT


def create() -> None:
    _instructions()
    _particulars()
    _catalogued_images()
    _service_users()
    _service_inbox()
    _user_documents()
    _image_orders()
    _order_batches()
    _device_orders()
    _device_commands()
    _originator_counters()
    _suspensions()


def _instructions() -> None:
    op.drop_index("ix_instructions_state_gateway", "instructions")
    op.rename_table("instructions", "instructions_before")
    op.create_table(
        "instructions",
        sa.Column("key", TEXT, autoincrement=False, nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("device", EUI64, nullable=False),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at_utc", sa.Double(), nullable=True),
        sa.Column("until_utc", sa.Double(), nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("commanded", FLAG, nullable=False),
        sa.Column("command", sa.LargeBinary(), nullable=False),
        sa.Column("user", EUI64, nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    carry_over(
        "instructions",
        [
            "key",
            "gateway",
            "campaign",
            "attempt",
            "home",
            "device",
            "verb",
            "sha256",
            "version",
            "at_utc",
            "until_utc",
            "state",
            "number",
            "commanded",
            "command",
            "user",
            "counter",
            "provider",
        ],
        [
            "key",
            "gateway",
            "campaign",
            "attempt",
            "home",
            "device",
            "verb",
            "sha256",
            "version",
            "at_utc",
            "until_utc",
            "state",
            "number",
            "commanded",
            "NO_OCTETS",
            "NULL",
            "0",
            "''",
        ],
    )
    op.create_index("ix_instructions_state_gateway", "instructions", ["state", "gateway"])


def _particulars() -> None:
    op.rename_table("particulars", "particulars_before")
    op.create_table(
        "particulars",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("mpan", TEXT, nullable=False),
        sa.Column("mprn", TEXT, nullable=False),
        sa.Column("uprn", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )
    carry_over(
        "particulars",
        ["home", "mpan", "mprn", "uprn", "address"],
        ["home", "mpan", "mprn", "uprn", "address"],
    )
    op.create_index("ix_particulars_address", "particulars", ["address"])
    op.create_index("ix_particulars_mpan", "particulars", ["mpan"])
    op.create_index("ix_particulars_mprn", "particulars", ["mprn"])
    op.create_index("ix_particulars_uprn", "particulars", ["uprn"])


def _catalogued_images() -> None:
    op.rename_table("catalogued_images", "catalogued_images_before")
    op.create_table(
        "catalogued_images",
        sa.Column("sha256", TEXT, autoincrement=False, nullable=False),
        sa.Column("manufacturer_code", sa.BigInteger(), nullable=False),
        sa.Column("image_type", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("approved", FLAG, nullable=False),
        sa.Column("manufacturer_hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
        sqlite_with_rowid=False,
    )
    carry_over(
        "catalogued_images",
        ["sha256", "manufacturer_code", "image_type", "version", "approved", "manufacturer_hash"],
        ["sha256", "manufacturer_code", "image_type", "version", "approved", "''"],
    )


def _service_users() -> None:
    op.create_table(
        "service_users",
        sa.Column("user", EUI64, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("regions", TEXT, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("schema_version", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("user"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_service_users_party", "service_users", ["party"])


def _service_inbox() -> None:
    op.create_table(
        "service_inbox",
        sa.Column("request", TEXT, autoincrement=False, nullable=False),
        sa.Column("command_variant", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("received_utc", sa.Double(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", "command_variant"),
        sqlite_with_rowid=False,
    )


def _user_documents() -> None:
    op.create_table(
        "user_documents",
        sa.Column("document", TEXT, autoincrement=False, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("delivered_utc", sa.Double(), nullable=True),
        sa.Column("trouble", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("document"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_user_documents_state_user_created_utc",
        "user_documents",
        ["state", "user", "created_utc"],
    )


def _image_orders() -> None:
    op.create_table(
        "image_orders",
        sa.Column("request", TEXT, autoincrement=False, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("ppmid", FLAG, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("manufacturer_hash", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("version_text", TEXT, nullable=False),
        sa.Column("devices", sa.BigInteger(), nullable=False),
        sa.Column("received_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("request"),
        sqlite_with_rowid=False,
    )


def _order_batches() -> None:
    op.create_table(
        "order_batches",
        sa.Column("request", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("devices", TEXT, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("request", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_batches_due_utc", "order_batches", ["due_utc"])


def _device_orders() -> None:
    op.create_table(
        "device_orders",
        sa.Column("name", TEXT, autoincrement=False, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("device", EUI64, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("numbers", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_orders_device_state", "device_orders", ["device", "state"])
    op.create_index("ix_device_orders_due_utc", "device_orders", ["due_utc"])
    op.create_index("ix_device_orders_home_state", "device_orders", ["home", "state"])
    op.create_index("ix_device_orders_request", "device_orders", ["request"])


def _device_commands() -> None:
    op.create_table(
        "device_commands",
        sa.Column("name", TEXT, autoincrement=False, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("user", EUI64, nullable=False),
        sa.Column("device", EUI64, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("schema_version", TEXT, nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("execution_utc", sa.Double(), nullable=True),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_commands_device_state", "device_commands", ["device", "state"])
    op.create_index("ix_device_commands_due_utc", "device_commands", ["due_utc"])
    op.create_index("ix_device_commands_home_state", "device_commands", ["home", "state"])


def _originator_counters() -> None:
    op.create_table(
        "originator_counters",
        sa.Column("device", EUI64, autoincrement=False, nullable=False),
        sa.Column("user", EUI64, autoincrement=False, nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "user"),
        sqlite_with_rowid=False,
    )


def _suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("device", EUI64, autoincrement=False, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("command", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )
