"""Takes lists of homes and devices in: staged beside the estate, compared with it, then taken as sets.

Staging writes temporary tables in short transactions, so that nobody waits for a list of a million lines;
what is taken is taken in one. Rows are told by the number of their line. A staged device that moved or
replaced a hub is not taken as a set: it is given back, for the fleet to decide what follows.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from ota_engine.fleet.inventory.arrivals import HUB
from ota_engine.fleet.inventory.configurations import IN_PLACE
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, Particulars, Variant
from ota_engine.fleet.parties.rows import Responsibility
from ota_engine.store.backends.database import Database
from ota_engine.store.fleet.forms import FORMS, listed
from ota_engine.times import Utc

_KINDS: Final[tuple[type[Any], ...]] = (Home, Responsibility, Particulars, InstalledDevice, Variant)
_OTHERS: Final = ("bad_lines", "touched_homes", "changed_homes", "unusual_devices")
_IN_PLACE: Final = listed(IN_PLACE)
_DEVICE: Final = FORMS[InstalledDevice]


class IntakeFault(NamedTuple):
    """A line that contradicts another one, or the estate.

    Attributes:
        line: number.
        text: what is wrong, and what to do.
    """

    line: int
    text: str


def _twice(table: str, column: str) -> str:
    return f"""
        SELECT line, first
        FROM (SELECT line, min(line) OVER (PARTITION BY {column}) AS first
              FROM temp.staged_{table} WHERE {column} IS NOT NULL) AS same
        WHERE line > first
    """  # noqa: S608 - made of our own words


_OTHER_KIND: Final = """
    SELECT s.line, '' AS first FROM temp.staged_variants AS s JOIN variants AS k USING (variant)
    WHERE s.kind <> k.kind
"""
_OTHER_SUPPLIER: Final = """
    SELECT s.line, '' AS first FROM temp.staged_homes AS s JOIN homes AS k USING (home)
    WHERE (s.electricity <> '' AND s.electricity <> k.electricity)
       OR (s.gas <> '' AND s.gas <> k.gas)
"""
_OTHER_GATEWAY: Final = """
    SELECT s.line, k.gateway AS first FROM temp.staged_homes AS s JOIN homes AS k USING (home)
    WHERE s.gateway <> k.gateway
      AND k.gateway IN (SELECT gateway FROM gateways WHERE instance <> '')
"""
_LATER: Final = """
    SELECT DISTINCT line, '' AS first FROM temp.staged_responsibilities WHERE from_utc > :utc
"""
_TWO_HUBS: Final = f"""
    SELECT line, first
    FROM (SELECT line, min(line) OVER (PARTITION BY home) AS first
          FROM temp.staged_fleet_devices
          WHERE kind = '{HUB}' AND status IN ({_IN_PLACE})) AS hubs
    WHERE line > first
"""  # noqa: S608 - made of our own words
_HOMELESS: Final = """
    SELECT s.line, '' AS first FROM temp.staged_fleet_devices AS s LEFT JOIN homes AS h USING (home)
    WHERE h.home IS NULL
"""

#: By kind of row: what finds bad lines and the line that each clashes with, and what to say of them.
_CHECKS: Final[dict[type[Any], tuple[tuple[str, str], ...]]] = {
    Variant: (
        (_twice("variants", "variant"), "the variant stands in line {} already: take one out"),
        (_OTHER_KIND, "the variant is known as another kind of device: give it another id"),
    ),
    Home: (
        (_twice("homes", "home"), "the home stands in line {} already: take one out"),
        (_OTHER_SUPPLIER, "another supplier than is known: import the change as a registration"),
        (
            _OTHER_GATEWAY,
            "the home belongs to gateway {}, which serves it: move it (zota gateway move-homes)",
        ),
        (_LATER, "its supplier answers later only: import that as a registration"),
    ),
    InstalledDevice: (
        (_twice("fleet_devices", "device"), "the device stands in line {} already: take one out"),
        (_twice("fleet_devices", "gpf"), "the GPF stands in line {} already: correct one of them"),
        (_TWO_HUBS, "the home has another hub in line {}: say which one is decommissioned"),
        (_HOMELESS, "its home is not in the estate: import the home first"),
    ),
}

#: Devices that stand elsewhere than before, or where another hub stands.
_UNUSUAL: Final = f"""
    SELECT s.line FROM temp.staged_fleet_devices AS s JOIN fleet_devices AS k USING (device)
    WHERE k.home <> s.home
    UNION
    SELECT s.line FROM temp.staged_fleet_devices AS s JOIN fleet_devices AS k ON k.home = s.home
    WHERE k.kind = '{HUB}' AND k.status IN ({_IN_PLACE})
      AND s.kind = '{HUB}' AND s.status IN ({_IN_PLACE}) AND k.device <> s.device
