"""Writes the newest revision of the fleet's schema from its rows (python tools/fleet_schema.py).

What the revisions before it make stays as it is, for databases have it; the newest one is the difference
between that and what the rows say: tables that are new, and tables that are made anew around what they
hold. Run it while no released version has that revision yet; then add the next one to ``NEWEST``. A test
compares what the revisions make with what the rows say.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from ota_engine.store.fleet import schema  # noqa: E402 - found by the line above
from ota_engine.store.fleet.migrate import SCRIPTS  # noqa: E402
from ota_engine.store.fleet.migrations.held import EUI64_CHARACTERS  # noqa: E402
from ota_engine.store.migrate import run_migrations  # noqa: E402

BEFORE: Final = "f0002"
NEWEST: Final = "f0003"
STEM: Final = "service"
TITLE: Final = "who enters a server, and which gateways it serves"
PER_MODULE: Final = 12  # tables described in one module, so that none grows too long
#: What rows that there are get in a column that is new and never empty, by its type.
_FIRST_VALUES: Final = {
    sa.Text: "''",
    sa.String: "''",
    sa.BigInteger: "0",
    sa.Double: "0",
    sa.Boolean: "0",
    sa.LargeBinary: "NO_OCTETS",
}


#: Types that are not the same in every database, and their names in ``migrations.held``.
_HELD: Final = {sa.Text: "TEXT", sa.Boolean: "FLAG"}


def _type(column: sa.Column[object]) -> str:
    if (held := _HELD.get(type(column.type))) is not None:
        return held
    if getattr(column.type, "length", None) == EUI64_CHARACTERS:
        return "EUI64"
    length = getattr(column.type, "length", None)
    return f"sa.{type(column.type).__name__}({f'length={length}' if length else ''})"


def _column(column: sa.Column[object]) -> str:
    auto = ", autoincrement=False" if column.primary_key else ""
    return (
        f'        sa.Column("{column.name}", {_type(column)}{auto}, nullable={column.nullable}),\n'
    )


def _table(table: sa.Table, before: Sequence[str] | None, indexes: Sequence[str]) -> str:
    """Write a function that makes a table, or makes it anew where it was there before.

    Args:
        table: as it is to be.
        before: its columns as they were; None where it is new.
        indexes: names of those that it had.
    """
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    lines = [f"\n\ndef _{table.name}() -> None:\n"]
    if before is not None:
        lines += [f'    op.drop_index("{name}", "{table.name}")\n' for name in indexes]
        lines.append(f'    op.rename_table("{table.name}", "{table.name}_before")\n')
    lines.append(f'    op.create_table(\n        "{table.name}",\n')
    lines += map(_column, table.columns)
    lines.append(f"        sa.PrimaryKeyConstraint({keys}),\n")
    if table.dialect_options["sqlite"]["with_rowid"] is False:
        lines.append("        sqlite_with_rowid=False,\n")
    lines.append("    )\n")
    if before is not None:
        lines += _carried_over(table, before)
    lines += _indexes(table, ())
    return "".join(lines)


def _more_indexes(table: sa.Table, before: Sequence[str]) -> str:
    """Write a function that makes the indexes of a table that are new."""
    return "".join([f"\n\ndef _{table.name}() -> None:\n", *_indexes(table, before)])


def _indexes(table: sa.Table, but: Sequence[str]) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        if str(index.name) in but:
            continue
        names = ", ".join(f'"{column.name}"' for column in index.columns)
        some = index.dialect_options["sqlite"]["where"]
        told = "" if some is None else f', sqlite_where=sa.text("{some}")'
        told += "" if some is None else f', postgresql_where=sa.text("{some}")'
        yield f'    op.create_index("{index.name}", "{table.name}", [{names}]{told})\n'


def _written(table: sa.Table, columns: dict[str, list[str]], indexes: dict[str, list[str]]) -> str:
    before, had = columns.get(table.name), sorted(indexes.get(table.name, ()))
    now = {str(index.name) for index in table.indexes}
    if before == [column.name for column in table.columns] and now.issuperset(had):
        return _more_indexes(table, had)
    return _table(table, before, had)


def _carried_over(table: sa.Table, before: Sequence[str]) -> Iterator[str]:
    names = [column.name for column in table.columns]
    given = [
        name
        if name in before
        else "NULL"
        if table.c[name].nullable
        else _FIRST_VALUES[type(table.c[name].type)]
        for name in names
    ]
    yield f'    carry_over("{table.name}", {names!r}, {given!r})\n'


def _before() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Give columns and indexes of every table that the revisions before the newest make."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        with connection.begin():
            run_migrations(connection, SCRIPTS, BEFORE)
        found = sa.inspect(connection)
        names = found.get_table_names()
        columns = {name: [one["name"] for one in found.get_columns(name)] for name in names}
        indexes = {name: [str(one["name"]) for one in found.get_indexes(name)] for name in names}
    return columns, indexes


def modules() -> Iterator[tuple[Path, str]]:
    """Give the path and the text of every module."""
    columns, indexes = _before()
    tables = [
        table
        for name, table in schema.METADATA.tables.items()
        if columns.get(name) != [column.name for column in table.columns]
        or set(indexes[name]) != {str(index.name) for index in table.indexes}
    ]
    parts = [tables[start : start + PER_MODULE] for start in range(0, len(tables), PER_MODULE)]
    for number, part in enumerate(parts, 1):
        calls = "".join(f"    _{table.name}()\n" for table in part)
        bodies = "".join(_written(table, columns, indexes) for table in part)
        helper = "from ota_engine.store.fleet.migrations.carrying import carry_over\n"
        held = ", ".join(name for name in ("EUI64", "FLAG", "TEXT") if f" {name}," in bodies)
        types = f"from ota_engine.store.fleet.migrations.held import {held}\n" if held else ""
        text = (
            f'"""Tables of {NEWEST}, part {number}: written by tools/fleet_schema.py."""\n\n'
            f"import sqlalchemy as sa\nfrom alembic import op\n"
            f"{helper if 'carry_over(' in bodies else ''}{types}\n\n"
            f"def create() -> None:\n{calls}"
        )
        yield SCRIPTS / f"{STEM}_{number}.py", text + bodies
    names = ", ".join(f"{STEM}_{number}" for number in range(1, len(parts) + 1))
    calls = "".join(f"    {STEM}_{number}.create()\n" for number in range(1, len(parts) + 1))
    yield (
        SCRIPTS / "versions" / f"{NEWEST}_{STEM}.py",
        f'''"""The tables of {TITLE}: written by tools/fleet_schema.py."""

from ota_engine.store.fleet.migrations import {names}

revision = "{NEWEST}"
down_revision = "{BEFORE}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{calls}''',
    )


def main() -> None:
    for path in (*SCRIPTS.glob(f"{STEM}_*.py"), SCRIPTS / "versions" / f"{NEWEST}_{STEM}.py"):
        path.unlink(missing_ok=True)
    for path, text in list(modules()):
        path.write_text(text)
        print(path.relative_to(ROOT))
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "-q", str(SCRIPTS)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(SCRIPTS)], check=True)


if __name__ == "__main__":
    main()
