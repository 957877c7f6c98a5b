"""What-ifs: each changes how a rehearsal goes, in the way it says, and every bad one is refused in a line."""

from functools import cache

import pytest

from emulators.estate.rehearsed import Rehearsed
from emulators.estate.what_ifs import WHAT_IFS, with_what_ifs
from ota_engine.errors import LocalError
from tests.estate.estates import EXAMPLE, HOMES, gates, rehearse, small


@cache
def undisturbed() -> Rehearsed:
    """How it goes without a what-if."""
    return rehearse(small(good=True))


def test_an_incident_holds_its_phase_until_it_is_resolved() -> None:
    result = rehearse(small(good=True), ["incident@pilot"])
    (incident,) = result.incidents
    assert (incident["phase"], incident["category"], incident["state"]) == (2, 2, "resolved")
    assert [gate["verdict"] for gate in result.gates if gate["phase"] == 2][-1] == "pass"
    texts = [one["text"] for one in result.decisions]
    assert "incident campaign-R3-incident-1 is raised; campaign-R3 is held" in texts
    assert result.complete
    plain = undisturbed()
    held, unheld = (one.phases[1].ended_utc for one in (result, plain))
    assert held is not None
    assert unheld is not None
    assert held > unheld


def test_a_bad_image_is_held_and_another_release_mends_it() -> None:
    result = rehearse(small(good=True), ["bad-image=50%"])
    held = [phase for phase in result.phases if phase.gate == "fail"]
    assert [phase.campaign for phase in held] == ["campaign-R3"]
    assert gates(result)[-1] == ("campaign-R3-mended", "mass", "pass")
    assert result.complete


def test_a_release_that_costs_homes_their_devices_is_held() -> None:
    result = rehearse(small(good=True), ["han-lost=30%"])
    held = [gate for gate in result.gates if gate["verdict"] == "fail"]
    assert "lost their HAN" in held[0]["missing"]
    assert result.complete


def test_homes_of_a_party_that_no_notice_reaches_wait_until_one_does() -> None:
    result = rehearse(small(good=True), ["silent=supplier-2"])
    assert result.undelivered["supplier-2"] > 0
    assert result.deferred["notice has not reached supplier-2"] > 0
    assert result.notices["late"] > undisturbed().notices.get("late", 0)
    assert "RequeueNotices" in [one["act"] for one in result.decisions]
    assert result.complete


def test_a_change_of_supplier_gives_the_gaining_one_its_own_notice() -> None:
    result = rehearse(small(good=True), ["cos=20%"])
    assert result.happenings["SupplierTold"] > 50
    assert result.notices["gained"] > 0
    waits = [reason for reason in result.deferred if reason.startswith("notice to")]
    assert waits


def test_a_clash_with_a_calendar_puts_homes_off_and_drops_none() -> None:
    result = rehearse(small(good=True), ["clash=100%"])
    assert any(reason.startswith("calendar: tariff") for reason in result.deferred)
    last = result.phases[-1]
    assert last.homes == last.activated + last.failed + last.unreachable


def test_homes_that_are_installed_late_join_the_last_phase() -> None:
    result = rehearse(small(good=True), ["late=20%"])
    planned = result.progress[0].states
    assert result.happenings["HomeTold"] >= HOMES // 5
    assert sum(planned.values()) == HOMES * 4 // 5
    assert sum(phase.homes for phase in result.phases) > HOMES - 10  # but for those that vanish


def test_hubs_that_are_away_make_it_later() -> None:
    results = rehearse(small(good=True), ["offline=30%"]), undisturbed()
    away, plain = (result.phases[1].ended_utc for result in results)
    assert away is not None
    assert plain is not None
    assert away > plain


def test_a_home_that_vanishes_leaves_its_campaign() -> None:
    result = rehearse(small(300, good=True), ["gone=30%"])
    assert result.happenings["HomeTold"] > 50
    assert result.complete
    assert any("left" in one.states for one in result.progress)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rain", "'rain' is no what-if: give one of bad-image, han-lost, incident"),
        ("", "'' is no what-if"),
        ("cos", "cos: give a share from 0% to 100%, as in cos=2%"),
        ("cos=200%", "cos=200%: give a share"),
        ("cos=2%@pilot", "it belongs to no phase: leave out @pilot"),
        ("incident", "incident: name a phase, as in incident@micro pilot: micro pilot, pilot"),
        ("incident=9@pilot", "a category is a number from 1 to 5"),
        ("silent=nobody", "silent=nobody: name a party, as in silent=supplier-1"),
    ],
)
def test_a_bad_what_if_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(LocalError) as refused:
        with_what_ifs(small(), [text])
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_what_if_stands_in_the_documentation() -> None:
    page = (EXAMPLE.parents[1] / "rehearsal.md").read_text()
    for row in WHAT_IFS.values():
        assert f"`{row.form}`" in page
