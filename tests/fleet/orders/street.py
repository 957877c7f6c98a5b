"""A street to test orders on: a few homes with all kinds of devices, their suppliers and their users.

``ELEC`` is the import supplier's user of party supplier-1, ``GAS`` the gas supplier's of supplier-2, ``NEW``
and ``NEW_GAS`` those of supplier-3. Home ``DUAL`` has electricity of supplier-1 and gas of supplier-2, home
``OWN`` all of supplier-1, home ``FAR`` all of supplier-3.
"""

import hashlib
from dataclasses import replace
from itertools import count
from typing import Any, Final

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DSP,
    FirmwareActivation,
    ReadFirmwareVersion,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    SignedPreCommand,
    UpdateFirmware,
)
from ota_engine.duis.responses import DccAlert, PreCommand, ServiceResponse
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from ota_engine.fleet.kernel.effects import ServiceAnswer
from ota_engine.fleet.orders.content import read_response_text
from ota_engine.fleet.orders.events import OrderedImage, RequestReceived, SmkiRole, WebService
from ota_engine.fleet.orders.rows import ServiceUser, UserDocument
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.fleet.releases.rows import CplEntry
from ota_engine.times import Utc
from tests.fleet.estate import Estate

ELEC: Final = Eui64(0x90B3_D51F_3001_0000)
GAS: Final = Eui64(0x90B3_D51F_3003_0000)
NEW: Final = Eui64(0x90B3_D51F_3004_0000)
NEW_GAS: Final = Eui64(0x90B3_D51F_3005_0000)
NETWORK: Final = Eui64(0x90B3_D51F_3002_0000)
DUAL, OWN, FAR = "home-dual", "home-own", "home-far"
OLD: Final = 0x0001_0000
WANTED: Final = 0x0002_012F  # version that is ordered
HASH: Final = bytes(range(32))
_BASE: Final = {DUAL: 0x10, OWN: 0x20, FAR: 0x30}
_KINDS: Final = ("CHF", "ESME", "GSME", "PPMID", "HCALCS", "IHD")


def device(home: str, kind: str) -> Eui64:
    """EUI-64 of a device."""
    return Eui64(0x00DB_1234_5678_9000 + _BASE[home] + _KINDS.index(kind))


def ordered_image(version: int = WANTED, **changes: Any) -> OrderedImage:
    """The image of an order."""
    sha256 = hashlib.sha256(version.to_bytes(4)).hexdigest()
    image = OrderedImage(sha256, HASH.hex(), 5_000, 0x121D, 0x84, version)
    return replace(image, **changes)


