"""Each rule: a file that breaks it, and the good file that does not."""

import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError, build, parse
from images.names import recommended_name
from images.rules import Expectations, Profile, lint
from images.rules.report import as_json, as_text
from images.rules.table import FILE_RULES, RULES
from images.smart_energy import SUITES, Suite
from tests.images import firmware
from tests.images.cases import GBP, SE, ZCL, Case, E, I, W, judge, rules_above_info
from tests.images.payload_cases import (
    GOOD_PAYLOADS,
    PAYLOAD_CASES,
    UNCHECKED_PAYLOADS,
    wrapped,
)
from tests.images.repository_cases import REPOSITORY_CASES
from tests.images.samples import (
    FIRMWARE,
    MAGIC,
    element,
    gb,
    gb_trailer,
    key_pair,
    ota,
    plain,
)
from tests.images.security_cases import CA, SECURITY_CASES, SIGNED_1, coded
from tests.images.smart_energy import ISSUER, SUITE_1, issue, signed_image
from tests.images.test_build import GB, SPEC
from tests.images.test_containers import ikea, legrand
from tests.images.test_parse import damaged_files
from tests.images.test_shapes import TELINK


def hardware(low: int, high: int) -> bytes:
    return plain(control=4, optional=struct.pack("<HH", low, high))


def destined(eui64: int, **fields: Any) -> bytes:
    return plain(control=2, optional=struct.pack("<Q", eui64), **fields)


