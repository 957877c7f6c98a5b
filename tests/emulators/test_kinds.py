"""The table of device kinds: whatever stands in it can be named, built, furnished and found."""

from dataclasses import replace

import pytest

from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.chargeable import Chargeable
from emulators.devices.kinds import KINDS, MANUFACTURER, DeviceKind
from emulators.home.roster import default_roster, parse_roster
from emulators.home.tailored import tailored_roster
from emulators.ncp.device_object import Identity
from images import ImageSpec, build
from ota_engine.catalogue.intake import image_record
from ota_engine.times import Utc

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=str)


@EVERY_KIND
def test_a_roster_names_a_kind_by_its_word(kind: DeviceKind) -> None:
    (entry,) = parse_roster(f'[[device]]\nkind = "{kind.word}"\n').entries
    assert entry.name == f"{kind.label} 1"
    assert entry.spec == kind.specimen(0)


@EVERY_KIND
def test_a_specimen_is_a_device_of_the_class_of_its_kind(kind: DeviceKind) -> None:
    device = DeviceAssembly().build(kind.specimen(3))
    assert type(device) is kind.make
    assert device.sleepy is kind.sleepy
    assert device.client.on_mains is not kind.battery
    assert device.spec.options.activation_policy == kind.commanded


@EVERY_KIND
def test_its_simple_descriptor_names_the_device_id_of_its_kind(kind: DeviceKind) -> None:
    (endpoint,) = Identity.of(kind.specimen(0)).endpoints
    assert endpoint.device == kind.device_id


@EVERY_KIND
def test_a_file_of_its_image_type_is_given_to_a_device_of_its_kind(kind: DeviceKind) -> None:
    image = build(
        bytes(100),
        ImageSpec(manufacturer_code=MANUFACTURER, image_type=kind.image_type, file_version=7),
    )
    (entry,) = tailored_roster([image_record(image, "a.ota", Utc(0.0))], 1, kind.profile)
    assert entry.spec == replace(kind.specimen(0), file_version=6, stack_version=2)
    assert (entry.trigger_after is not None) is kind.commanded


def test_no_two_kinds_share_a_word_a_label_or_an_image_type() -> None:
    rows = list(KINDS.values())
    for told in ("word", "label", "image_type"):
        assert len({getattr(row, told) for row in rows}) == len(rows), told


def test_a_kind_that_starts_on_a_battery_can_be_plugged_in() -> None:
    assert all(issubclass(kind.make, Chargeable) for kind in KINDS.values() if kind.battery)


def test_those_who_are_furnished_live_in_the_built_in_home_in_the_order_of_the_table() -> None:
    furnished = [kind for kind in KINDS.values() if kind.furnished is not None]
    assert [entry.spec.kind for entry in default_roster()] == furnished
    assert [entry.placement for entry in default_roster()] == [row.furnished for row in furnished]
    assert furnished == [kinds.PPMID, kinds.IHD, kinds.HCALCS, kinds.COMMUNICATIONS_HUB]
