"""Indexes in the forms of zigbee2mqtt and zigpy, and what is wrong with an index by itself."""

import json
from hashlib import sha3_256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import Expectations, ImageError, Severity
from images.manifest import ManifestEntry, parse_manifest
from images.rules.repository import manifest_hits
from tests.images.cases import rules_above_info
from tests.images.repository_cases import NAME, OTHER, RIGHT, TWIN
from tests.images.security_cases import coded

Z2M = {
    "fileName": "a.ota",
    "fileVersion": 3,
    "fileSize": 100,
    "manufacturerCode": 1,
    "imageType": 2,
    "sha512": "ab" * 64,
    "url": "https://example.org/a.ota",
    "modelId": "lamp",
    "minFileVersion": 1,
}
ZIGPY = {
    "binary_url": "https://example.org/x/b.ota?raw=1",
    "file_version": 3,
    "file_size": 100,
    "manufacturer_id": 1,
    "image_type": 2,
    "checksum": "sha3-256:" + "cd" * 32,
    "model_names": ["lamp"],
    "max_hardware_version": 9,
}


def test_a_zigbee2mqtt_index_is_read() -> None:
    assert parse_manifest(json.dumps([Z2M])) == (
        ManifestEntry(
            *("a.ota", 1, 2, 3, 100, b"\xab" * 64, "sha512"),
            minimum_version=1,
            models=("lamp",),
            place=str(Z2M["url"]),
        ),
    )


def test_a_zigpy_index_is_read() -> None:
    assert parse_manifest(json.dumps({"firmwares": [ZIGPY]})) == (
        ManifestEntry(
            *("b.ota", 1, 2, 3, 100, b"\xcd" * 32, "sha3-256"),
            maximum_hardware=9,
            models=("lamp",),
            place=str(ZIGPY["binary_url"]),
        ),
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "not an index"),
        ('{"images": []}', "not an index"),
        ("[7]", "entry 1 .* no object"),
        (json.dumps([Z2M, {**Z2M, "fileVersion": None}]), "entry 2 .* has no fileVersion"),
        (json.dumps([{**Z2M, "fileSize": "big"}]), "no number"),
        (json.dumps([{**Z2M, "fileSize": 1 << 40}]), "no number"),
        (json.dumps([{**Z2M, "sha512": "ab"}]), "no usable digest"),
        (json.dumps([{**Z2M, "fileName": None, "url": 5}]), "names no file"),
        (json.dumps([{**ZIGPY, "checksum": "md5:00"}]), "no usable digest"),
        (json.dumps([{**ZIGPY, "model_names": [5]}]), "models"),
    ],
)
def test_an_index_that_is_none_is_refused_with_its_entry(content: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        parse_manifest(content)


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\passwd", "/etc/passwd"])
def test_a_name_never_leaves_the_folder(name: str) -> None:
    assert parse_manifest(json.dumps([{**Z2M, "fileName": name}]))[0].name == "passwd"


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5) | st.binary())
def test_anything_is_an_index_or_refused(content: object) -> None:
    text = content if isinstance(content, bytes) else json.dumps(content)
    try:
        parse_manifest(text)
    except ImageError:
        return


def test_a_file_that_is_as_its_index_says_has_no_finding() -> None:
    digest = sha3_256(coded()).digest()
    entry = RIGHT._replace(size=len(coded()), digest=digest, algorithm="sha3-256")
    expect = Expectations(manifest=(entry, OTHER._replace(file_version=1)))
    assert rules_above_info(coded(), name=NAME, expect=expect) == set()


def test_an_index_names_files_that_are_not_there() -> None:
    (hit,) = manifest_hits((RIGHT, TWIN), {NAME})
    assert hit.severity is Severity.ERROR
    assert hit.expected == "twin.zigbee"


@pytest.mark.parametrize(
    ("change", "overlapping"),
    [
        ({}, True),
        ({"models": ("lamp",)}, False),
        ({"file_version": 9}, False),
        ({"minimum_hardware": 5}, True),
        ({"minimum_hardware": 5, "maximum_hardware": 9}, True),
        ({"minimum_hardware": 11}, False),
        ({"minimum_version": 0, "maximum_version": 1}, True),
    ],
)
def test_windows_that_select_two_files_are_told(
    change: dict[str, object], overlapping: bool
) -> None:
    first = RIGHT._replace(maximum_hardware=10)
    second = first._replace(**{"name": "b", "maximum_hardware": None, **change})  # type: ignore[arg-type]
    hits = list(manifest_hits((first, second), {NAME, "b"}))
    assert bool(hits) is overlapping
