"""Which versions stand together in homes, sampled over an estate as one set; knows its reference.

The reference is ``ota_engine.fleet.inventory.configurations``; a test proves both equal.
"""

import sqlite3
from typing import Any, Final

from ota_engine.fleet.inventory.configurations import IN_PLACE, configuration_id, version_text
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.store.fleet.forms import listed
from ota_engine.times import Utc

_IN_PLACE: Final = listed(IN_PLACE)
_FIND_ALL: Final = f"""
    INSERT INTO found_sets
    SELECT home, configuration_contents(kind, variant, version) FROM fleet_devices
    WHERE status IN ({_IN_PLACE}) GROUP BY home
"""  # noqa: S608 - made of our own words
_FIND_TOUCHED: Final = f"""
    INSERT INTO found_sets
    SELECT home, configuration_contents(kind, variant, version) FROM fleet_devices
    WHERE home IN (SELECT home FROM touched_homes) AND status IN ({_IN_PLACE}) GROUP BY home
"""  # noqa: S608 - made of our own words
_EMPTY_ALL: Final = """
    UPDATE homes SET configuration = ''
    WHERE configuration <> '' AND home NOT IN (SELECT home FROM found_sets)
"""
_EMPTY_TOUCHED: Final = """
    UPDATE homes SET configuration = ''
    WHERE home IN (SELECT home FROM touched_homes) AND configuration <> ''
      AND home NOT IN (SELECT home FROM found_sets)
"""
_NAME: Final = """
    INSERT INTO configuration_sets (configuration, contents, homes, counted_utc)
    SELECT configuration_id(contents), contents, 0, 0.0
    FROM (SELECT DISTINCT contents FROM found_sets) WHERE true
    ON CONFLICT (configuration) DO NOTHING
"""
_GIVE: Final = """
    UPDATE homes SET configuration = s.configuration
    FROM found_sets AS f JOIN configuration_sets AS s ON s.configuration = configuration_id(f.contents)
    WHERE f.home = homes.home AND homes.configuration <> s.configuration
"""


class _Contents:
    """Gathers the devices of one home; an aggregate function of the database."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def step(self, kind: str, variant: str, version: int | None) -> None:
        self._parts.append(f"{kind}:{variant}:{version_text(version)}")

    def finalize(self) -> str:
        return ";".join(sorted(self._parts))


def sample_configurations(driver: sqlite3.Connection, utc: Utc, *, touched: bool = False) -> None:
    """Let every home have the configuration set that its devices make, and count the homes of each.

    Args:
        driver: within a transaction.
        utc: now.
        touched: only look at homes in ``touched_homes``, a temporary table.
    """
    aggregate: Any = _Contents  # the stub knows aggregates of numbers only
    driver.create_aggregate("configuration_contents", 3, aggregate)
    driver.create_function("configuration_id", 1, configuration_id, deterministic=True)
    driver.execute("DROP TABLE IF EXISTS temp.found_sets")
    driver.execute("CREATE TEMP TABLE found_sets (home TEXT PRIMARY KEY, contents TEXT)")
    driver.execute(_FIND_TOUCHED if touched else _FIND_ALL)
    driver.execute(_EMPTY_TOUCHED if touched else _EMPTY_ALL)
    driver.execute(_NAME)
    driver.execute(_GIVE)
    driver.execute("DROP TABLE temp.found_sets")
    _count(driver, utc)


def _count(driver: sqlite3.Connection, utc: Utc) -> None:
    driver.execute("UPDATE configuration_sets SET homes = 0, counted_utc = ?", (utc,))
    driver.execute(
        "UPDATE configuration_sets SET homes = c.homes FROM"
        " (SELECT configuration, count(*) AS homes FROM homes WHERE status = ? GROUP BY 1) AS c"
        " WHERE c.configuration = configuration_sets.configuration",
        (HomeStatus.COMPLETE.value,),
    )
