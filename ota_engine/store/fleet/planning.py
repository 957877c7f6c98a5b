"""Draws the homes of a campaign as one set; knows the tables, and ``cohorts`` as its reference."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import sqrt
from operator import itemgetter
from typing import Any, Final

from images.eui64 import Eui64
from ota_engine.fleet.campaigns.plan.cohorts import (
    BUSY_STATES,
    OPEN_STATES,
    TOP_NUMBER,
    draw_number,
)
from ota_engine.fleet.campaigns.rows import Member, MemberState
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.kernel.effects import Draw, Join, Quota
from ota_engine.fleet.kernel.rows import Strata
from ota_engine.store.backends.database import Database, Dialect
from ota_engine.store.backends.sqlite import SqliteDatabase
from ota_engine.store.fleet.forms import FORMS, listed

_MEMBER: Final = FORMS[Member]


_TARGETS: Final = f"""
    FROM homes AS h JOIN fleet_devices AS d ON d.home = h.home
    WHERE d.variant = :variant AND (d.version IS NULL OR d.version <> :but_version)
      AND d.status = :commissioned AND h.status = :complete AND h.ring_fence = :ring_fence
      AND NOT EXISTS (SELECT 1 FROM campaigns AS c JOIN members AS m
                        ON m.campaign = c.campaign AND m.home = h.home
                      WHERE c.state IN ({listed(OPEN_STATES)}) AND m.device = d.device
                        AND m.state IN ({listed(BUSY_STATES)}))
"""  # noqa: S608 - our own words
_REGIONS: Final = "      AND h.region IN (SELECT value FROM json_each(:regions))\n"
_REGIONS_POSTGRESQL: Final = (
    "      AND h.region IN (SELECT json_array_elements_text(CAST(:regions AS json)))\n"
)
_SUPPLIER: Final = "      AND (h.electricity = :supplier OR h.gas = :supplier)\n"

_TABLES: Final = {
    "drawn": "home {text} PRIMARY KEY, device {text}, version BIGINT, stratum {text}, number BIGINT",
    "bounds": "stratum {text} PRIMARY KEY, number BIGINT",
    "cuts": "stratum {text}, phase BIGINT, number BIGINT, home {text}, PRIMARY KEY (stratum, phase)",
}
_EARLY: Final = """
    SELECT d.stratum, d.number, d.home FROM drawn AS d JOIN bounds AS b ON b.stratum = d.stratum
    WHERE d.number <= b.number ORDER BY 1, 2, 3
"""
_PHASE: Final = """
    (SELECT c.phase FROM cuts AS c
     WHERE c.stratum = d.stratum AND (d.number, d.home) <= (c.number, c.home)
     ORDER BY c.phase LIMIT 1)
