"""Writes the first revision of the fleet's schema from its rows (python tools/fleet_schema.py).

Run it while no released version has that schema yet; afterwards a change of the rows is a revision of
its own, written by hand. A test compares what the revisions make with what the rows say.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from ota_engine.store.fleet import schema  # noqa: E402 - found by the line above

FOLDER = ROOT / "ota_engine" / "store" / "fleet" / "migrations"
PER_MODULE = 18  # tables described in one module, so that none grows too long


def _type(column: sa.Column[object]) -> str:
    kind = type(column.type)
    length = getattr(column.type, "length", None)
    return f"sa.{kind.__name__}({f'length={length}' if length else ''})"


def _column(column: sa.Column[object]) -> str:
    auto = ", autoincrement=False" if column.primary_key else ""
    return (
        f'        sa.Column("{column.name}", {_type(column)}{auto}, nullable={column.nullable}),\n'
    )


def _table(table: sa.Table) -> str:
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    lines = [f'\n\ndef _{table.name}() -> None:\n    op.create_table(\n        "{table.name}",\n']
    lines += map(_column, table.columns)
    lines.append(f"        sa.PrimaryKeyConstraint({keys}),\n")
    if table.dialect_options["sqlite"]["with_rowid"] is False:
        lines.append("        sqlite_with_rowid=False,\n")
    lines.append("    )\n")
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        names = ", ".join(f'"{column.name}"' for column in index.columns)
        lines.append(f'    op.create_index("{index.name}", "{table.name}", [{names}])\n')
    return "".join(lines)


def modules() -> Iterator[tuple[Path, str]]:
    """Give the path and the text of every module."""
    tables = list(schema.METADATA.tables.values())
    parts = [tables[start : start + PER_MODULE] for start in range(0, len(tables), PER_MODULE)]
    for number, part in enumerate(parts, 1):
        calls = "".join(f"    _{table.name}()\n" for table in part)
        text = (
            f'"""Tables of the first fleet, part {number}: written by tools/fleet_schema.py."""\n\n'
            f"import sqlalchemy as sa\nfrom alembic import op\n\n\n"
            f"def create() -> None:\n{calls}"
        )
        yield FOLDER / f"first_{number}.py", text + "".join(map(_table, part))
    names = ", ".join(f"first_{number}" for number in range(1, len(parts) + 1))
    calls = "".join(f"    first_{number}.create()\n" for number in range(1, len(parts) + 1))
    yield (
        FOLDER / "versions" / "f0001_first_fleet.py",
        f'''"""The tables of the first fleet: written by tools/fleet_schema.py."""

from alembic import op

from ota_engine.store.fleet.guards import guard_trail
from ota_engine.store.fleet.migrations import {names}

revision = "f0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
{calls}    guard_trail(op.get_bind())
''',
    )


def main() -> None:
    for path in FOLDER.glob("first_*.py"):
        path.unlink()
    for path, text in modules():
        path.write_text(text)
        print(path.relative_to(ROOT))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(FOLDER)], check=True)


if __name__ == "__main__":
    main()
