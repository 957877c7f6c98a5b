"""Tables of the first fleet, part 1: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


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
        sa.Column("party", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("party"),
        sqlite_with_rowid=False,
    )


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("person", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_persons_key", "persons", ["key"])
    op.create_index("ix_persons_party", "persons", ["party"])


def _variants() -> None:
    op.create_table(
        "variants",
        sa.Column("variant", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("smets", sa.BigInteger(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("manufacturer_code", sa.BigInteger(), nullable=True),
        sa.Column("image_type", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("variant"),
        sqlite_with_rowid=False,
    )


def _homes() -> None:
    op.create_table(
        "homes",
        sa.Column("home", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("electricity", sa.Text(), nullable=False),
        sa.Column("gas", sa.Text(), nullable=False),
        sa.Column("ring_fence", sa.Text(), nullable=False),
        sa.Column("installed_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_homes_electricity", "homes", ["electricity"])
    op.create_index("ix_homes_gas", "homes", ["gas"])


def _fleet_devices() -> None:
    op.create_table(
        "fleet_devices",
        sa.Column("device", sa.String(length=23), autoincrement=False, nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("version_source", sa.Text(), nullable=False),
        sa.Column("version_since_utc", sa.Double(), nullable=False),
        sa.Column("gbcs_version", sa.Text(), nullable=False),
        sa.Column("installed_utc", sa.Double(), nullable=False),
        sa.Column("gpf", sa.String(length=23), nullable=True),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fleet_devices_gpf", "fleet_devices", ["gpf"])
    op.create_index("ix_fleet_devices_home", "fleet_devices", ["home"])
    op.create_index("ix_fleet_devices_variant_version", "fleet_devices", ["variant", "version"])


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("cpl", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("manufacture", sa.Boolean(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_releases_variant_version", "releases", ["variant", "version"])


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("deploy_utc", sa.Double(), nullable=True),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state"])


def _phases() -> None:
    op.create_table(
        "phases",
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_utc", sa.Double(), nullable=True),
        sa.Column("ended_utc", sa.Double(), nullable=True),
        sa.Column("last_end_utc", sa.Double(), nullable=True),
        sa.Column("observed_utc", sa.Double(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
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
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("home", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=23), nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("activate_utc", sa.Double(), nullable=True),
        sa.Column("han_lost", sa.Boolean(), nullable=False),
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
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "state", "reason"),
        sqlite_with_rowid=False,
    )


def _gate_decisions() -> None:
    op.create_table(
        "gate_decisions",
        sa.Column("campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "number"),
        sqlite_with_rowid=False,
    )


def _instructions() -> None:
    op.create_table(
        "instructions",
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("device", sa.String(length=23), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at_utc", sa.Double(), nullable=True),
        sa.Column("until_utc", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("commanded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_instructions_state_gateway", "instructions", ["state", "gateway"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_utc", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("delivered_utc", sa.Double(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("notice", "party"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notices_state_party", "notices", ["state", "party"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("taken_utc", sa.Double(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )


def _party_ids() -> None:
    op.create_table(
        "party_ids",
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_party_ids_party", "party_ids", ["party"])


def _responsibilities() -> None:
    op.create_table(
        "responsibilities",
        sa.Column("home", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("fuel", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
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
        sa.Column("home", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("home", "from_utc"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tenancies_due_utc", "tenancies", ["due_utc"])


def _configuration_sets() -> None:
    op.create_table(
        "configuration_sets",
        sa.Column("configuration", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("contents", sa.Text(), nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("counted_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("configuration"),
        sqlite_with_rowid=False,
    )
