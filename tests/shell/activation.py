"""A home with keys in virtual time: its devices live on while engines come and go on its radio."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import trio

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import DeviceKind
from emulators.home.han import Han
from emulators.home.roster import default_roster
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.activation.parties import choose_parties
from ota_engine.hub.activation.security import OrderPatience
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.records import (
    ImageRecord,
    OrderRecord,
    OutcomeRecord,
)
from ota_engine.shell.activate import ActivationRequest, Followed, activate
from ota_engine.shell.push import PushRequest, PushResult, push
from ota_engine.shell.service import Setup
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.times import Utc
from tests.gbcs.parties import NOW, SUPPLIER, everyone, files

UTC = Utc(NOW.timestamp())
OLD, NEW = 0x0100_0000, 0x0101_0000
SPECS = {entry.spec.kind: entry.spec for entry in default_roster()}
PPMID, IHD, HCALCS, HUB = (spec.eui64 for spec in SPECS.values())
PATIENT = OrderPatience()


def utc() -> Utc:
    return UTC + trio.current_time()


def signed(
    kind: DeviceKind = kinds.HCALCS,
    *,
    supplier: int | None = SUPPLIER,
    version: int = NEW,
    octets: int = 900,
) -> ImageRecord:
    """A GB image for a kind of device, signed by a supplier, or bare without one."""
    spec = SPECS[kind]
    key = None if supplier is None else files()[f"{supplier:016x}-ds.key"]
    what = ImageSpec(
        manufacturer_code=spec.manufacturer_code,
        image_type=spec.image_type,
        file_version=version,
        minimum_hardware_version=0x0100,
        maximum_hardware_version=0x01FF,
        layout="gb",
        sign_key=key,
    )
    return image_record(build(Random(octets).randbytes(octets), what), "test", UTC)


class Estate:
    """The built-in home with keys, and the state folder of whatever engine is on its radio."""

    def __init__(self, folder: Path, keys: Keystore | None = None) -> None:
        self.state = folder
        self.keys = keys or everyone()
        self.network = Network(Random(4))
        self.devices: dict[Eui64, EmulatedDevice] = {}
        fleet = DeviceAssembly(everyone())
        for entry in default_roster():
            device = fleet.build(replace(entry.spec, seed=4))
            device.set_clock(UTC, 0.0)
            self.devices[device.eui64] = device
            self.network.add(device, entry.placement)

    @asynccontextmanager
    async def setup(
        self, *, originator: int | None = None, patience: OrderPatience = PATIENT
    ) -> AsyncIterator[Setup]:
        """A radio with keys beside it; devices that are off are switched on."""
        async with Han(self.network) as han:
            for eui64, station in self.network.stations.items():
                if not station.online:
                    han.power_on(eui64)
            party = None if originator is None else Eui64(originator)
            security = choose_parties(self.keys, han.info.own, party, patience)
            yield Setup(han, self.state, utc, True, DeliveryConfig(), security)

    async def push(
        self, *images: ImageRecord, devices: Sequence[Eui64] | None = None
    ) -> PushResult:
        request = PushRequest(images, None if devices is None else tuple(devices))
        async with self.setup() as setup:
            return await push(setup, request, _unseen)

    async def order(
        self,
        image: ImageRecord,
        *,
        at: Utc | None = None,
        wait: bool = False,
        seconds: float = 3 * 86_400.0,
        steps: list[OrderRecord] | None = None,
        originator: int | None = None,
    ) -> Followed:
        """Order the HCALCS to run an image, now or ``at`` so many seconds of UTC."""
        seen = [] if steps is None else steps
        digest = bytes.fromhex(image.manufacturer_image_hash)
        request = ActivationRequest(HCALCS, digest, image, at, wait, seconds)
        async with self.setup(originator=originator) as setup:
            followed = await activate(setup, request, seen.append)
        assert isinstance(followed, Followed)
        return followed

    def outcomes(self, kind: str | None = None) -> list[OutcomeRecord]:
        """What sinks are told, each proof verified with everybody's keys."""
        with Store.inspect(self.state / DATABASE_NAME) as store:
            found = [one for one in store.outcomes() if kind in (None, one.kind)]
            assert store.verify_audit() is None
        for outcome in found:
            if outcome.message:
                authenticate(parse(outcome.message), everyone(), now=NOW)
        return found

    def version(self, device: Eui64 = HCALCS) -> int:
        return self.devices[device].version


def _unseen(now: float, standings: Sequence[PushStanding], down: str | None) -> None:
    """Nobody looks on."""
