"""A fleet with Service Users over a home with a real engine and emulated devices: the whole way but HTTP."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.hub import HubSpec
from emulators.estate.real_home import HomeDiedError, RealHome, RealHomeSpec
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.ecdsa import P256_ORDER
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.duis.requests import FirmwareActivation, UpdateFirmware
from ota_engine.duis.responses import PreCommand, ServiceResponse
from ota_engine.gateway.homes import HomesGateway
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.envelope import parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import Organisation, PkiDevice, make_pki
from ota_engine.gbcs.protection import sign
from ota_engine.head_end.duis.ordered_image import read_ordered_image
from ota_engine.head_end.exchange import exchange
from ota_engine.hub.activation.security import Security
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN
from tests.fleet.orders.street import ELEC, GAS, OLD, OWN, WANTED, Street, content_of, device
from tests.gateway.homes import device as emulated

BROKER: Final = Eui64(0x90B3_D51F_3000_0002)
GAS_USER: Final = Eui64(ELEC + 1)  # of the same party
STEP_S: Final = 300.0  # between two exchanges
KINDS: Final = {
    "ESME": kinds.ESME,
    "GSME": kinds.GSME,
    "PPMID": kinds.PPMID,
    "HCALCS": kinds.HCALCS,
}


@cache
def key_files() -> dict[str, bytes]:
    """The keys of everybody in the home and of its users."""
    draw = Random(12)
    made = make_pki(
        datetime.fromtimestamp(BEGIN, UTC),
        lambda: ec.derive_private_key(draw.randrange(1, P256_ORDER), ec.SECP256R1()),
        organisations=(
            Organisation("elec", ELEC, Role.SUPPLIER),
            Organisation("gas", GAS_USER, Role.SUPPLIER),
            Organisation("another", GAS, Role.SUPPLIER),
            Organisation("broker", BROKER, Role.ACCESS_CONTROL_BROKER),
        ),
        devices=[PkiDevice(kind, device(OWN, kind)) for kind in (*KINDS, "CHF")],
    )
    return {file.name: file.octets for file in made}


@cache
def users_keys() -> Keystore:
    """What users, and devices, hold."""
    return Keystore.read(key_files())


@cache
def hubs_keys() -> Keystore:
    """What a hub holds: no user's private key."""
    secret = {f"{user:016x}-{use}.key" for user in (ELEC, GAS, GAS_USER) for use in ("ds", "ka")}
    files = {name: octets for name, octets in key_files().items() if name not in secret}
    return Keystore.read(files)


def user_of(kind: DeviceKind) -> Eui64:
    """Who orders for a kind of device, and whom it obeys."""
    return GAS_USER if kind is kinds.GSME else ELEC


def image(kind: DeviceKind) -> bytes:
    """A file as its supplier has it: for all but a PPMID it ends in a signature."""
    spec = ImageSpec(
        manufacturer_code=kinds.MANUFACTURER,
        image_type=kind.image_type,
        file_version=WANTED,
        layout="gb",
        sign_key=key_files()[f"{user_of(kind):016x}-ds.key"] if kind.commanded else None,
    )
    return build(Random(kind.image_type).randbytes(1500), spec)


class ServedStreet(Street):
    """The street, with one home that lives.

    Attributes:
        lived: that home.
    """

    def __init__(self) -> None:
        super().__init__()
        octets = [image(kind) for kind in KINDS.values()]
        records = [image_record(one, "ordered", self.utc) for one in octets]
        chf = device(OWN, "CHF")
        spec = RealHomeSpec(
            OWN,
            tuple((_device(name), Placement()) for name in KINDS),
            self.utc,
            3,
            users_keys(),
            Security(hubs_keys(), chf, ELEC, BROKER),
            hub=HubSpec(chf, OLD),
        )
        self.lived = RealHome(spec, {one.sha256: one for one in records}.get)
        self._gateway = HomesGateway({OWN: self.lived})

    def order_image(self, kind: str) -> ServiceResponse:
        """11.1, or 11.4 for a PPMID."""
        ppmid = kind == "PPMID"
        ordered = read_ordered_image(image(KINDS[kind]), ppmid=ppmid)
        body = UpdateFirmware(b"", f"{WANTED:08X}", (device(OWN, kind),), ppmid)
        variant = "11.4" if ppmid else "11.1"
        return self.ask_duis(user_of(KINDS[kind]), variant, body, image=ordered).response

    def signed_command(self, kind: str, counter: int, at: Utc | None = None) -> bytes:
        """11.3, its first half: draft an activation, and sign it as its user does."""
        digest = bytes.fromhex(
            read_ordered_image(image(KINDS[kind]), ppmid=False).manufacturer_hash
        )
        target, body = device(OWN, kind), FirmwareActivation(digest, at)
        user = user_of(KINDS[kind])
        answer = self.ask_duis(
            user, "11.3", body, command_variant=4, target=target, counter=counter
        )
        drafted = content_of(answer.response)
        assert isinstance(drafted, PreCommand)
        return serialise(sign(parse(drafted.payload), users_keys()))

    async def live(self, seconds: float) -> None:
        """Let time pass for everybody; a home that dies is started again."""
        until = self.utc + seconds
        while self.utc < until:
            self.pass_time(STEP_S)
            try:
                if self.lived.host.engine is None:
                    self.lived.start()
                self.lived.run(Utc(self.utc))
                await exchange(self.desk, self._gateway, "gate", self.utc)
            except HomeDiedError:
                continue


def _device(name: str) -> DeviceSpec:
    kind = KINDS[name]
    return replace(emulated(kind, device(OWN, name)), supplier=user_of(kind))
