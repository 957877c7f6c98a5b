"""Makes a database refuse to change or remove a line of the fleet's audit trail; knows two databases."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

_SQLITE: Final = """
CREATE TRIGGER fleet_audit_no_{verb} BEFORE {verb} ON fleet_audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever extended'); END
"""
_POSTGRESQL_FUNCTION: Final = """
CREATE FUNCTION fleet_audit_kept() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''the audit trail is only ever extended''; END'
"""
_POSTGRESQL_TRIGGER: Final = """
CREATE TRIGGER fleet_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet_audit
FOR EACH STATEMENT EXECUTE FUNCTION fleet_audit_kept()
"""
_GUARDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sqlite": (_SQLITE.format(verb="update"), _SQLITE.format(verb="delete")),
        "postgresql": (_POSTGRESQL_FUNCTION, _POSTGRESQL_TRIGGER),
    }
)


def guard_trail(connection: sa.Connection) -> None:
    """Put the guards in place, once."""
    for statement in _GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
