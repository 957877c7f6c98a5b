"""Entries, their status, what fits a device, and the way to the newest version."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError
from images.catalogue import (
    CatalogueEntry,
    ImageStatus,
    Range,
    StatusDecision,
    Terms,
    clashes,
    draft,
    fits,
    rivalries,
    route,
)
from images.catalogue.records import read_terms, terms_as_values
from images.catalogue.status import CHANGES
from tests.catalogue.samples import bases, ota


def entry(
    version: int, *paths: tuple[int, int], status: ImageStatus = ImageStatus.APPROVED
) -> CatalogueEntry:
    """An image of some version; without paths every lower version will do."""
    terms = bases(*paths) if paths else Terms()
    made = draft(ota(version.to_bytes(4), version=version), terms, "bench", "x.ota").entry
    return replace(made, status=status)


def test_every_state_answers_every_order() -> None:
    assert set(CHANGES) == set(product(ImageStatus, StatusDecision))


@pytest.mark.parametrize(("status", "order"), list(CHANGES))
def test_an_order_that_changes_nothing_is_refused(
    status: ImageStatus, order: StatusDecision
) -> None:
    before = entry(5, status=status)
    change = CHANGES[status, order]
    if change is None:
        with pytest.raises(ImageError, match="already"):
            before.ordered(order, 1.0, "anne", "why")
    else:
        after = before.ordered(order, 1.0, "anne", "why")
        assert after.status is change.to
        assert after.history[-1][1:] == ("anne", change.to.value, "why")


@pytest.mark.parametrize(
    "terms",
    [
        {"bases": (Range(5, 4),)},
        {"bases": (Range(-1, 4),)},
        {"bases": (Range(0, 1 << 32),)},
        {"bases": (Range(1, 5), Range(5, 6))},
        {"bases": (Range(7, 8), Range(1, 2))},
        {"hardware": Range(0, 1 << 16)},
        {"models": ("",)},
        {"models": ("a", "a")},
        {"models": ("a\0b",)},
        {"makers": ("x" * 256,)},
        {"models": tuple(map(str, range(65)))},
        {"notes": "\x1b[2J"},
        {"notes": "x\n" * 3000},
    ],
)
def test_terms_that_make_no_sense_cannot_be_made(terms: dict[str, Any]) -> None:
    with pytest.raises(ImageError) as error:
        Terms(**terms)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("running", "hardware", "fitting"),
    [(1, 3, True), (0, 3, False), (3, 3, False), (5, 3, False), (1, 9, False), (1, None, False)],
)
def test_an_image_fits_by_version_and_hardware(
    running: int, hardware: int | None, fitting: bool
) -> None:
    image = replace(entry(5, (1, 2), (4, 4)), hardware=Range(3, 4))
    assert fits(image, running, hardware) is fitting


def test_an_image_for_no_version_fits_none() -> None:
    image = replace(entry(5), terms=Terms(bases=()))
    assert not any(fits(image, running) for running in range(8))


def test_images_of_one_identity_clash() -> None:
    one = draft(ota(b"one", hardware=(1, 2)), Terms(models=("a", "b")), "a", "a").entry
    other = draft(ota(b"two", hardware=(2, 2)), Terms(models=("b",)), "b", "b").entry
    assert clashes(one, (one, other, entry(5))) == [other]
    assert rivalries((one, other, entry(5))) == {one.sha256: [other], other.sha256: [one]}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Terms(hardware=Range(1, 1)), Terms(hardware=Range(2, 9))),
        (Terms(models=("lamp",)), Terms(models=("plug", "relay"))),
        (Terms(makers=("a",)), Terms(makers=("b",))),
    ],
)
def test_two_images_that_no_device_may_get_both_of_do_not_clash(ours: Terms, theirs: Terms) -> None:
    one = draft(ota(b"one"), ours, "a", "a").entry
    other = draft(ota(b"two"), theirs, "b", "b").entry
    anybody = draft(ota(b"three"), Terms(), "c", "c").entry
    assert clashes(one, (other,)) == clashes(other, (one,)) == []
    assert clashes(one, (anybody,)) == [anybody]


def test_a_forced_image_fits_every_version_but_its_own() -> None:
    made = draft(ota(version=5), Terms(force=True), "a", "a").entry
    assert [fits(made, running) for running in (4, 5, 6)] == [True, False, True]
    limited = draft(ota(version=5), Terms(force=True, bases=(Range(6, 9),)), "a", "a").entry
    assert [fits(limited, running) for running in (4, 6, 10)] == [False, True, False]


def test_the_way_leads_over_the_stepping_stone() -> None:
    stone, top = entry(5, (1, 4)), entry(9, (5, 5))
    assert route([top, stone, entry(3)], 1) == [stone, top]
    assert route([top, stone], 5) == [top]
    assert route([top, stone], 9) == []


def test_the_way_is_the_shortest() -> None:
    direct = entry(9)
    assert route([entry(3), entry(5), direct], 1) == [direct]


def test_no_way_is_told_apart_from_nothing_to_do() -> None:
    assert route([entry(9, (5, 5))], 1) is None
    assert route([], 1) == []


@pytest.mark.parametrize("status", [ImageStatus.DRAFT, ImageStatus.WITHDRAWN])
def test_only_approved_images_are_a_way(status: ImageStatus) -> None:
    assert route([entry(9, status=status)], 1) == []


versions = st.integers(1, 8)


@given(st.lists(st.tuples(versions, versions, versions)), st.integers(0, 8))
def test_every_step_of_a_way_fits_the_one_before(
    paths: list[tuple[int, int, int]], running: int
) -> None:
    images = [entry(top + 1, (min(low, top), top)) for top, low, _ in paths]
    for image in (way := route(images, running)) or ():
        assert fits(image, running)
        running = image.file_version
    assert way is None or len({image.file_version for image in way}) == len(way)


@pytest.mark.parametrize("reports", [None, 0, 0x01010000, 0xFFFFFFFE])
def test_the_version_a_firmware_reports_is_kept(reports: int | None) -> None:
    terms = Terms(reports=reports)
    assert read_terms(terms_as_values(terms)) == terms


@pytest.mark.parametrize("reports", [-1, 0xFFFFFFFF])
def test_a_version_that_no_firmware_reports_is_refused(reports: int) -> None:
    with pytest.raises(ImageError, match="no firmware reports version"):
        Terms(reports=reports)


@pytest.mark.parametrize("wrong", [True, "1", 1.0])
def test_a_reported_version_that_is_no_number_is_none(wrong: object) -> None:
    values = terms_as_values(Terms()) | {"reports": wrong}
    with pytest.raises(TypeError):
        read_terms(values)
