"""Tables of f0003, part 1: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.carrying import carry_over
from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT


def create() -> None:
    _homes()
    _fleet_devices()
    _members()
    _notices()
    _decisions()
    _signed_words()
    _accounts()
    _sessions()
    _access_tokens()
    _attempts()
    _hooks()
    _gateways()


def _homes() -> None:
    op.create_index("ix_homes_gateway", "homes", ["gateway"])


def _fleet_devices() -> None:
    op.drop_index("ix_fleet_devices_gpf", "fleet_devices")
    op.drop_index("ix_fleet_devices_home", "fleet_devices")
    op.drop_index("ix_fleet_devices_variant_version", "fleet_devices")
    op.rename_table("fleet_devices", "fleet_devices_before")
    op.create_table(
        "fleet_devices",
        sa.Column("device", EUI64, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("version_source", TEXT, nullable=False),
        sa.Column("version_since_utc", sa.Double(), nullable=False),
        sa.Column("gbcs_version", TEXT, nullable=False),
        sa.Column("installed_utc", sa.Double(), nullable=False),
        sa.Column("gpf", EUI64, nullable=True),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )
    carry_over(
        "fleet_devices",
        [
            "device",
            "home",
            "kind",
            "variant",
            "status",
            "version",
            "version_source",
            "version_since_utc",
            "gbcs_version",
            "installed_utc",
            "gpf",
        ],
        [
            "device",
            "home",
            "kind",
            "variant",
            "status",
            "version",
            "version_source",
            "version_since_utc",
            "gbcs_version",
            "installed_utc",
            "gpf",
        ],
    )
    op.create_index("ix_fleet_devices_gpf", "fleet_devices", ["gpf"])
    op.create_index("ix_fleet_devices_home", "fleet_devices", ["home"])
    op.create_index(
        "ix_fleet_devices_variant_version_status_home",
        "fleet_devices",
        ["variant", "version", "status", "home"],
    )


def _members() -> None:
    op.create_index(
        "ix_members_some_campaign_phase_reason_since_utc",
        "members",
        ["campaign", "phase", "reason", "since_utc"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _notices() -> None:
    op.create_index(
        "ix_notices_some_party_created_utc",
        "notices",
        ["party", "created_utc"],
        sqlite_where=sa.text("kind <> 'activated'"),
        postgresql_where=sa.text("kind <> 'activated'"),
    )
    op.create_index(
        "ix_notices_some_subject_party",
        "notices",
        ["subject", "party"],
        sqlite_where=sa.text("kind <> 'activated'"),
        postgresql_where=sa.text("kind <> 'activated'"),
    )


def _decisions() -> None:
    op.create_index("ix_decisions_subject", "decisions", ["subject"])


def _signed_words() -> None:
    op.create_index("ix_signed_words_home", "signed_words", ["home"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("person", TEXT, autoincrement=False, nullable=False),
        sa.Column("password", TEXT, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", TEXT, nullable=False),
        sa.Column("invitation", TEXT, nullable=False),
        sa.Column("invited_until_utc", sa.Double(), nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("locked", TEXT, nullable=False),
        sa.Column("zone", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_accounts_invitation", "accounts", ["invitation"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", TEXT, autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("begun_utc", sa.Double(), nullable=False),
        sa.Column("seen_utc", sa.Double(), nullable=False),
        sa.Column("ends_utc", sa.Double(), nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_ends_utc", "sessions", ["ends_utc"])
    op.create_index("ix_sessions_person", "sessions", ["person"])


def _access_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("digest", TEXT, autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("reads_only", FLAG, nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("ends_utc", sa.Double(), nullable=False),
        sa.Column("seen_utc", sa.Double(), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_tokens_person", "access_tokens", ["person"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("subject", TEXT, autoincrement=False, nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
        sqlite_with_rowid=False,
    )


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("hook", TEXT, autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("not_before_utc", sa.Double(), nullable=False),
        sa.Column("trouble", TEXT, nullable=False),
        sa.Column("ended", TEXT, nullable=False),
        sa.Column("failing_utc", sa.Double(), nullable=True),
        sa.Column("notices_utc", sa.Double(), nullable=False),
        sa.Column("notices_told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hook"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hooks_person", "hooks", ["person"])


def _gateways() -> None:
    op.create_table(
        "gateways",
        sa.Column("gateway", TEXT, autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("code_until_utc", sa.Double(), nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("registered_utc", sa.Double(), nullable=True),
        sa.Column("instance", TEXT, nullable=False),
        sa.Column("revoked", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.Column("code_instance", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("gateway"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gateways_code", "gateways", ["code"])
    op.create_index("ix_gateways_token", "gateways", ["token"])
