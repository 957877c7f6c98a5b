"""What users read of homes and say of devices (8.2, 8.4, 12.2); pure.

A user sees homes that it supplies or is about to supply, and those of its regions; nothing tells it that
another home is there. No answer names a meter point or an address: they are kept where they can be erased.
"""

from dataclasses import replace
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import DevicePrenotification, ReadInventory, UpdateInventory
from ota_engine.duis.responses import Inventory, InventoryDevice
from ota_engine.fleet.inventory.arrivals import DeviceTold, device_told
from ota_engine.fleet.inventory.configurations import IN_PLACE
from ota_engine.fleet.inventory.rows import (
    Home,
    InstalledDevice,
    InventoryStatus,
    Particulars,
    Variant,
)
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served
from ota_engine.fleet.orders.commands import GAS_PROXY
from ota_engine.fleet.orders.rows import Prenotified, ServiceUser
from ota_engine.fleet.orders.suppliers import is_responsible
from ota_engine.fleet.parties.rows import Responsibility
from ota_engine.fleet.releases.rows import CplEntry
from ota_engine.times import Utc

MOST_SHOWN: Final = 17
MOST_ALIKE: Final = 100  # homes that are looked at for what should name one
HUB: Final = "CHF"

ACTIVE: Final = "Active"
_NAME: Final = 30  # characters of a manufacturer's or a model's name
_MPAN: Final = 13  # digits; a shorter number is an MPRN
_UNKNOWN: Final = "no home of yours is found by that"
_REGIONS: Final = frozenset(
    {"North", "Central", "South", "4G North", "4G Central", "4G South", "SMETS1"}
)


# --- 8.2 ----------------------------------------------------------------------------------------


