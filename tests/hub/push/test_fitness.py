"""Which image a firmware may be given, by what its device said of itself."""

from itertools import permutations
from typing import Any

import pytest

from images.catalogue import ImageStatus, Range
from ota_engine.hub.push.fitness import Candidate, Fit, Fitness, choose
from ota_engine.records import Term, VersionPolicy
from tests.hub.push.samples import KIND, NEW, OLD, OTHER, candidate, described, firmware, image

UPGRADE, REINSTALL, DOWNGRADE = VersionPolicy


def chosen(*candidates: Candidate, policy: VersionPolicy = UPGRADE, **told: Any) -> Fit:
    """What a device of one firmware gets that has told no model; the same in any order."""
    return choice(*candidates, policy=policy, model=None, **told)


def choice(
    *candidates: Candidate,
    policy: VersionPolicy = UPGRADE,
    model: str | None = None,
    waived: tuple[Term, ...] = (),
    **told: Any,
) -> Fit:
    asks = firmware(**told)
    seen = described(asks, model=model)
    fits = [choose(some, seen, asks, policy, waived) for some in permutations(candidates)]
    assert len({(fit.answer, fit.image) for fit in fits}) == 1, "the order of files matters"
    return fits[0]


def test_an_image_of_its_kind_and_a_higher_version_fits() -> None:
    wanted = candidate(image())
    fit = chosen(wanted)
    assert (fit.answer, fit.image) == (Fitness.FITS, wanted.image)


def test_of_several_that_fit_the_highest_version_is_chosen() -> None:
    high = candidate(image(4))
    assert chosen(candidate(image(3)), high).image is high.image


def test_among_files_for_other_hardware_the_one_for_its_own_is_found() -> None:
    mine = candidate(image(3, minimum_hardware_version=0x0100, maximum_hardware_version=0x01FF))
    newer = candidate(image(4, minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF))
    assert chosen(mine, newer, hardware=0x0101).image is mine.image


def test_an_image_of_another_type_is_none_for_it() -> None:
    fit = chosen(candidate(image(kind=0x0099)))
    assert (fit.answer, fit.image) == (Fitness.OTHER_KIND, None)
    assert "0x0084" in fit.reason
    assert "0x0099" in fit.reason


def test_a_device_outside_the_hardware_range_is_refused() -> None:
    ranged = image(minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    fit = chosen(candidate(ranged), hardware=0x0100)
    assert fit.answer is Fitness.REFUSED
    assert "0x0100" in fit.reason


def test_a_hardware_version_not_told_yet_is_left_to_the_query() -> None:
    ranged = image(minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    assert chosen(candidate(ranged)).answer is Fitness.FITS


def test_an_image_made_for_one_other_device_is_refused() -> None:
    assert chosen(candidate(image(upgrade_file_destination=OTHER))).answer is Fitness.REFUSED


@pytest.mark.parametrize(
    ("version", "policy", "answer"),
    [
        (NEW, UPGRADE, Fitness.CURRENT),
        (NEW, REINSTALL, Fitness.FITS),
        (NEW, DOWNGRADE, Fitness.CURRENT),
        (NEW + 1, UPGRADE, Fitness.REFUSED),
        (NEW + 1, REINSTALL, Fitness.REFUSED),
        (NEW + 1, DOWNGRADE, Fitness.FITS),
    ],
)
def test_the_policy_decides_on_versions_that_are_not_higher(
    version: int, policy: VersionPolicy, answer: Fitness
) -> None:
    assert chosen(candidate(image(NEW)), policy=policy, version=version).answer is answer


@pytest.mark.parametrize("policy", [UPGRADE, DOWNGRADE])
def test_running_the_newest_counts_for_more_than_an_older_file_beside_it(
    policy: VersionPolicy,
) -> None:
    fit = chosen(candidate(image(NEW)), candidate(image(OLD)), policy=policy, version=NEW)
    assert fit.answer is Fitness.CURRENT


def test_kinds_offered_are_named_once() -> None:
    fit = chosen(candidate(image(3, kind=0x99)), candidate(image(4, kind=0x99)))
    assert fit.reason.count("0x0099") == 1
    assert f"0x{KIND:04X}" in fit.reason


# --- terms ----------------------------------------------------------------------------------------


def test_an_image_for_a_model_is_for_no_device_that_has_not_told_its_own() -> None:
    wanted = candidate(image(), models=("GL-B-007P",))
    assert choice(wanted).answer is Fitness.UNTOLD
    assert choice(wanted, model="GL-B-007P").image is wanted.image
    other = choice(wanted, model="GL-B-008P")
    assert other.answer is Fitness.OTHER_KIND
    assert other.reason == "its model is 'GL-B-008P', the image is for GL-B-007P"


def test_two_files_of_one_identity_go_to_the_models_they_are_for() -> None:
    one, two = (
        candidate(image(NEW + n), models=(model,)) for n, model in enumerate(("A-1", "B-2"))
    )
    assert choice(one, two, model="A-1").image is one.image
    assert choice(one, two, model="B-2").image is two.image


def test_a_higher_version_for_models_is_asked_about_before_a_lower_one_is_chosen() -> None:
    for_all, for_some = candidate(image(3)), candidate(image(4), models=("A-1",))
    assert choice(for_all, for_some).answer is Fitness.UNTOLD
    assert choice(for_all, for_some, model="B-2").image is for_all.image


def test_an_image_is_applied_to_its_base_versions_alone() -> None:
    step = candidate(image(5), bases=(Range(3, 4),))
    assert chosen(step, version=3).answer is Fitness.FITS
    refused = chosen(step, version=2)
    assert refused.answer is Fitness.REFUSED
    assert "applied to 0x00000003 to 0x00000004, the device runs 0x00000002" in refused.reason


def test_of_the_images_on_the_way_the_next_step_is_chosen() -> None:
    step, goal = candidate(image(2)), candidate(image(3), bases=(Range(2, 2),))
    assert chosen(step, goal, version=1).image is step.image
    assert chosen(step, goal, version=2).image is goal.image
    assert chosen(step, goal, version=3).answer is Fitness.CURRENT


def test_the_catalogues_hardware_range_narrows_that_of_the_file() -> None:
    narrowed = candidate(image(), hardware=Range(1, 2))
    assert chosen(narrowed, hardware=3).answer is Fitness.REFUSED
    assert choice(narrowed, hardware=3, waived=(Term.HARDWARE,)).answer is Fitness.FITS


@pytest.mark.parametrize("status", [ImageStatus.DRAFT, ImageStatus.WITHDRAWN])
def test_what_is_not_approved_is_offered_to_nobody_unless_somebody_answers_for_it(
    status: ImageStatus,
) -> None:
    unapproved = candidate(image(), status)
    assert choice(unapproved).answer is Fitness.REFUSED
    assert choice(unapproved, waived=(Term.STATUS,)).answer is Fitness.FITS


@pytest.mark.parametrize(
    ("terms", "term"),
    [
        ({"models": ("A-1",)}, Term.MODEL),
        ({"makers": ("Nobody",)}, Term.MAKER),
        ({"bases": ()}, Term.BASE),
    ],
)
def test_a_term_that_is_overridden_does_not_count(terms: dict[str, Any], term: Term) -> None:
    bound = candidate(image(), **terms)
    assert choice(bound, model="B-2").answer is not Fitness.FITS
    assert choice(bound, model="B-2", waived=(term,)).answer is Fitness.FITS
