"""Smart Energy signatures put into images: what they cover, and what is refused."""

import pytest

from images import ImageError, ImageSpec, Profile, Severity, build, lint, parse
from images.elements import Tag
from images.repair import strip
from images.rules import Expectations
from images.smart_energy import SUITES, Suite
from images.smart_energy_signing import (
    Covered,
    finish,
    prepare,
    require_certified,
    require_key,
)
from tests.images.samples import FIRMWARE, element, gb, ota, plain
from tests.images.smart_energy import ISSUER, issue, sign, signed_image, uncompressed

both_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"suite-{suite.number}")
SPEC = ImageSpec(
    manufacturer_code=0x121D,
    image_type=0x0084,
    file_version=0x01020304,
    security_credential_version=3,
    integrity=True,
)


def prepared(suite: Suite, data: bytes) -> Covered:
    return prepare(parse(data), suite, issue(suite).certificate)


def signed(suite: Suite, data: bytes) -> bytes:
    covered = prepared(suite, data)
    r, s = sign(suite.curve, issue(suite).key.secret, covered.digest)
    require_key(covered, uncompressed(suite.curve, issue(suite).key.point), r, s)
    return finish(covered, r, s)


@both_suites
def test_a_signed_image_is_without_fault_for_smart_energy(suite: Suite) -> None:
    expect = Expectations(ca_key=issue(suite).ca_key, ca_eui64=ISSUER)
    report = lint(
        signed(suite, build(FIRMWARE + FIRMWARE[:20], SPEC)), profile=Profile.SE, expect=expect
    )
    assert report.worst is Severity.INFO
    assert any(finding.rule == "ZOTA028" for finding in report.findings)
    assert any("convention A" in finding.message for finding in report.findings)


@both_suites
def test_stripping_gives_the_image_back(suite: Suite) -> None:
    data = build(FIRMWARE, SPEC)
    assert strip(parse(signed(suite, data))) == strip(parse(data))


@both_suites
def test_an_image_that_holds_its_certificate_already_gets_no_second(suite: Suite) -> None:
    whole = parse(signed_image(issue(suite)))
    body = bytes(whole.body[: -suite.signature_bytes - 6])
    again = parse(signed(suite, ota(body, control=1, optional=b"\x03")))
    assert [one.tag for one in again.elements] == [one.tag for one in whole.elements]


@both_suites
def test_the_signer_is_the_certificate_s_subject(suite: Suite) -> None:
    other = issue(suite, subject=0x0102030405060708)
    covered = prepare(parse(plain()), suite, other.certificate)
    assert covered.octets.endswith(bytes.fromhex("0807060504030201"))


@both_suites
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (plain()[:-1], "cut off"),
        (gb(), "layout is gb"),
        (ota(element(0, FIRMWARE) + element(Tag.ECDSA_SIGNATURE_2, bytes(80))), "signed"),
        (ota(element(3, bytes(16)) + element(0, FIRMWARE)), "strip it first"),
        (ota(element(0, FIRMWARE) + element(3, bytes(15))), "strip it first"),
    ],
)
def test_what_cannot_be_signed_is_refused(suite: Suite, data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        prepared(suite, data)


@both_suites
def test_a_certificate_of_another_length_is_refused(suite: Suite) -> None:
    with pytest.raises(ImageError, match=f"has {suite.certificate_bytes} bytes"):
        prepare(parse(plain()), suite, issue(suite).certificate + b"x")


@both_suites
def test_numbers_out_of_range_are_refused(suite: Suite) -> None:
    covered = prepared(suite, plain())
    for r, s in ((0, 1), (1, 0), (suite.curve.order, 1), (1, suite.curve.order)):
        with pytest.raises(ImageError, match="order"):
            finish(covered, r, s)


@both_suites
def test_a_signature_of_another_key_is_refused(suite: Suite) -> None:
    covered, curve = prepared(suite, plain()), suite.curve
    r, s = sign(curve, issue(suite).key.secret, covered.digest)
    with pytest.raises(ImageError, match="not right"):
        require_key(covered, uncompressed(curve, issue(suite, seed=6).key.point), r, s)


@both_suites
def test_a_certificate_of_another_key_or_authority_is_refused(suite: Suite) -> None:
    image, signer, other = parse(signed(suite, plain())), issue(suite), issue(suite, seed=6)
    mine = uncompressed(suite.curve, signer.key.point)
    require_certified(image, suite, mine, signer.ca_key)
    for public, ca_key in (
        (uncompressed(suite.curve, other.key.point), signer.ca_key),
        (mine, other.ca_key),
    ):
        with pytest.raises(ImageError, match="certificate is not"):
            require_certified(image, suite, public, ca_key)
    with pytest.raises(ImageError, match="no certificate"):
        require_certified(parse(plain()), suite, mine, signer.ca_key)
