"""Rule 19: configuration sets as the estate has them: each phase is a sample of all of them.

Source: Communications Hub firmware management (001), section 4 (Deployed Products List).
"""

from collections import Counter

from ota_engine.fleet.campaigns.rows import Member
from tests.fleet.rollout import RollOutTown, phase, policy


def test_every_phase_has_each_configuration_set_by_its_share() -> None:
    town = RollOutTown(0)
    shares = {"set-a": 60, "set-b": 30, "set-c": 10}
    number = 0
    for name, homes in shares.items():
        for _ in range(homes):
            number += 1
            town.home(f"h{number}", configuration=name)
    town.announce(policy(phase("micro pilot", 10), phase("pilot", 50), phase("mass")))
    drawn = {
        which: Counter(row.stratum for row in town.rows(Member, phase=which)) for which in (1, 2, 3)
    }
    assert drawn[1] == {"set-a": 6, "set-b": 3, "set-c": 1}
    assert drawn[2] == {"set-a": 30, "set-b": 15, "set-c": 5}
    assert drawn[3] == {"set-a": 24, "set-b": 12, "set-c": 4}
