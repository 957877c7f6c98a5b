"""Types of columns that are not the same in every database; for tables and revisions.

Text is sorted by its code points, whatever the language of a server. True is held as 1, false as 0: rows have
the same values everywhere, and so have their seals.
"""

from typing import Any, Final

import sqlalchemy as sa

EUI64_CHARACTERS: Final = 23


class _Flag(sa.types.TypeDecorator[bool]):
    """True as 1, false as 0, for who speaks through SQLAlchemy, too."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> bool | None:
        return None if value is None else bool(value)


_TEXT: Final = sa.Text(collation="C")
_EUI64: Final = sa.String(EUI64_CHARACTERS, collation="C")

TEXT: Final[sa.types.TypeEngine[Any]] = sa.Text().with_variant(_TEXT, "postgresql")
EUI64: Final[sa.types.TypeEngine[Any]] = sa.String(EUI64_CHARACTERS).with_variant(
    _EUI64, "postgresql"
)
FLAG: Final[sa.types.TypeEngine[Any]] = sa.Boolean().with_variant(_Flag(), "postgresql")
