"""Orders of thousands of devices: looked at as a set, handed on in batches, told when something happens."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from images.eui64 import Eui64
from ota_engine.duis.requests import UpdateFirmware
from ota_engine.duis.responses import DistributionFailure, FirmwareWarning, UpgradeRequested
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignState,
    Member,
    MemberState,
)
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    VersionSource,
)
from ota_engine.fleet.kernel.rows import Ask
from ota_engine.fleet.orders.images import BATCH
from ota_engine.fleet.orders.rows import DeviceOrder, OrderBatch, UserDocument
from ota_engine.fleet.port import Instruction, Verb
from tests.fleet.orders.street import ELEC, GAS, OLD, Street, content_of, ordered_image

FIRST = 0x00DB_2000_0000_0000


def town(number: int) -> tuple[Street, tuple[Eui64, ...]]:
    """So many homes with a load controller each; every third one has a gas supplier of its own."""
    street = Street()
    devices = tuple(Eui64(FIRST + one) for one in range(number))
    rows: list[Any] = []
    for one, which in enumerate(devices):
        gas = "supplier-2" if one % 3 == 0 else "supplier-1"
        name = f"t{one:06d}"
        rows.append(Home(name, "North", "gate", HomeStatus.COMPLETE, "set-a", "supplier-1", gas))
        rows.append(
            InstalledDevice(
                which,
                name,
                "HCALCS",
                "hcalcs-1",
                InventoryStatus.COMMISSIONED,
                OLD,
                VersionSource.DEVICE,
                0.0,
                "4.2",
            )
        )
    street.put(*rows)
    return street, devices


def asks_of_an_order(number: int) -> int:
    """How many things an order has the store look up."""
    street, devices = town(number)
    asked = 0
    load = street.store.load

    def counting(asks: Iterable[Ask]) -> Any:
        nonlocal asked
        asks = list(asks)
        asked += len(asks)
        return load(asks)

    street.store.load = counting  # type: ignore[method-assign] # counts, and goes on
    body = UpdateFirmware(b"", "0002012F", devices)
    assert street.ask_duis(ELEC, "11.1", body, image=ordered_image()).response.code == "I99"
    return asked


def test_an_order_of_many_devices_asks_no_more_than_one_of_few() -> None:
    assert asks_of_an_order(2_500) == asks_of_an_order(1)


def test_an_order_is_handed_on_in_batches_and_the_other_suppliers_are_told_by_batch() -> None:
    number = 2 * BATCH + 500
    street, devices = town(number)
    body = UpdateFirmware(b"", "0002012F", devices)
    street.ask_duis(ELEC, "11.1", body, image=ordered_image())
    assert len(street.rows(OrderBatch)) == 3
    assert street.rows(DeviceOrder) == []
    assert street.rows(UserDocument) == []
    street.pass_time(1)
    assert street.rows(OrderBatch) == []
    assert {row.device for row in street.rows(DeviceOrder)} == set(devices)
    told = [row.device for row in street.rows(Instruction) if row.verb is Verb.ASSIGN]
    assert len(told) == number
    alerts = street.alerts(GAS)
    assert {type(one) for one in alerts} == {UpgradeRequested}
    assert len(alerts) == 3
    assert sorted(one for alert in alerts for one in alert.devices) == list(devices[::3])


def test_a_newer_order_of_many_devices_takes_the_place_of_the_older_one() -> None:
    street, devices = town(BATCH + 200)
    street.order(ELEC, *devices)
    street.order(ELEC, *devices, image=ordered_image(force_replace=True))
    assert len(street.told(Verb.WITHDRAW)) == len(devices)
    failures = [one for one in street.alerts(ELEC) if isinstance(one, DistributionFailure)]
    assert sorted(one for alert in failures for one in alert.devices) == list(devices)


def test_a_device_that_a_campaign_is_upgrading_is_under_way() -> None:
    street, devices = town(3)
    busy, free, planned = devices
    campaign = Campaign("c1", "r1", "{}", "", CampaignState.RUNNING, "", 0.0, "olive", 1, "")
    member = Member("c1", "t000000", busy, 1, "", 1, MemberState.REACHED)
    street.put(
        campaign,
        member,
        replace(member, home="t000002", device=planned, state=MemberState.PLANNED),
    )
    response = street.order(ELEC, *devices)
    assert content_of(response) == FirmwareWarning(in_progress=(busy,))
    assert {row.device for row in street.rows(DeviceOrder)} == {free, planned}
