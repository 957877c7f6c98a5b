"""Draws the homes of a campaign as one set; knows the tables, and ``cohorts`` as its reference."""

import sqlite3
from collections.abc import Mapping

import sqlalchemy as sa

from ota_engine.fleet.campaigns.cohorts import draw_number
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.kernel.effects import Draw
from ota_engine.fleet.kernel.rows import Strata

_TARGETS = """
    FROM fleet_devices AS d JOIN homes AS h ON h.home = d.home
    WHERE d.variant = :variant AND (d.version IS NULL OR d.version <> :but_version)
      AND d.status = :commissioned AND h.status = :complete AND h.ring_fence = ''
"""
_REGIONS = "      AND h.region IN (SELECT value FROM json_each(:regions))\n"


def register_hash(connection: sa.Connection) -> None:
    """Teach SQLite the hash by which homes are drawn."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the only database there is yet
    driver.create_function("draw_number", 2, draw_number, deterministic=True)


def count_strata(connection: sa.Connection, asked: Strata) -> Mapping[str, int]:
    """Count the targets of a campaign by configuration set."""
    text = "SELECT h.configuration, count(*)" + _targets(asked.regions) + "GROUP BY 1 ORDER BY 1"
    rows = connection.execute(sa.text(text), _parameters(asked))
    return {str(stratum): int(homes) for stratum, homes in rows}


def draw_homes(connection: sa.Connection, draw: Draw) -> None:
    """Make the members of a campaign, and their sums."""
    connection.execute(
        sa.text(
            "CREATE TEMP TABLE IF NOT EXISTS draw_quotas"
            " (stratum TEXT, phase INTEGER, up_to INTEGER, PRIMARY KEY (stratum, phase))"
        )
    )
    connection.execute(sa.text("DELETE FROM draw_quotas"))
    quotas = [
        {"stratum": quota.stratum, "phase": quota.phase, "up_to": quota.up_to}
        for quota in draw.quotas
    ]
    if not quotas:
        return
    connection.execute(sa.text("INSERT INTO draw_quotas VALUES (:stratum, :phase, :up_to)"), quotas)
    parameters = {
        **_parameters(draw),
        "campaign": draw.campaign,
        "key": bytes.fromhex(draw.key),
        "since": draw.since_utc,
    }
    connection.execute(sa.text(_draw_text(draw)), parameters)
    connection.execute(
        sa.text(
            "INSERT INTO sums (campaign, phase, state, reason, homes)"
            " SELECT campaign, phase, state, reason, count(*) FROM members"
            " WHERE campaign = :campaign GROUP BY 1, 2, 3, 4"
        ),
        {"campaign": draw.campaign},
    )


def _draw_text(draw: Draw) -> str:
    return f"""
        INSERT INTO members (campaign, home, device, phase, stratum, rank, state, reason,
                             since_utc, attempt, version_before)
        SELECT :campaign, home, device,
               (SELECT min(q.phase) FROM draw_quotas AS q
                WHERE q.stratum = numbered.stratum AND numbered.place <= q.up_to) AS phase,
               stratum, number, 'planned', '', :since, 0, version
        FROM (SELECT *, row_number() OVER (PARTITION BY stratum ORDER BY number, home) AS place
              FROM (SELECT h.home AS home, d.device AS device, d.version AS version,
                           h.configuration AS stratum, draw_number(:key, h.home) AS number
                    {_targets(draw.regions)})) AS numbered
        WHERE phase IS NOT NULL
    """  # noqa: S608 - made of our own words


def _targets(regions: tuple[str, ...]) -> str:
    return _TARGETS + (_REGIONS if regions else "")


def _parameters(asked: Strata | Draw) -> dict[str, object]:
    import json  # noqa: PLC0415

    parameters: dict[str, object] = {
        "variant": asked.variant,
        "but_version": asked.but_version,
        "commissioned": InventoryStatus.COMMISSIONED.value,
        "complete": HomeStatus.COMPLETE.value,
    }
    if asked.regions:
        parameters["regions"] = json.dumps(asked.regions)
    return parameters
