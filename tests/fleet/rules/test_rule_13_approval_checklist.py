"""Rule 13: PIT, SIT, UIT, production proving, boards and CPL entry, each shown, by type of release.

Source: document 001, section 3.2 (Communications Hub firmware management, development and testing).
"""

from dataclasses import replace
from typing import Any

import pytest

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.approvals.checklist import WITH_EVIDENCE, checklist
from ota_engine.fleet.approvals.rows import (
    ApprovalEvidence,
    ChecklistItem,
    CustomerFeedback,
    FeedbackPosition,
    ItemWaiver,
    UitWindow,
    WindowState,
)
from ota_engine.fleet.approvals.testing import (
    GiveFeedback,
    OpenUit,
    RecordEvidence,
    SetExitCriteria,
    WaiveItem,
)
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import (
    CataloguedImage,
    FirmwareRelease,
    ReleaseStatus,
    ReleaseType,
)
from tests.fleet.estate import BEGIN, DAY, Estate

SHA = "ab" * 32
SIT = RecordEvidence("r1", ChecklistItem.SIT_EXIT, SHA, "SIT report", 200, 195, (0, 0, 3, 9, 20))


def entered(kind: ReleaseType = ReleaseType.PLANNED) -> Estate:
    estate = Estate(4)
    estate.put(CataloguedImage(SHA, 1, 1, 2, True))
    estate.decide("olive", EnterRelease("r1", "hub-1", 2, "C2", kind, SHA))
    return estate


def shown(estate: Estate, *but: ChecklistItem) -> Estate:
    """Record evidence of every step but some."""
    for item in sorted(WITH_EVIDENCE - set(but)):
        act = SIT if item is ChecklistItem.SIT_EXIT else RecordEvidence("r1", item, SHA, "report")
        estate.decide("olive", act)
    return estate


def open_uit(estate: Estate, days: float = 28, *, agreed: tuple[str, ...] = ()) -> str:
    act = OpenUit("r1", BEGIN, BEGIN + days * DAY, agreed)
    return estate.ask("olive", act).text


def test_a_release_is_approved_once_every_step_is_taken() -> None:
    estate = shown(entered())
    open_uit(estate)
    assert "UIT: the window is not over" in estate.refused("peter", ApproveRelease("r1"))
    estate.pass_time(28 * DAY)
    estate.decide("peter", ApproveRelease("r1"))
    assert estate.row(FirmwareRelease).status is ReleaseStatus.APPROVED


@pytest.mark.parametrize("item", sorted(WITH_EVIDENCE))
def test_no_step_may_be_missing(item: ChecklistItem) -> None:
    estate = shown(entered(), item)
    open_uit(estate)
    estate.pass_time(28 * DAY)
    assert f"not ready: {item}: there is no" in estate.refused("peter", ApproveRelease("r1"))


def test_a_step_says_by_what_by_whom_and_when_it_was_shown() -> None:
    estate = entered()
    estate.decide("olive", SIT)
    row = estate.row(ApprovalEvidence)
    assert (row.sha256, row.person, row.utc) == (SHA, "olive", BEGIN)
    estate.decide("olive", replace(SIT, passed=199))
    assert [row.number for row in estate.rows(ApprovalEvidence)] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"passed": 180}, "180 of 200 tests passed"),
        ({"open_issues": (0, 1, 0, 0, 0)}, "1 open of category 2"),
        ({"open_issues": ()}, "counts no open issues"),
        ({"run": 0, "passed": 0}, "counts no tests"),
    ],
)
def test_sit_ends_by_its_share_of_tests_and_its_open_issues(
    changes: dict[str, Any], reason: str
) -> None:
    estate = shown(entered(), ChecklistItem.SIT_EXIT)
    estate.decide("olive", replace(SIT, **changes))
    open_uit(estate)
    estate.pass_time(28 * DAY)
    assert reason in estate.refused("peter", ApproveRelease("r1"))


def test_a_plan_states_its_own_exit_criteria() -> None:
    estate = shown(entered(), ChecklistItem.SIT_EXIT)
    estate.decide("olive", SetExitCriteria("r1", 900, (0, 2, 5, 9, 20)), "as the plan says")
    estate.decide("olive", replace(SIT, passed=180, open_issues=(0, 2, 0, 0, 0)))
    open_uit(estate)
    estate.pass_time(28 * DAY)
    estate.decide("peter", ApproveRelease("r1"))


def test_uit_takes_four_weeks_at_most_for_a_planned_release() -> None:
    assert "four weeks at most" in open_uit(entered(), 29)
    assert "four weeks" not in open_uit(entered(), 28)


