import json
import resource
from pathlib import Path

import pytest

from images import parse
from tests.cli.zota import zota, zota_process
from tests.images.samples import FIRMWARE, element, gb, key_pair, plain

IDENTITY = ("--manufacturer", "0x121D", "--type", "132", "--version", "0x01020304")
NAME = "121D-0084-01020304.zigbee"


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firmware binary in an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "fw.bin"
    path.write_bytes(FIRMWARE)
    return path


def test_a_plain_image(firmware: Path) -> None:
    ran = zota("image", "build", firmware, *IDENTITY, "--string", "sample", "-o", "out.ota")
    assert (ran.code, ran.err) == (0, "")
    assert Path("out.ota").read_bytes() == plain()
    assert "0x121d" in ran.out


def test_the_default_name_is_the_recommended_one(firmware: Path) -> None:
    assert zota("image", "build", firmware, *IDENTITY).code == 0
    assert Path(NAME).is_file()


def test_the_names_of_the_header_fields_are_taken_too(firmware: Path) -> None:
    names = ("--manufacturer-code", "0x121D", "--image-type", "132", "--file-version", "0x01020304")
    assert zota("image", "build", firmware, *names).code == 0
    assert Path(NAME).is_file()


def test_a_folder_as_output_gets_the_recommended_name(firmware: Path) -> None:
    Path("out").mkdir()
    assert zota("image", "build", firmware, *IDENTITY, "-o", "out").code == 0
    assert Path("out", NAME).is_file()


def test_every_option(firmware: Path) -> None:
    Path("notes").write_bytes(b"notes")
    ran = zota(
        "image", "build", firmware, *IDENTITY, "-o", "out.ota", "--layout", "zcl",
        "--string", "all of it", "--hw-min", "0x0100", "--hw-max", 512, "--stack", 2,
        "--destination", "00-DB-12-34-56-78-90-A4", "--credential-version", 3,
        "--element", "0xF000=notes", "--element", "61441=notes", "--integrity", "--json",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["header"] == {
        "header_version": 0x0100,
        "header_length": 69,
        "field_control": 7,
        "manufacturer_code": 0x121D,
        "image_type": 0x0084,
        "file_version": 0x01020304,
        "zigbee_stack_version": 2,
        "header_string": "all of it",
        "total_image_size": Path("out.ota").stat().st_size,
        "security_credential_version": 3,
        "upgrade_file_destination": 0x00DB1234567890A4,
        "minimum_hardware_version": 0x0100,
        "maximum_hardware_version": 0x0200,
    }
    image = parse(Path("out.ota").read_bytes())
    assert [piece.tag for piece in image.elements] == [0, 0xF000, 0xF001, 3]


def test_a_signed_gb_image_verifies(firmware: Path) -> None:
    private, public = key_pair()
    Path("key.pem").write_bytes(private)
    Path("pub.pem").write_bytes(public)
    hardware = ("--hw-min", 1, "--hw-max", 2)
    ran = zota(
        "image", "build", firmware, *IDENTITY, "--layout", "gb", *hardware,
        "--sign-key", "key.pem", "--force-replace", "-o", "out.ota",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert parse(Path("out.ota").read_bytes()).force_replace == 1
    assert zota("image", "verify", "out.ota", "--certificate", "pub.pem").code == 0
    assert zota("image", "validate", "out.ota", "--strict").code == 0


def test_gb_without_hardware_range_warns(firmware: Path) -> None:
    ran = zota("image", "build", firmware, *IDENTITY, "--layout", "gb", "-o", "out.ota")
    assert ran.code == 0
    assert "every hardware version" in ran.err


def test_a_payload_that_is_an_ota_file_warns(firmware: Path) -> None:
    firmware.write_bytes(gb())
    ran = zota("image", "build", firmware, *IDENTITY, "-o", "out.ota")
    assert ran.code == 0
    assert "is itself an OTA file" in ran.err
    assert ran.err.count("\n") == 1


def test_an_existing_file_is_kept_unless_forced(firmware: Path) -> None:
    Path("out.ota").write_bytes(b"precious")
    ran = zota("image", "build", firmware, *IDENTITY, "-o", "out.ota")
    assert ran.code == 2
    assert "out.ota: exists already; give --force" in ran.err
    assert Path("out.ota").read_bytes() == b"precious"
    assert zota("image", "build", firmware, *IDENTITY, "-o", "out.ota", "--force").code == 0
    assert Path("out.ota").read_bytes() == plain(string=b"")


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (("--manufacturer", "0xFFFF", "--type", 0, "--version", 1), 2, "wildcard"),
        ((*IDENTITY, "--string", "x" * 33), 2, "33 characters"),
        ((*IDENTITY, "--hw-min", 1), 2, "both minimum and maximum"),
        ((*IDENTITY, "--sign-key", "fw.bin"), 2, "belong to layout gb"),
        ((*IDENTITY, "--layout", "gb", "--integrity"), 2, "belong to layout zcl"),
        ((*IDENTITY, "--layout", "gb", "--sign-key", "fw.bin"), 2, "not a PEM private key"),
        ((*IDENTITY, "--layout", "gb", "--sign-key", "none.pem"), 3, "none.pem: No such file"),
        ((*IDENTITY, "--element", "0xF000=none"), 3, "none: No such file"),
        ((*IDENTITY, "--element", "0xF000"), 2, "is not TAG=FILE"),
        ((*IDENTITY, "-o", "no/such/folder/x"), 3, "no/such/folder/x: No such file"),
    ],
)
def test_what_cannot_be_built_is_one_line_and_leaves_no_file(
    firmware: Path, options: tuple[str | int, ...], code: int, line: str
) -> None:
    ran = zota("image", "build", firmware, *options)
    assert ran.code == code
    assert line in ran.err
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in firmware.parent.iterdir()) == ["fw.bin"]


@pytest.mark.parametrize("number", ["0x", "12x", "", "1.5"])
def test_a_number_that_is_none_is_a_usage_error(firmware: Path, number: str) -> None:
    ran = zota("image", "build", firmware, "--manufacturer", number, "--type", 1, "--version", 1)
    assert ran.code == 2
    assert "is no number" in ran.err


def test_an_empty_payload_is_one_line(firmware: Path) -> None:
    firmware.write_bytes(b"")
    ran = zota("image", "build", firmware, *IDENTITY)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "empty" in ran.err


def test_a_full_disk_is_one_line_and_leaves_no_half_file(firmware: Path) -> None:
    """A limit on file sizes stops the write half-way, as a full disk does."""
    firmware.write_bytes(bytes(50_000))

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    target = firmware.parent / "out.ota"
    ran = zota_process("image", "build", firmware, *IDENTITY, "-o", target, prepare=small_files)
    assert ran.code == 3
    assert ran.err.count("\n") == 1
    assert str(target) in ran.err
    assert sorted(path.name for path in firmware.parent.iterdir()) == ["fw.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_one_line(firmware: Path) -> None:
    ran = zota("image", "build", firmware, *IDENTITY, "-o", "/dev/full")
    assert (ran.code, ran.err) == (
        3,
        "zota: /dev/full: No space left on device: make room on the disk\n",
    )


def test_a_picture_element_can_be_added(firmware: Path) -> None:
    Path("logo").write_bytes(b"logo")
    assert zota("image", "build", firmware, *IDENTITY, "--element", "4=logo", "-o", "o").code == 0
    assert Path("o").read_bytes() == plain(string=b"", total=272) + element(4, b"logo")
