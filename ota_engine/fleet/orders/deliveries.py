"""Ordered images on their way to devices: handed to hubs, replaced, taken back; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from images.eui64 import Eui64
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import DeliveryStatus, DistributionFailure, UpgradeRequested, split
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import order_name
from ota_engine.fleet.orders.lives import DELIVERIES, DeliveryStep
from ota_engine.fleet.orders.rows import (
    DeliveryState,
    DeviceOrder,
    ImageOrder,
    OrderBatch,
    ServiceUser,
)
from ota_engine.fleet.orders.suppliers import (
    is_responsible,
    other_suppliers,
    require_users,
    users_of,
)
from ota_engine.fleet.orders.telling import alert
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import COMMANDED, Instruction, Verb
from ota_engine.times import Utc

HUB: Final = "CHF"
SILENT_S: Final = 28 * 86_400.0  # that a gateway may say nothing of an order


def batch_due(batch: OrderBatch, work: Work, utc: Utc) -> None:
    """Hand some devices of an order to their hubs."""
    order = work.get(ImageOrder, batch.request)
    assert order is not None  # noqa: S101 - a batch is of an order
    devices = batch.each
    found = _places(devices, work)
    user = work.get(ServiceUser, order.user)
    assert user is not None  # noqa: S101 - users stay
    taken = [(row, home) for row, home in found if is_responsible(user, home, row.kind)]
    lost = sorted(set(devices) - {row.device for row, _ in taken})
    # What wants rows comes before what is done for every device: it may have to begin anew.
    _tell_others(order, user, batch.number, taken, work, utc)
    if lost:
        tell_undelivered(f"{order.request}/lost/{batch.number}", order, lost, work, utc)
    _replace_older(order, taken, work, utc)
    for row, home in taken:
        name = order_name(order.request, row.device)
        begun = DeviceOrder(
            name,
            order.request,
            order.user,
            row.device,
            home.home,
            home.gateway,
            DeliveryState.ORDERED,
            utc,
            due_utc=utc + SILENT_S,
        )
        work.put(instruct(begun, order, row.kind, Verb.ASSIGN, work))
    work.drop(batch)


def _places(devices: Iterable[Eui64], work: Work) -> list[tuple[InstalledDevice, Home]]:
    """Find devices that are still in a home."""
    devices = list(devices)
    work.require(RowKey(InstalledDevice, (device,)) for device in devices)
    rows = [row for device in devices if (row := work.get(InstalledDevice, device))]
    work.require(RowKey(Home, (row.home,)) for row in rows)
    return [(row, home) for row in rows if (home := work.get(Home, row.home))]


def _replace_older(
    order: ImageOrder, found: Sequence[tuple[InstalledDevice, Home]], work: Work, utc: Utc
) -> None:
    standees = work.standings(tuple(device.device for device, _ in found))
    work.require(RowKey(DeviceOrder, (name,)) for name in standees.ordered.values())
    older = [row for name in standees.ordered.values() if (row := work.get(DeviceOrder, name))]
    work.require(RowKey(ImageOrder, (row.request,)) for row in older)
    gone: dict[str, list[Eui64]] = {}
    for row in older:
        if row.request != order.request:
            take_back(row, DeliveryStep.REPLACE, f"replaced by {order.request}", work, utc)
            gone.setdefault(row.request, []).append(row.device)
    for request, devices in gone.items():
        earlier = work.get(ImageOrder, request)
        assert earlier is not None  # noqa: S101 - a device is of an order
        name = f"{request}/replaced/{order.request}/{devices[0]:016X}"
        tell_undelivered(name, earlier, devices, work, utc)


def _tell_others(
    order: ImageOrder,
    user: ServiceUser,
    number: int,
    taken: Iterable[tuple[InstalledDevice, Home]],
    work: Work,
    utc: Utc,
) -> None:
    """Tell the other responsible supplier of a home what was ordered for it."""
    told: dict[tuple[str, Fuel, str], list[Eui64]] = {}
    for device, home in taken:
        for party, fuel in other_suppliers(home, user, device.kind):
            told.setdefault((party, fuel, device.kind), []).append(device.device)
    require_users(work, (party for party, _, _ in told))
    for (party, fuel, kind), devices in told.items():
        for other in users_of(work, party, (fuel,)):
            name = f"{order.request}/others/{number}/{kind}"
            content = UpgradeRequested(kind, order.version_text, tuple(devices))
            alert(work, other, name, content, utc)


def tell_undelivered(
    name: str, order: ImageOrder, devices: Sequence[Eui64], work: Work, utc: Utc
) -> None:
    """Tell who ordered that devices do not get the image."""
    user = work.get(ServiceUser, order.user)
    assert user is not None  # noqa: S101 - users stay
    undelivered = DistributionFailure(RequestId.parse(order.request), tuple(devices))
    for number, part in enumerate(split(undelivered), 1):
        alert(work, user, f"{name}/{number}", part, utc)


def tell_delivery(order: DeviceOrder, at: Utc, work: Work, utc: Utc, *, success: bool) -> None:
    """Tell who ordered that the image has come to the hub for a device, or has not; each once.

    Args:
        order: for the device.
        at: when that was, by whoever knows.
        work: the event in hand.
        utc: now.
        success: it has.
    """
    image, user = work.get(ImageOrder, order.request), work.get(ServiceUser, order.user)
    assert image is not None  # noqa: S101 - a device is of an order
    if user is None:
        return
    hub = _hub_of(order.home, work)
    content = DeliveryStatus(
        RequestId.parse(order.request),
        order.device if hub is None else hub.device,
        order.device,
        image.version_text,
        at,
        success,
    )
    alert(work, user, order.name, content, utc)


def _hub_of(home: str, work: Work) -> InstalledDevice | None:
    hubs = [row for row in work.select(InstalledDevice, home=home) if row.kind == HUB]
    return max(hubs, key=lambda row: row.installed_utc, default=None)


def order_due(row: DeviceOrder, work: Work, utc: Utc) -> None:
    """Wait no longer for a gateway that says nothing: others may order, and it may still speak."""
    if row.state is not DeliveryState.ORDERED:
        work.put(replaced(row, due_utc=None))
        return
    move(row, DeliveryStep.LOSE, "its gateway says nothing", work, utc)
    tell_delivery(row, utc, work, utc, success=False)


def instruct(row: DeviceOrder, order: ImageOrder, kind: str, verb: Verb, work: Work) -> DeviceOrder:
    """Tell the gateway of a device something, and keep the row, which counts that."""
    number = row.numbers + 1
    work.put(
        Instruction(
            f"{row.name}/{number}/{verb}",
            row.gateway,
            row.name,
            1,
            row.home,
            row.device,
            verb,
            order.sha256,
            order.version,
            number=number,
            commanded=kind in COMMANDED,
        )
    )
    return replaced(row, numbers=number)


def told(row: DeviceOrder) -> list[RowKey]:
    """Name all that a gateway may have been told of an order for a device."""
    return [
        RowKey(Instruction, (f"{row.name}/{number}/{verb}",))
        for number in range(1, row.numbers + 1)
        for verb in (Verb.ASSIGN, Verb.WITHDRAW)
    ]


def take_back(row: DeviceOrder, step: DeliveryStep, reason: str, work: Work, utc: Utc) -> bool:
    """End an order for a device before it runs the image, and tell its hub.

    Returns:
        whether there was anything to end.
    """
    state = DELIVERIES.turn(row.state, step)
    order = work.get(ImageOrder, row.request)
    if state is None or order is None:
        return False
    told = instruct(row, order, "", Verb.WITHDRAW, work)
    work.put(replaced(told, state=state, since_utc=utc, reason=reason, due_utc=None))
    return True


def move(row: DeviceOrder, step: DeliveryStep, reason: str, work: Work, utc: Utc) -> bool:
    """Let something happen to an ordered image; whether that changes anything."""
    state = DELIVERIES.turn(row.state, step)
    if state is None:
        return False
    work.put(replaced(row, state=state, since_utc=utc, reason=reason, due_utc=None))
    return True