"""  # noqa: S608 - made of our own words
_YOUNGER: Final = (
    "(excluded.version IS NOT NULL AND excluded.version_since_utc > fleet_devices.version_since_utc"
    " AND (fleet_devices.version IS NULL OR excluded.version <> fleet_devices.version))"
)


class FleetIntake:
    """Lists on their way into one estate; its temporary tables are gone when it is closed."""

    def __init__(self, driver: Database) -> None:
        self._driver = driver
        self.close()
        for kind in _KINDS:
            table = FORMS[kind].table
            driver.execute(
                f"CREATE TEMP TABLE staged_{table} AS SELECT 0 AS line, * FROM {table} WHERE false"  # noqa: S608 - our own words
            )
        text = driver.dialect.text
        driver.execute(f"CREATE TEMP TABLE bad_lines (line INTEGER PRIMARY KEY, text {text})")
        driver.execute(f"CREATE TEMP TABLE touched_homes (home {text} PRIMARY KEY)")

    def close(self) -> None:
        """Forget what is staged."""
        names = [f"staged_{FORMS[kind].table}" for kind in _KINDS]
        for name in (*names, *_OTHERS):
            self._driver.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def stage(self, rows: Iterable[tuple[int, Any]]) -> None:
        """Take rows, each with the number of its line."""
        kinds: dict[type[Any], list[Sequence[Any]]] = {}
        for line, row in rows:
            kinds.setdefault(type(row), []).append((line, *FORMS[type(row)].write(row)))
        for kind, found in kinds.items():
            marks = ", ".join("?" for _ in found[0])
            self._driver.executemany(
                f"INSERT INTO temp.staged_{FORMS[kind].table} VALUES ({marks})",  # noqa: S608 - as above
                found,
            )

    def left_out(self, kind: type[Any], utc: Utc) -> Iterator[IntakeFault]:
        """Compare lines with each other and with the estate, and do not take those that clash.

        Returns:
            those lines, in their order, each with the first thing that is wrong with it.
        """
        if kind is InstalledDevice:
            self._driver.execute(
                "CREATE INDEX staged_by_home ON staged_fleet_devices (home, device)"
            )
        for each in _KINDS:
            self._driver.survey(f"temp.staged_{FORMS[each].table}")
        for query, text in _CHECKS[kind]:
            self._driver.execute(
                f"INSERT INTO temp.bad_lines SELECT line, replace(:text, '{{}}', CAST(first AS TEXT)) FROM ({query}) AS bad"  # noqa: S608 - as above
                " WHERE true ON CONFLICT DO NOTHING",
                {"utc": utc, "text": text},
            )
        for each in _KINDS:
            self._driver.execute(
                f"DELETE FROM temp.staged_{FORMS[each].table}"  # noqa: S608 - as above
                " WHERE line IN (SELECT line FROM temp.bad_lines)"
            )
        found = self._driver.execute("SELECT line, text FROM temp.bad_lines ORDER BY line")
        return (IntakeFault(*row) for row in found)

    def counts(self, kind: type[Any]) -> tuple[int, int]:
        """Say how many staged rows are new to the estate, and how many are known there."""
        table, key = FORMS[kind].table, ", ".join(kind.KEY)
        (total,) = self._driver.execute(f"SELECT count(*) FROM temp.staged_{table}").fetchone()  # noqa: S608 - as above
        (known,) = self._driver.execute(
            f"SELECT count(*) FROM temp.staged_{table} JOIN {table} USING ({key})"  # noqa: S608 - as above
        ).fetchone()
        return total - known, known

    # --- taking, within one transaction ----------------------------------------------------------

    def take_variants(self) -> None:
        """Have the variants as they are listed."""
        self._upsert(Variant, FORMS[Variant].names[1:])

    def take_homes(self) -> Iterator[tuple[str, str]]:
        """Have the homes; suppliers of known ones stay as they are.

        Returns:
            known homes with another status in the list, each with that, for the fleet to decide.
        """
        names = ", ".join(FORMS[Responsibility].names)
        self._driver.execute(
            f"INSERT INTO responsibilities ({names}) SELECT {names} FROM temp.staged_responsibilities"  # noqa: S608 - as above
            " WHERE home NOT IN (SELECT home FROM homes) ON CONFLICT DO NOTHING"
        )
        self._driver.execute(
            "CREATE TEMP TABLE changed_homes AS"
            " SELECT s.line, s.home, s.status"
            " FROM temp.staged_homes AS s JOIN homes AS k USING (home) WHERE s.status <> k.status"
        )
        self._upsert(Home, ("region", "gateway"))
        self._upsert(Particulars, FORMS[Particulars].names[1:])
        return iter(
            self._driver.execute("SELECT home, status FROM temp.changed_homes ORDER BY line")
        )

    def unusual_devices(self) -> Iterator[InstalledDevice]:
        """Take out what moved or replaced a hub, for the fleet to decide what follows."""
        names = ", ".join(_DEVICE.names)
        self._driver.execute(
            "INSERT INTO touched_homes SELECT DISTINCT home FROM temp.staged_fleet_devices"
        )
        self._driver.execute(
            "INSERT INTO touched_homes SELECT DISTINCT k.home FROM fleet_devices AS k"
            " JOIN temp.staged_fleet_devices AS s USING (device) WHERE true ON CONFLICT DO NOTHING"
        )
        self._driver.execute(
            f"CREATE TEMP TABLE unusual_devices AS SELECT line, {names} FROM temp.staged_fleet_devices"  # noqa: S608 - as above
            f" WHERE line IN ({_UNUSUAL})"
        )
        self._driver.execute(
            "DELETE FROM temp.staged_fleet_devices"
            " WHERE device IN (SELECT device FROM temp.unusual_devices)"
        )
        found = self._driver.execute(f"SELECT {names} FROM temp.unusual_devices ORDER BY line")  # noqa: S608 - as above
        return (_DEVICE.read(row) for row in found)

    def take_devices(self) -> None:
        """Have the devices; what a device itself said outweighs an older list.

        The reference is ``arrivals.merged``.
        """
        told = ("version", "version_source", "version_since_utc")
        plain = [name for name in _DEVICE.names[1:] if name not in (*told, "gpf")]
        sets = [f"{name} = excluded.{name}" for name in plain]
        sets += [
            f"{name} = CASE WHEN {_YOUNGER} THEN excluded.{name} ELSE fleet_devices.{name} END"
            for name in told
        ]
        sets.append("gpf = coalesce(excluded.gpf, fleet_devices.gpf)")
        names = ", ".join(_DEVICE.names)
        self._driver.execute(
            f"INSERT INTO fleet_devices ({names}) SELECT {names} FROM temp.staged_fleet_devices"  # noqa: S608 - as above
            f" WHERE true ON CONFLICT (device) DO UPDATE SET {', '.join(sets)}"
        )
        self._driver.survey("fleet_devices")

    def _upsert(self, kind: type[Any], changing: Sequence[str]) -> None:
        form = FORMS[kind]
        names = ", ".join(form.names)
        sets = ", ".join(f"{name} = excluded.{name}" for name in changing)
        self._driver.execute(
            f"INSERT INTO {form.table} ({names}) SELECT {names} FROM temp.staged_{form.table}"  # noqa: S608 - as above
            f" WHERE true ON CONFLICT ({', '.join(kind.KEY)}) DO UPDATE SET {sets}"
        )
        self._driver.survey(form.table)
