"""Draws the homes of a campaign as one set; knows the tables, and ``cohorts`` as its reference."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields

from ota_engine.fleet.campaigns.cohorts import draw_number
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.kernel.effects import Draw, Join
from ota_engine.fleet.kernel.rows import Strata

_TARGETS = """
    FROM fleet_devices AS d JOIN homes AS h ON h.home = d.home
    WHERE d.variant = :variant AND (d.version IS NULL OR d.version <> :but_version)
      AND d.status = :commissioned AND h.status = :complete AND h.ring_fence = :ring_fence
"""
_REGIONS = "      AND h.region IN (SELECT value FROM json_each(:regions))\n"
_SUPPLIER = "      AND (h.electricity = :supplier OR h.gas = :supplier)\n"

_DRAWN = ("campaign", "home", "device", "phase", "stratum", "rank", "state", "since_utc")
_MADE = (*_DRAWN, "version_before")
_LEFT = {
    item.name: item.default
    for item in fields(Member)
    if item.name not in _MADE and item.default is not None
}
_COLUMNS = ", ".join((*_MADE, *_LEFT))
_DEFAULTS = ", ".join(
    f"'{value}'" if isinstance(value, str) else str(value) for value in _LEFT.values()
)


def register_hash(driver: sqlite3.Connection) -> None:
    """Teach SQLite the hash by which homes are drawn."""
    driver.create_function("draw_number", 2, draw_number, deterministic=True)


def count_strata(driver: sqlite3.Connection, asked: Strata) -> Mapping[str, int]:
    """Count the targets of a campaign by configuration set."""
    text = "SELECT h.configuration, count(*)" + _targets(asked) + "GROUP BY 1 ORDER BY 1"
    rows = driver.execute(text, _parameters(asked))
    return {str(stratum): int(homes) for stratum, homes in rows}


def draw_homes(driver: sqlite3.Connection, draw: Draw) -> None:
    """Make the members of a campaign, and their sums."""
    driver.execute(
        "CREATE TEMP TABLE IF NOT EXISTS draw_quotas"
        " (stratum TEXT, phase INTEGER, up_to INTEGER, PRIMARY KEY (stratum, phase))"
    )
    driver.execute("DELETE FROM draw_quotas")
    if not draw.quotas:
        return
    driver.executemany(
        "INSERT INTO draw_quotas VALUES (?, ?, ?)",
        [(quota.stratum, quota.phase, quota.up_to) for quota in draw.quotas],
    )
    parameters = {
        **_parameters(draw.targets),
        "campaign": draw.campaign,
        "key": bytes.fromhex(draw.key),
        "since": draw.since_utc,
    }
    driver.execute(_draw_text(draw), parameters)
    driver.execute(
        "INSERT INTO sums (campaign, phase, state, reason, homes)"
        " SELECT campaign, phase, state, reason, count(*) FROM members"
        " WHERE campaign = ? GROUP BY 1, 2, 3, 4",
        (draw.campaign,),
    )


def _draw_text(draw: Draw) -> str:
    return f"""
        INSERT INTO members ({_COLUMNS})
        SELECT :campaign, home, device,
               (SELECT min(q.phase) FROM draw_quotas AS q
                WHERE q.stratum = numbered.stratum AND numbered.place <= q.up_to) AS phase,
               stratum, number, 'planned', :since, version, {_DEFAULTS}
        FROM (SELECT *, row_number() OVER (PARTITION BY stratum ORDER BY number, home) AS place
              FROM (SELECT h.home AS home, d.device AS device, d.version AS version,
                           h.configuration AS stratum, draw_number(:key, h.home) AS number
                    {_targets(draw.targets)})) AS numbered
        WHERE phase IS NOT NULL
        ON CONFLICT (campaign, home) DO NOTHING
    """  # noqa: S608 - made of our own words


def join_homes(driver: sqlite3.Connection, join: Join) -> None:
    """Make members of all targets that are none yet, and add them to their sum."""
    parameters = {
        **_parameters(join.targets),
        "campaign": join.campaign,
        "phase": join.phase,
        "key": bytes.fromhex(join.key),
        "since": join.since_utc,
    }
    joined = driver.execute(_join_text(join), parameters).rowcount
    driver.execute(
        "INSERT INTO sums (campaign, phase, state, reason, homes)"
        " VALUES (:campaign, :phase, 'planned', '', :homes)"
        " ON CONFLICT (campaign, phase, state, reason)"
        " DO UPDATE SET homes = sums.homes + excluded.homes",
        {"campaign": join.campaign, "phase": join.phase, "homes": joined},
    )


def _join_text(join: Join) -> str:
    return f"""
        INSERT INTO members ({_COLUMNS})
        SELECT :campaign, h.home, d.device, :phase, h.configuration, draw_number(:key, h.home),
               'planned', :since, d.version, {_DEFAULTS}
        {_targets(join.targets)}
          AND NOT EXISTS (SELECT 1 FROM members AS m
                          WHERE m.campaign = :campaign AND m.home = h.home)
        ON CONFLICT (campaign, home) DO NOTHING
    """  # noqa: S608 - made of our own words


def _targets(asked: Strata) -> str:
    regions = _REGIONS if asked.regions else ""
    return _TARGETS + regions + (_SUPPLIER if asked.supplier else "")


def _parameters(asked: Strata) -> dict[str, object]:
    parameters: dict[str, object] = {
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