def read_inventory(asked: Asked, work: Work, utc: Utc) -> Served:
    """Show a home, or a device that was announced and stands in none yet.

    Raises:
        RequestRefused: there is none that the user may see.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, ReadInventory)  # noqa: S101 - by its variant
    ahead = _announced(body.device, asked.user.party, work)
    if ahead is not None:
        return Served(Inventory((_ahead(ahead, work),)), text="one device")
    home = _found(body, asked.user, work)
    if home is None:
        raise RequestRefused(ResponseCase.NOTHING_FOUND, _UNKNOWN)
    devices = _shown(home, work)
    if not devices:
        raise RequestRefused(ResponseCase.NOTHING_FOUND, _UNKNOWN)
    return Served(Inventory(devices), text=f"home {home.home}")


def _announced(device: Eui64 | None, party: str, work: Work) -> Prenotified | None:
    """Find a device that a party has announced and that stands in no home yet."""
    row = work.get(Prenotified, device) if device is not None else None
    if row is None or row.party != party or work.get(InstalledDevice, device) is not None:
        return None
    return row


def may_see(user: ServiceUser, home: Home, work: Work) -> bool:
    """Whether a user may look at a home: it supplies it, is about to, or has its region."""
    if user.party in home.suppliers or home.region in user.regions:
        return True
    ahead = work.select(Responsibility, home=home.home)
    return any(row.party == user.party and row.due_utc is not None for row in ahead)


def _found(body: ReadInventory, user: ServiceUser, work: Work) -> Home | None:
    """Find the one home that is meant, of those that a user may look at."""
    named = _named(body, work)
    work.require(RowKey(Home, (name,)) for name in named)
    homes = [home for name in named if (home := work.get(Home, name)) is not None]
    seen = [home for home in homes if may_see(user, home, work)]
    return seen[0] if len(seen) == 1 else None


def _named(body: ReadInventory, work: Work) -> list[str]:
    """Name the homes that a request may mean, whoever may look at them."""
    if body.device is not None:
        device = work.get(InstalledDevice, body.device)
        if device is None:
            hubs = work.select(InstalledDevice, gpf=body.device)
            device = hubs[0] if hubs else None
        return [] if device is None else [device.home]
    if body.mpxn:
        wanted = "mpan" if len(body.mpxn) == _MPAN else "mprn", body.mpxn
    elif body.uprn:
        wanted = "uprn", body.uprn
    else:
        wanted = "address", f"{body.address}, {body.post_code}"
    return [row.home for row in work.selected(Select(Particulars, (wanted,), limit=MOST_ALIKE))]


def _shown(home: Home, work: Work) -> tuple[InventoryDevice, ...]:
    rows = [row for row in work.select(InstalledDevice, home=home.home) if row.status in IN_PLACE]
    work.require(
        [
            *(RowKey(Variant, (row.variant,)) for row in rows),
            *(_listing(row) for row in rows if row.version is not None),
        ]
    )
    shown: list[InventoryDevice] = []
    for row in rows:
        device = _device(row, home, work)
        shown.append(device)
        if row.gpf is not None:  # one image is for both
            shown.append(replace(device, device=row.gpf, device_type=GAS_PROXY))
    return tuple(shown[:MOST_SHOWN])


def _listing(row: InstalledDevice) -> Select:
    return Select(CplEntry, (("variant", row.variant), ("version", row.version)))


def _device(row: InstalledDevice, home: Home, work: Work) -> InventoryDevice:
    variant = work.get(Variant, row.variant)
    listed = row.version is not None and work.selected(_listing(row))
    return InventoryDevice(
        row.device,
        row.kind,
        row.status,
        variant.manufacturer[:_NAME] if variant else "",
        variant.model[:_NAME] if variant else "",
        firmware_version=None if row.version is None else f"{row.version:08X}",
        cpl_status=ACTIVE if listed else None,
        commissioned_utc=Utc(row.installed_utc) if row.installed_utc else None,
        csp_region=home.region if home.region in _REGIONS else None,
        gbcs_version=row.gbcs_version or None,
    )


def _ahead(row: Prenotified, work: Work) -> InventoryDevice:
    variant = work.get(Variant, row.variant)
    return InventoryDevice(
        row.device,
        row.kind,
        InventoryStatus.PENDING,
        variant.manufacturer[:_NAME] if variant else "",
        variant.model[:_NAME] if variant else "",
        firmware_version=None if row.version is None else f"{row.version:08X}",
    )


# --- 12.2 ---------------------------------------------------------------------------------------


def prenotify(asked: Asked, work: Work, utc: Utc) -> Served:
    """Note that a device will be installed.

    Raises:
        RequestRefused: it is known already, or no such product is.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, DevicePrenotification)  # noqa: S101 - by its variant
    if body.gpf == body.device or body.device_type == GAS_PROXY:
        raise RequestRefused(
            ResponseCase.PRENOTIFICATION_REFUSED,
            "a gas proxy is announced with its hub, by an id of its own",
        )
    known = work.get(InstalledDevice, body.device)
    if known is not None or work.get(Prenotified, body.device) is not None:
        raise RequestRefused(
            ResponseCase.DEVICE_KNOWN_ALREADY, f"{format_eui64(body.device)} is known already"
        )
    variant = _variant(body.device_type, body.manufacturer, body.model, work)
    if variant is None:
        raise RequestRefused(
            ResponseCase.PRENOTIFICATION_REFUSED,
            "no such product is known: have its variant imported first",
        )
    user = asked.user
    version = _version(body.firmware_version, ResponseCase.PRENOTIFICATION_REFUSED)
    kind = body.device_type
    work.put(
        Prenotified(
            body.device, user.user, user.party, kind, variant.variant, version, body.gpf, utc
        )
    )
    return Served(text=f"{kind} {format_eui64(body.device)}")


def _variant(kind: str, manufacturer: str, model: str, work: Work) -> Variant | None:
    found = work.select(Variant, kind=kind, manufacturer=manufacturer, model=model)
    return found[0] if found else None


def _version(text: str | None, case: ResponseCase) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 16)
    except ValueError:
        raise RequestRefused(case, f"{text!a} is no firmware version") from None


# --- 8.4 ----------------------------------------------------------------------------------------


