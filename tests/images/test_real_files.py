"""The vendor files of the shared data folder, whose facts were established by hand."""

from typing import NamedTuple

import pytest

from images import parse
from images.digests import Convention, recognise_integrity
from images.rules import Severity, lint
from images.rules.findings import rule_id
from images.signing import verify_image
from tests.images.samples import REAL, SUPPLIER, needs_real_files

pytestmark = needs_real_files


class Facts(NamedTuple):
    """What a file is."""

    layout: str
    tags: tuple[int, ...]
    container: str | None = None
    trailing: tuple[int, int, str] | None = None
    truncated: bool = False
    offset: int = 0
    above_info: tuple[int, ...] = ()  # rules that warn or complain
    errors: tuple[int, ...] = ()  # those among them that complain


FILES = {
    "crc32-trailer.ota": Facts("zcl", (0,), trailing=(139006, 4, "crc32")),
    "gb-esme-signed.zigbee": Facts("gb", ()),
    "hue-sbl.sbl-ota": Facts("hue", ()),
    "hw-versions.OTA": Facts("zcl", (0,)),
    "ikea-container.signed": Facts("zcl", (0,), "ikea", (187238, 512, "ikea"), offset=424),
    "integrity-a.ota": Facts("zcl", (0, 3)),
    "integrity-b.zigbee": Facts("zcl", (0, 3)),
    "integrity-c.zigbee": Facts("zcl", (61440, 0, 61441, 3)),
    "legrand-container.zigbee": Facts("zcl", (0,), "legrand", (255147, 17, "legrand"), offset=4),
    "no-elements.ota": Facts("raw", (), above_info=(7,), errors=(7,)),
    "plain-gbl.ota": Facts("zcl", (0,)),
    "reserved-tag.ota": Facts("zcl", (52719, 0, 0)),
    "signature-without-certificate.zigbee": Facts(
        "zcl",
        (0, 65281, 5),
        trailing=(224844, 8, "crc32"),
        above_info=(27, 29, 30),
        errors=(27, 30),
    ),
    "telink-aes.ota": Facts("telink", (61440,)),
    "truncated.ota": Facts("zcl", (0,), truncated=True, above_info=(6,), errors=(6,)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_vendor_file_is_understood_and_kept_byte_for_byte(name: str) -> None:
    data = (REAL / name).read_bytes()
    image, facts = parse(data), FILES[name]
    assert image.serialise() == data
    assert image.layout == facts.layout
    assert tuple(piece.tag for piece in image.elements) == facts.tags
    assert (image.container, image.offset) == (facts.container, facts.offset)
    assert image.trailing == facts.trailing
    assert image.truncated is facts.truncated


@pytest.mark.parametrize("name", FILES)
def test_a_vendor_file_is_judged_fairly(name: str) -> None:
    findings = lint((REAL / name).read_bytes(), name=name).findings
    told = {finding.rule for finding in findings if finding.severity > Severity.INFO}
    complained = {finding.rule for finding in findings if finding.severity is Severity.ERROR}
    assert told == set(map(rule_id, FILES[name].above_info))
    assert complained == set(map(rule_id, FILES[name].errors))


def test_every_file_of_the_folder_parses_or_is_no_ota_file() -> None:
    for path in sorted(REAL.iterdir()):
        if path.suffix != ".md":
            assert parse(path.read_bytes()).serialise() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("integrity-a.ota", Convention.A),
        ("integrity-b.zigbee", Convention.B),
        ("integrity-c.zigbee", Convention.C),
    ],
)
def test_vendor_integrity_codes_follow_three_conventions(name: str, convention: Convention) -> None:
    image = parse((REAL / name).read_bytes())
    assert recognise_integrity(image, image.elements[-1]) is convention


def test_the_gb_sample_verifies_with_the_supplier_s_certificate() -> None:
    image = parse((REAL / "gb-esme-signed.zigbee").read_bytes())
    verify_image(image, SUPPLIER.read_bytes())
    assert image.manufacturer_image_hash is not None
    assert image.manufacturer_image_hash.hex() == (
        "7542f475e3f12eae887d81e32c46d313741d67076b13caec2f82e00ba5e1bb36"
    )
    assert image.force_replace == 0