def test_uit_of_an_unplanned_release_is_agreed_and_of_a_sec_release_as_its_plan_says() -> None:
    assert "name the parties" in open_uit(entered(ReleaseType.UNPLANNED), 7)
    assert "planned until" in open_uit(entered(ReleaseType.UNPLANNED), 7, agreed=("supplier-1",))
    assert "planned until" in open_uit(entered(ReleaseType.SEC), 60)


def test_the_clock_of_uit_ends_it_and_says_who_skipped_it() -> None:
    estate = entered()
    open_uit(estate)
    estate.decide("sam", GiveFeedback("r1", FeedbackPosition.OBJECTS, "joins take longer"))
    estate.pass_time(28 * DAY - 1)
    assert estate.row(UitWindow).state is WindowState.OPEN
    estate.pass_time(1)
    window = estate.row(UitWindow)
    assert window.state is WindowState.OVER
    assert window.skipped == ("supplier-2", "supplier-3", "supplier-4")
    late = {row.party for row in estate.rows(Notice, kind=NoticeKind.LATE)}
    assert late == {"supplier-2", "supplier-3", "supplier-4", "dcc"}


def test_feedback_that_all_gave_is_there_before_the_window_is_over() -> None:
    estate = entered()
    for number in range(1, 5):
        name = f"supplier-{number}"
        estate.put(
            CustomerFeedback("r1", name, FeedbackPosition.SUPPORTS, "fine", name, estate.utc)
        )
    release = estate.row(FirmwareRelease)
    states = {state.item: state for state in estate.read(lambda work: checklist(work, release))}
    assert states[ChecklistItem.FEEDBACK].text == "4 parties gave it"
    assert not states[ChecklistItem.UIT].done


def test_an_emergency_release_leaves_steps_out_when_two_persons_say_so() -> None:
    estate = shown(entered(ReleaseType.EMERGENCY), ChecklistItem.PIT_ENTRY, ChecklistItem.PROVING)
    for item in (
        ChecklistItem.PIT_ENTRY,
        ChecklistItem.PROVING,
        ChecklistItem.UIT,
        ChecklistItem.FEEDBACK,
    ):
        estate.decide("olive", WaiveItem("r1", item), "it is exploited")
        assert f"{item}:" in estate.refused("peter", ApproveRelease("r1"))
        assert "somebody else" in estate.refused("olive", WaiveItem("r1", item))
        estate.decide("peter", WaiveItem("r1", item), "I have seen the report")
    estate.decide("peter", ApproveRelease("r1"))
    waiver = estate.row(ItemWaiver, item=ChecklistItem.UIT)
    assert (waiver.person, waiver.second) == ("olive", "peter")
    assert (waiver.reason, waiver.second_reason) == ("it is exploited", "I have seen the report")


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (ReleaseType.PLANNED, ChecklistItem.UIT),
        (ReleaseType.SEC, ChecklistItem.PROVING),
        (ReleaseType.EMERGENCY, ChecklistItem.SIT_EXIT),
        (ReleaseType.EMERGENCY, ChecklistItem.CPL_ENTRY),
    ],
)
def test_other_steps_are_never_left_out(kind: ReleaseType, item: ChecklistItem) -> None:
    assert "never left out" in entered(kind).refused("olive", WaiveItem("r1", item))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (CataloguedImage("cd" * 32, 1, 1, 2, True), "is not in the catalogue"),
        (CataloguedImage(SHA, 1, 1, 2, False), "is not approved in the catalogue"),
        (CataloguedImage(SHA, 1, 1, 3, True), "has version 00000003"),
        (CataloguedImage(SHA, 7, 1, 2, True), "is for manufacturer 0007, image type 0001"),
    ],
)
def test_the_image_is_in_the_catalogue_and_for_these_devices(
    image: CataloguedImage, reason: str
) -> None:
    estate = shown(Estate(1), *WITH_EVIDENCE)
    estate.put(Variant("hub-1", "CHF", "Maker", "Hub", "1", 2, "", 1, 1), image)
    estate.decide("olive", EnterRelease("r1", "hub-1", 2, "C2", ReleaseType.PLANNED, SHA))
    shown(estate)
    open_uit(estate)
    estate.pass_time(28 * DAY)
    assert reason in estate.refused("peter", ApproveRelease("r1"))


def test_what_led_to_an_approval_stands() -> None:
    estate = Estate(1)
    estate.approved_release()
    assert "what led there stands" in estate.refused("olive", SIT)


@pytest.mark.parametrize(
    ("kind", "smets"), [("CHF", 1), ("IHD", 2)], ids=["SMETS1 hub", "in-home display"]
)
def test_firmware_of_smets1_hubs_and_displays_is_listed_and_not_ordered(
    kind: str, smets: int
) -> None:
    estate = Estate(1)
    estate.put(Variant("listed", kind, "Maker", "Model", "1", smets))
    estate.approved_release("r9", 9, variant="listed", approve=False)
    assert "listed only" in estate.refused("peter", ApproveRelease("r9"))