"""
_LAST_HOME: Final = "\U0010ffff"  # sorts after every name of a home


def register_hash(driver: SqliteDatabase) -> None:
    """Teach SQLite the hash by which homes are drawn; another database is told the numbers."""
    driver.create_function("draw_number", 2, draw_number, deterministic=True)


def count_strata(driver: Database, asked: Strata) -> Mapping[str, int]:
    """Count the targets of a campaign by configuration set."""
    targets = _targets(asked, driver.dialect)
    text = f"SELECT h.configuration, count(DISTINCT h.home) {targets} GROUP BY 1 ORDER BY 1"
    rows = driver.execute(text, _parameters(asked))
    return {str(stratum): int(homes) for stratum, homes in rows}


def draw_homes(driver: Database, draw: Draw) -> None:
    """Make the members of a campaign, and their sums."""
    _gather(driver, draw.targets, draw.key)
    some = "true" if _cut(driver, draw.quotas) else f"{_PHASE} IS NOT NULL"
    columns, parameters = _made_of(draw, _PHASE)
    driver.execute(
        f"INSERT INTO members ({', '.join(_MEMBER.names)})"  # noqa: S608 - our own words
        f" SELECT {columns} FROM drawn AS d WHERE {some}",
        parameters,
    )
    driver.execute(
        "INSERT INTO sums (campaign, phase, state, reason, homes)"
        " SELECT campaign, phase, 'planned', '', count(*) FROM members"
        " WHERE campaign = ? GROUP BY campaign, phase",
        (draw.campaign,),
    )
    driver.survey("members")


def join_homes(driver: Database, join: Join) -> None:
    """Make members of all targets that are none yet, and add them to their sum."""
    _gather(driver, join.targets, join.key)
    columns, parameters = _made_of(join, ":phase")
    parameters["phase"] = join.phase
    joined = driver.execute(
        f"INSERT INTO members ({', '.join(_MEMBER.names)})"  # noqa: S608 - our own words
        f" SELECT {columns} FROM drawn AS d WHERE true ON CONFLICT (campaign, home) DO NOTHING",
        parameters,
    ).rowcount
    driver.execute(
        "INSERT INTO sums (campaign, phase, state, reason, homes) VALUES (?, ?, 'planned', '', ?)"
        " ON CONFLICT (campaign, phase, state, reason)"
        " DO UPDATE SET homes = sums.homes + excluded.homes",
        (join.campaign, join.phase, joined),
    )


def _gather(driver: Database, asked: Strata, key: str) -> None:
    """Put the targets aside, each with its number; of two such devices in a home the first counts."""
    dialect = driver.dialect
    for name, columns in _TABLES.items():
        driver.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} {_made(columns, dialect)}")
        driver.execute(f"DELETE FROM temp.{name}")  # noqa: S608 - our own words
    dialect.choose(sqlite=_number_there, postgresql=_number_here)(driver, asked, bytes.fromhex(key))


def _made(columns: str, dialect: Dialect) -> str:
    return f"({columns.format(text=dialect.text)}){dialect.choose(sqlite=' WITHOUT ROWID', postgresql='')}"


def _number_there(driver: Database, asked: Strata, key: bytes) -> None:
    """Let a database that knows the hash put targets aside."""
    driver.execute(
        "INSERT INTO drawn SELECT h.home, d.device, d.version, h.configuration,"
        f" draw_number(:key, h.home) {_targets(asked, driver.dialect)}"
        " ORDER BY h.home, d.device ON CONFLICT (home) DO NOTHING",
        {**_parameters(asked), "key": key},
    )


def _number_here(driver: Database, asked: Strata, key: bytes) -> None:
    """Give targets their numbers for a database that does not know the hash."""
    found = driver.stream(
        "SELECT DISTINCT ON (h.home) h.home, d.device, d.version, h.configuration"
        f" {_targets(asked, driver.dialect)} ORDER BY h.home, d.device",
        _parameters(asked),
    )
    names = ("home", "device", "version", "stratum", "number")
    driver.fill("drawn", names, ((*row, draw_number(key, row[0])) for row in found))
    driver.survey("temp.drawn")


def _made_of(plan: Draw | Join, phase: str) -> tuple[str, dict[str, Any]]:
    """Say of what the columns of a new member are made: of what was drawn, or the same for all."""
    template = Member(
        plan.campaign, "", Eui64(0), 0, "", 0, MemberState.PLANNED, since_utc=plan.since_utc
    )
    parameters = dict(zip(_MEMBER.names, _MEMBER.write(template), strict=True))
    own = {
        "home": "d.home",
        "device": "d.device",
        "phase": phase,
        "stratum": "d.stratum",
        "rank": "d.number",
        "version_before": "d.version",
    }
    for name in own:
        del parameters[name]
    return ", ".join(own.get(name, f":{name}") for name in _MEMBER.names), parameters


def _cut(driver: Database, quotas: Iterable[Quota]) -> bool:
    """Find where each phase of each stratum ends: its last home by number.

    Only homes whose numbers may be small enough are looked at in order: the numbers of a stratum are
    spread evenly, so that the first thousands of a million are below a bound that is known beforehand.

    Returns:
        whether every home is in a phase.
    """
    homes = dict(driver.execute("SELECT stratum, count(*) FROM drawn GROUP BY stratum").fetchall())
    ends: dict[str, list[Quota]] = {}
    for quota in quotas:
        of_stratum = ends.setdefault(quota.stratum, [])
        if quota.up_to > (of_stratum[-1].up_to if of_stratum else 0):
            of_stratum.append(quota)
    cuts = []
    wanted = {}
    for stratum, of_stratum in ends.items():
        wanted[stratum] = [quota for quota in of_stratum if quota.up_to < homes.get(stratum, 0)]
        last = of_stratum[len(wanted[stratum]) :][:1]
        cuts += [(stratum, quota.phase, TOP_NUMBER, _LAST_HOME) for quota in last]
    cuts += _ends(driver, {name: some for name, some in wanted.items() if some}, homes)
    driver.executemany("INSERT INTO cuts VALUES (?, ?, ?, ?)", cuts)
    open_ended = {stratum for stratum, _, number, _ in cuts if number == TOP_NUMBER}
    return open_ended >= homes.keys()


def _ends(
    driver: Database, wanted: Mapping[str, Sequence[Quota]], homes: Mapping[str, int]
) -> Iterator[tuple[str, int, int, str]]:
    bounds = {name: _bound(some[-1].up_to, homes[name]) for name, some in wanted.items()}
    while bounds:
        driver.execute("DELETE FROM bounds")
        driver.executemany("INSERT INTO bounds VALUES (?, ?)", bounds.items())
        early = driver.execute(_EARLY)
        for stratum, rows in groupby(early, itemgetter(0)):
            places = {quota.up_to: quota.phase for quota in wanted[stratum]}
            found = [
                (stratum, places[place], number, home)
                for place, (_, number, home) in enumerate(rows, 1)
                if place in places
            ]
            if len(found) == len(places):
                yield from found
                del bounds[stratum]
        bounds = dict.fromkeys(bounds, TOP_NUMBER)  # spread less evenly than believed: look at all


def _bound(place: int, homes: int) -> int:
    """Give a number that the home at a place of the order is not likely to exceed."""
    some_more = place + 8 * sqrt(place) + 16
    return min(TOP_NUMBER, int(some_more / homes * TOP_NUMBER))


def _targets(asked: Strata, dialect: Dialect) -> str:
    within = dialect.choose(sqlite=_REGIONS, postgresql=_REGIONS_POSTGRESQL)
    regions = within if asked.regions else ""
    return _TARGETS + regions + (_SUPPLIER if asked.supplier else "")


def _parameters(asked: Strata) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "variant": asked.variant,
        "but_version": asked.but_version,
        "commissioned": InventoryStatus.COMMISSIONED.value,
        "complete": HomeStatus.COMPLETE.value,
        "ring_fence": asked.ring_fence,
    }
    if asked.regions:
        parameters["regions"] = json.dumps(asked.regions)
    if asked.supplier:
        parameters["supplier"] = asked.supplier
    return parameters
