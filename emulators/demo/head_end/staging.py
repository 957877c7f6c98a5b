"""Who takes part in ``zota demo --head-end``: suppliers, keys, images, one home; pure, runs nothing.

Keys are drawn for one demonstration and forgotten. Everybody gets those that are theirs and no others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import FACTORY_VERSION, HARDWARE_VERSION, MANUFACTURER, DeviceKind
from emulators.estate.firmware import release_digest, release_image
from emulators.estate.hub import HubSpec
from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.real_home import RealHomeSpec
from emulators.node import COORDINATOR
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import ORGANISATIONS, Organisation, PkiDevice, PkiFile, make_pki
from ota_engine.hub.activation.security import Security
from ota_engine.times import Utc

HOME: Final = "first-home"
GATEWAY: Final = "gw-1"
SET: Final = "set-a"
HUB_RELEASE: Final = "hub-2"
SECOND_VERSION, THIRD_VERSION = 0x0101_0000, 0x0102_0000
IMAGE_OCTETS: Final = 6_000  # of firmware, for each device
WAN_S: Final = 0.01  # mean seconds that the hub's WAN takes, each way
BOOT_S: Final = 2.0  # from a restart of the hub until it serves again
BROKER: Final = Eui64(0x90B3_D51F_4000_0002)


class DemoSupplier(NamedTuple):
    """A supplier that is a Service User.

    Attributes:
        party: id.
        name: as people call it.
        user: EUI-64.
        role: in which it asks.
    """

    party: str
    name: str
    user: Eui64
    role: UserRole


EAST: Final = DemoSupplier(
    "east-power", "East power", Eui64(0x90B3_D51F_4001_0000), UserRole.IMPORT_SUPPLIER
)
WEST: Final = DemoSupplier(
    "west-gas", "West gas", Eui64(0x90B3_D51F_4003_0000), UserRole.GAS_SUPPLIER
)
NORTH: Final = DemoSupplier(
    "north-gas", "North gas", Eui64(0x90B3_D51F_4005_0000), UserRole.GAS_SUPPLIER
)
DEMO_SUPPLIERS: Final = (EAST, WEST, NORTH)


class DemoDevice(NamedTuple):
    """A device of the home.

    Attributes:
        name: as people call it.
        device: EUI-64.
        kind: as the inventory has it.
        variant: id.
        ends_with: the version that it runs in the end.
    """

    name: str
    device: Eui64
    kind: str
    variant: str
    ends_with: int


HUB: Final = DemoDevice("Comms Hub", COORDINATOR, "CHF", "hub-1", SECOND_VERSION)
HUB_GPF: Final = Eui64(COORDINATOR + 1)
PPMID: Final = DemoDevice("PPMID", Eui64(kinds.FIRST_EUI64), "PPMID", "display-1", SECOND_VERSION)
HCALCS: Final = DemoDevice(
    "HCALCS", Eui64(kinds.FIRST_EUI64 + 1), "HCALCS", "switch-1", THIRD_VERSION
)
GSME: Final = DemoDevice(
    "gas meter", Eui64(kinds.FIRST_EUI64 + 2), "GSME", "meter-1", FACTORY_VERSION
)
DEMO_DEVICES: Final = (HUB, PPMID, HCALCS, GSME)
_ON_THE_HAN: Final[tuple[tuple[DemoDevice, DeviceKind, DemoSupplier], ...]] = (
    (PPMID, kinds.PPMID, EAST),
    (HCALCS, kinds.HCALCS, EAST),
    (GSME, kinds.GSME, WEST),
)
_THIRD_PARTY: Final = Organisation("third-supplier", NORTH.user, Role.SUPPLIER)


@dataclass(frozen=True, slots=True)
class HeadEndStage:
    """What a demonstration is made of, beyond the names above.

    Attributes:
        files: all keys and certificates, by file name.
        secret: names of those that are private keys.
        for_ppmid: an OTA file.
        for_hcalcs: two, the later one last.
        for_hub: the release of the operator.
    """

    files: Mapping[str, bytes]
    secret: frozenset[str]
    for_ppmid: bytes
    for_hcalcs: tuple[bytes, bytes]
    for_hub: bytes

    def held_by(self, *euis: int) -> dict[str, bytes]:
        """Everybody's certificates, and the private keys of some."""
        own = tuple(f"{eui:016x}-" for eui in euis)
        return {
            name: octets
            for name, octets in self.files.items()
            if name not in self.secret or name.startswith(own)
        }


