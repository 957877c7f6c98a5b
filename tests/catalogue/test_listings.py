"""Indexes of three forms: what we write we read, hostile ones are refused, none says more than it did."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError
from images.catalogue import (
    CatalogueEntry,
    Range,
    Released,
    Terms,
    draft,
    read_listings,
    write_folder_index,
    write_zigbee2mqtt,
    write_zigpy,
)
from images.catalogue.indexes import unsayable
from images.catalogue.places import MAX_TAILS, place_parts
from tests.catalogue.samples import CODE, TYPE, VERSION, ota
from tests.catalogue.test_records import JSON, terms

Z2M = {
    "fileName": "a.ota",
    "fileVersion": VERSION,
    "manufacturerCode": CODE,
    "imageType": TYPE,
    "sha512": "ab" * 64,
    "url": "a.ota",
}


def released(said: Terms, version: int = VERSION) -> Released:
    entry = draft(ota(version=version, hardware=(1, 9)), said, "bench", "x.ota").entry
    return Released(entry, f"{version:08x}.ota", "ab" * 64, "cd" * 32)


def index(*changes: dict[str, Any]) -> bytes:
    return json.dumps([{**Z2M, **change} for change in changes]).encode()


@given(terms())
def test_every_form_is_read_as_it_was_written(said: Terms) -> None:
    one = released(said)
    foreign = Terms(**{**fields(one.entry.terms), "hardware": one.entry.hardware})
    expected = {write_folder_index: one.entry.terms}
    if not unsayable(one.entry, "zigbee2mqtt"):
        expected |= {write_zigpy: replace(foreign, force=False), write_zigbee2mqtt: foreign}
    for write, wanted in expected.items():
        (listing,) = read_listings(write([one]))
        assert (listing.problem, listing.terms) == ("", wanted)
        assert listing.places == ((one.name,),)
        assert (listing.identity, listing.size) == (one.entry.identity, one.entry.size)


def fields(said: Terms) -> dict[str, Any]:
    names = ("bases", "models", "makers", "notes", "force")
    return {name: getattr(said, name) for name in names}


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_octets_are_an_index_or_refused_in_one_line(text: bytes) -> None:
    try:
        read_listings(text)
    except ImageError as error:
        assert str(error).isprintable()


@given(st.sampled_from(sorted({*Z2M, "path", "modelId", "minFileVersion", "zota_catalogue"})), JSON)
def test_any_value_in_an_index_is_read_or_refused(key: str, value: Any) -> None:
    for content in ([{**Z2M, key: value}], {"firmwares": [{**Z2M, key: value}]}, {key: value}):
        try:
            for listing in read_listings(json.dumps(content).encode()):
                assert listing.problem.isprintable()
        except ImageError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
        (b" " * (9 << 20), "larger than 8192 KiB"),
        (b'[{"fileVersion": 1, "fileVersion": 2}]', "'fileVersion' twice"),
        (b'{"firmwares": [], "firmwares": []}', "'firmwares' twice"),
        (b"[" + b"{}," * 100_001 + b"{}]", "not an index"),
        (b"[" + b"9" * 5000 + b"]", "not JSON"),
        (b'[{"fileVersion": Infinity}]', "not JSON"),
        (index({"fileVersion": True}), "no number of 32 bits"),
        (b'{"zota_catalogue": 2, "images": []}', "newer zota"),
        (b'{"zota_catalogue": 1, "images": [{}]}', "image 1 .* names no file"),
    ],
)
def test_a_hostile_index_is_refused_as_a_whole(text: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_listings(text)


OUTSIDE = (
    *("/etc/passwd", "../x", "a/../../x", "..", ".", "a\\..\\x", "C:x", "file:/x", "a\0b", "a\nb"),
    *("x" * 256, "a/" * 17 + "x", "\u202egpj.ota", "//", "\udcff"),
)


@pytest.mark.parametrize("place", OUTSIDE)
def test_a_place_outside_the_folder_is_none(place: str) -> None:
    with pytest.raises(ImageError) as error:
        place_parts(place)
    assert str(error.value).isprintable()
    (listing,) = read_listings(index({"path": place}))
    assert listing.problem == error.value.reason
    assert listing.places == ()


@given(st.text())
def test_any_place_stays_below_its_folder(place: str) -> None:
    try:
        parts = place_parts(place)
    except ImageError:
        return
    assert parts
    assert not {"", ".", ".."} & set(parts)
    assert not any(set(part) & {"/", "\\", "\0", ":"} for part in parts)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.org/x/a%20b.ota?raw=1", (("x", "a b.ota"), ("a b.ota",))),
        ("file:///etc/passwd", (("etc", "passwd"), ("passwd",))),
        ("https://example.org/x/../../etc/passwd", ()),
        ("https://example.org/%2e%2e/etc/passwd", ()),
        ("https://example.org/a%00b.ota", ()),
        ("https://example.org", ()),
    ],
)
def test_a_url_is_only_good_for_its_end(url: str, found: tuple[tuple[str, ...], ...]) -> None:
    (listing,) = read_listings(index({"url": url, "fileName": "name"}))
    assert (listing.places, listing.problem) == (found, "")


def test_a_long_url_stands_for_few_places() -> None:
    (listing,) = read_listings(index({"url": "https://example.org/" + "a/" * 1000 + "b"}))
    assert len(listing.places) == MAX_TAILS


LIMITED = {"minFileVersion": 1, "maxFileVersion": 2}
OTHER = {"minFileVersion": 5, "maxFileVersion": 6}


def test_lines_of_one_file_become_one_image() -> None:
    (listing,) = read_listings(
        index(*({**limits, "modelId": model} for limits in (LIMITED, OTHER) for model in "ab"))
    )
    assert listing.terms == Terms(bases=(Range(1, 2), Range(5, 6)), models=("a", "b"))


@pytest.mark.parametrize(
    "lines",
    [
        ({**LIMITED, "modelId": "a"}, {**OTHER, "modelId": "b"}),
        ({}, LIMITED),
        ({}, {"modelId": "a"}),
        ({"manufacturerName": ["a"]}, {"manufacturerName": ["b"]}),
        ({"hardwareVersionMax": 1}, {"hardwareVersionMax": 2}),
    ],
)
def test_terms_that_differ_by_device_are_not_put_together(
    lines: tuple[dict[str, Any], ...],
) -> None:
    (listing,) = read_listings(index(*lines))
    assert "on different terms" in listing.problem


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sha512": None, "url": "https://example.org/b.ota"}, "no checksum"),
        ({"minFileVersion": VERSION}, "downgrade"),
        ({"modelId": "a\0b"}, "cannot be shown"),
        ({"hardwareVersionMin": 9, "hardwareVersionMax": 1}, "no range"),
    ],
)
def test_a_line_that_cannot_be_meant_is_a_problem_of_its_file_alone(
    change: dict[str, Any], problem: str
) -> None:
    wrong, right = read_listings(index({"url": "b.ota", **change}, {"sha512": "cd" * 64}))
    assert problem in wrong.problem
    assert right.problem == ""


def test_the_same_file_under_two_identities_is_a_problem() -> None:
    (listing,) = read_listings(index({}, {"imageType": 1}))
    assert "two identities" in listing.problem


def zigbee2mqtt_takes(text: bytes, running: int, model: str) -> int | None:
    """What zigbee2mqtt offers: the first line that fits, if that is newer; 0 limits nothing."""
    for line in json.loads(text):
        low, high = line.get("minFileVersion"), line.get("maxFileVersion")
        fitting = (not low or running >= low) and (not high or running <= high)
        if fitting and line.get("modelId") in (None, model):
            version: int = line["fileVersion"]
            return version if version > running else None
    return None


def test_zigbee2mqtt_comes_to_the_newest_version_by_allowed_steps() -> None:
    text = write_zigbee2mqtt(
        [
            released(Terms(bases=(Range(1, 4),)), version=5),
            released(Terms(bases=(Range(5, 5),), models=("a",)), version=9),
            released(Terms(), version=7),
        ]
    )
    assert [zigbee2mqtt_takes(text, running, "a") for running in (1, 5, 7, 9)] == [7, 9, None, None]
    assert zigbee2mqtt_takes(text, 5, "b") == 7


@pytest.mark.parametrize("base", [Range(0, 0), Range(0, 5)])
def test_what_zigbee2mqtt_would_read_as_no_limit_is_not_written(base: Range) -> None:
    entry: CatalogueEntry = released(Terms(bases=(base,))).entry
    assert bool(unsayable(entry, "zigbee2mqtt")) == (base.high == 0)
    assert unsayable(entry, "zigpy") == ""


def test_a_forced_image_is_for_newer_versions_too() -> None:
    (listing,) = read_listings(index({"force": True, "minFileVersion": VERSION}))
    assert (listing.problem, listing.terms.force) == ("", True)
    assert listing.terms.bases == (Range(VERSION, 0xFFFFFFFF),)
    (free,) = read_listings(index({"force": True}))
    assert free.terms == Terms(force=True)


def test_a_local_line_needs_nothing_but_its_path() -> None:
    (listing,) = read_listings(b'[{"url": "maker/lamp.ota", "modelId": "lamp"}]')
    assert (listing.problem, listing.places) == ("", (("maker", "lamp.ota"),))
    assert (listing.identity, listing.algorithm) == ((None, None, None), "")
    assert listing.terms == Terms(models=("lamp",))
