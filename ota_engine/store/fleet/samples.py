"""How sums of campaigns went, hour by hour: kept in the commit that changes them, read for charts.

As many rows as there are hours in which something changed, times states: no home adds any.
"""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.store.backends.database import Database
from ota_engine.times import Utc

HOUR_S: Final = 3_600.0
_STATES: Final = frozenset(MemberState)
_KEEP: Final = """
INSERT INTO sum_samples (campaign, phase, state, hour, homes)
SELECT ?1, ?2, ?3, ?4, coalesce(sum(homes), 0) FROM sums
WHERE campaign = ?1 AND phase = ?2 AND state = ?3
ON CONFLICT (campaign, phase, state, hour) DO UPDATE SET homes = excluded.homes
"""
_KEEP_DRAWN: Final = """
INSERT INTO sum_samples (campaign, phase, state, hour, homes)
SELECT campaign, phase, state, ?2, sum(homes) FROM sums
WHERE campaign = ?1 AND state = ?3 GROUP BY campaign, phase, state
ON CONFLICT (campaign, phase, state, hour) DO UPDATE SET homes = excluded.homes
"""
#: The last sample of each state in each stretch of hours; max() says of which row the others are.
_READ: Final = """
SELECT phase, state, hour / ?2 AS stretch, max(hour), homes FROM sum_samples
WHERE campaign = ?1 GROUP BY phase, state, stretch ORDER BY stretch, phase, state
"""
_READ_POSTGRESQL: Final = """
SELECT * FROM (
    SELECT DISTINCT ON (phase, state, hour / ?2) phase, state, hour / ?2 AS stretch, hour, homes
    FROM sum_samples WHERE campaign = ?1 ORDER BY phase, state, hour / ?2, hour DESC
) AS last ORDER BY stretch, phase, state
"""


class SumsThen(NamedTuple):
    """How many homes of a phase were in a state at the end of a stretch of hours.

    Attributes:
        phase: number.
        state: of the homes.
        utc: end of the last hour of it in which that changed.
        homes: how many.
    """

    phase: int
    state: MemberState
    utc: Utc
    homes: int


def sample_sums(
    driver: Database,
    changed: Iterable[tuple[str, int, str, str]],
    drawn: Collection[str],
    utc: Utc,
) -> None:
    """Keep how sums stand that have just changed.

    Args:
        driver: of the database.
        changed: campaign, phase, state and reason of each.
        drawn: campaigns whose homes were drawn, all of them planned.
        utc: now.
    """
    hour = int(utc // HOUR_S)
    names = {(campaign, phase, state, hour) for campaign, phase, state, _ in changed}
    rows = [name for name in names if name[2] in _STATES]
    if rows:
        driver.executemany(_KEEP, rows)
    for campaign in drawn:
        driver.execute(_KEEP_DRAWN, (campaign, hour, str(MemberState.PLANNED)))


def sums_over_time(driver: Database, campaign: str, hours: int) -> list[SumsThen]:
    """Read how the sums of a campaign went, by time.

    Args:
        driver: of the database.
        campaign: whose.
        hours: of one stretch; of each the last sample is given.
    """
    text = driver.dialect.choose(sqlite=_READ, postgresql=_READ_POSTGRESQL)
    rows = driver.execute(text, (campaign, hours)).fetchall()
    return [
        SumsThen(phase, MemberState(state), Utc((hour + 1) * HOUR_S), homes)
        for phase, state, _, hour, homes in rows
    ]


def sampled_hours(driver: Database, campaign: str) -> tuple[int, int] | None:
    """Read the first and the last hour in which anything changed; None for a campaign without any."""
    text = "SELECT min(hour), max(hour) FROM sum_samples WHERE campaign = ?"
    first, last = driver.execute(text, (campaign,)).fetchone()
    return None if first is None else (first, last)