def update_inventory(asked: Asked, work: Work, utc: Utc) -> Served:
    """Correct what the inventory says of a device.

    Raises:
        RequestRefused: the user does not answer for it, or it cannot be changed so.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, UpdateInventory)  # noqa: S101 - by its variant
    row = work.get(InstalledDevice, body.device)
    if row is None:
        return _forget(asked, body, work)
    home = work.get(Home, row.home)
    if home is None or not is_responsible(asked.user, home, row.kind):
        raise RequestRefused(
            ResponseCase.NOT_RESPONSIBLE, f"{format_eui64(body.device)} is in none of your homes"
        )
    if body.meter_point is not None:
        return _name_meter_point(body.meter_point, asked.user, home, work)
    if body.delete:
        raise _no_change(f"{format_eui64(body.device)} stands in a home: it cannot be deleted")
    told = _status_told(row, body) if body.details is None else _details_told(row, body, work, utc)
    happened = device_told(told, work, utc)
    return Served(text=f"{row.kind} {format_eui64(row.device)}", happened=tuple(happened))


def _forget(asked: Asked, body: UpdateInventory, work: Work) -> Served:
    """Delete a device that was announced; nothing else may be said of it before it is installed."""
    ahead = work.get(Prenotified, body.device)
    if ahead is None:
        raise RequestRefused(
            ResponseCase.NO_SUCH_DEVICE, f"{format_eui64(body.device)} is not known"
        )
    if ahead.party != asked.user.party:
        raise RequestRefused(
            ResponseCase.NOT_RESPONSIBLE, f"{format_eui64(body.device)} was not announced by you"
        )
    if not body.delete:
        raise _no_change(f"{format_eui64(body.device)} is in no home yet: it can only be deleted")
    work.drop(ahead)
    return Served(text=f"{format_eui64(body.device)} deleted")


def _status_told(row: InstalledDevice, body: UpdateInventory) -> DeviceTold:
    if bool(body.hub_status) != (row.kind == HUB):
        raise _no_change(f"{row.kind} {format_eui64(row.device)} takes no such status")
    status = InventoryStatus(body.hub_status or body.status)
    if row.status is InventoryStatus.SUSPENDED and status is InventoryStatus.PENDING:
        raise _no_change(f"{format_eui64(row.device)} is suspended")
    return _told(row, status)


def _details_told(row: InstalledDevice, body: UpdateInventory, work: Work, utc: Utc) -> DeviceTold:
    details = body.details
    assert details is not None  # noqa: S101 - by the caller
    if row.kind == HUB:
        raise _no_change("what a hub is and runs is the DCC's to say")
    told = _told(row, row.status)
    version = _version(details.firmware_version, ResponseCase.INVENTORY_CHANGE_REFUSED)
    if version is not None:
        told = told._replace(version=version, version_utc=utc)
    if details.manufacturer is None and details.model is None:
        return told
    known = work.get(Variant, row.variant)
    manufacturer = details.manufacturer or (known.manufacturer if known else "")
    model = details.model or (known.model if known else "")
    variant = _variant(row.kind, manufacturer, model, work)
    if variant is None:
        raise _no_change("no such product is known: have its variant imported first")
    return told._replace(variant=variant.variant)


def _told(row: InstalledDevice, status: InventoryStatus) -> DeviceTold:
    return DeviceTold(
        row.device,
        row.home,
        row.kind,
        row.variant,
        status,
        gbcs_version=row.gbcs_version,
        gpf=row.gpf,
        installed_utc=Utc(row.installed_utc),
    )


def _name_meter_point(named: tuple[str, str], user: ServiceUser, home: Home, work: Work) -> Served:
    element, number = named
    if element != "ImportMPxN":
        raise _no_change(f"{element} is kept of no home here")
    electric = len(number) == _MPAN
    if not is_responsible(user, home, "ESME" if electric else "GSME"):
        raise RequestRefused(
            ResponseCase.NOT_RESPONSIBLE, "the meter point is of a fuel that another supplies"
        )
    row = work.get(Particulars, home.home) or Particulars(home.home)
    work.put(replace(row, mpan=number) if electric else replace(row, mprn=number))
    return Served(text="meter point")


def _no_change(text: str) -> RequestRefused:
    return RequestRefused(ResponseCase.INVENTORY_CHANGE_REFUSED, text)
