"""Tables of the first fleet, part 1: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT


def create() -> None:
    _parties()
    _persons()
    _variants()
    _homes()
    _fleet_devices()
    _releases()
    _campaigns()
    _phases()
    _members()
    _sums()
    _gate_decisions()
    _instructions()
    _notices()
    _decisions()
    _party_ids()
    _responsibilities()
    _tenancies()
    _configuration_sets()


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("roles", TEXT, nullable=False),
        sa.Column("ids", TEXT, nullable=False),
        sa.Column("contact", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("party"),
        sqlite_with_rowid=False,
    )


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("person", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("registered_by", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_persons_key", "persons", ["key"])
    op.create_index("ix_persons_party", "persons", ["party"])


def _variants() -> None:
    op.create_table(
        "variants",
        sa.Column("variant", TEXT, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("manufacturer", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("hardware", TEXT, nullable=False),
        sa.Column("smets", sa.BigInteger(), nullable=False),
        sa.Column("maker", TEXT, nullable=False),
        sa.Column("manufacturer_code", sa.BigInteger(), nullable=True),
        sa.Column("image_type", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("variant"),
        sqlite_with_rowid=False,
    )


def _homes() -> None:
    op.create_table(
        "homes",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("configuration", TEXT, nullable=False),
        sa.Column("electricity", TEXT, nullable=False),
        sa.Column("gas", TEXT, nullable=False),
        sa.Column("ring_fence", TEXT, nullable=False),
        sa.Column("installed_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_homes_electricity", "homes", ["electricity"])
    op.create_index("ix_homes_gas", "homes", ["gas"])


def _fleet_devices() -> None:
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
    op.create_index("ix_fleet_devices_gpf", "fleet_devices", ["gpf"])
    op.create_index("ix_fleet_devices_home", "fleet_devices", ["home"])
    op.create_index("ix_fleet_devices_variant_version", "fleet_devices", ["variant", "version"])


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("cpl", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("manufacture", FLAG, nullable=False),
        sa.Column("successor", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_releases_variant_version", "releases", ["variant", "version"])


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("release", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("policy_hash", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("deploy_utc", sa.Double(), nullable=True),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("approver", TEXT, nullable=False),
        sa.Column("waiver", TEXT, nullable=False),
        sa.Column("overrides", TEXT, nullable=False),
        sa.Column("successor", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("campaign"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state"])


def _phases() -> None:
    op.create_table(
        "phases",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("started_utc", sa.Double(), nullable=True),
        sa.Column("ended_utc", sa.Double(), nullable=True),
        sa.Column("last_end_utc", sa.Double(), nullable=True),
        sa.Column("observed_utc", sa.Double(), nullable=True),
        sa.Column("settled", FLAG, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.Double(), nullable=False),
        sa.Column("credit_utc", sa.Double(), nullable=True),
        sa.Column("joined_utc", sa.Double(), nullable=True),
        sa.Column("verdicts", sa.BigInteger(), nullable=False),
        sa.Column("excused_failed", sa.BigInteger(), nullable=False),
        sa.Column("excused_lost", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_phases_due_utc", "phases", ["due_utc"])


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("device", EUI64, nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("stratum", TEXT, nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("activate_utc", sa.Double(), nullable=True),
        sa.Column("han_lost", FLAG, nullable=False),
        sa.Column("version_before", sa.BigInteger(), nullable=True),
        sa.Column("version_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "home"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_members_campaign_phase_state_rank", "members", ["campaign", "phase", "state", "rank"]
    )
    op.create_index("ix_members_due_utc", "members", ["due_utc"])


def _sums() -> None:
    op.create_table(
        "sums",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", TEXT, autoincrement=False, nullable=False),
        sa.Column("reason", TEXT, autoincrement=False, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "state", "reason"),
        sqlite_with_rowid=False,
    )


def _gate_decisions() -> None:
    op.create_table(
        "gate_decisions",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("missing", TEXT, nullable=False),
        sa.Column("named", TEXT, nullable=False),
        sa.Column("inputs", TEXT, nullable=False),
        sa.Column("policy_hash", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "number"),
        sqlite_with_rowid=False,
    )


def _instructions() -> None:
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
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_instructions_state_gateway", "instructions", ["state", "gateway"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("delivered_utc", sa.Double(), nullable=True),
        sa.Column("trouble", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("notice", "party"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notices_state_party", "notices", ["state", "party"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("key", TEXT, autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("signature", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("taken_utc", sa.Double(), nullable=False),
        sa.Column("accepted", FLAG, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )


def _party_ids() -> None:
    op.create_table(
        "party_ids",
        sa.Column("id", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_party_ids_party", "party_ids", ["party"])


def _responsibilities() -> None:
    op.create_table(
        "responsibilities",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("fuel", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=True),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("home", "fuel", "from_utc"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_responsibilities_due_utc", "responsibilities", ["due_utc"])
    op.create_index("ix_responsibilities_party_from_utc", "responsibilities", ["party", "from_utc"])


def _tenancies() -> None:
    op.create_table(
        "tenancies",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("home", "from_utc"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tenancies_due_utc", "tenancies", ["due_utc"])


def _configuration_sets() -> None:
    op.create_table(
        "configuration_sets",
        sa.Column("configuration", TEXT, autoincrement=False, nullable=False),
        sa.Column("contents", TEXT, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("counted_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("configuration"),
        sqlite_with_rowid=False,
    )
