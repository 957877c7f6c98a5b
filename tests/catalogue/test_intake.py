"""Firmware intake: hostile names (fault 30), files that change (fault 31), files that are none."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from images import ImageError, ImageSpec, build
from images.eui64 import Eui64
from images.files import MAX_FILE_BYTES
from ota_engine.catalogue.intake import MAX_TEXT, image_record, label, take_in
from ota_engine.store.store import Store
from ota_engine.times import Utc

NOW = Utc(1.7e9)
OTA = build(
    bytes(range(256)) * 4,
    ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x0084,
        file_version=0x01020304,
        header_string="PPMID",
        upgrade_file_destination=0xFFFF_FFFF_FFFF_FFF0,
    ),
)
HOSTILE = (
    "../../x",
    "..\\..\\x",
    "/etc/passwd",
    "a\0b",
    "x" * 10_000,
    "\x1b[2Jcleared",
    "two\nlines\r",
    "\u202egpj.ota",
    "\udcff\udcfe",
    "..",
    ".",
    "",
    "///",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_ends_as_a_harmless_label(name: str) -> None:
    with Store.in_memory() as store:
        store.apply([image_record(OTA, name, NOW)])
        (stored,) = store.load().images
    assert stored.data == OTA
    assert_harmless(stored.name)


@given(st.text(st.characters()))
@example("a/b\\..")
def test_any_name_ends_as_a_harmless_label(name: str) -> None:
    assert_harmless(label(name))


def assert_harmless(text: str) -> None:
    assert text not in ("", ".", "..")
    assert text.isprintable()
    assert len(text) <= MAX_TEXT
    assert not set(text) & {"/", "\\", "\0"}
    assert text.encode()


def test_what_a_header_string_hides_is_not_shown() -> None:
    at = OTA.index(b"PPMID")
    hostile = OTA[:at] + b"\x1b[2J\nPPMID" + OTA[at + 10 :]
    assert image_record(hostile, "x", NOW).header_string == "[2JPPMID"


def test_the_identity_of_an_image_is_the_hash_of_what_is_served() -> None:
    record = image_record(OTA, "ppmid.ota", NOW)
    assert record.sha256 == hashlib.sha256(record.data).hexdigest()
    assert record.data == OTA
    assert (record.manufacturer_code, record.image_type) == (0x121D, 0x0084)
    assert record.file_version == 0x01020304
    assert record.upgrade_file_destination == Eui64(0xFFFF_FFFF_FFFF_FFF0)
    assert record.minimum_hardware_version is None


def test_what_trails_the_file_on_disk_is_not_served() -> None:
    assert image_record(OTA + b"\xff" * 7, "padded", NOW).data == OTA


def test_a_gb_image_brings_the_hash_it_is_activated_by() -> None:
    spec = ImageSpec(manufacturer_code=1, image_type=2, file_version=3, layout="gb")
    record = image_record(build(b"firmware", spec), "gb", NOW)
    assert record.manufacturer_image_hash == hashlib.sha256(b"firmware").hexdigest()


def test_a_file_swapped_after_intake_changes_nothing(tmp_path: Path) -> None:
    file, database = tmp_path / "ppmid.ota", tmp_path / "zota.db"
    file.write_bytes(OTA)
    record = take_in(file, NOW)
    file.write_bytes(OTA[:-1] + b"\x00")
    with Store.open(database) as store:
        store.apply([record])
    file.unlink()
    with Store.open(database) as store:
        (served,) = store.load().images
    assert served.data == OTA
    assert served.sha256 == hashlib.sha256(OTA).hexdigest()
    assert served.name == "ppmid.ota"


@pytest.mark.parametrize("cut", [0, 10, 55, 60, len(OTA) - 1])
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(ImageError):
        image_record(OTA[:cut], "cut.ota", NOW)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: OTA[:56] + tail))
def test_any_bytes_are_a_record_or_an_image_error(data: bytes) -> None:
    try:
        record = image_record(data, "any", NOW)
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert record.data in data


def test_a_pipe_does_not_block_the_intake(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ota")
    with pytest.raises(ImageError, match="is not a file"):
        take_in(tmp_path / "pipe.ota", NOW)


@pytest.mark.parametrize("path", [Path("/dev/zero"), Path("/")])
def test_a_device_or_a_folder_is_refused(path: Path) -> None:
    with pytest.raises((ImageError, IsADirectoryError)):
        take_in(path, NOW)


def test_a_file_too_large_to_be_firmware_is_not_read_to_its_end(tmp_path: Path) -> None:
    huge = tmp_path / "huge.ota"
    huge.touch()
    os.truncate(huge, 1 << 40)  # sparse
    with pytest.raises(ImageError, match=f"larger than {MAX_FILE_BYTES} bytes"):
        take_in(huge, NOW)


def test_a_symbolic_link_gives_content_and_never_a_path(tmp_path: Path) -> None:
    (tmp_path / "real.ota").write_bytes(OTA)
    link = tmp_path / "link.ota"
    link.symlink_to(tmp_path / "real.ota")
    record = take_in(link, NOW)
    assert (record.name, record.data) == ("link.ota", OTA)
