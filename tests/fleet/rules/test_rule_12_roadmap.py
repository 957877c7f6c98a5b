"""Rule 12: a roadmap per hub variant whose changes are told; the mass phase is a rate and not a date.

Source: document 001, section 3.1 (Communications Hub firmware management, roadmap).
"""

from dataclasses import replace

from ota_engine.fleet.campaigns.plan.policy import PhasePolicy
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.releases.acts import AddContent, EnterRelease
from ota_engine.fleet.releases.roadmap import MakeWith, PlanDate, made_with, roadmap
from ota_engine.fleet.releases.rows import (
    ContentItem,
    ContentKind,
    FirmwareRelease,
    Milestone,
    ReleaseType,
)
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY, Estate

ENTER = EnterRelease("r1", "hub-1", 2, "C2", ReleaseType.PLANNED, "ab" * 32, "cd" * 32)


def told(estate: Estate) -> list[str]:
    return [row.text for row in estate.rows(Notice, kind=NoticeKind.ROADMAP, party="supplier-1")]


def test_a_planned_date_keeps_the_history_of_its_changes() -> None:
    estate = Estate(1)
    estate.decide("olive", ENTER)
    for days, reason in ((30, "as planned"), (60, "SIT takes longer"), (45, "SIT went well")):
        estate.decide("olive", PlanDate("r1", Milestone.OVER_THE_AIR, BEGIN + days * DAY), reason)
    dates = estate.read(lambda work: roadmap(work, "r1"))[Milestone.OVER_THE_AIR]
    assert [(row.planned_utc - BEGIN) / DAY for row in dates] == [30, 60, 45]
    assert [row.reason for row in dates] == ["as planned", "SIT takes longer", "SIT went well"]


def test_a_changed_date_is_a_notice_and_a_first_one_is_not() -> None:
    estate = Estate(1)
    estate.decide("olive", ENTER)
    estate.decide("olive", PlanDate("r1", Milestone.UIT, BEGIN + DAY), "as planned")
    assert not told(estate)
    estate.decide("olive", PlanDate("r1", Milestone.UIT, BEGIN + 2 * DAY), "the lab is late")
    assert told(estate) == ["release r1: UIT is now 2027-01-17 08:00:00 UTC: the lab is late"]
    assert "already" in estate.refused("olive", PlanDate("r1", Milestone.UIT, BEGIN + 2 * DAY))


def test_a_changed_manufactured_version_is_a_notice() -> None:
    estate = Estate(1)
    estate.decide("olive", ENTER)
    assert "not approved for manufacture" in estate.refused("mona", MakeWith("r1", BEGIN))
    release = estate.row(FirmwareRelease)
    estate.put(replace(release, manufacture=True))
    estate.decide("mona", MakeWith("r1", BEGIN + DAY), "the line is ready")
    assert told(estate) == ["hub-1 is made with release r1"]
    assert estate.read(lambda work: made_with(work, "hub-1", BEGIN)) == ""
    assert estate.read(lambda work: made_with(work, "hub-1", Utc(BEGIN + DAY))) == "r1"


def test_what_is_in_a_release_says_who_agreed_to_it() -> None:
    estate = Estate(1)
    estate.decide("olive", ENTER)
    item = AddContent("r1", "CR-77", ContentKind.CHANGE_REQUEST, "Longer joins", ("supplier-1",))
    estate.decide("olive", item)
    assert estate.row(ContentItem).agreed_by == ("supplier-1",)
    nobody = AddContent("r1", "CR-78", ContentKind.ENHANCEMENT, "Faster joins", ())
    assert "nobody agreed" in estate.refused("olive", nobody)


def test_a_phase_has_a_rate_and_no_date() -> None:
    names = PhasePolicy.__dataclass_fields__.keys()
    assert "per_hour" in names
    assert not any("date" in name or name.endswith("_utc") for name in names)
