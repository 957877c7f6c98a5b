"""Tables of the first fleet, part 3: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op

from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT


def create() -> None:
    _manufactured_versions()
    _path_changes()
    _path_overrides()
    _planned_dates()
    _upgrade_paths()
    _approval_evidence()
    _customer_feedback()
    _exit_criteria()
    _item_waivers()
    _set_reservations()
    _uit_windows()
    _gateway_reports()
    _replacements()
    _incidents()
    _positions()
    _sign_offs()
    _meetings()
    _nominations()


def _manufactured_versions() -> None:
    op.create_table(
        "manufactured_versions",
        sa.Column("variant", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release", TEXT, nullable=False),
        sa.Column("from_utc", sa.Double(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("variant", "number"),
        sqlite_with_rowid=False,
    )


def _path_changes() -> None:
    op.create_table(
        "path_changes",
        sa.Column("cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("after", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("cpl", "number"),
        sqlite_with_rowid=False,
    )


def _path_overrides() -> None:
    op.create_table(
        "path_overrides",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "version"),
        sqlite_with_rowid=False,
    )


def _planned_dates() -> None:
    op.create_table(
        "planned_dates",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("milestone", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("planned_utc", sa.Double(), nullable=False),
        sa.Column("told_utc", sa.Double(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release", "milestone", "number"),
        sqlite_with_rowid=False,
    )


def _upgrade_paths() -> None:
    op.create_table(
        "upgrade_paths",
        sa.Column("cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_cpl", TEXT, autoincrement=False, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("cpl", "from_cpl"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_upgrade_paths_variant", "upgrade_paths", ["variant"])


def _approval_evidence() -> None:
    op.create_table(
        "approval_evidence",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("item", TEXT, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.Column("open_issues", TEXT, nullable=False),
        sa.Column("configurations", TEXT, nullable=False),
        sa.Column("scenarios", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "item", "number"),
        sqlite_with_rowid=False,
    )


def _customer_feedback() -> None:
    op.create_table(
        "customer_feedback",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("position", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "party"),
        sqlite_with_rowid=False,
    )


def _exit_criteria() -> None:
    op.create_table(
        "exit_criteria",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("passed_permille", sa.BigInteger(), nullable=False),
        sa.Column("open_issues", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )


def _item_waivers() -> None:
    op.create_table(
        "item_waivers",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("item", TEXT, autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("second", TEXT, nullable=False),
        sa.Column("second_reason", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "item"),
        sqlite_with_rowid=False,
    )


def _set_reservations() -> None:
    op.create_table(
        "set_reservations",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("configuration", TEXT, autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=False),
        sa.Column("shared_with", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release", "configuration", "party"),
        sqlite_with_rowid=False,
    )


def _uit_windows() -> None:
    op.create_table(
        "uit_windows",
        sa.Column("release", TEXT, autoincrement=False, nullable=False),
        sa.Column("opens_utc", sa.Double(), nullable=False),
        sa.Column("closes_utc", sa.Double(), nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("skipped", TEXT, nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_uit_windows_due_utc", "uit_windows", ["due_utc"])


def _gateway_reports() -> None:
    op.create_table(
        "gateway_reports",
        sa.Column("gateway", TEXT, autoincrement=False, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("gateway"),
        sqlite_with_rowid=False,
    )


def _replacements() -> None:
    op.create_table(
        "replacements",
        sa.Column("device", EUI64, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since_utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_replacements_campaign", "replacements", ["campaign"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident", TEXT, autoincrement=False, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.BigInteger(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("resolution", TEXT, nullable=False),
        sa.Column("resolved_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("raised_utc", sa.Double(), nullable=False),
        sa.Column("resolved_utc", sa.Double(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_incidents_campaign_phase", "incidents", ["campaign", "phase"])


def _positions() -> None:
    op.create_table(
        "positions",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("party", TEXT, autoincrement=False, nullable=False),
        sa.Column("stance", TEXT, nullable=False),
        sa.Column("comment", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "party"),
        sqlite_with_rowid=False,
    )


def _sign_offs() -> None:
    op.create_table(
        "sign_offs",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("positions", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.Column("valid", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase"),
        sqlite_with_rowid=False,
    )


def _meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("meeting", TEXT, autoincrement=False, nullable=False),
        sa.Column("attendees", TEXT, nullable=False),
        sa.Column("actions", TEXT, nullable=False),
        sa.Column("minutes", TEXT, nullable=False),
        sa.Column("positions", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("held_utc", sa.Double(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "phase", "meeting"),
        sqlite_with_rowid=False,
    )


def _nominations() -> None:
    op.create_table(
        "nominations",
        sa.Column("campaign", TEXT, autoincrement=False, nullable=False),
        sa.Column("home", TEXT, autoincrement=False, nullable=False),
        sa.Column("phase", sa.BigInteger(), nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "home"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_nominations_campaign_phase_state", "nominations", ["campaign", "phase", "state"]
    )
