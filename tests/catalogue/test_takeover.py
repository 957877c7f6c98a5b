"""Indexes of strangers: hostile places (fault 30), files that change (fault 31), nothing fetched."""

import json
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest

from images import ImageError, Report
from images.catalogue import ImageStatus, Range, StatusDecision, Terms
from ota_engine.catalogue.desk import decide, lint_by_shape
from ota_engine.catalogue.export import chosen, release_folder
from ota_engine.catalogue.folder import Catalogue
from ota_engine.catalogue.takeover import TakenOver, find_index, take_over
from ota_engine.errors import LocalError
from tests.catalogue.samples import ANNE, CODE, TYPE, VERSION, empty, ota, put
from tests.images.samples import SHARED
from tests.images.test_containers import ikea

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
        ({"fileSize": 1, "sha512": None, "url": "a.ota"}, "the index states 1"),
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


WRAPPED = ikea(DATA)


@pytest.mark.parametrize("size", [len(WRAPPED), len(DATA)])
def test_a_wrapped_file_is_taken_whether_its_size_or_that_of_the_image_is_stated(
    tmp_path: Path, served: Path, size: int
) -> None:
    """zigbee2mqtt's fileSize is the header's total image size, its sha512 that of the whole file."""
    (served / "a.ota").write_bytes(WRAPPED)
    catalogue = empty(tmp_path)
    line = {"fileSize": size, "sha512": sha512(WRAPPED).hexdigest()}
    (one,) = taken(catalogue, index(served, line))
    assert (one.reason, one.note) == ("", "")
    assert one.entry is not None
    assert (one.entry.origin.container, catalogue.octets(one.entry)) == ("ikea", DATA)


def test_the_digest_decides_and_a_wrong_size_is_told(tmp_path: Path, served: Path) -> None:
    (one,) = taken(empty(tmp_path), index(served, {"fileSize": 1}))
    assert one.entry is not None
    assert one.note == "the index states 1 bytes, but its digest is right"


def test_a_file_shorter_than_its_header_says_is_refused_though_its_digest_is_right(
    tmp_path: Path, served: Path
) -> None:
    cut = DATA[:-9]
    (served / "a.ota").write_bytes(cut)
    (one,) = taken(empty(tmp_path), index(served, {"sha512": sha512(cut).hexdigest()}))
    assert one.entry is None
    assert "get the whole file" in one.reason


def test_a_local_line_without_a_digest_takes_the_file_and_says_what_it_is(
    tmp_path: Path, served: Path
) -> None:
    path = served / "index.json"
    path.write_text('[{"url": "a.ota"}]')
    (one,) = taken(empty(tmp_path), path)
    assert one.entry is not None
    assert one.note == (
        f"the index states no digest, taken as it lies here: sha256 {one.entry.sha256}"
    )


def test_a_local_line_that_contradicts_its_file_is_refused(tmp_path: Path, served: Path) -> None:
    path = served / "index.json"
    path.write_text('[{"url": "a.ota", "imageType": 7}]')
    (one,) = taken(empty(tmp_path), path)
    assert one.reason == ("its header says 121D-0084-01020304, the index ????-0007-????????")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"hardwareVersionMin": 3}, Range(3, 5)),
        ({"hardwareVersionMax": 3}, Range(1, 3)),
        ({"hardwareVersionMin": 0, "hardwareVersionMax": 255}, Range(1, 5)),
    ],
)
def test_an_index_narrows_the_hardware_of_the_header_and_never_widens_it(
    tmp_path: Path, served: Path, said: dict[str, int], kept: Range
) -> None:
    data = ota(hardware=(1, 5))
    (served / "a.ota").write_bytes(data)
    line = {"fileSize": len(data), "sha512": sha512(data).hexdigest(), **said}
    (one,) = taken(empty(tmp_path), index(served, line))
    assert one.entry is not None
    assert one.entry.hardware == kept


def test_an_index_for_other_hardware_than_the_header_s_is_refused(
    tmp_path: Path, served: Path
) -> None:
    data = ota(hardware=(1, 5))
    (served / "a.ota").write_bytes(data)
    line = {"fileSize": len(data), "sha512": sha512(data).hexdigest(), "hardwareVersionMin": 6}
    (one,) = taken(empty(tmp_path), index(served, line))
    assert "none in common" in one.reason


def test_two_files_of_one_identity_for_two_models_are_both_taken(
    tmp_path: Path, served: Path
) -> None:
    other = ota(b"another product")
    (served / "b.ota").write_bytes(other)
    line = {"fileName": "b.ota", "url": "b.ota", "fileSize": len(other), "modelId": "plug"}
    line["sha512"] = sha512(other).hexdigest()
    both = taken(empty(tmp_path), index(served, {"modelId": "lamp"}, line))
    assert [one.reason for one in both] == ["", ""]


def test_a_file_whose_name_contradicts_its_header_is_taken(tmp_path: Path, served: Path) -> None:
    (served / "121D-0084-00000132.ota").write_bytes(DATA)
    line = {"fileName": "121D-0084-00000132.ota", "url": "121D-0084-00000132.ota"}
    (one,) = taken(empty(tmp_path), index(served, line))
    assert (one.reason, one.entry is not None) == ("", True)


def test_one_refused_file_leaves_the_others_alone(tmp_path: Path, served: Path) -> None:
    other = ota(version=VERSION + 1)
    (served / "b.ota").write_bytes(other)
    good = {"fileName": "b.ota", "url": "b.ota", "fileVersion": VERSION + 1, "fileSize": len(other)}
    good["sha512"] = sha512(other).hexdigest()
    refused, added = taken(empty(tmp_path), index(served, {"sha512": "ab" * 64}, good))
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
        decide(writing, entry.sha256, StatusDecision.APPROVE, ANNE, "")
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


@pytest.mark.skipif(
    not (SHARED / "field").is_dir(), reason="the cases of ../shared/data/field are not here"
)
def test_a_line_as_a_public_collection_writes_it_is_taken(tmp_path: Path) -> None:
    (one,) = taken(empty(tmp_path), SHARED / "field" / "ikea" / "index.json")
    assert (one.reason, one.note) == ("", "")
    assert one.entry is not None
    assert (one.entry.name, one.entry.origin.container) == ("117C-1100-02040025", "ikea")
