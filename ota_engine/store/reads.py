"""Reads rows back into records, or says which database they cannot be read from."""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from ota_engine.errors import StoreError
from ota_engine.store.failures import mapped, one_line
from ota_engine.store.findings import RESTORE

_R = TypeVar("_R")


def read(
    connection: sa.Connection, place: str, make: Callable[..., _R], statement: sa.Select[Any]
) -> tuple[_R, ...]:
    """Run a query in a transaction of its own and make a record of every row.

    Raises:
        StoreError: the database failed, or a row holds what no record can.
    """
    with mapped(place), connection.begin():
        found = connection.execute(statement)
        try:
            return tuple(make(*row) for row in found)
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{place}: a row cannot be read ({one_line(error)}): {RESTORE}"
            ) from error
