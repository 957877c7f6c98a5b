"""``zota image fix|unwrap|extract|sign|strip`` as a user meets them."""

from pathlib import Path

import pytest

from tests.cli.zota import zota
from tests.images.samples import FIRMWARE, element, gb, key_pair, ota, plain
from tests.images.security_cases import SIGNED_1, coded
from tests.images.test_containers import legrand

NAME = "121D-0084-01020304.zigbee"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_not_mended_in_place_unless_told(here: Path) -> None:
    (here / "x.ota").write_bytes(coded() + b"tail")
    assert zota("image", "fix", "x.ota").code == 2
    assert (here / "x.ota").read_bytes() == coded() + b"tail"
    ran = zota("image", "fix", "x.ota", "--in-place")
    assert ran.code == 0
    assert "cut off 4 bytes" in ran.out
    assert (here / "x.ota").read_bytes() == coded()
    assert "nothing to mend" in zota("image", "fix", "x.ota", "--in-place").out


def test_a_mended_file_gets_the_recommended_name_in_a_folder(here: Path) -> None:
    (here / "x.ota").write_bytes(coded() + b"tail")
    (here / "out").mkdir()
    assert zota("image", "fix", "x.ota", "-o", "out").code == 0
    assert (here / "out" / NAME).read_bytes() == coded()
    assert zota("image", "fix", "x.ota", "-o", "out").code == 2
    assert zota("image", "fix", "x.ota", "-o", "out", "--force").code == 0


def test_a_signed_file_is_left_alone_with_one_line(here: Path) -> None:
    (here / "x.ota").write_bytes(SIGNED_1 + b"tail")
    ran = zota("image", "fix", "x.ota", "--in-place")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert (here / "x.ota").read_bytes() == SIGNED_1 + b"tail"


def test_the_bare_file_comes_out_of_a_container(here: Path) -> None:
    (here / "x.signed").write_bytes(legrand())
    assert zota("image", "unwrap", "x.signed").code == 0
    assert (here / NAME).read_bytes() == plain()


def test_firmware_and_elements_come_out(here: Path) -> None:
    (here / "x.ota").write_bytes(coded())
    assert zota("image", "extract", "x.ota").code == 0
    assert (here / "x.bin").read_bytes() == FIRMWARE * 50
    assert zota("image", "extract", "x.ota", "--tag", "0x3", "-o", "code").code == 0
    assert (here / "code").read_bytes() == coded()[-16:]
    assert zota("image", "extract", "x.ota", "--tag", "9", "-o", "none").code == 2


def test_a_gb_image_is_signed_and_stripped_again(here: Path) -> None:
    private, public = key_pair()
    (here / "key").write_bytes(private)
    (here / "pub").write_bytes(public)
    (here / "x.ota").write_bytes(gb())
    assert zota("image", "sign", "x.ota", "--sign-key", "key", "-o", "signed").code == 0
    assert zota("image", "verify", "signed", "--certificate", "pub").code == 0
    assert zota("image", "strip", "signed", "-o", "bare").code == 0
    assert (here / "bare").read_bytes() == gb()


def test_what_fix_cannot_mend_is_no_success(here: Path) -> None:
    (here / "x.ota").write_bytes(ota(element(0, FIRMWARE), stack=9))
    ran = zota("image", "fix", "x.ota", "-o", "y.ota")
    assert ran.code == 2
    assert "nothing that fix could mend, errors remain: ZOTA018" in ran.out
    (here / "x.ota").write_bytes(ota(element(0, FIRMWARE), stack=9) + b"\xff" * 4)
    ran = zota("image", "fix", "x.ota", "--in-place")
    assert ran.code == 2 and "written, errors remain: ZOTA018" in ran.out
    (here / "x.ota").write_bytes(coded())
    ran = zota("image", "fix", "x.ota", "--in-place")
    assert (ran.code, ran.out) == (0, "x.ota: nothing to mend\n")
