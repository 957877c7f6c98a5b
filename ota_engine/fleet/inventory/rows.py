"""Homes and devices as rows. Only pseudonyms name a home."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from images.eui64 import Eui64


class HomeStatus(StrEnum):
    """How far the installation of a home has come."""

    INSTALLING = "installing"
    COMPLETE = "complete"
    GONE = "gone"


class InventoryStatus(StrEnum):
    """Status of a device in the inventory (DUIS InventoryStatus)."""

    PENDING = "Pending"
    INSTALLED = "InstalledNotCommissioned"
    COMMISSIONED = "Commissioned"
    SUSPENDED = "Suspended"
    WITHDRAWN = "Withdrawn"
    DECOMMISSIONED = "Decommissioned"


class VersionSource(StrEnum):
    """Who said what a device runs."""

    REGISTRATION = "registration"  # an import, or a pre-notification
    DEVICE = "device"  # itself


@dataclass(frozen=True, slots=True)
class Home:
    """One home, named by a pseudonym.

    Attributes:
        home: keyed pseudonym.
        region: of the communications service provider.
        gateway: that reaches it.
        status: of its installation.
        configuration: id of its configuration set: which models and versions stand together.
        electricity: import supplier responsible now; empty for none.
        gas: gas supplier responsible now; empty for none.
        ring_fence: id of the proving set it belongs to; empty for none.
        installed_utc: when its installation was complete.
    """

    TABLE: ClassVar = "homes"
    KEY: ClassVar = ("home",)
    INDEXES: ClassVar = (("electricity",), ("gas",))
    home: str
    region: str
    gateway: str
    status: HomeStatus
    configuration: str
    electricity: str = ""
    gas: str = ""
    ring_fence: str = ""
    installed_utc: float = 0.0

    @property
    def suppliers(self) -> tuple[str, ...]:
        """The parties that answer for it, each once."""
        return tuple(dict.fromkeys(party for party in (self.electricity, self.gas) if party))


@dataclass(frozen=True, slots=True)
class InstalledDevice:
    """One device of a home; a Communications Hub stands once, as its CHF.

    Attributes:
        device: its EUI-64.
        home: where it is.
        kind: CHF, ESME, GSME, PPMID, HCALCS, IHD.
        variant: id of manufacturer, model and hardware together.
        status: in the inventory.
        version: that it runs, None while nobody said.
        version_source: who said so.
        version_since_utc: since when that is known.
        gbcs_version: that it speaks.
        installed_utc: when it was installed.
    """

    TABLE: ClassVar = "fleet_devices"
    KEY: ClassVar = ("device",)
    INDEXES: ClassVar = (("home",), ("variant", "version"))
    device: Eui64
    home: str
    kind: str
    variant: str
    status: InventoryStatus
    version: int | None
    version_source: VersionSource
    version_since_utc: float
    gbcs_version: str = ""
    installed_utc: float = 0.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One product: manufacturer, model and hardware version together.

    Attributes:
        variant: short id.
        kind: of device.
        manufacturer: name.
        model: name.
        hardware: version.
        smets: 1 or 2; hubs of the first are listed, not ordered.
        maker: party that makes it.
    """

    TABLE: ClassVar = "variants"
    KEY: ClassVar = ("variant",)
    variant: str
    kind: str
    manufacturer: str
    model: str
    hardware: str
    smets: int = 2
    maker: str = ""
