"""Rule 3: seven days are the minimum, urgent security excepted: a reason, a second person, told at once.

Source: Communications Hub firmware deployment (000); Communications Hub firmware management (001),
appendix A; SEC Appendix AB, clause 5.2.
"""

from ota_engine.fleet.campaigns.emergency import ApproveWaiver, ProposeWaiver
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.releases.rows import ReleaseType
from tests.fleet.rollout import HOUR, RollOutTown


def test_an_emergency_begins_before_the_notice_reached_anybody_and_leaves_more_evidence() -> None:
    usual = RollOutTown(2)
    usual.approved_release()
    usual.announce_undelivered()
    town = RollOutTown(2)
    town.approved_release(kind=ReleaseType.EMERGENCY)
    town.announce_undelivered()
    town.decide("olive", ProposeWaiver("c1", ()), "keys are being stolen")
    town.decide("peter", ApproveWaiver("c1"), "agreed")
    for one in (usual, town):
        one.pass_time(HOUR)
    assert len(town.in_state(MemberState.OFFERED)) == 2
    assert not usual.in_state(MemberState.OFFERED)
    assert len(town.rows(DecisionRow)) == len(usual.rows(DecisionRow)) + 2
    assert len(town.notices()) > len(usual.notices())
    with town.store.transaction():
        actions = [row.record.action for row in town.store.trail()]
    assert "waiver" in actions
