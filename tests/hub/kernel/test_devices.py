"""Who is remembered, who is a stranger, and what a device says of each of its firmwares."""

from math import inf

import pytest

from images.eui64 import Eui64
from ota_engine.events import Joined, LinkUp, Persist
from ota_engine.hub.kernel.devices import MOST_FIRMWARES, Client, Device
from ota_engine.hub.kernel.happenings import DeviceForgotten, FirmwareTold
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import FirmwareRecord, FirmwareSource, Record, Snapshot
from ota_engine.times import Monotonic, Utc

DEVICE, OTHER, THIRD = Eui64(1), Eui64(2), Eui64(3)
MAIN, RADIO = (0x121D, 0x84), (0x121D, 0x85)
SMART_ENERGY = 0x0109


def kernel(*, strangers: int = 2, block_size: int | None = None) -> Kernel:
    return Kernel(Snapshot(), strangers=strangers, profile=SMART_ENERGY, block_size=block_size)


def tell(
    of: Kernel,
    device: Device,
    target: tuple[int, int] = MAIN,
    version: int = 1,
    hardware: int | None = None,
    *,
    endpoint: int = 1,
    wanted: bool = False,
    now: float = 0.0,
) -> None:
    client = Client(endpoint, SMART_ENERGY)
    source = FirmwareSource.QUERY
    of.devices.told(
        device, target, client, version, hardware, source, Monotonic(now), wanted=wanted
    )


def rows(of: Kernel) -> list[Record]:
    return [
        one for effect in of.output.drain() if type(effect) is Persist for one in effect.records
    ]


def test_the_stranger_unheard_for_longest_is_forgotten_and_that_is_said() -> None:
    one = kernel()
    one.devices.meet(DEVICE)
    one.devices.meet(OTHER)
    one.devices.meet(DEVICE)
    one.devices.meet(THIRD)
    assert one.happenings == [DeviceForgotten(OTHER)]
    assert (one.devices.get(OTHER), len(one.devices)) == (None, 2)


def test_a_device_somebody_named_is_never_forgotten_and_keeps_what_it_said() -> None:
    one = kernel()
    tell(one, one.devices.meet(DEVICE), version=7)
    assert rows(one) == []
    one.devices.remember_at(DEVICE, Monotonic(0.0))
    assert [type(row).__name__ for row in rows(one)] == ["DeviceRecord", "FirmwareRecord"]
    for number in range(10, 20):
        one.devices.meet(Eui64(number))
    device = one.devices.get(DEVICE)
    assert device is not None
    assert device.firmwares[MAIN].file_version == 7


def test_only_what_is_new_is_written_and_said_to_the_others() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    tell(one, device, version=7)
    tell(one, device, version=7, now=5.0)
    assert sum(isinstance(row, FirmwareRecord) for row in rows(one)) == 1
    assert one.happenings == [FirmwareTold(DEVICE, *MAIN, 7, None)]
    assert device.firmwares[MAIN].told_at == 5.0
    tell(one, device, version=8, now=6.0)
    tell(one, device, version=8, hardware=0x0102, now=7.0)
    assert one.happenings[1:] == [
        FirmwareTold(DEVICE, *MAIN, 8, None),
        FirmwareTold(DEVICE, *MAIN, 8, 0x0102),
    ]


def test_once_somebody_listens_the_next_word_of_a_firmware_is_said_though_it_is_the_same() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    tell(one, device, version=7)
    one.devices.listen(Monotonic(5.0))
    one.happenings.clear()
    tell(one, device, version=7, now=6.0)
    tell(one, device, version=7, now=7.0)
    assert one.happenings == [FirmwareTold(DEVICE, *MAIN, 7, None)]


def test_what_is_said_of_one_firmware_leaves_the_others_as_they_were() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    tell(one, device, MAIN, 7, 0x0102, endpoint=1)
    tell(one, device, RADIO, 9, endpoint=2)
    tell(one, device, MAIN, 8)
    main, radio = device.firmwares[MAIN], device.firmwares[RADIO]
    assert (main.file_version, main.hardware_version, main.endpoint) == (8, 0x0102, 1)
    assert (radio.file_version, radio.hardware_version, radio.endpoint) == (9, None, 2)


def test_of_firmwares_nobody_has_an_image_for_only_so_many_are_remembered() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    for kind in range(100):
        tell(one, device, (0x121D, kind))
    assert len(device.firmwares) == MOST_FIRMWARES
    tell(one, device, (0x121D, 0x4000), wanted=True)
    assert (0x121D, 0x4000) in device.firmwares
    assert one.output.counters["firmware_not_remembered"] == 100 - MOST_FIRMWARES


def test_a_client_is_looked_for_where_its_firmware_lives_else_where_any_does() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    assert device.clients() == [Client(0xFF, 0)]
    tell(one, device, MAIN, endpoint=3)
    tell(one, device, RADIO, endpoint=5)
    assert device.clients() == [Client(3, SMART_ENERGY), Client(5, SMART_ENERGY)]
    assert device.client(RADIO) == Client(5, SMART_ENERGY)
    assert device.client((1, 2)) == Client(3, SMART_ENERGY)


def test_a_device_never_seen_has_no_route() -> None:
    one = kernel()
    one.devices.remember(DEVICE)
    assert one.devices.route(DEVICE) is None
    one.joined(Joined(DEVICE, 0x1234, True, 0, 2, Monotonic(0.0)), Monotonic(0.0))
    route = one.devices.route(DEVICE)
    assert route is not None
    assert (route.sleepy, route.profile, route.room) == (True, SMART_ENERGY, 82 - 6)


@pytest.mark.parametrize(
    ("limit", "cap", "carries"), [(None, None, 65), (40, None, 40), (None, 48, 48), (40, 48, 40)]
)
def test_the_largest_block_is_the_smallest_of_all_bounds(
    limit: int | None, cap: int | None, carries: int
) -> None:
    one = kernel(block_size=cap)
    device = one.devices.remember(DEVICE)
    if limit is not None:
        one.devices.limit(device, limit, Monotonic(0.0))
    one.link_up(LinkUp("test", Eui64(9), 82, False, Monotonic(0.0)), Monotonic(0.0))
    assert device.carries == carries


def test_one_firmware_of_a_vendor_with_small_blocks_makes_them_small() -> None:
    one = kernel()
    device = one.devices.remember(DEVICE)
    tell(one, device, MAIN)
    assert device.carries == 65
    tell(one, device, (0x117A, 1))
    assert device.carries == 40


def test_a_firmware_that_was_not_told_in_this_run_says_so() -> None:
    record = FirmwareRecord(DEVICE, *MAIN, 1, SMART_ENERGY, 7, None, FirmwareSource.QUERY, Utc(1.0))
    device = Device(DEVICE)
    device.restore(record)
    assert device.firmwares[MAIN].told_at == -inf
    assert device.records(Utc(0.0))[1:] == []
