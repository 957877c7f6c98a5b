"""A head end to measure: users with keys, homes with devices that they may order for, requests of theirs."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from images.building import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DSP,
    MOST_DEVICES,
    MOST_IMAGE_OCTETS,
    ReadInventory,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    UpdateFirmware,
)
from ota_engine.duis.signing import sign_document
from ota_engine.duis.variants import UserRole
from ota_engine.duis.writing import write_request
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.orders.rows import OrderRules, ServiceUser
from ota_engine.fleet.parties.rows import Party
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.issuing import Authority, Validity, authority_name, issue_organisation
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.intake import Intake
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.image_shelf import ImageShelf
from ota_engine.store.fleet.book import FleetStore

USER = Eui64(0x90B3_D51F_4001_0000)
MANUFACTURER, IMAGE_TYPE, VERSION = 0x121D, 0x86, 0x0102_0304
QUICK_DEVICES = 100  # of one order, where figures mean nothing
OVERHEAD = 1_000  # octets at most, that an image has beside what it brings


class Identity(NamedTuple):
    """Somebody who signs documents."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class HeadEndParts(NamedTuple):
    """What takes a request in and lets it happen."""

    desk: FleetDesk
    intake: Intake
    notary: Notary


def identity(eui: Eui64, role: Role) -> Identity:
    """Draw a key and certify it."""
    issuer = Authority(
        authority_name("Z1", Role.ISSUING_AUTHORITY), ec.generate_private_key(ec.SECP256R1())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = issue_organisation(
        issuer,
        key.public_key(),
        eui,
        Validity(start, start + timedelta(days=30)),
        eui64=eui,
        role=role,
        name="bench",
        use=KeyUse.SIGNING,
    )
    return Identity(key, certificate)


class DuisLab:
    """A state folder and a folder of keys for one user, who supplies every home.

    Args:
        folder: an empty one.
        homes: how many, with a hub and an HCALCS each.

    Attributes:
        user: who signs requests.
        keys: folder of certificates, and of the key that we sign with.
        devices: all HCALCS.
    """

    def __init__(self, folder: Path, homes: int) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.user = identity(USER, Role.XML_SIGN)
        self._write("user", self.user)
        self._write("dcc", identity(DSP, Role.DSP_XML_SIGN), secret=True)
        self.devices = tuple(Eui64(0x00DB_0000_0000_0000 + number) for number in range(homes))
        self._counters = count(1)
        store = self._store()
        with store.transaction():
            store.insert(_people())
            for start in range(0, homes, 10_000):
                store.insert(_homes(range(start, min(start + 10_000, homes))))
        store.close()

    def _write(self, name: str, who: Identity, *, secret: bool = False) -> None:
        (self.keys / f"{name}.pem").write_bytes(who.certificate.public_bytes(Encoding.PEM))
        if secret:
            path = self.keys / f"{name}.key"
            path.touch(0o600)
            path.write_bytes(_pem(who.key))

    def _store(self) -> FleetStore:
        return FleetStore.open(self.folder / "fleet.sqlite")

    @contextmanager
    def head_end(self) -> Iterator[HeadEndParts]:
        """Open what takes requests."""
        keys = DuisKeys(self.keys, lambda _: None)
        notary, store = Notary(keys.own), self._store()
        try:
            intake = Intake(keys, ImageShelf(self.folder / "images"))
            yield HeadEndParts(FleetDesk(Fleet(), store, notary), intake, notary)
        finally:
            store.close()

    def signed(self, body: RequestBody, variant: str) -> bytes:
        """Make a request of the user's, under a new id."""
        header = RequestHeader(RequestId(USER, DSP, next(self._counters)), 8, variant, variant)
        root = write_request(ServiceRequest("5.4", header, body))
        return sign_document(root, *self.user)

    def largest(self, number: int, *, quick: bool) -> bytes:
        """Make the largest 11.1 that there can be, for HCALCS that no other one of these is for."""
        most = QUICK_DEVICES if quick else MOST_DEVICES
        octets = 20_000 if quick else MOST_IMAGE_OCTETS - OVERHEAD
        spec = ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=IMAGE_TYPE,
            file_version=VERSION,
            layout="gb",
            minimum_hardware_version=0,
            maximum_hardware_version=0xFFFF,
            sign_key=_pem(self.user.key),
        )
        image = build(random.Random(number).randbytes(octets), spec)
        body = UpdateFirmware(
            image, f"{VERSION:08X}", self.devices[number * most : (number + 1) * most]
        )
        return self.signed(body, "11.1")

    def small(self, number: int) -> list[bytes]:
        """Make requests to see a home, each its own."""
        return [
            self.signed(ReadInventory(self.devices[each % len(self.devices)]), "8.2")
            for each in range(number)
        ]


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _people() -> Sequence[Any]:
    return (
        Party("east", "East", (PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER)),
        ServiceUser(USER, "east", UserRole.IMPORT_SUPPLIER),
        Variant("hub-1", "CHF", "ACME", "Hub", "1"),
        Variant(
            "switch-1",
            "HCALCS",
            "ACME",
            "Switch",
            "1",
            manufacturer_code=MANUFACTURER,
            image_type=IMAGE_TYPE,
        ),
        OrderRules(listed_only=False),
    )


def _homes(numbers: range) -> list[Any]:
    rows: list[Any] = []
    for number in numbers:
        home = f"h{number}"
        rows += [
            Home(home, "North", "gw", HomeStatus.COMPLETE, "set-a", "east", "east"),
            _device(Eui64(0x00DC_0000_0000_0000 + number), home, "CHF", "hub-1"),
            _device(Eui64(0x00DB_0000_0000_0000 + number), home, "HCALCS", "switch-1"),
        ]
    return rows


def _device(device: Eui64, home: str, kind: str, variant: str) -> InstalledDevice:
    source = VersionSource.DEVICE
    status = InventoryStatus.COMMISSIONED
    return InstalledDevice(device, home, kind, variant, status, 0x0001_0000, source, 0.0, "4.2")
