"""What the inventory tells of homes and devices: installed, replaced, moved, gone.

What a device itself said of its version outweighs what a list says, unless the list is younger.
"""

from dataclasses import replace
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.inventory.configurations import IN_PLACE
from ota_engine.fleet.inventory.happenings import (
    DeviceMoved,
    Happening,
    HomeVanished,
    HubReplaced,
    InstallationCompleted,
)
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    VersionSource,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc

INVENTORY = "inventory"  # who told, in the audit trail
HUB = "CHF"


class DeviceTold(NamedTuple):
    """The inventory says where a device is and how it stands.

    Attributes:
        device: its EUI-64; of a Communications Hub, that of its CHF.
        home: pseudonym.
        kind: CHF, ESME, GSME, PPMID, HCALCS, IHD.
        variant: id.
        status: in the inventory.
        version: that it runs, None where the inventory does not say.
        version_utc: since when that is known.
        gbcs_version: that it speaks.
        gpf: of a hub.
        installed_utc: when it was installed, 0 where nobody said.
    """

    device: Eui64
    home: str
    kind: str
    variant: str
    status: InventoryStatus
    version: int | None = None
    version_utc: Utc = Utc(0.0)
    gbcs_version: str = ""
    gpf: Eui64 | None = None
    installed_utc: Utc = Utc(0.0)


class HomeTold(NamedTuple):
    """The inventory says how far the installation of a home has come."""

    home: str
    status: HomeStatus


def device_told(event: DeviceTold, work: Work, utc: Utc) -> list[Happening]:
    """Take what the inventory says of a device."""
    if work.get(Home, event.home) is None:
        work.note(INVENTORY, "device of an unknown home", f"home:{event.home}")
        return []
    known = work.get(InstalledDevice, event.device)
    work.put(merged(event, known))
    happened: list[Happening] = []
    if known is not None and known.home != event.home:
        happened.append(DeviceMoved(event.device, known.home, event.home))
    if event.kind == HUB and event.status in IN_PLACE:
        happened += _replaced(event, work)
    for one in happened:
        work.note(INVENTORY, _NAMES[type(one)], f"home:{event.home}", device=event.device)
    return happened


def merged(event: DeviceTold, known: InstalledDevice | None) -> InstalledDevice:
    """The row of a device after the inventory has spoken."""
    told = InstalledDevice(
        event.device,
        event.home,
        event.kind,
        event.variant,
        event.status,
        event.version,
        VersionSource.REGISTRATION,
        event.version_utc,
        event.gbcs_version,
        event.installed_utc,
        event.gpf,
    )
    if known is None:
        return told
    if told.gpf is None:
        told = replace(told, gpf=known.gpf)
    younger = event.version is not None and event.version_utc > known.version_since_utc
    if younger and event.version != known.version:
        return told
    return replace(
        told,
        version=known.version,
        version_source=known.version_source,
        version_since_utc=known.version_since_utc,
    )


def _replaced(event: DeviceTold, work: Work) -> list[Happening]:
    """A home has one hub: what stood there before stands there no longer."""
    happened: list[Happening] = []
    for other in work.select(InstalledDevice, home=event.home):
        if other.kind == HUB and other.device != event.device and other.status in IN_PLACE:
            work.put(replace(other, status=InventoryStatus.DECOMMISSIONED))
            happened.append(HubReplaced(event.home, other.device, event.device))
    return happened


def home_told(event: HomeTold, work: Work, utc: Utc) -> list[Happening]:
    """Take what the inventory says of a home."""
    home = work.get(Home, event.home)
    if home is None:
        work.note(INVENTORY, "status of an unknown home", f"home:{event.home}")
        return []
    if home.status is event.status:
        return []
    installed = utc if event.status is HomeStatus.COMPLETE else home.installed_utc
    work.put(replace(home, status=event.status, installed_utc=installed))
    work.note(INVENTORY, str(event.status), f"home:{event.home}")
    if event.status is HomeStatus.COMPLETE:
        return [InstallationCompleted(event.home)]
    if event.status is HomeStatus.GONE:
        for device in work.select(InstalledDevice, home=event.home):
            if device.status in IN_PLACE:
                work.put(replace(device, status=InventoryStatus.WITHDRAWN))
        return [HomeVanished(event.home)]
    return []


_NAMES = {DeviceMoved: "device moved", HubReplaced: "hub replaced"}
