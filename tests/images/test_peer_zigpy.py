"""What we build is read by zigpy; where zigpy succeeds, so do we."""

from dataclasses import replace

import pytest
from hypothesis import given

from images import ImageSpec, build, parse
from tests.images.samples import FIRMWARE
from tests.images.test_build import SPEC, specs
from tests.images.test_parse import damaged_files

peer = pytest.importorskip("zigpy.ota.image", reason="zigpy is not installed")


@given(specs())
def test_zigpy_reads_what_we_build(spec: ImageSpec) -> None:
    built = build(FIRMWARE, spec)
    image, rest = peer.parse_ota_image(built)
    assert not rest
    assert image.serialize() == built
    assert image.header.file_version == spec.file_version
    assert image.header.image_type == spec.image_type
    assert image.header.manufacturer_id == spec.manufacturer_code
    assert image.header.minimum_hardware_version == spec.minimum_hardware_version
    assert bytes(image.subelements[0].data) == FIRMWARE


def test_zigpy_reads_our_integrity_element() -> None:
    image, _ = peer.parse_ota_image(build(FIRMWARE, replace(SPEC, integrity=True)))
    assert [int(piece.tag_id) for piece in image.subelements] == [0, 3]


@given(damaged_files())
def test_we_parse_whatever_zigpy_parses(data: bytes) -> None:
    try:
        peer.parse_ota_image(data)
    except (ValueError, AssertionError):
        return
    assert parse(data).serialise() == data
