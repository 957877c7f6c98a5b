"""Homes with real engines and emulated devices, to test gateways on; the keys are those of a test PKI."""

from collections.abc import Mapping
from random import Random
from typing import Final

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.hub import HubSpec
from emulators.estate.real_home import RealHome, RealHomeSpec
from emulators.platform.spec import ClientOptions, DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.hub.activation.security import Security
from ota_engine.records import ImageRecord
from ota_engine.times import Utc
from tests.gbcs import parties
from tests.gbcs.parties import BROKER, CHF, NOW, SUPPLIER, everyone, files

BEGIN: Final = Utc(NOW.timestamp())
OLD, NEW = 0x0001_0000, 0x0002_0000
GATEWAY: Final = "gw-1"
PPMID, HCALCS, CH = Eui64(parties.PPMID), Eui64(parties.HCALCS), Eui64(CHF)


def image(
    kind: DeviceKind, version: int = NEW, octets: int = 1500, signer: int = SUPPLIER
) -> ImageRecord:
    """A signed image for a kind of device."""
    spec = ImageSpec(
        manufacturer_code=kinds.MANUFACTURER,
        image_type=kind.image_type,
        file_version=version,
        layout="gb",
        sign_key=files()[f"{signer:016x}-ds.key"],
    )
    made = build(Random(version + kind.image_type).randbytes(octets), spec)
    return image_record(made, f"{kind.word} {version:08X}", BEGIN)


FOR_PPMID, FOR_HCALCS = image(kinds.PPMID), image(kinds.HCALCS)
FOR_HUB = image(kinds.COMMUNICATIONS_HUB, octets=20_000)
IMAGES: Final = {one.sha256: one for one in (FOR_PPMID, FOR_HCALCS, FOR_HUB)}
HUB: Final = HubSpec(Eui64(CHF), OLD)


def device(kind: DeviceKind, eui64: Eui64, *, fails: bool = False) -> DeviceSpec:
    """A device with keys that runs the old version."""
    policy = 0 if kind.commanded else 1
    options = ClientOptions(timeout_policy=policy, self_test_fails=fails)
    return DeviceSpec(
        eui64,
        kind,
        0x1001 + eui64 % 0x1000,
        kinds.MANUFACTURER,
        kind.image_type,
        OLD,
        hardware_version=kinds.HARDWARE_VERSION,
        options=options,
    )


def home(
    name: str = "h1",
    *,
    seed: int = 1,
    devices: tuple[DeviceSpec, ...] | None = None,
    hub: HubSpec = HUB,
    images: Mapping[str, ImageRecord] = IMAGES,
    unanswered_s: float = UNANSWERED_S,
    begin: Utc = BEGIN,
) -> RealHome:
    """A home with a PPMID and an HCALCS whose hub speaks for the supplier."""
    if devices is None:
        devices = device(kinds.PPMID, PPMID), device(kinds.HCALCS, HCALCS)
    keys = everyone()
    security = Security(keys, Eui64(CHF), Eui64(SUPPLIER), Eui64(BROKER))
    placed = tuple((one, Placement()) for one in devices)
    spec = RealHomeSpec(
        name, placed, begin, seed, keys, security, hub=hub, unanswered_s=unanswered_s
    )
    return RealHome(spec, images.get)