class Street(Estate):
    """Homes with all kinds of devices, and a desk that answers service requests."""

    def __init__(self, **more: Any) -> None:
        super().__init__(0, **more)
        self._counters = count(1_000)
        self._words = count(1)
        self.put(*_variants(), *_users())
        for name, electricity, gas in (
            (DUAL, "supplier-1", "supplier-2"),
            (OWN, "supplier-1", "supplier-1"),
            (FAR, "supplier-3", "supplier-3"),
        ):
            self.put(Home(name, "North", "gate", HomeStatus.COMPLETE, "set-a", electricity, gas))
            self.put(*(_installed(name, kind) for kind in _KINDS))

    # --- requests --------------------------------------------------------------------------------

    def ask_duis(
        self,
        user: Eui64,
        variant: str,
        body: RequestBody,
        *,
        command_variant: int = 8,
        target: Eui64 = DSP,
        counter: int | None = None,
        **changes: Any,
    ) -> ServiceAnswer:
        """Send a request, and return the answer."""
        event = self.request(
            user, variant, body, command_variant, target, counter=counter, **changes
        )
        (answer,) = self.desk.answer([event], self.utc)
        return answer

    def request(
        self,
        user: Eui64,
        variant: str,
        body: RequestBody,
        command_variant: int = 8,
        target: Eui64 = DSP,
        *,
        counter: int | None = None,
        **changes: Any,
    ) -> RequestReceived:
        """Make a request."""
        number = next(self._counters) if counter is None else counter
        header = RequestHeader(
            RequestId(user, target, number), command_variant, variant.rpartition(".")[0], variant
        )
        request = ServiceRequest("5.4", replace(header, reference=variant), body)
        service = {1: WebService.SEND, 4: WebService.TRANSFORM, 5: WebService.SEND}.get(
            command_variant, WebService.DCC_ONLY
        )
        digest = hashlib.sha256(repr(request).encode()).hexdigest()
        event = RequestReceived(request, digest, user, SmkiRole.XML_SIGN, service)
        return replace(event, **changes)

    def order(
        self,
        user: Eui64,
        *devices: Eui64,
        ppmid: bool = False,
        image: OrderedImage | None = None,
        **changes: Any,
    ) -> ServiceResponse:
        """Order firmware for devices, and return the answer."""
        image = image or ordered_image()
        body = UpdateFirmware(b"", f"{image.version:08X}", devices, ppmid)
        variant = "11.4" if ppmid else "11.1"
        response = self.ask_duis(user, variant, body, image=image, **changes).response
        self.pass_time(1.0)
        return response

    def draft(
        self, user: Eui64, target: Eui64, counter: int, at: Utc | None = None
    ) -> ServiceAnswer:
        """Ask for the pre-command of an activation."""
        body = FirmwareActivation(HASH, at)
        return self.ask_duis(user, "11.3", body, command_variant=4, target=target, counter=counter)

    def activate(
        self, user: Eui64, target: Eui64, counter: int, at: Utc | None = None
    ) -> tuple[bytes, ServiceResponse]:
        """Draft an activation, sign it, send it; the command and the answer to it."""
        response = self.draft(user, target, counter, at).response
        drafted = content_of(response)
        assert isinstance(drafted, PreCommand)
        command = drafted.payload[:-1] + b"\x40" + bytes(64)
        return command, self.send(user, target, counter, command, at)

    def send(
        self, user: Eui64, target: Eui64, counter: int, command: bytes, at: Utc | None = None
    ) -> ServiceResponse:
        """Send a command that was signed."""
        body = SignedPreCommand(command, at)
        return self.ask_duis(
            user, "11.3", body, command_variant=5, target=target, counter=counter
        ).response

    def read_version(
        self, user: Eui64, target: Eui64, counter: int, at: Utc | None = None
    ) -> ServiceResponse:
        """Ask a device what it runs."""
        body = ReadFirmwareVersion(at)
        return self.ask_duis(
            user, "11.2", body, command_variant=1, target=target, counter=counter
        ).response

    # --- hubs ------------------------------------------------------------------------------------

    def told(self, verb: Verb) -> list[Instruction]:
        """All instructions of one kind, in the order of their keys."""
        return [row for row in self.rows(Instruction) if row.verb is verb]

    def hub_says(
        self,
        word: HubWord,
        target: Eui64,
        campaign: str = "",
        *,
        message: bytes = b"",
        version: int | None = None,
        reason: str = "",
        key: str = "",
        home: str = "",
    ) -> HubOutcome:
        """Let a hub say something of a device, and return it."""
        where = home or self.row(InstalledDevice, device=target).home
        name = key or f"word-{next(self._words)}"
        outcome = HubOutcome(
            name, campaign, 1, where, target, word, reason, version, message, self.utc
        )
        self.happen(outcome)
        return outcome

    # --- what users are told ---------------------------------------------------------------------

    def documents(self, user: Eui64 | None = None) -> list[ServiceResponse]:
        """Documents on their way to a user, or to all, the oldest first."""
        rows = self.rows(UserDocument) if user is None else self.rows(UserDocument, user=user)
        rows.sort(key=lambda row: (row.created_utc, row.document))
        return [read_response_text(row.content) for row in rows]

    def alerts(self, user: Eui64) -> list[Any]:
        """What alerts of the DCC tell a user, the oldest first."""
        return [one.body.content for one in self.documents(user) if isinstance(one.body, DccAlert)]


def content_of(response: ServiceResponse) -> Any:
    """What a response message holds."""
    return getattr(response.body, "content", None)


def _variants() -> list[Any]:
    found: list[Any] = []
    for kind in _KINDS:
        name = f"{kind.lower()}-1"
        smets = 2
        found.append(Variant(name, kind, "Maker", kind, "1", smets, "maker", 0x121D, None))
        found.append(CplEntry(f"CPL-{name}-new", name, WANTED))
    return found


def _users() -> list[ServiceUser]:
    return [
        ServiceUser(ELEC, "supplier-1", UserRole.IMPORT_SUPPLIER, "http://elec"),
        ServiceUser(Eui64(ELEC + 1), "supplier-1", UserRole.GAS_SUPPLIER, "http://elec"),
        ServiceUser(GAS, "supplier-2", UserRole.GAS_SUPPLIER, "http://gas"),
        ServiceUser(NEW, "supplier-3", UserRole.IMPORT_SUPPLIER, "http://new"),
        ServiceUser(NEW_GAS, "supplier-3", UserRole.GAS_SUPPLIER, "http://new"),
        ServiceUser(NETWORK, "maker", UserRole.ELECTRICITY_DISTRIBUTOR, "http://net", ("North",)),
    ]


def _installed(home: str, kind: str) -> InstalledDevice:
    return InstalledDevice(
        device(home, kind),
        home,
        kind,
        f"{kind.lower()}-1",
        InventoryStatus.COMMISSIONED,
        OLD,
        VersionSource.DEVICE,
        0.0,
        "4.2",
        gpf=Eui64(device(home, "CHF") + 0x100) if kind == "CHF" else None,
    )
