"""Homes furnished for given files: everybody in them wants one of the files, and can take it."""

from dataclasses import replace

import pytest

from emulators.devices import kinds
from emulators.home.roster import MAX_DEVICES
from emulators.home.tailored import tailored_roster
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.errors import LocalError
from ota_engine.events import HOME_AUTOMATION, SMART_ENERGY
from ota_engine.records import ImageRecord
from ota_engine.times import Utc

BANK = kinds.IHD.specimen(0).bank_size


def image(image_type: int = 0x2080, version: int = 20, octets: int = 100) -> ImageRecord:
    spec = ImageSpec(
        manufacturer_code=0x120B,
        image_type=image_type,
        file_version=version,
        minimum_hardware_version=3,
        maximum_hardware_version=5,
    )
    return image_record(build(bytes(octets), spec), "a.ota", Utc(0.0))


def test_every_file_gets_its_devices_and_they_run_the_version_before() -> None:
    entries = tailored_roster([image(), image(0x0084, 7)], 2, SMART_ENERGY)
    specs = [entry.spec for entry in entries]
    assert [(spec.manufacturer_code, spec.image_type) for spec in specs] == [
        (0x120B, 0x2080),
        (0x120B, 0x2080),
        (0x120B, 0x0084),
        (0x120B, 0x0084),
    ]
    assert [spec.file_version for spec in specs] == [19, 19, 6, 6]
    assert {spec.hardware_version for spec in specs} == {3}
    assert len({spec.eui64 for spec in specs}) == len({s.network_address for s in specs}) == 4
    assert specs[0].kind is kinds.IHD
    assert specs[2].kind is kinds.PPMID


@pytest.mark.parametrize(
    ("maker", "profile", "ours"),
    [(0x121D, SMART_ENERGY, 10), (0x117C, HOME_AUTOMATION, 1), (0x1031, SMART_ENERGY, 10)],
)
def test_devices_speak_the_profile_that_the_maker_of_their_file_suggests(
    maker: int, profile: int, ours: int
) -> None:
    (entry,) = tailored_roster([replace(image(), manufacturer_code=maker)], 1)
    assert (entry.spec.profile, entry.spec.server_endpoint) == (profile, ours)


@pytest.mark.parametrize(
    ("profile", "kind"), [(SMART_ENERGY, kinds.IHD), (HOME_AUTOMATION, kinds.LIGHT)]
)
def test_the_profile_can_be_chosen_whoever_made_the_file(
    profile: int, kind: kinds.DeviceKind
) -> None:
    (entry,) = tailored_roster([image()], 1, profile)
    assert (entry.spec.profile, entry.spec.kind) == (profile, kind)
    assert entry.spec.model == f"emulated {kind.label}"


def test_a_large_file_gets_a_bank_that_holds_it() -> None:
    (entry,) = tailored_roster([image(octets=BANK)], 1)
    assert entry.spec.bank_size > BANK


def test_a_file_for_one_device_gets_that_device() -> None:
    own = replace(image(), upgrade_file_destination=Eui64(0x00DB_1234_0000_0042))
    (entry,) = tailored_roster([own], 1)
    assert entry.spec.eui64 == 0x00DB_1234_0000_0042
    with pytest.raises(LocalError, match="00-DB-12-34-00-00-00-42 alone"):
        tailored_roster([own], 2)


def test_nothing_can_be_upgraded_to_version_zero() -> None:
    with pytest.raises(LocalError, match=r"a\.ota: file version 0"):
        tailored_roster([image(version=0)], 1)


def test_a_home_has_room_for_so_many() -> None:
    with pytest.raises(LocalError, match=str(MAX_DEVICES)):
        tailored_roster([image()], MAX_DEVICES + 1)
