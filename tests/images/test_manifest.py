"""Indexes in the forms of zigbee2mqtt and zigpy, and what is wrong with an index by itself."""

import json
from hashlib import sha3_256, sha512
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import Expectations, ImageError, Severity, lint
from images.manifest import Manifest, ManifestEntry, parse_manifest
from images.rules import context
from images.rules.repository import manifest_hits
from tests.images.cases import rules_above_info
from tests.images.repository_cases import NAME, OTHER, RIGHT, TWIN
from tests.images.samples import element, ota, plain
from tests.images.security_cases import coded
from tests.images.test_containers import ikea

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
    expect = Expectations(manifest=Manifest((entry, OTHER._replace(file_version=1))))
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
        ({"models": ("a", "lamp")}, True),
        ({"file_version": 9}, False),
        ({"minimum_hardware": 5}, True),
        ({"minimum_hardware": 5, "maximum_hardware": 9}, True),
        ({"minimum_hardware": 11}, False),
        ({"makers": ("b",)}, False),
        ({"makers": ("a", "b")}, True),
        ({"digest": RIGHT.digest}, False),
        ({"file_version": None}, False),
        ({"minimum_version": 0, "maximum_version": 1}, True),
    ],
)
def test_windows_that_select_two_files_are_told(
    change: dict[str, object], overlapping: bool
) -> None:
    first = RIGHT._replace(maximum_hardware=10, models=("a",), makers=("a",))
    wide: dict[str, object] = {"maximum_hardware": None, "models": (), "digest": bytes(64)}
    second = first._replace(**{"name": "b", **wide, **change})  # type: ignore[arg-type]
    hits = list(manifest_hits((first, second), {NAME, "b"}))
    assert bool(hits) is overlapping


WRAPPED = ikea(coded())
SAYS = RIGHT._replace(digest=sha512(WRAPPED).digest(), size=len(WRAPPED))


@pytest.mark.parametrize("size", [None, len(WRAPPED), len(coded())])
def test_the_size_of_the_file_and_of_the_image_in_it_are_both_right(size: int | None) -> None:
    """zigbee2mqtt's fileSize is the header's total image size, its sha512 that of the whole file."""
    expect = Expectations(manifest=Manifest((SAYS._replace(size=size),)))
    assert rules_above_info(WRAPPED, name=NAME, expect=expect) == set()


def found(data: bytes, entry: ManifestEntry, name: str = NAME) -> dict[str, Severity]:
    expect = Expectations(manifest=Manifest((entry,)))
    findings = lint(data, name=name, expect=expect).findings
    return {one.message: one.severity for one in findings if one.rule in ("ZOTA024", "ZOTA040")}


def test_the_digest_decides_and_a_wrong_size_beside_it_is_a_mistake_of_the_index() -> None:
    said = found(WRAPPED, SAYS._replace(size=7))
    assert said == {
        "the index states another size, though its digest is right": Severity.WARNING,
    }


def test_a_wrong_size_without_a_digest_is_another_file() -> None:
    said = found(WRAPPED, SAYS._replace(size=7, digest=None))
    assert said == {"the index states another size": Severity.ERROR}


def test_a_file_shorter_than_its_header_says_stays_refused_whatever_the_index_says() -> None:
    cut = coded()[:-10]
    entry = RIGHT._replace(size=len(coded()), digest=sha512(cut).digest())
    expect = Expectations(manifest=Manifest((entry,)))
    assert rules_above_info(cut, name=NAME, expect=expect) == {"ZOTA006"}


def test_an_index_that_does_not_list_a_file_does_not_vouch_for_it() -> None:
    assert list(found(plain(), RIGHT, "new.ota").values()) == [Severity.INFO]  # under another name
    said = found(ota(element(0, b"x" * 99), image_type=7), RIGHT, "new.ota")
    assert said == {
        "the index does not list this file: there is nothing to compare it with": Severity.WARNING
    }


APART: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"minimum_hardware": 0, "maximum_hardware": 4}, {"minimum_hardware": 5}),
    ({"models": ("lamp",)}, {"models": ("plug", "relay")}),
    ({"makers": ("a",)}, {"makers": ("b",)}),
]


@pytest.mark.parametrize(("ours", "theirs"), APART)
def test_two_files_of_one_identity_for_different_devices_are_no_clash(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    own, other = RIGHT._replace(**ours), OTHER._replace(**theirs)  # type: ignore[arg-type]
    for entries, clash in (((own, other), False), ((own, OTHER), True), ((other,), True)):
        expect = Expectations(manifest=Manifest(entries))
        told = {one.rule for one in lint(plain(), name=NAME, expect=expect).findings}
        assert ("ZOTA024" in told) is clash


def test_a_file_named_for_two_models_clashes_where_one_of_them_is_another_s() -> None:
    lines = (RIGHT._replace(models=("lamp",)), RIGHT._replace(models=("plug",)))
    expect = Expectations(manifest=Manifest((*lines, OTHER._replace(models=("plug",)))))
    assert "ZOTA024" in {one.rule for one in lint(plain(), name=NAME, expect=expect).findings}


def test_a_file_is_hashed_once_however_long_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    for algorithm, make in context._HASHES.items():

        def counted(data: object, algorithm: str = algorithm, make: Any = make) -> Any:
            runs.append(algorithm)
            return make(data)

        monkeypatch.setitem(context._HASHES, algorithm, counted)
    lines = [OTHER._replace(name=f"{number}.ota", digest=bytes(64)) for number in range(500)]
    twins = [TWIN._replace(name=f"t{number}.ota") for number in range(500)]
    lint(plain(), name=NAME, expect=Expectations(manifest=Manifest((RIGHT, *lines, *twins))))
    assert runs == ["sha512"]


def test_a_local_line_may_leave_to_its_file_what_it_is() -> None:
    (entry,) = parse_manifest(json.dumps([{"url": "lamp.ota", "force": True}]))
    assert (entry.identity, entry.digest, entry.local) == ((None, None, None), None, True)
    assert entry.force
    assert found(plain(), entry, "lamp.ota") == {}


def test_a_line_of_the_web_says_what_its_file_is() -> None:
    with pytest.raises(ImageError, match="has no manufacturerCode"):
        parse_manifest(json.dumps([{"url": "https://example.org/lamp.ota"}]))


def test_an_upper_limit_of_0_is_none_in_zigbee2mqtt_s_form_alone() -> None:
    zeros = {"maxFileVersion": 0, "hardwareVersionMax": 0, "minFileVersion": 0}
    (theirs,) = parse_manifest(json.dumps([{**Z2M, **zeros}]))
    assert (theirs.maximum_version, theirs.maximum_hardware, theirs.minimum_version) == (
        None,
        None,
        0,
    )
    (zigpy,) = parse_manifest(json.dumps({"firmwares": [{**ZIGPY, "max_hardware_version": 0}]}))
    assert zigpy.maximum_hardware == 0