IDENTITY_CASES = [
    Case(1, E, b"hello world", 0),
    Case(1, E, b"", 0),
    Case(1, E, MAGIC[::-1] + plain()[4:], 0),
    Case(2, E, plain()[:40], 40),
    Case(2, E, plain(length=500), 6),
    Case(3, E, plain(version=0x0200), 4),
    Case(3, W, plain(version=0x0101), 4),
    Case(4, E, plain(length=50), 6),
    Case(4, W, plain(length=60, optional=bytes(4)), 6),
    Case(5, E, plain(control=0x0010), 8),
    Case(6, E, plain()[:-10], 252),
    Case(6, E, plain(total=10), 52),
    Case(6, W, plain() + b"odd tail", 262),
    Case(6, E, plain() + element(0xF001, b"left out"), 262),
    Case(6, E, ota(b"\x99" * 90) + b"odd tail", 146),
    Case(6, I, plain() + b"\xff" * 8, 262),
    Case(6, I, legrand(), 266),
    Case(6, W, legrand(plain() + b"odd"), 266),
    Case(7, E, ota(element(0, FIRMWARE, length=900)), 56),
    Case(7, E, ota(element(0, FIRMWARE) + b"abc"), 262),
    Case(7, E, ota(element(0, FIRMWARE) + b"\x99" * 30), 262),
    Case(7, E, ota(b"\x99" * 90), 56),
    Case(7, I, ota(b"\x2a\x00\x01" + FIRMWARE, manufacturer=0x100B), 56),
    Case(7, E, ota(b"\x2a\x00\x01" + FIRMWARE, manufacturer=0x100B), 56, SE),
    Case(7, E, gb(), 60, ZCL),
    Case(8, E, ota(element(0, b"")), 56),
    Case(8, W, ota(element(0, FIRMWARE) + element(0xF000, b"")), 262),
    Case(9, E, ota(b""), 56),
    Case(9, E, ota(element(4, FIRMWARE)), 56),
    Case(9, W, ota(element(0xF000, FIRMWARE)), 56),
    Case(10, W, ota(element(0, FIRMWARE) + element(0, FIRMWARE)), 262),
    Case(10, I, ota(element(0, FIRMWARE) + element(0, FIRMWARE) + element(0xF001, b"x")), 262),
    Case(11, W, ota(element(0, FIRMWARE) + element(0xCDEF, b"x")), 262),
    Case(11, I, ota(element(0, FIRMWARE) + element(0xF001, b"x")), 262),
    Case(12, I, ikea(), 0),
    Case(12, E, ikea(size=9999), 20),
    Case(12, E, ikea(offset=1), 16),
    Case(13, I, ota(TELINK), 62),
    Case(13, W, ota(TELINK), 62, SE),
    Case(14, I, ota(element(0, b"boot" + MAGIC + FIRMWARE)), 66),
    Case(15, W, plain(manufacturer=0xFFFF), 10),
    Case(15, E, plain(manufacturer=0xFFFF), 10, SE),
    Case(15, E, plain(manufacturer=0xFFFF), 10, expect={"manufacturer_code": 0x121D}),
    Case(15, I, plain(manufacturer=0xFFFF), 10, expect={"manufacturer_code": 0xFFFF}),
    Case(15, W, plain(manufacturer=0), 10),
    Case(15, E, plain(), 10, expect={"manufacturer_code": 0x1234}),
    Case(15, W, plain(), 10, expect={"manufacturer_codes": (0x1234,)}),
    Case(15, E, plain(), 10, vendor="ikea"),
    Case(16, W, plain(image_type=0xFFFF), 12),
    Case(16, E, plain(image_type=0xFFFF), 12, GBP),
    Case(16, I, plain(image_type=0xFFFF), 12, expect={"image_type": 0xFFFF}),
    Case(16, E, plain(image_type=0xFFC4), 12),
    Case(16, W, plain(image_type=0xFFC0), 12),
    Case(16, W, plain(image_type=0xFFC3), 12),
    Case(17, E, plain(file_version=0xFFFFFFFF), 14),
    Case(17, W, plain(file_version=0), 14),
    Case(17, W, plain(), 14, expect={"previous_version": 0x01020304}),
    Case(17, W, plain(file_version=0x0A), 14, expect={"bcd_version": True}),
    Case(17, I, plain(), 14),
    Case(18, W, plain(stack=3), 18),
    Case(18, E, plain(stack=4), 18),
    Case(19, I, plain(string=b"\x14OTA"), 20),
    Case(19, W, plain(string=b"\x14OTA"), 20, SE),
    Case(19, I, plain(string=b"abc\x00junk"), 23),
    Case(19, W, plain(string=b"abc\x00junk"), 23, GBP),
    Case(19, I, plain(string=b""), 20),
    Case(19, I, plain(string=b" " * 32), 20),
    Case(19, I, plain(string=b"x".ljust(32)), 20),
    Case(19, I, plain(string=b"x" * 32), 20),
    Case(20, I, plain(), None, name="firmware.ota"),
    Case(20, W, plain(), 10, name="121D-0084-01020305.zigbee"),
    Case(21, E, hardware(2, 1), 56),
    Case(21, I, hardware(0, 0xFFFF), 56),
    Case(21, W, hardware(0, 0xFFFF), 56, GBP),
    Case(21, W, hardware(1, 2), 56, expect={"device_hardware": 3}),
    Case(21, I, hardware(1, 2), 56),
    Case(21, E, plain(), 8, GBP),
    Case(22, E, destined(0), 56),
    Case(22, E, destined((1 << 64) - 1), 56),
    Case(22, W, destined(0x00DB1234567890A4), 56),
    Case(22, I, destined(0x00DB1234567890A4), 56, GBP),
    Case(23, E, plain(control=1, optional=b"\x04"), 56),
    Case(23, W, plain(), 8, SE),
    Case(38, I, gb(), 60),
    Case(38, I, gb(gb_trailer()), 60),
    Case(38, E, gb(), 14, expect={"release_version": 1}),
    Case(38, E, gb(), 60, expect={"manufacturer_image_hash": bytes(32)}),
    Case(38, W, gb(), 52, expect={"max_bytes": 100}),
    Case(38, E, gb(), 12, expect={"image_type": 0}),
    Case(38, E, plain(), 14, ZCL, expect={"release_version": 1}),
    Case(38, E, plain(), 56, ZCL, expect={"manufacturer_image_hash": bytes(32)}),
    Case(38, W, plain(), 52, ZCL, expect={"max_bytes": 100}),
    Case(38, E, plain(), 12, ZCL, expect={"image_type": 0}),
    Case(39, E, gb(string="Zähler".encode()), 21),
]


CASES = IDENTITY_CASES + SECURITY_CASES + PAYLOAD_CASES + REPOSITORY_CASES


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"ZOTA{case.rule:03}-{case.severity.label}"
)
def test_a_file_that_breaks_a_rule_is_told_so(case: Case) -> None:
    assert (f"ZOTA{case.rule:03}", case.severity, case.offset) in judge(case)


