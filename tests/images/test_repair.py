"""Mending, stripping, signing and taking out: new bytes that are right, or a reason why not."""

from typing import Any

import pytest
from hypothesis import given

from images import ImageError, build, lint, parse
from images.repair import extract, fix, sign, strip, unwrap
from images.rules import Severity
from images.signing import verify_image
from tests.images.cases import rules_above_info
from tests.images.samples import FIRMWARE, element, gb, gb_trailer, header, key_pair, ota, plain
from tests.images.security_cases import SIGNED_1, SIGNED_2, coded
from tests.images.test_build import GB
from tests.images.test_containers import ikea, legrand
from tests.images.test_parse import damaged_files


@pytest.mark.parametrize(
    ("data", "change"),
    [
        (coded() + b"odd tail", "cut off 8 bytes"),
        (coded() + b"\xff" * 99, "cut off 99 bytes"),
        (legrand(coded()), "taken out of its legrand container"),
        (ikea(coded()), "taken out of its ikea container"),
        (coded(6), None),
        (coded(), None),
    ],
)
def test_what_surrounds_the_file_is_removed(data: bytes, change: str | None) -> None:
    fixed = fix(parse(data))
    assert [text.startswith(change or "") for text in fixed.changes] == ([True] if change else [])
    assert fixed.data == (coded() if change else data)
    assert fix(parse(fixed.data)).changes == ()


@pytest.mark.parametrize("wrong", [10, 70, 261, 263, 99_999])
def test_a_size_that_the_elements_contradict_is_corrected(wrong: int) -> None:
    fixed = fix(parse(plain(total=wrong)))
    assert fixed.data == plain()
    assert fixed.changes == (f"total image size {wrong} became 262",)


def test_a_wrong_integrity_code_is_computed_anew() -> None:
    wrong = coded()[:-1] + bytes((coded()[-1] ^ 1,))
    fixed = fix(parse(wrong))
    assert fixed.data == coded()
    assert rules_above_info(fixed.data) == set()


def test_garbage_behind_the_header_string_goes_and_the_code_follows() -> None:
    body = element(0, FIRMWARE) + element(3, bytes(16))
    fixed = fix(parse(header(body, string=b"abc\x00junk") + body))
    assert len(fixed.changes) == 2
    assert parse(fixed.data).header.header_string == b"abc".ljust(32, b"\x00")
    assert rules_above_info(fixed.data) == set()


@pytest.mark.parametrize("data", [SIGNED_1, SIGNED_2, gb(gb_trailer()), SIGNED_1 + b"tail"])
def test_a_signed_file_is_never_mended(data: bytes) -> None:
    with pytest.raises(ImageError, match="the file is signed"):
        fix(parse(data))


def test_a_signature_that_a_size_of_nothing_hid_is_not_mended_away() -> None:
    with pytest.raises(ImageError, match="the file is signed"):
        fix(parse(ota(element(1, b""), total=0)))


@pytest.mark.parametrize(
    "data",
    [
        plain()[:-10],
        ota(element(0, FIRMWARE) + b"abc"),
        ota(element(0, FIRMWARE) + element(3, bytes(15))),
        ota(element(0, FIRMWARE) + element(3, bytes(16)) + element(0xF000, b"x")),
    ],
)
def test_what_would_be_a_guess_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        fix(parse(data))


@given(damaged_files())
def test_a_mended_file_needs_no_mending_and_has_no_error_of_size(data: bytes) -> None:
    try:
        fixed = fix(parse(data))
    except ImageError:
        return
    again = fix(parse(fixed.data))
    assert again == (fixed.data, ())
    found = {one.rule for one in lint(fixed.data).findings if one.severity is Severity.ERROR}
    assert "ZOTA006" not in found
    assert "ZOTA031" not in found


@pytest.mark.parametrize("signed", [SIGNED_1, SIGNED_2])
def test_stripping_leaves_the_firmware_and_a_right_size(signed: bytes) -> None:
    left = parse(strip(parse(signed)))
    assert [one.tag for one in left.elements] == [0]
    assert left.header.total_image_size == len(left.file)
    assert strip(parse(coded())) == ota(element(0, FIRMWARE * 50))


def test_a_gb_image_is_signed_stripped_and_signed_again() -> None:
    key, public = key_pair()
    unsigned = build(FIRMWARE, GB)
    signed = sign(parse(unsigned), key, force_replace=True)
    verify_image(parse(signed), public)
    assert parse(signed).force_replace == 1
    assert strip(parse(signed)) == unsigned
    with pytest.raises(ImageError, match="the file is signed"):
        sign(parse(signed), key)


@pytest.mark.parametrize(
    ("attempt", "data", "reason"),
    [
        (strip, plain(), "nothing to strip"),
        (strip, plain()[:-1], "cut off"),
        (strip, ota(b"\x99" * 90), "no elements"),
        (unwrap, plain()[:-1], "cut off: 1 bytes"),
        (extract, ota(element(4, FIRMWARE)), "no element 0x0000; there are 0x0004"),
        (extract, plain()[:-1], "element 0x0000 is cut off"),
    ],
)
def test_what_cannot_be_done_is_said(attempt: Any, data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        attempt(parse(data))


def test_only_gb_images_get_a_gb_signature() -> None:
    with pytest.raises(ImageError, match="the layout is zcl, not gb"):
        sign(parse(plain()), key_pair()[0])


def test_the_bare_file_and_its_parts_come_out() -> None:
    assert unwrap(parse(legrand())) == unwrap(parse(plain() + b"tail")) == plain()
    assert extract(parse(plain())) == FIRMWARE
    assert extract(parse(gb(gb_trailer()))) == FIRMWARE
    assert extract(parse(coded()), 3) == coded()[-16:]
