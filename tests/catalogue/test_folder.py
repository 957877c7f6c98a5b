"""The folder on disk: what is listed is whole, what is damaged is named, strangers' folders are left."""

import os
from pathlib import Path

import pytest

from images.catalogue import write_record
from ota_engine.catalogue.disk import locked, read_beneath, write_durably
from ota_engine.catalogue.folder import MARK, Catalogue
from ota_engine.errors import LocalError, StoreError
from tests.catalogue.samples import empty, ota, put


def test_a_folder_without_a_catalogue_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", Path(__file__)):
        with pytest.raises(LocalError, match="no catalogue here"):
            Catalogue(path)


def test_no_catalogue_is_made_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(LocalError, match="holds other files"):
        Catalogue.made(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("mark", ['{"format": 2}', "[]", "no json", ""])
def test_a_catalogue_of_another_format_is_left_alone(tmp_path: Path, mark: str) -> None:
    catalogue = empty(tmp_path)
    (catalogue.path / MARK).write_text(mark)
    with pytest.raises(StoreError, match=r"another format|not JSON"):
        Catalogue(catalogue.path)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    entry = put(catalogue, ota()).entry
    record = catalogue.path / "entries" / f"{entry.sha256}.json"
    record.write_bytes(record.read_bytes()[:-20])
    with pytest.raises(StoreError, match=f"{entry.sha256}.json: the record is not JSON"):
        catalogue.entries()
    assert [defect.where for defect in catalogue.check()] == [f"entries/{entry.sha256}.json"]


def test_a_record_under_another_name_is_no_record(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    entry = put(catalogue, ota()).entry
    (catalogue.path / "entries" / f"{'0' * 64}.json").write_bytes(write_record(entry))
    with pytest.raises(StoreError, match="the record of another image"):
        catalogue.entries()


@pytest.mark.parametrize("harm", ["changed", "gone", "a link"])
def test_octets_that_are_not_what_they_were_are_never_used(tmp_path: Path, harm: str) -> None:
    catalogue = empty(tmp_path)
    entry = put(catalogue, ota()).entry
    file = catalogue.path / "images" / entry.sha256
    file.unlink()
    if harm == "changed":
        file.write_bytes(ota(b"evil"))
    elif harm == "a link":
        (tmp_path / "real").write_bytes(ota())
        file.symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="add the image again"):
        catalogue.octets(entry)
    assert len(list(catalogue.check())) == 1
    assert put(catalogue, ota()).known
    assert catalogue.octets(entry) == ota()
    assert list(catalogue.check()) == []


def test_a_catalogue_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    entry = put(catalogue, ota()).entry
    with locked(catalogue.path):
        assert Catalogue(catalogue.path).entries() == [entry]


def test_the_second_writer_is_told(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(StoreError, match="another zota is writing here"),
        locked(tmp_path, patience_s=0.0),
    ):
        raise AssertionError("two writers")


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_durably(target, b"old")
    (tmp_path / f".file.{os.getpid()}.part").mkdir()  # where the new one would be written first
    with pytest.raises(OSError, match="file"):
        write_durably(target, b"new")
    assert target.read_bytes() == b"old"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "room" / "deep").mkdir(parents=True)
    (tmp_path / "room" / "deep" / "file").write_bytes(b"inside")
    return tmp_path / "room"


def test_a_file_below_a_folder_is_read(room: Path) -> None:
    assert read_beneath(room, ("deep", "file"), 6) == b"inside"


@pytest.mark.parametrize("parts", [("link",), ("folder", "secret"), ("deep", "loop", "file")])
def test_no_link_is_followed_out_of_a_folder(room: Path, parts: tuple[str, ...]) -> None:
    (room / "link").symlink_to(room.parent / "secret")
    (room / "folder").symlink_to(room.parent)
    (room / "deep" / "loop").symlink_to(room)
    with pytest.raises(OSError, match="symbolic link"):
        read_beneath(room, parts, 100)


def test_a_pipe_neither_blocks_nor_is_read(room: Path) -> None:
    os.mkfifo(room / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_beneath(room, ("pipe",), 100)


def test_a_sparse_giant_is_not_read(room: Path) -> None:
    (room / "huge").touch()
    os.truncate(room / "huge", 1 << 40)
    with pytest.raises(OSError, match="larger than 1 KiB"):
        read_beneath(room, ("huge",), 1024)
