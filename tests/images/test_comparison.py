"""What changed between two releases of one product."""

from hypothesis import given

from images import ImageError, parse
from images.comparison import compare
from tests.images.samples import FIRMWARE, element, gb, header, ota, plain
from tests.images.security_cases import coded
from tests.images.test_containers import legrand
from tests.images.test_parse import damaged_files


def changes(old: bytes, new: bytes) -> dict[tuple[str, str], tuple[str, str]]:
    found = compare(parse(old), parse(new))
    return {(one.part, one.what): (one.old, one.new) for one in found}


def test_two_equal_files_differ_in_nothing() -> None:
    assert compare(parse(coded()), parse(coded())) == ()


def test_header_fields_are_shown_as_people_write_them() -> None:
    found = changes(plain(), plain(file_version=0x01020305, string=b"next"))
    assert found == {
        ("header", "file version"): ("0x01020304", "0x01020305"),
        ("header", "header string"): ("'sample'", "'next'"),
    }


def test_fields_that_come_and_go_are_absent_on_the_other_side() -> None:
    found = changes(plain(), plain(control=2, optional=(0x00DB1234567890A4).to_bytes(8, "little")))
    assert found["header", "upgrade file destination"] == ("absent", "00-DB-12-34-56-78-90-A4")


def test_elements_come_go_and_change() -> None:
    old = ota(element(0, FIRMWARE) + element(0xF000, b"a"))
    new = ota(element(0, FIRMWARE[:-1] + b"x") + element(3, bytes(16)))
    found = changes(old, new)
    assert found["element", "0xf000"] == ("1 bytes", "absent")
    assert found["element", "0x0003"] == ("absent", "16 bytes")
    before, after = found["element", "0x0000"]
    assert before != after
    assert before.startswith("200 bytes, SHA-256 ")


def test_elements_of_one_tag_are_compared_in_order() -> None:
    twice = element(0xF000, b"a") + element(0xF000, b"b")
    found = changes(ota(twice), ota(twice + element(0xF000, b"c")))
    assert found["element", "0xf000 (3)"] == ("absent", "1 bytes")
    assert ("element", "0xf000 (1)") not in found


def test_bare_firmware_is_compared_as_one_piece() -> None:
    assert set(changes(gb(), gb(body=FIRMWARE[::-1]))) == {("firmware", "body")}


def test_what_surrounds_the_file_is_compared() -> None:
    found = changes(plain(), legrand())
    assert found["file", "container"] == ("absent", "legrand")
    before, after = found["file", "trailing bytes"]
    assert before == "absent"
    assert after.startswith("17 bytes, SHA-256 ")


@given(damaged_files(), damaged_files())
def test_any_two_files_can_be_compared(old: bytes, new: bytes) -> None:
    try:
        found = compare(parse(old), parse(new))
    except ImageError:
        return
    assert old != new or found == ()


def test_the_header_s_extension_counts() -> None:
    longer = header(element(0, FIRMWARE), length=60, optional=b"wxyz") + element(0, FIRMWARE)
    assert ("header", "extension") in changes(plain(), longer)
