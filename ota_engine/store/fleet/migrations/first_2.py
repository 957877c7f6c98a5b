"""Tables of the first fleet, part 2: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import FLAG, TEXT


def create() -> None:
    _ring_fences()
    _particulars()
    _party_clocks()
    _status_schedules()
    _home_diaries()
    _upgrade_windows()
    _slots()
    _sequence_rules()
    _compatibilities()
    _consent_rules()
    _consents()
    _deferrals()
    _time_marks()
    _catalogued_images()
    _content_items()
    _cpl_entries()
    _hop_agreements()
    _known_defects()


def _ring_fences() -> None:
    op.create_table(
        "ring_fences",
        sa.Column("ring_fence", TEXT, autoincrement=False, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("ring_fence"),
        sqlite_with_rowid=False,
    )


def _particulars() -> None:
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


def _party_clocks() -> None:
    op.create_table(
        "party_clocks",
        sa.Column("clock", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("duty", TEXT, nullable=False),
        sa.Column("started_utc", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("met_utc", sa.Double(), nullable=True),
        sa.Column("late", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("clock", "party"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_party_clocks_due_utc", "party_clocks", ["due_utc"])
    op.create_index("ix_party_clocks_subject", "party_clocks", ["subject"])


def _status_schedules() -> None:
    op.create_table(
        "status_schedules",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("every_s", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("reports", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_status_schedules_due_utc", "status_schedules", ["due_utc"])


def _home_diaries() -> None:
    op.create_table(
        "home_diaries",
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("entries", TEXT, nullable=False),
        sa.Column("gained", TEXT, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("home"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_home_diaries_due_utc", "home_diaries", ["due_utc"])


def _upgrade_windows() -> None:
    op.create_table(
        "upgrade_windows",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("step", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=False),
        sa.Column("default_utc", sa.Double(), nullable=True),
        sa.Column("choose_by_utc", sa.Double(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "step"),
        sqlite_with_rowid=False,
    )


def _slots() -> None:
    op.create_table(
        "slots",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("step", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("at_utc", sa.Double(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "home", "step", "party"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slots_due_utc", "slots", ["due_utc"])


def _sequence_rules() -> None:
    op.create_table(
        "sequence_rules",
        sa.Column("rule", TEXT, autoincrement=False, nullable=False),
        sa.Column("earlier", TEXT, nullable=False),
        sa.Column("earlier_version", sa.BigInteger(), nullable=False),
        sa.Column("later", TEXT, nullable=False),
        sa.Column("later_version", sa.BigInteger(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("rule"),
        sqlite_with_rowid=False,
    )


def _compatibilities() -> None:
    op.create_table(
        "compatibilities",
        sa.Column("cell", TEXT, autoincrement=False, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("least", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("other", TEXT, nullable=False),
        sa.Column("other_least", sa.BigInteger(), nullable=False),
        sa.Column("other_most", sa.BigInteger(), nullable=False),
        sa.Column("fits", FLAG, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("cell"),
        sqlite_with_rowid=False,
    )


def _consent_rules() -> None:
    op.create_table(
        "consent_rules",
        sa.Column("variant", TEXT, autoincrement=False, nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("variant"),
        sqlite_with_rowid=False,
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("given", FLAG, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "party"),
        sqlite_with_rowid=False,
    )


def _deferrals() -> None:
    op.create_table(
        "deferrals",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("regardless", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "home"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deferrals_due_utc", "deferrals", ["due_utc"])


def _time_marks() -> None:
    op.create_table(
        "time_marks",
        sa.Column("mark", TEXT, autoincrement=False, nullable=False),
        sa.Column("seen_utc", sa.Double(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("doubt", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_time_marks_due_utc", "time_marks", ["due_utc"])


def _catalogued_images() -> None:
    op.create_table(
        "catalogued_images",
        sa.Column("sha256", TEXT, autoincrement=False, nullable=False),
        sa.Column("manufacturer_code", sa.BigInteger(), nullable=False),
        sa.Column("image_type", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("approved", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
        sqlite_with_rowid=False,
    )


def _content_items() -> None:
    op.create_table(
        "content_items",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("item", TEXT, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release", "item"),
        sqlite_with_rowid=False,
    )


def _cpl_entries() -> None:
    op.create_table(
        "cpl_entries",
        sa.Column("cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("paths", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("cpl"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cpl_entries_variant_version", "cpl_entries", ["variant", "version"])


def _hop_agreements() -> None:
    op.create_table(
        "hop_agreements",
        sa.Column("cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("cpl", "from_cpl"),
        sqlite_with_rowid=False,
    )


def _known_defects() -> None:
    op.create_table(
        "known_defects",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("defect", TEXT, autoincrement=False, nullable=False),
        sa.Column("category", sa.BigInteger(), nullable=False),
        sa.Column("hits", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("fixed_in", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release", "defect"),
        sqlite_with_rowid=False,
    )
