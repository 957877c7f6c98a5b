"""Holds rows that a transaction decides of, so that no other one does meanwhile; knows the tables of homes and gateways.

Rows are held in one order by everybody, so that nobody waits in a circle. PostgreSQL alone has several writers.
"""

from collections.abc import Collection
from typing import Final

from ota_engine.store.backends.database import Database

_HOMES: Final = "SELECT home FROM homes WHERE home = ANY(?) ORDER BY home FOR NO KEY UPDATE"
_GATEWAY: Final = "SELECT gateway FROM gateways WHERE gateway = ? FOR NO KEY UPDATE"


def hold_homes(driver: Database, homes: Collection[str]) -> bool:
    """Hold homes to the end of the transaction; False where one of them is not in the estate."""
    if not homes:
        return True
    return len(driver.execute(_HOMES, (list(homes),)).fetchall()) == len(homes)


def hold_gateway(driver: Database, gateway: str) -> bool:
    """Hold a gateway to the end of the transaction; False where it is not known."""
    return driver.execute(_GATEWAY, (gateway,)).fetchone() is not None
