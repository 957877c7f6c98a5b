"""A gate reads sums: as many rows for a thousand homes as for a million."""

from dataclasses import replace

import pytest

from ota_engine.fleet.campaigns.rows import CampaignPhase, GateDecision, Member, MemberState, Sum
from ota_engine.fleet.fleet import Due
from ota_engine.store.fleet.forms import FORMS
from tests.fleet.databases import sqlite_of
from tests.fleet.estate import DAY
from tests.fleet.town import Town

MANY = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :homes)
    INSERT INTO members ({names}) SELECT {values} FROM numbers, members AS m WHERE m.home = 'h1'
"""


def town_of(homes: int) -> Town:
    """A town whose only phase is under way, with so many homes more that came to their end."""
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.deliver()
    town.pass_time(9 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
    own = {
        "home": "printf('x%08d', n)",
        "device": "printf('%016X', n)",
        "rank": "n",
        "state": "'activated'",
        "due_utc": "NULL",
    }
    names = FORMS[Member].names
    values = [own.get(name, f"m.{name}") for name in names]
    text = MANY.format(names=", ".join(names), values=", ".join(values))
    sqlite_of(town.store).execute(text, {"homes": homes})
    town.put(Sum("c1", 1, MemberState.ACTIVATED, "", homes))
    return town


def steps_of_a_gate(town: Town) -> int:
    """How many instructions the database runs for one look at the phase."""
    (phase,) = town.rows(CampaignPhase, number=1)
    phase = replace(phase, due_utc=town.utc)
    town.put(phase)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    decided = len(town.rows(GateDecision))
    sqlite_of(town.store).set_progress_handler(count, 1)
    town.happen(Due(phase))
    sqlite_of(town.store).set_progress_handler(None, 1)
    assert len(town.rows(GateDecision)) == decided + 1
    return steps


@pytest.mark.parametrize("many", [100_000, pytest.param(1_000_000, marks=pytest.mark.whole)])
def test_a_gate_reads_as_many_rows_at_10_000_homes_as_at_a_million(many: int) -> None:
    few = steps_of_a_gate(town_of(10_000))
    assert steps_of_a_gate(town_of(many)) == few
