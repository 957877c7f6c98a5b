"""Takes what a table held into the one that is made anew in its place; for revisions alone."""

from collections.abc import Sequence

from alembic import op

_NO_OCTETS = {"sqlite": "X''", "postgresql": "''::bytea"}


def carry_over(table: str, names: Sequence[str], given: Sequence[str]) -> None:
    """Fill a table from ``TABLE_before``, which is gone afterwards.

    Args:
        table: its name.
        names: of its columns.
        given: for each, a column there was, or what stands for one.
    """
    empty = _NO_OCTETS[op.get_bind().dialect.name]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(
        f'"{one}"' if one in names else one.replace("NO_OCTETS", empty) for one in given
    )
    op.execute(f'INSERT INTO "{table}" ({quoted}) SELECT {values} FROM "{table}_before"')  # noqa: S608 - our own names
    op.drop_table(f"{table}_before")
