"""What transactions beside each other hold, and in which order; knows the tables of homes and gateways.

Rows are held and changed in one order by everybody, so that nobody waits in a circle. PostgreSQL alone has several
writers.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ota_engine.errors import StoreConflict, StoreError
from ota_engine.fleet.beside import is_of_a_home
from ota_engine.fleet.kernel.rows import Changed
from ota_engine.store.backends.database import Database
from ota_engine.store.failures import mapped
from ota_engine.store.fleet.forms import FORMS

_HOMES: Final = "SELECT home FROM homes WHERE home = ANY(?) ORDER BY home FOR NO KEY UPDATE"
_GATEWAY: Final = "SELECT gateway FROM gateways WHERE gateway = ? FOR NO KEY UPDATE"
_DOUBLE: Final = "23505"  # SQLSTATE: a row of that key is there


@contextmanager
def conflicts(place: str) -> Iterator[None]:
    """Turn database errors of the block into ours: one who adds a row that another has just added may try again.

    Raises:
        StoreConflict: another one was in the way.
        StoreError: any other trouble; see ``mapped``.
    """
    try:
        with mapped(place):
            yield
    except StoreError as error:
        if getattr(error.__cause__, "sqlstate", None) == _DOUBLE:
            raise StoreConflict(str(error)) from error
        raise


def hold_homes(driver: Database, homes: Collection[str]) -> bool:
    """Hold homes to the end of the transaction; False where one of them is not in the estate."""
    if not homes:
        return True
    return len(driver.execute(_HOMES, (list(homes),)).fetchall()) == len(homes)


def hold_gateway(driver: Database, gateway: str) -> bool:
    """Hold a gateway to the end of the transaction; False where it is not known."""
    return driver.execute(_GATEWAY, (gateway,)).fetchone() is not None


def in_one_order(changes: Iterable[Changed]) -> list[Changed]:
    """Sort changes: what is of homes first, which nobody else holds; then the rest by table and key."""
    return sorted(changes, key=_place)


def _place(change: Changed) -> tuple[bool, str, tuple[str, ...]]:
    form = FORMS[change.key.kind]
    if is_of_a_home(form.kind):
        return False, "", ()
    return True, form.table, tuple(map(str, form.key(change.key.values)))
