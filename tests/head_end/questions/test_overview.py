"""What somebody has to know first, and how a campaign went, from whoever may know it."""

from typing import Any

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ProposeCampaign
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.head_end.questions.asking import NotThereError, View, Viewer
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.overview import AskOverview, Overview
from ota_engine.head_end.questions.progress import AskProgress, ProgressOverTime, over_time
from ota_engine.store.fleet.samples import HOUR_S, SumsThen
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy

OPERATOR = frozenset({PartyRole.OPERATOR, PartyRole.APPROVER})
SUPPLIER = frozenset({PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER})


def _asked(town: RollOutTown, question: Any, viewer: Viewer) -> Any:
    return ask(question, View(town.desk, viewer, town.utc))


def _overview(town: RollOutTown, person: str, party: str, roles: frozenset[PartyRole]) -> Overview:
    found: Overview = _asked(town, AskOverview(), Viewer(person, party, roles))
    return found


@pytest.fixture
def town() -> RollOutTown:
    """A roll-out to six homes, of which two have failed, so that it is held."""
    town = RollOutTown(homes=6)
    town.begin(policy(phase("all", gate=gate(failures_permille=100))))
    town.finish("h1", "h2")
    town.pass_time(5 * HOUR)
    town.begin_to_fail("h3", "h4")
    return town


def test_an_operator_is_told_what_stands_still_and_why(town: RollOutTown) -> None:
    found = _overview(town, "olive", "dcc", OPERATOR)
    (one,) = found.campaigns
    assert one.campaign.state is CampaignState.HELD
    assert (one.phase, one.phase_name, one.phases) == (1, "all", 1)
    assert one.counts[MemberState.FAILED] == 2
    assert one.missing
    assert "resume-campaign" in [row.act for row in found.decisions]


def test_what_waits_for_another_person_is_counted_and_not_asked_for(town: RollOutTown) -> None:
    town.approved_release("r2", 0x0003_0000)
    before = _overview(town, "olive", "dcc", OPERATOR)
    town.decide("olive", ProposeCampaign("c2", "r2", canonical_json(policy())))
    after = _overview(town, "olive", "dcc", OPERATOR)
    assert after.others == before.others + 1
    assert len(after.decisions) == len(before.decisions)


def test_the_worst_incident_stands_first(town: RollOutTown) -> None:
    town.decide("eve", RaiseIncident("i1", "c1", 1, 4, "a display is blank"))
    town.decide("will", RaiseIncident("i2", "c1", 1, 2, "a home has no heating"))
    found = _overview(town, "olive", "dcc", OPERATOR)
    assert [one.incident for one in found.incidents] == ["i2", "i1"]


def test_a_supplier_is_told_what_its_party_was_told_the_newest_first(town: RollOutTown) -> None:
    found = _overview(town, "eve", "east", SUPPLIER)
    times = [one.created_utc for one in found.notices]
    assert times == sorted(times, reverse=True)
    assert {one.party for one in found.notices} == {"east"}
    assert "activated" not in {one.kind for one in found.notices}


def test_at_every_time_all_homes_are_somewhere(town: RollOutTown) -> None:
    found: ProgressOverTime = _asked(town, AskProgress("c1"), Viewer("olive", "dcc", OPERATOR))
    assert list(found.times_utc) == sorted(found.times_utc)
    sums = [sum(now) for now in zip(*found.homes.values(), strict=True)]
    assert set(sums) == {6}
    assert found.homes[MemberState.FAILED][-1] == 2


def test_who_may_not_know_of_a_campaign_is_told_nothing_of_its_progress(town: RollOutTown) -> None:
    other = Viewer("mona", "nobody", frozenset({PartyRole.MANUFACTURER}))
    with pytest.raises(NotThereError):
        _asked(town, AskProgress("c1"), other)


def test_between_two_changes_nothing_is_drawn_as_a_slope() -> None:
    samples = [
        SumsThen(1, MemberState.PLANNED, Utc(HOUR_S), 4),
        SumsThen(1, MemberState.PLANNED, Utc(11 * HOUR_S), 0),
        SumsThen(1, MemberState.ACTIVATED, Utc(11 * HOUR_S), 4),
    ]
    found = over_time("c1", samples, 1)
    assert found.times_utc == (HOUR_S, 10 * HOUR_S, 11 * HOUR_S)
    assert found.homes == {"planned": (4, 4, 0), "activated": (0, 0, 4)}


def test_a_long_campaign_has_no_more_points_than_a_chart_can_show() -> None:
    town = RollOutTown(homes=40)
    town.begin(policy(phase("all", gate=gate(observation_s=100 * DAY))))
    for number in range(1, 41):
        town.finish(f"h{number}")
        town.pass_time(13 * HOUR)
    found: ProgressOverTime = _asked(town, AskProgress("c1"), Viewer("olive", "dcc", OPERATOR))
    assert 20 < len(found.times_utc) <= 2 * 120
    assert found.homes[MemberState.ACTIVATED][-1] == 40
