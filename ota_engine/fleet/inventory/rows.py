"""Homes and devices as rows. Only pseudonyms name a home."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

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
    INDEXES: ClassVar = (("electricity",), ("gas",), ("gateway",))
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
        electricity, gas = self.electricity, self.gas
        if electricity and gas and electricity != gas:
            return electricity, gas
        only = electricity or gas
        return (only,) if only else ()


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
        gpf: EUI-64 of the Gas Proxy Function of a hub, which is updated with its CHF and never
            without; None for what has none.
    """

    TABLE: ClassVar = "fleet_devices"
    KEY: ClassVar = ("device",)
    INDEXES: ClassVar = (("home",), ("variant", "version", "status", "home"), ("gpf",))
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
    gpf: Eui64 | None = None


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
        manufacturer_code: of its images, None while it is not known.
        image_type: of its images, None while it is not known.
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
    manufacturer_code: int | None = None
    image_type: int | None = None


#: Kinds of device that get firmware over the air on this network; others are listed only.
ORDERED_KINDS: Final = frozenset({"CHF", "ESME", "GSME", "PPMID", "HCALCS"})


def is_ordered(variant: Variant) -> bool:
    """Whether firmware is ordered for a variant: SMETS1 hubs and in-home displays are only listed."""
    return variant.smets != 1 and variant.kind in ORDERED_KINDS


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """Which models and versions stand together in homes, as the Deployed Products List counts them.

    Attributes:
        configuration: short id, made of ``contents``.
        contents: ``kind:variant:version`` of each device, sorted, with ``;`` between.
        homes: that have it, as counted last.
        counted_utc: when they were counted.
    """

    TABLE: ClassVar = "configuration_sets"
    KEY: ClassVar = ("configuration",)
    configuration: str
    contents: str
    homes: int
    counted_utc: float


@dataclass(frozen=True, slots=True)
class RingFence:
    """Homes set apart to prove releases on: what nobody approved yet is delivered to them alone.

    Attributes:
        ring_fence: short id.
        purpose: why, in words.
        author: person who set it up.
        revision: counts its changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "ring_fences"
    KEY: ClassVar = ("ring_fence",)
    ring_fence: str
    purpose: str
    author: str
    revision: int
    changed: str


@dataclass(frozen=True, slots=True)
class Particulars:
    """What people call a home; the only row that may name it, and it can be erased.

    Attributes:
        home: pseudonym.
        mpan: of its electricity meter point.
        mprn: of its gas meter point.
        uprn: of the property.
        address: in one line.
    """

    TABLE: ClassVar = "particulars"
    KEY: ClassVar = ("home",)
    INDEXES: ClassVar = (("mpan",), ("mprn",), ("uprn",), ("address",))
    home: str
    mpan: str = ""
    mprn: str = ""
    uprn: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """By which key the homes of an estate are named; the key itself is not here.

    Attributes:
        purpose: what it is for; there is one row.
        fingerprint: of the key.
        since_utc: since when it is used.
    """

    TABLE: ClassVar = "pseudonym_keys"
    KEY: ClassVar = ("purpose",)
    purpose: str
    fingerprint: str
    since_utc: float
