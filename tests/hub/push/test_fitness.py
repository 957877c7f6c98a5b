"""Which image a device may be given, by what it said of itself."""

import pytest

from ota_engine.hub.push.fitness import Fitness, choose
from ota_engine.records import VersionPolicy
from tests.hub.push.samples import DEVICE, KIND, NEW, OLD, OTHER, described, image

UPGRADE, REINSTALL, DOWNGRADE = VersionPolicy


def test_an_image_of_its_kind_and_a_higher_version_fits() -> None:
    wanted = image()
    fit = choose([wanted], described(), UPGRADE)
    assert (fit.answer, fit.image) == (Fitness.FITS, wanted)


def test_of_several_that_fit_the_highest_version_is_chosen() -> None:
    low, high = image(3), image(4)
    assert choose([low, high], described(), UPGRADE).image is high
    assert choose([high, low], described(), UPGRADE).image is high


def test_among_files_for_other_hardware_the_one_for_its_own_is_found() -> None:
    mine = image(3, minimum_hardware_version=0x0100, maximum_hardware_version=0x01FF)
    newer = image(4, minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    assert choose([mine, newer], described(hardware=0x0101), UPGRADE).image is mine


def test_an_image_of_another_type_is_none_for_it() -> None:
    fit = choose([image(kind=0x0099)], described(), UPGRADE)
    assert (fit.answer, fit.image) == (Fitness.OTHER_KIND, None)
    assert "0x0084" in fit.reason
    assert "0x0099" in fit.reason


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"version": None}, "version"),
        ({"manufacturer": None}, "manufacturer"),
        ({"kind": None}, "image type"),
    ],
)
def test_a_device_that_has_not_said_what_it_is_cannot_be_judged(
    fields: dict[str, None], says: str
) -> None:
    fit = choose([image()], described(**fields), UPGRADE)  # type: ignore[arg-type]
    assert fit.answer is Fitness.UNTOLD
    assert says in fit.reason


def test_a_device_outside_the_hardware_range_is_refused() -> None:
    ranged = image(minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    fit = choose([ranged], described(hardware=0x0100), UPGRADE)
    assert fit.answer is Fitness.REFUSED
    assert "0x0100" in fit.reason


def test_a_hardware_version_not_told_yet_is_left_to_the_query() -> None:
    ranged = image(minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF)
    assert choose([ranged], described(hardware=None), UPGRADE).answer is Fitness.FITS


def test_an_image_made_for_one_other_device_is_refused() -> None:
    fit = choose([image(upgrade_file_destination=OTHER)], described(DEVICE), UPGRADE)
    assert fit.answer is Fitness.REFUSED


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
    assert choose([image(NEW)], described(version=version), policy).answer is answer


def test_running_the_newest_counts_for_more_than_an_older_file_beside_it() -> None:
    fit = choose([image(NEW), image(OLD)], described(version=NEW), UPGRADE)
    assert fit.answer is Fitness.CURRENT


def test_kinds_offered_are_named_once() -> None:
    fit = choose([image(3, kind=0x99), image(4, kind=0x99)], described(kind=KIND), UPGRADE)
    assert fit.reason.count("0x0099") == 1
