"""Tables of the first fleet, part 4: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    _waivers()
    _forecasts()
    _signed_words()
    _pseudonym_keys()
    _service_users()
    _service_inbox()
    _user_documents()
    _image_orders()
    _order_batches()
    _device_orders()
    _device_commands()
    _originator_counters()
    _suspensions()
    _prenotified()
    _order_rules()
    _fleet_audit()
    _fleet_audit_head()


def _waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("phases", sa.Text(), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=False),
        sa.Column("proposed_utc", sa.Double(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("approver_reason", sa.Text(), nullable=False),
        sa.Column("approved_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("campaign"),
        sqlite_with_rowid=False,
    )


def _forecasts() -> None:
    op.create_table(
        "forecasts",
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("starts_utc", sa.Double(), nullable=False),
        sa.Column("ends_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase"),
        sqlite_with_rowid=False,
    )


def _signed_words() -> None:
    op.create_table(
        "signed_words",
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("device", sa.String(length=23), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signed_words_campaign", "signed_words", ["campaign"])


def _pseudonym_keys() -> None:
    op.create_table(
        "pseudonym_keys",
        sa.Column("purpose", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("purpose"),
        sqlite_with_rowid=False,
    )


def _service_users() -> None:
    op.create_table(
        "service_users",
        sa.Column("user", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_service_users_party", "service_users", ["party"])


def _service_inbox() -> None:
    op.create_table(
        "service_inbox",
        sa.Column("request", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("command_variant", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_utc", sa.Double(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", "command_variant"),
        sqlite_with_rowid=False,
    )


def _user_documents() -> None:
    op.create_table(
        "user_documents",
        sa.Column("document", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("delivered_utc", sa.Double(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
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
        sa.Column("request", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("ppmid", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("manufacturer_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("version_text", sa.Text(), nullable=False),
        sa.Column("devices", sa.BigInteger(), nullable=False),
        sa.Column("received_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("request"),
        sqlite_with_rowid=False,
    )


def _order_batches() -> None:
    op.create_table(
        "order_batches",
        sa.Column("request", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("request", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_batches_due_utc", "order_batches", ["due_utc"])


def _device_orders() -> None:
    op.create_table(
        "device_orders",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("device", sa.String(length=23), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("numbers", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_orders_device_state", "device_orders", ["device", "state"])
    op.create_index("ix_device_orders_home_state", "device_orders", ["home", "state"])
    op.create_index("ix_device_orders_request", "device_orders", ["request"])


def _device_commands() -> None:
    op.create_table(
        "device_commands",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("device", sa.String(length=23), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
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
        sa.Column("device", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "user"),
        sqlite_with_rowid=False,
    )


def _suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("device", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )


def _prenotified() -> None:
    op.create_table(
        "prenotified",
        sa.Column("device", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=23), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("gpf", sa.String(length=23), nullable=True),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )


def _order_rules() -> None:
    op.create_table(
        "order_rules",
        sa.Column("rules", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("listed_only", sa.Boolean(), nullable=False),
        sa.Column("least_gbcs", sa.Text(), nullable=False),
        sa.Column("most_octets", sa.Text(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rules"),
        sqlite_with_rowid=False,
    )


def _fleet_audit() -> None:
    op.create_table(
        "fleet_audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fleet_audit_subject", "fleet_audit", ["subject"])


def _fleet_audit_head() -> None:
    op.create_table(
        "fleet_audit_head",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
