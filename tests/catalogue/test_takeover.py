"""Indexes of strangers: hostile places (fault 30), files that change (fault 31), nothing fetched."""

import json
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest

from images import ImageError, Report
from images.catalogue import Decision, ImageStatus, Range, Terms
from ota_engine.catalogue.desk import decide, lint_by_shape
from ota_engine.catalogue.export import chosen, release_folder
from ota_engine.catalogue.folder import Catalogue
from ota_engine.catalogue.takeover import TakenOver, find_index, take_over
from ota_engine.errors import LocalError
from tests.catalogue.samples import ANNE, CODE, TYPE, VERSION, empty, ota, put

DATA = ota()
LINE = {
    "fileName": "a.ota",
    "fileVersion": VERSION,
    "fileSize": len(DATA),
    "manufacturerCode": CODE,
    "imageType": TYPE,
    "sha512": sha512(DATA).hexdigest(),
    "url": "https://example.org/firmware/a.ota",
}


def index(folder: Path, *changes: dict[str, Any]) -> Path:
    path = folder / "index.json"
    path.write_text(json.dumps([{**LINE, **change} for change in changes]))
    return path


def taken(catalogue: Catalogue, path: Path, files: Path | None = None) -> list[TakenOver]:
    with catalogue.writing() as writing:
        return list(take_over(writing, path, files or path.parent, ANNE))


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.ota").write_bytes(DATA)
    return folder


def test_a_listed_file_becomes_a_draft_with_the_terms_of_its_index(
    tmp_path: Path, served: Path
) -> None:
    catalogue = empty(tmp_path)
    path = index(served, {"modelId": "PPMID", "minFileVersion": 1, "maxFileVersion": 5})
    (one,) = taken(catalogue, path)
    assert one.entry is not None
    assert one.entry.terms == Terms(bases=(Range(1, 5),), models=("PPMID",))
    assert (one.entry.status, one.entry.origin.source) == (ImageStatus.DRAFT, "index.json")
    assert catalogue.octets(one.entry) == DATA
    assert taken(catalogue, path)[0].known


OUTSIDE = (
    *("../secret.ota", "/etc/passwd", "deep/../../secret.ota", "..\\secret.ota", "a\0.ota"),
    *("link.ota", "folder/secret.ota", "C:secret.ota", "file:secret.ota"),
)


@pytest.mark.parametrize("place", OUTSIDE)
def test_no_index_leads_out_of_its_folder(tmp_path: Path, served: Path, place: str) -> None:
    (tmp_path / "secret.ota").write_bytes(DATA)
    (served / "link.ota").symlink_to(tmp_path / "secret.ota")
    (served / "folder").symlink_to(tmp_path)
    (served / "a.ota").unlink()
    catalogue = empty(tmp_path)
    for key in ("path", "url"):
        (one,) = taken(catalogue, index(served, {key: place, "fileName": "secret.ota"}))
        assert one.entry is None
        assert one.reason.isprintable()
    assert catalogue.entries() == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a.ota", "file:///etc/passwd", "https://x/b.ota"]
)
def test_what_is_not_beside_the_index_is_not_fetched(
    tmp_path: Path, served: Path, url: str
) -> None:
    (served / "a.ota").unlink()
    (one,) = taken(empty(tmp_path), index(served, {"url": url, "fileName": None}))
    assert "nothing is ever fetched" in one.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sha512": "ab" * 64}, "its sha512 is not the one of the index"),
        ({"fileSize": 1}, "the index states 1"),
        ({"fileVersion": 7}, "its header says 121D-0084-01020304, the index 121D-0084-00000007"),
        ({"sha512": None}, "no checksum"),
        ({"hardwareVersionMin": 9, "hardwareVersionMax": 3}, "no range"),
    ],
)
def test_a_file_that_is_not_the_one_meant_is_refused_by_name(
    tmp_path: Path, served: Path, change: dict[str, Any], reason: str
) -> None:
    catalogue = empty(tmp_path)
    (one,) = taken(catalogue, index(served, change))
    assert (one.name, one.entry) == ("a.ota", None)
    assert reason in one.reason
    assert catalogue.entries() == []


