"""Tables of the first fleet, part 3: written by tools/fleet_schema.py."""

import sqlalchemy as sa
from alembic import op


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
    _fleet_audit()
    _fleet_audit_head()


def _manufactured_versions() -> None:
    op.create_table(
        "manufactured_versions",
        sa.Column("variant", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("from_utc", sa.Double(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("variant", "number"),
        sqlite_with_rowid=False,
    )


def _path_changes() -> None:
    op.create_table(
        "path_changes",
        sa.Column("cpl", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("cpl", "number"),
        sqlite_with_rowid=False,
    )


def _path_overrides() -> None:
    op.create_table(
        "path_overrides",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "version"),
        sqlite_with_rowid=False,
    )


def _planned_dates() -> None:
    op.create_table(
        "planned_dates",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("milestone", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("planned_utc", sa.Double(), nullable=False),
        sa.Column("told_utc", sa.Double(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release", "milestone", "number"),
        sqlite_with_rowid=False,
    )


def _upgrade_paths() -> None:
    op.create_table(
        "upgrade_paths",
        sa.Column("cpl", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("from_cpl", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cpl", "from_cpl"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_upgrade_paths_variant", "upgrade_paths", ["variant"])


def _approval_evidence() -> None:
    op.create_table(
        "approval_evidence",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.Column("open_issues", sa.Text(), nullable=False),
        sa.Column("configurations", sa.Text(), nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "item", "number"),
        sqlite_with_rowid=False,
    )


def _customer_feedback() -> None:
    op.create_table(
        "customer_feedback",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "party"),
        sqlite_with_rowid=False,
    )


def _exit_criteria() -> None:
    op.create_table(
        "exit_criteria",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("passed_permille", sa.BigInteger(), nullable=False),
        sa.Column("open_issues", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )


def _item_waivers() -> None:
    op.create_table(
        "item_waivers",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("second", sa.Text(), nullable=False),
        sa.Column("second_reason", sa.Text(), nullable=False),
        sa.Column("utc", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("release", "item"),
        sqlite_with_rowid=False,
    )


def _set_reservations() -> None:
    op.create_table(
        "set_reservations",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("configuration", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("party", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("from_utc", sa.Double(), nullable=False),
        sa.Column("until_utc", sa.Double(), nullable=False),
        sa.Column("shared_with", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release", "configuration", "party"),
        sqlite_with_rowid=False,
    )


def _uit_windows() -> None:
    op.create_table(
        "uit_windows",
        sa.Column("release", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("opens_utc", sa.Double(), nullable=False),
        sa.Column("closes_utc", sa.Double(), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("due_utc", sa.Double(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_uit_windows_due_utc", "uit_windows", ["due_utc"])


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
