"""Files read in bounded memory and written whole."""

import os
import threading
from pathlib import Path

import pytest

from images.files import read_at_most, read_bounded, write_secret, write_whole


@pytest.mark.parametrize(("size", "whole"), [(0, True), (10, True), (11, False), (1 << 40, False)])
def test_a_file_is_read_whole_or_refused_unread(tmp_path: Path, size: int, whole: bool) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(size)
    if whole:
        assert read_bounded(path, 10) == bytes(size)
        return
    with pytest.raises(OSError, match="larger than 0 KiB") as caught:
        read_bounded(path, 10)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(("octets", "found"), [(b"0123456789", True), (b"0123456789!", False)])
def test_a_pipe_without_a_size_is_bounded_too(octets: bytes, found: bool) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        os.write(writing, octets)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as file:
        assert read_at_most(file, 10) == (octets if found else None)
    writer.join()


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_takes_the_place_of_another_and_leaves_nothing_beside_it(
    tmp_path: Path, durable: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    (tmp_path / f".file.{os.getpid()}.part").write_bytes(b"left by a killed process")
    write_whole(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "kept").touch()
    with pytest.raises(OSError, match="folder") as caught:
        write_whole(path, b"octets")
    assert caught.value.filename == str(path)
    assert [child.name for child in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "file", b"octets")


def test_a_secret_is_for_its_owner_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    (tmp_path / f".secret.{os.getpid()}.part").write_bytes(b"left by a killed process")
    write_secret(path, b"first")
    with pytest.raises(FileExistsError) as caught:
        write_secret(path, b"second")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
