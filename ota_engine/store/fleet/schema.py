"""The tables of the fleet, made from its rows; knows no connection and no statement.

A column bears the name of its row's field. The audit trail is the only table without a row in the
core: it is only ever extended.
"""

from typing import Any, Final

import sqlalchemy as sa

from images.eui64 import Eui64
from ota_engine.fleet.kernel.rows import field_names
from ota_engine.fleet.tables import KINDS
from ota_engine.store.fleet.forms import HeldColumn, hints_of
from ota_engine.store.fleet.migrations.held import EUI64, FLAG, TEXT
from ota_engine.store.migrate import FLEET_REVISION

METADATA: Final = sa.MetaData()

_TYPES: Final[dict[Any, Any]] = {
    str: TEXT,
    int: sa.BigInteger,
    float: sa.Double,
    bool: FLAG,
    bytes: sa.LargeBinary,
    Eui64: EUI64,
}


def _column(kind: type[Any], name: str, hint: Any) -> sa.Column[Any]:
    column = HeldColumn(hint)
    return sa.Column(
        name,
        _TYPES[column.plain],
        primary_key=name in kind.KEY,
        nullable=column.optional,
        autoincrement=False,
    )


def _table(kind: type[Any]) -> sa.Table:
    names = field_names(kind)
    if names[: len(kind.KEY)] != tuple(kind.KEY):
        raise TypeError(f"{kind.__name__}: the fields of its key are not its first ones")
    table = sa.Table(
        kind.TABLE,
        METADATA,
        *(_column(kind, *one) for one in zip(names, hints_of(kind), strict=True)),
        sqlite_with_rowid=False,
    )
    for indexed in getattr(kind, "INDEXES", ()):
        sa.Index(f"ix_{kind.TABLE}_{'_'.join(indexed)}", *(table.c[name] for name in indexed))
    for indexed, condition in getattr(kind, "PARTIAL", ()):
        some = sa.text(condition)
        sa.Index(
            f"ix_{kind.TABLE}_some_{'_'.join(indexed)}",
            *(table.c[name] for name in indexed),
            sqlite_where=some,
            postgresql_where=some,
        )
    return table


TABLES: Final[dict[type[Any], sa.Table]] = {kind: _table(kind) for kind in KINDS}

audit = sa.Table(
    "fleet_audit",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("utc", sa.Double, nullable=False),
    sa.Column("actor", TEXT, nullable=False),
    sa.Column("action", TEXT, nullable=False),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("detail", TEXT, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("ix_fleet_audit_subject", audit.c.subject)
sa.Index("ix_fleet_audit_actor", audit.c.actor)

#: Beside the trail, so that lines cut off at its end are missed. One row.
audit_head = sa.Table(
    "fleet_audit_head",
    METADATA,
    sa.Column("one", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("length", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

REVISIONS: Final = ("f0001", "f0002", "f0003")
HEAD: Final = REVISIONS[-1]

revision = sa.Table(  # Alembic's; here so that start-up need not import Alembic
    FLEET_REVISION,
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), primary_key=True),
)
