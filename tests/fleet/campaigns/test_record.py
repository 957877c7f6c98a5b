"""What parties and persons said of a roll-out is evidence: whoever rewrites it is found out."""

import pytest

from ota_engine.fleet.campaigns.assessment import RecordMeeting, SignPhase, StatePosition
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.campaigns.voices import Stance
from tests.fleet.rollout import RollOutTown


def broken(town: RollOutTown) -> list[str]:
    with town.store.reading():
        return [one.where for one in town.store.broken_seals()]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE positions SET stance = 'agrees'",
        "UPDATE sign_offs SET person = 'paula'",
        "UPDATE meetings SET minutes = 'all agreed'",
        "UPDATE incidents SET category = 5",
        "UPDATE forecasts SET ends_utc = ends_utc + 86400",
        "DELETE FROM incidents",
    ],
)
def test_a_rewritten_record_is_found_out(statement: str) -> None:
    town = RollOutTown(2)
    town.begin()
    town.decide("will", StatePosition("c1", 1, Stance.OBJECTS), "we have not tested it")
    town.decide("peter", SignPhase("c1", 1), "heard")
    meeting = RecordMeeting("c1", 1, "m1", ("dcc", "west"), (), "west objects", town.utc)
    town.decide("olive", meeting)
    town.decide("will", RaiseIncident("i1", "c1", 1, 3, "meters are slow"))
    assert not broken(town)
    town.store.driver.execute(statement)  # as somebody with the file can
    assert broken(town)