GOOD = {
    ZCL: (
        coded(),
        Expectations(previous_version=0x01020303, bcd_version=True, slot_size=20_000),
    ),
    SE: (SIGNED_1, Expectations(manufacturer_code=0x121D, ca_key=CA[SUITE_1], ca_eui64=ISSUER)),
    GBP: (
        gb(gb_trailer()),
        Expectations(
            release_version=0x01020304, image_type=0x0084, device_hardware=0x0180, max_bytes=9999
        ),
    ),
}


@pytest.mark.parametrize("profile", GOOD)
def test_a_good_file_breaks_no_rule(profile: Profile) -> None:
    """The passing image of every rule above: nothing but information."""
    data, expect = GOOD[profile]
    report = lint(data, profile=profile, name="121D-0084-01020304-x.zigbee", expect=expect)
    assert [finding for finding in report.findings if finding.severity > I] == []


@pytest.mark.parametrize("name", GOOD_PAYLOADS)
def test_a_payload_that_checks_itself_needs_nothing_else(name: str) -> None:
    assert rules_above_info(wrapped(GOOD_PAYLOADS[name])) == set()


@pytest.mark.parametrize("name", UNCHECKED_PAYLOADS)
def test_a_payload_is_blamed_for_no_checksum_only_where_its_format_has_one(name: str) -> None:
    expected = {"ZOTA032"} if name == "Telink" else set()
    assert rules_above_info(wrapped(UNCHECKED_PAYLOADS[name])) == expected


@pytest.mark.parametrize("suite", SUITES)
def test_a_signed_image_without_the_authority_s_key_is_right_as_far_as_one_sees(
    suite: Suite,
) -> None:
    data = signed_image(issue(suite))
    assert rules_above_info(data, profile=SE) == set()
    assert rules_above_info(data) == set()


TWO_IMAGES = element(0, FIRMWARE) + element(0, FIRMWARE)


def test_a_vendor_profile_takes_the_vendor_s_habits_for_granted() -> None:
    report = lint(ota(TWO_IMAGES, manufacturer=0x115F), vendor="lumi")
    assert report.worst is I
    assert report.judged_by == "vendor:lumi"


def test_a_vendor_s_own_file_is_judged_by_its_habits_without_being_asked_for() -> None:
    assert rules_above_info(ota(TWO_IMAGES)) == {"ZOTA010"}
    assert rules_above_info(ota(TWO_IMAGES, manufacturer=0x115F)) == set()
    assert rules_above_info(ota(TELINK), name="plug.ota") <= {"ZOTA035"}
    assert lint(ota(TWO_IMAGES, manufacturer=0x115F)).judged_by == "zcl"


def test_smart_energy_knows_no_habits() -> None:
    assert "ZOTA010" in rules_above_info(ota(TWO_IMAGES, manufacturer=0x115F), profile=SE)


def test_fill_behind_a_payload_s_own_end_is_shown() -> None:
    """It lies inside the stated size and is sent to every device."""
    (said,) = (
        finding.message
        for finding in lint(wrapped(firmware.gbl(tail=b"\xff" * 8))).findings
        if finding.rule == "ZOTA033"
    )
    assert "8 bytes of fill after its end" in said


def test_an_unknown_vendor_is_named_with_those_there_are() -> None:
    with pytest.raises(ImageError, match="no vendor 'acme' is known; there are bosch"):
        lint(plain(), vendor="acme")


@pytest.mark.parametrize("number", sorted({row.number for row in (*RULES, *FILE_RULES)}))
def test_every_rule_of_the_table_has_a_file_that_breaks_it(number: int) -> None:
    assert number in {case.rule for case in CASES}


def test_rules_stand_in_order_and_no_number_is_left_out() -> None:
    numbers = [row.number for row in RULES]
    assert numbers == sorted(numbers)
    used = {row.number for row in (*RULES, *FILE_RULES)}
    assert used == set(range(1, len(used) + 1))
    assert all(row.why for row in (*RULES, *FILE_RULES))