def stage_head_end(now: datetime) -> HeadEndStage:
    """Draw keys, and build the images."""
    made = make_pki(
        now,
        lambda: ec.generate_private_key(ec.SECP256R1()),
        organisations=(*ORGANISATIONS, _THIRD_PARTY),
        devices=[PkiDevice(one.name, one.device) for one in DEMO_DEVICES],
    )
    files = {file.name: file.octets for file in made}
    return HeadEndStage(
        files,
        frozenset(_secrets(made)),
        _image(kinds.PPMID, SECOND_VERSION, None),
        (
            _image(kinds.HCALCS, SECOND_VERSION, files[f"{EAST.user:016x}-ds.key"]),
            _image(kinds.HCALCS, THIRD_VERSION, files[f"{EAST.user:016x}-ds.key"]),
        ),
        release_image(SECOND_VERSION),
    )


def _secrets(made: Sequence[PkiFile]) -> list[str]:
    return [file.name for file in made if file.secret]


def _image(kind: DeviceKind, version: int, key: bytes | None) -> bytes:
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER,
        image_type=kind.image_type,
        file_version=version,
        layout="gb",
        header_string=f"zota demo {kind.label}",
        minimum_hardware_version=HARDWARE_VERSION,
        maximum_hardware_version=HARDWARE_VERSION,
        sign_key=key,
    )
    return build(Random(f"{kind.word} {version}").randbytes(IMAGE_OCTETS), spec)


def demo_home(stage: HeadEndStage, begin: Utc) -> RealHomeSpec:
    """Describe the home: its hub has the keys of devices and of the broker, and of no supplier."""
    keys = Keystore.read(stage.held_by(BROKER, *(one.device for one in DEMO_DEVICES)))
    return RealHomeSpec(
        HOME,
        tuple((_spec(*row, number), Placement()) for number, row in enumerate(_ON_THE_HAN)),
        begin,
        keys=keys,
        security=Security(keys, COORDINATOR, EAST.user, BROKER),
        hub=HubSpec(COORDINATOR, FACTORY_VERSION, loss=0.0, delay_s=WAN_S, boot_s=BOOT_S),
    )


def _spec(device: DemoDevice, kind: DeviceKind, supplier: DemoSupplier, number: int) -> DeviceSpec:
    return replace(kind.specimen(number), eui64=device.device, supplier=supplier.user)


def demo_rows(utc: Utc) -> list[Any]:
    """Have the home in the inventory, products on the list, and the papers of the hub's release."""
    rows: list[Any] = [
        Home(HOME, "North", GATEWAY, HomeStatus.COMPLETE, SET, EAST.party, WEST.party),
        Variant(HUB.variant, HUB.kind, "Maker", "Hub", "1"),
    ]
    for device, kind, _ in _ON_THE_HAN:
        rows.append(
            Variant(
                device.variant,
                device.kind,
                "Maker",
                kind.label,
                "1",
                manufacturer_code=MANUFACTURER,
                image_type=kind.image_type,
            )
        )
    for device in DEMO_DEVICES:
        versions = (FACTORY_VERSION, SECOND_VERSION, THIRD_VERSION)
        names = {f"{device.variant}-{version:08X}": version for version in versions}
        rows += stated_paths(device.variant, names)
        rows.append(_installed(device))
    digest = release_digest(SECOND_VERSION)
    rows += paperwork(HUB_RELEASE, SECOND_VERSION, hub_cpl(), digest, utc, (SET,))
    return rows


def hub_cpl() -> str:
    """Name the entry of the hub's release on the list."""
    return f"{HUB.variant}-{SECOND_VERSION:08X}"


def _installed(device: DemoDevice) -> InstalledDevice:
    return InstalledDevice(
        device.device,
        HOME,
        device.kind,
        device.variant,
        InventoryStatus.COMMISSIONED,
        FACTORY_VERSION,
        VersionSource.DEVICE,
        0.0,
        "4.2",
        gpf=HUB_GPF if device is HUB else None,
    )