def test_one_refused_file_leaves_the_others_alone(tmp_path: Path, served: Path) -> None:
    other = ota(version=VERSION + 1)
    (served / "b.ota").write_bytes(other)
    good = {"fileName": "b.ota", "url": "b.ota", "fileVersion": VERSION + 1, "fileSize": len(other)}
    good["sha512"] = sha512(other).hexdigest()
    refused, added = taken(empty(tmp_path), index(served, {"fileSize": 1}, good))
    assert refused.entry is None
    assert added.entry is not None


def test_a_hostile_name_ends_as_a_label(tmp_path: Path, served: Path) -> None:
    (one,) = taken(empty(tmp_path), index(served, {"fileName": "\x1b[2J../x\n", "fileSize": 1}))
    assert one.name == "x"


def test_a_damaged_index_changes_nothing(tmp_path: Path, served: Path) -> None:
    catalogue = empty(tmp_path)
    path = index(served, {}, {"fileVersion": "x"})
    with pytest.raises(ImageError, match="entry 2"):
        taken(catalogue, path)
    assert catalogue.entries() == []


def test_a_file_swapped_while_it_is_judged_changes_nothing(tmp_path: Path, served: Path) -> None:
    catalogue = empty(tmp_path)
    path = index(served, {})

    def swap(data: bytes, name: str) -> Report:
        (served / "a.ota").write_bytes(ota(b"evil"))
        path.write_text("[]")
        return lint_by_shape(data, name)

    with catalogue.writing() as writing:
        (one,) = take_over(writing, path, served, ANNE, swap)
    assert one.entry is not None
    assert catalogue.octets(one.entry) == DATA


def test_a_clash_in_an_index_is_refused_by_name(tmp_path: Path, served: Path) -> None:
    catalogue = empty(tmp_path)
    put(catalogue, ota(b"other"))
    (one,) = taken(catalogue, index(served, {}))
    assert "listed with other octets" in one.reason


def test_an_index_finds_its_files_by_name_where_the_user_says(tmp_path: Path, served: Path) -> None:
    path = index(tmp_path, {"url": "images/maker/a.ota"})
    (one,) = taken(empty(tmp_path), path, served)
    assert one.entry is not None


@pytest.mark.parametrize("form", ["catalogue.json", "zigpy.json", "zigbee2mqtt.json"])
def test_an_exported_folder_is_taken_over_again(tmp_path: Path, form: str) -> None:
    mine = empty(tmp_path)
    said = Terms(
        bases=(Range(1, 2), Range(5, 9)), models=("a", "b"), makers=("z",), notes="new\nold"
    )
    entry = put(mine, ota(hardware=(1, 9)), said).entry
    put(mine, ota(version=VERSION + 1))
    with mine.writing() as writing:
        decide(writing, entry.sha256, Decision.APPROVE, ANNE, "")
    release_folder(mine, chosen(mine.entries(), drafts=True), tmp_path / "out", "", force=False)
    theirs = Catalogue.made(tmp_path / "theirs")
    assert {one.reason for one in taken(theirs, tmp_path / "out" / form)} == {""}
    assert [one.terms for one in theirs.entries()] == [one.terms for one in mine.entries()]
    assert {one.status for one in theirs.entries()} == {ImageStatus.DRAFT}
    assert find_index(tmp_path / "out").name == "catalogue.json"


def test_a_published_folder_is_taken_over_where_it_lies(tmp_path: Path, served: Path) -> None:
    (served / "images" / "maker").mkdir(parents=True)
    (served / "a.ota").rename(served / "images" / "maker" / "a b.ota")
    url = "https://example.org/repository/main/images/maker/a%20b.ota"
    (one,) = taken(empty(tmp_path), index(served, {"url": url, "fileName": "a b.ota"}))
    assert one.entry is not None


def test_a_folder_without_an_index_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no index here"):
        find_index(tmp_path)


def test_a_header_string_never_names_a_path(tmp_path: Path) -> None:
    data = ota()
    at = data.index(b"ppmid")
    hostile = data[:at] + b"../../../x" + data[at + 10 :]
    catalogue = empty(tmp_path)
    put(catalogue, hostile, bearer=ANNE._replace(override="try"))
    out = tmp_path / "a" / "b" / "out"
    entries = chosen(catalogue.entries(), drafts=True)
    (one,) = release_folder(catalogue, entries, out, "", force=False).images
    assert (out / one.name).read_bytes() == hostile
    assert {file.name for file in tmp_path.rglob("*.zigbee")} == {one.name}
