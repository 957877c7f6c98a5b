"""Which versions stand together in homes, sampled over an estate as one set; knows its reference.

The reference is ``ota_engine.fleet.inventory.configurations``; a test proves both equal.
"""

from typing import Any, Final

from ota_engine.fleet.inventory.configurations import IN_PLACE, configuration_id, version_text
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.store.backends.database import Database
from ota_engine.store.backends.sqlite import SqliteDatabase
from ota_engine.store.fleet.forms import listed
from ota_engine.times import Utc

_IN_PLACE: Final = listed(IN_PLACE)
#: What the devices of a home make; the reference is ``configurations.contents``.
_CONTENTS: Final = "configuration_contents(kind, variant, version)"
_CONTENTS_POSTGRESQL: Final = """
    string_agg(concat_ws(':', kind, variant, CASE WHEN version IS NULL THEN 'unknown'
        ELSE lpad(upper(to_hex(version)), greatest(8, length(to_hex(version))), '0') END), ';'
      ORDER BY concat_ws(':', kind, variant, CASE WHEN version IS NULL THEN 'unknown'
        ELSE lpad(upper(to_hex(version)), greatest(8, length(to_hex(version))), '0') END) COLLATE "C")
"""
_FIND: Final = """
    INSERT INTO found_sets SELECT home, {contents} FROM fleet_devices
    WHERE {some}status IN ({in_place}) GROUP BY home
"""
_TOUCHED: Final = "home IN (SELECT home FROM touched_homes) AND "
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
    SELECT configuration, contents, 0, 0.0 FROM named_sets WHERE true
    ON CONFLICT (configuration) DO NOTHING
"""
_GIVE: Final = """
    UPDATE homes SET configuration = n.configuration
    FROM found_sets AS f JOIN named_sets AS n ON n.contents = f.contents
    WHERE f.home = homes.home AND homes.configuration <> n.configuration
"""
_TABLES: Final = {
    "found_sets": "home {text} PRIMARY KEY, contents {text}",
    "named_sets": "contents {text} PRIMARY KEY, configuration {text}",
}


class _Contents:
    """Gathers the devices of one home; an aggregate function of the database."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def step(self, kind: str, variant: str, version: int | None) -> None:
        self._parts.append(f"{kind}:{variant}:{version_text(version)}")

    def finalize(self) -> str:
        return ";".join(sorted(self._parts))


def register_contents(driver: SqliteDatabase) -> None:
    """Teach SQLite to write what stands together; another database is told how."""
    aggregate: Any = _Contents  # the stub knows aggregates of numbers only
    driver.create_aggregate("configuration_contents", 3, aggregate)


def sample_configurations(driver: Database, utc: Utc, *, touched: bool = False) -> None:
    """Let every home have the configuration set that its devices make, and count the homes of each.

    Args:
        driver: within a transaction.
        utc: now.
        touched: only look at homes in ``touched_homes``, a temporary table.
    """
    dialect = driver.dialect
    for name, columns in _TABLES.items():
        driver.execute(f"DROP TABLE IF EXISTS temp.{name}")
        driver.execute(f"CREATE TEMP TABLE {name} ({columns.format(text=dialect.text)})")
    contents = dialect.choose(sqlite=_CONTENTS, postgresql=_CONTENTS_POSTGRESQL)
    some = _TOUCHED if touched else ""
    driver.execute(_FIND.format(contents=contents, some=some, in_place=_IN_PLACE))
    driver.execute(_EMPTY_TOUCHED if touched else _EMPTY_ALL)
    found = driver.execute("SELECT DISTINCT contents FROM found_sets").fetchall()
    named = [(contents, configuration_id(contents)) for (contents,) in found]
    driver.fill("named_sets", ("contents", "configuration"), named)
    driver.execute(_NAME)
    driver.execute(_GIVE)
    for name in _TABLES:
        driver.execute(f"DROP TABLE temp.{name}")
    _count(driver, utc)


def _count(driver: Database, utc: Utc) -> None:
    driver.execute("UPDATE configuration_sets SET homes = 0, counted_utc = ?", (utc,))
    driver.execute(
        "UPDATE configuration_sets SET homes = c.homes FROM"
        " (SELECT configuration, count(*) AS homes FROM homes WHERE status = ? GROUP BY 1) AS c"
        " WHERE c.configuration = configuration_sets.configuration",
        (HomeStatus.COMPLETE.value,),
    )
