"""What may be decided, what waits for a decision, and what went wrong, as each viewer sees it."""

from dataclasses import replace
from typing import Any

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.calendar.rows import TimeMark
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.gateways.rows import GatewayContact, RegisteredGateway
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.questions.alerts import AlertKind, AskAlerts
from ota_engine.head_end.questions.approvals import AskApprovals
from ota_engine.head_end.questions.asking import NotThereError, View, Viewer
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.decisions import ABOUT, ACTS_BY_NAME, MAKING, AskDecisions
from tests.fleet.estate import Estate
from tests.fleet.rollout import policy


def proposed(estate: Estate) -> str:
    release = estate.approved_release()
    estate.decide("olive", ProposeCampaign("c1", release, canonical_json(policy())))
    return "c1"


def viewer(estate: Estate, person: str) -> Viewer:
    party = estate.row(Party, party=estate.row(Person, person=person).party)
    return Viewer(person, party.party, frozenset(map(PartyRole, party.roles)))


def asked(estate: Estate, person: str, question: Any) -> Any:
    return ask(question, View(estate.desk, viewer(estate, person), estate.utc))


@pytest.fixture
def estate() -> Estate:
    return Estate()


def choices(estate: Estate, person: str, subject: str) -> dict[str, str]:
    found = asked(estate, person, AskDecisions(subject))
    return {one.act: one.why_not for one in found.items}


def test_every_act_is_about_something_or_stands_alone() -> None:
    about = {act for acts in ABOUT.values() for act, _ in acts}
    alone = {act.__name__ for act in Fleet().acts if act not in about}
    assert alone == {
        "FoundEstate",
        "RegisterParty",
        "EraseParticulars",
        "EditPaths",
        "EnterRepository",
        "ConfirmTime",
        "StopAll",
        "SetOrderRules",
    }
    assert len(ACTS_BY_NAME) == len(Fleet().acts)
    assert set(MAKING) <= set(Fleet().acts)


def test_whoever_wrote_a_campaign_may_not_approve_it(estate: Estate) -> None:
    campaign = proposed(estate)
    author = choices(estate, "olive", f"campaign:{campaign}")
    second = choices(estate, "peter", f"campaign:{campaign}")
    assert "you wrote it" in author["approve-campaign"]
    assert second["approve-campaign"] == ""
    assert "it is proposed" in second["resume-campaign"]


def test_decisions_that_a_role_may_not_take_are_not_among_them(estate: Estate) -> None:
    campaign = proposed(estate)
    with pytest.raises(NotThereError):  # as it rolls out no product of hers
        choices(estate, "mona", f"campaign:{campaign}")
    estate.put(replace(estate.row(Variant, variant="hub-1"), maker="maker"))
    found = choices(estate, "mona", f"campaign:{campaign}")
    assert set(found) == {"state-position", "raise-incident"}


def test_a_subject_of_no_kind_is_refused_in_one_line(estate: Estate) -> None:
    for subject in ("nothing:1", "campaign", "../x", "home:<b>"):
        with pytest.raises(NotThereError) as refused:
            asked(estate, "olive", AskDecisions(subject))
        assert "\n" not in str(refused.value)


def test_a_proposed_campaign_waits_for_whoever_did_not_write_it(estate: Estate) -> None:
    campaign = proposed(estate)
    (mine,) = asked(estate, "peter", AskApprovals()).items
    (not_mine,) = asked(estate, "olive", AskApprovals()).items
    assert (mine.act, mine.fields, mine.why_not) == (
        "approve-campaign",
        {"campaign": campaign},
        "",
    )
    assert mine.decided == "olive proposed it"
    assert "you wrote it" in not_mine.why_not
    assert asked(estate, "sam", AskApprovals()).items == ()


def test_an_incident_waits_for_an_owner_and_is_an_alert(estate: Estate) -> None:
    campaign = proposed(estate)
    estate.decide("peter", ApproveCampaign(campaign))
    estate.decide("sam", RaiseIncident("i1", campaign, 1, 3, "meters fall silent"))
    waiting = [one for one in asked(estate, "olive", AskApprovals()).items if "i1" in one.subject]
    assert [one.act for one in waiting] == ["take-incident"]
    kinds = {alert.kind for alert in asked(estate, "olive", AskAlerts()).items}
    assert AlertKind.INCIDENT in kinds
    assert asked(estate, "sue", AskAlerts()).items == ()
    assert [one.kind for one in asked(estate, "sam", AskAlerts()).items] == [AlertKind.INCIDENT]


def test_alerts_name_gateways_in_trouble_dead_notices_and_a_doubtful_time(estate: Estate) -> None:
    utc = estate.utc
    estate.put(
        RegisteredGateway("gw-1", "", 0.0),
        GatewayContact("gw-1", utc - 7_200.0),
        RegisteredGateway("gw-2", "", 0.0),
        GatewayContact("gw-2", utc, clock_off_s=-90.0),
        RegisteredGateway("gw-3", "", 0.0, revoked="stolen"),
        GatewayContact("gw-3", 0.0, trouble="none of anybody's business any more"),
        _dead(utc),
        TimeMark("time", utc, None, "it was yesterday"),
    )
    found = asked(estate, "olive", AskAlerts()).items
    texts = [alert.text for alert in found]
    assert any("gw-1 says nothing" in text for text in texts)
    assert any("gw-2 has a clock that is 90 s behind" in text for text in texts)
    assert not any("gw-3" in text for text in texts)
    assert any("1 notice to supplier-1 did not arrive: it hangs up" in text for text in texts)
    assert found[0].grave and found[-1].kind is AlertKind.GATEWAY and not found[-1].grave
    own = asked(estate, "sam", AskAlerts()).items
    assert [alert.kind for alert in own] == [AlertKind.NOTICE]
    assert asked(estate, "sue", AskAlerts()).items == ()


def _dead(utc: float) -> Notice:
    return Notice(
        "n1",
        "supplier-1",
        NoticeKind.INCIDENT,
        "campaign:c",
        "text",
        "{}",
        utc,
        NoticeState.DEAD,
        None,
        "it hangs up",
    )
