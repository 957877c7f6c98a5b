"""The tables of the fleet, made from its rows; knows no connection and no statement.

A column bears the name and the type of its row's field. The audit trail is the only table without a
row in the core: it is only ever extended.
"""

import types
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import sqlalchemy as sa

from images.eui64 import Eui64
from ota_engine.fleet.kernel.rows import field_names
from ota_engine.fleet.tables import KINDS
from ota_engine.store.schema import Eui64Text, JsonText, TextChoice, Words

METADATA: Final = sa.MetaData()

_PLAIN: Final[dict[Any, Any]] = {
    str: Words,
    int: sa.BigInteger,
    float: sa.Double,
    bool: sa.Boolean,
    Eui64: Eui64Text,
}


def _column(kind: type[Any], name: str, hint: Any) -> sa.Column[Any]:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        optional = True
    return sa.Column(
        name,
        _type_of(hint),
        primary_key=name in kind.KEY,
        nullable=optional,
        autoincrement=False,
    )


def _type_of(hint: Any) -> Any:
    if get_origin(hint) is tuple:
        return JsonText(list, tuple)
    if hint not in _PLAIN and isinstance(hint, type) and issubclass(hint, StrEnum):
        return TextChoice(hint)
    return _PLAIN[hint]


def _table(kind: type[Any]) -> sa.Table:
    hints = get_type_hints(kind)
    table = sa.Table(
        kind.TABLE,
        METADATA,
        *(_column(kind, name, hints[name]) for name in field_names(kind)),
    )
    for names in getattr(kind, "INDEXES", ()):
        sa.Index(f"ix_{kind.TABLE}_{'_'.join(names)}", *(table.c[name] for name in names))
    return table


TABLES: Final[dict[type[Any], sa.Table]] = {kind: _table(kind) for kind in KINDS}

audit = sa.Table(
    "fleet_audit",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("utc", sa.Double, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
sa.Index("ix_fleet_audit_subject", audit.c.subject)

revision = sa.Table(
    "fleet_revision", METADATA, sa.Column("version", sa.String(8), primary_key=True)
)