@pytest.mark.parametrize("layout", ["zcl", "gb", "gb signed", "integrity"])
def test_what_we_build_has_no_finding_above_info(layout: str) -> None:
    spec = {
        "zcl": SPEC,
        "gb": GB,
        "gb signed": replace(GB, sign_key=key_pair()[0]),
        "integrity": replace(SPEC, integrity=True),
    }[layout]
    for name in (None, "out.bin", recommended_name(spec, "text")):
        assert rules_above_info(build(FIRMWARE, spec), name=name) == set()


@given(damaged_files())
def test_a_file_that_does_not_parse_has_an_error_and_any_other_is_judged(data: bytes) -> None:
    report = lint(data)
    try:
        parse(data)
    except ImageError:
        assert report.worst is E


@given(st.binary(max_size=100))
def test_any_bytes_get_a_report(data: bytes) -> None:
    assert lint(data).worst is E


@given(damaged_files(), st.sampled_from(Profile))
def test_offsets_lie_in_the_file(data: bytes, profile: Profile) -> None:
    for finding in lint(data, profile=profile).findings:
        assert finding.offset is None or 0 <= finding.offset <= len(data)


@given(damaged_files())
def test_an_image_whose_bytes_do_not_add_up_always_has_an_error(data: bytes) -> None:
    try:
        image = parse(data)
    except ImageError:
        return
    declared = image.header.total_image_size
    clipped = any(piece.clipped for piece in image.elements)
    if declared > len(image.ota) or clipped or (image.elements and image.residue):
        assert lint(data, profile=ZCL).worst is E


def test_every_problem_says_why_and_what_to_do() -> None:
    for case in CASES:
        expect = Expectations(**case.expect or {})
        report = lint(
            case.data, profile=case.profile, name=case.name, expect=expect, vendor=case.vendor
        )
        for finding in report.findings:
            assert finding.why
            assert finding.cure or finding.severity is I


def test_the_profile_follows_the_shape_unless_given() -> None:
    assert lint(plain()).profile is ZCL
    assert lint(gb()).profile is GBP
    assert lint(gb(), profile=ZCL).profile is ZCL


def test_gravest_findings_come_first() -> None:
    severities = [finding.severity for finding in lint(plain(stack=9, file_version=0)).findings]
    assert severities == sorted(severities, reverse=True)


def test_findings_of_one_severity_come_in_the_order_of_the_rules() -> None:
    for case in CASES:
        findings = lint(case.data, name=case.name).findings
        order = [(-finding.severity, finding.rule) for finding in findings]
        assert order == sorted(order)


def test_unused_expectations_stay_silent() -> None:
    """A NULL image of a certification test has no firmware on purpose."""
    report = lint(ota(b""), expect=Expectations(null_image=True))
    assert report.worst is I
    assert lint(plain(), expect=Expectations(max_bytes=1), profile=ZCL).worst is W


def test_the_json_report_has_stable_keys() -> None:
    report = as_json(lint(plain(stack=9)))
    assert list(report) == ["profile", "errors", "warnings", "infos", "findings"]
    findings = report["findings"]
    assert isinstance(findings, list)
    assert findings[0] == {
        "rule": "ZOTA018",
        "severity": "error",
        "message": "undefined stack version",
        "offset": 18,
        "expected": "0x0002 (Zigbee PRO)",
        "actual": "0x0009",
        "why": "all present smart-metering and home networks are PRO",
        "cure": "write 0x0002",
    }


def test_the_text_report_tells_what_where_why_and_the_cure() -> None:
    text = "\n".join(as_text(lint(plain(stack=9))))
    assert "error   ZOTA018 at byte 18: undefined stack version" in text
    assert "expected 0x0002 (Zigbee PRO); found 0x0009" in text
    assert "why: " in text
    assert "cure: write 0x0002" in text
    assert "ZOTA017" not in text
    assert "ZOTA017" in "\n".join(as_text(lint(plain()), I))


def test_the_user_guide_explains_every_rule() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "image-files.md").read_text(encoding="utf-8")
    assert {f"ZOTA{row.number:03}" for row in (*RULES, *FILE_RULES)} <= set(
        re.findall(r"ZOTA\d{3}", guide)
    )
