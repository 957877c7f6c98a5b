"""A head end to knock at: a fleet of one home in a state folder, users with certificates, a door.

The home is supplied by ``east`` (electricity) and ``west`` (gas); another one by ``north`` alone. Keys are
drawn once for all tests.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from images.building import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_response
from ota_engine.duis.requests import (
    DSP,
    ReadInventory,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    UpdateFirmware,
)
from ota_engine.duis.responses import DccAlert, HubActivation, ServiceResponse
from ota_engine.duis.signing import sign_document, verify_document
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
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.content import written_response
from ota_engine.fleet.orders.rows import OrderRules, ServiceUser, UserDocument
from ota_engine.fleet.parties.rows import Party
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.issuing import (
    Authority,
    Validity,
    authority_name,
    issue_organisation,
)
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.running import DuisHeadEnd, HeadEndSettings
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.fleet.databases import place_in

DATABASE: Final = "fleet.sqlite"
EAST: Final = Eui64(0x90B3_D51F_4001_0000)
WEST: Final = Eui64(0x90B3_D51F_4003_0000)
NORTH: Final = Eui64(0x90B3_D51F_4005_0000)
STRANGER: Final = Eui64(0x90B3_D51F_4007_0000)
HUB: Final = Eui64(0x00DB_1234_0000_0001)
PPMID: Final = Eui64(0x00DB_1234_0000_0002)
HCALCS: Final = Eui64(0x00DB_1234_0000_0003)
OTHER_HUB: Final = Eui64(0x00DB_1234_0000_0011)
START: Final = Utc(1_800_000_000.0)
XML: Final = {"Content-Type": "application/xml"}
KEPT_S: Final = 0.5  # for which a connection that nobody uses is kept
PATIENT: Final = httpx.Timeout(None)  # of a test: no machine is too slow
_COUNTERS: Final = count(1_000)


@dataclass(frozen=True)
class Identity:
    """Somebody who signs: a key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def pem(self) -> tuple[bytes, bytes]:
        """Write key and certificate."""
        form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        return self.key.private_bytes(*form), self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str, *, secret: bool = False) -> None:
        key, certificate = self.pem()
        (folder / f"{name}.pem").write_bytes(certificate)
        if secret:
            path = folder / f"{name}.key"
            path.touch(0o600)
            path.write_bytes(key)


@cache
def _issuer() -> Authority:
    return Authority(
        authority_name("Z1", Role.ISSUING_AUTHORITY), ec.generate_private_key(ec.SECP256R1())
    )


@cache
def identity(
    eui: Eui64, role: Role = Role.XML_SIGN, *, serial: int = 0, days: int = 3650
) -> Identity:
    """Draw a key and certify it; the same every time it is asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.now(UTC) - timedelta(days=20)
    certificate = issue_organisation(
        _issuer(),
        key.public_key(),
        serial or eui ^ role,
        Validity(start, start + timedelta(days=days)),
        eui64=eui,
        role=role,
        name="test",
        use=KeyUse.SIGNING,
    )
    return Identity(key, certificate)


def dcc() -> Identity:
    """Have the DCC's identity."""
    return identity(DSP, Role.DSP_XML_SIGN)


class Lab:
    """A state folder with a fleet, and a folder of keys.

    Attributes:
        folder: where both are.
        state: the state folder.
        keys: the folder of keys.
    """

    def __init__(self, folder: Path, endpoint: str | Mapping[str, str] = "") -> None:
        self.folder = folder
        self.state = folder / "state"
        self.keys = folder / "keys"
        self.keys.mkdir(parents=True)
        dcc().write(self.keys, "dcc", secret=True)
        for eui, name in ((EAST, "east"), (WEST, "west"), (NORTH, "north"), (STRANGER, "stranger")):
            identity(eui).write(self.keys, name)
        self.put(*_rows(endpoint))

    def put(self, *rows: Any) -> None:
        """Have rows as if they had always been there."""
        with self.store() as store, store.transaction():
            store.insert(rows)

    def rows(self, kind: type[Any], **where: Any) -> list[Any]:
        """Read rows."""
        with self.store() as store, store.reading():
            return store.select(Select(kind, tuple(where.items())))

    @contextmanager
    def store(self) -> Iterator[FleetStore]:
        """Open the database beside whoever uses it."""
        store = FleetStore.open(place_in(self.state))
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def desk(self) -> Iterator[tuple[FleetDesk, Notary]]:
        """Open the fleet, with somebody who signs."""
        notary = Notary(DuisKeys(self.keys, print).own)
        with self.store() as store:
            yield FleetDesk(Fleet(), store, notary), notary

    @asynccontextmanager
    async def serving(self, **changes: Any) -> AsyncIterator["Client"]:
        """Run a head end for as long as the block; gives somebody who posts to it."""
        logs: list[dict[str, Any]] = []
        told: list[str] = []
        settings = HeadEndSettings(
            state=self.state,
            keys=DuisKeys(self.keys, told.append),
            open_endpoint=UserEndpoint,
            clock=this_machine,
            log=lambda event, **facts: logs.append({"event": event, **facts}),
            body_s=60.0,
            answer_s=60.0,
        )
        urls: list[str] = []
        with self.desk() as (desk, notary):
            head_end = DuisHeadEnd(DeskRoom(desk), notary, replace(settings, **changes))
            started = trio.Event()

            def begin(url: str) -> None:
                urls.append(url)
                started.set()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(head_end.run, Place("127.0.0.1", 0), None, begin)
                await started.wait()
                async with Client(urls[0], logs) as client:
                    yield client
                nursery.cancel_scope.cancel()


class Client:
    """Somebody who posts.

    Attributes:
        url: of the head end.
        logs: what that has logged.
    """

    def __init__(self, url: str, logs: list[dict[str, Any]]) -> None:
        self.url = url
        self.logs = logs
        # given up long before the server does it: it may not be used while that closes it
        limits = httpx.Limits(max_connections=None, keepalive_expiry=KEPT_S)
        self._http = httpx.AsyncClient(
            base_url=url, headers=XML, timeout=PATIENT, trust_env=False, limits=limits
        )

    async def __aenter__(self) -> "Client":
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def logged(self, event: str) -> None:
        """Wait until something of this name was logged."""
        while not any(line["event"] == event for line in self.logs):  # noqa: ASYNC110 - a log wakes nobody
            await trio.sleep(0.02)

    async def get(self, path: str) -> httpx.Response:
        return await self._http.get(path)

    async def post(self, octets: Any, service: str = "serviceD", **headers: str) -> httpx.Response:
        """Post anything."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._http.post(f"/api/v1/{service}", content=octets, headers=named)

    async def ask(self, octets: Any, service: str = "serviceD") -> ServiceResponse:
        """Post what must be answered by a signed document of DUIS."""
        answer = await self.post(octets, service)
        assert answer.status_code == 200, answer.text
        return opened(answer.content)

    async def code(self, octets: Any, service: str = "serviceD") -> str:
        """Post, and give the code of the answer; the HTTP status where there is none."""
        answer = await self.post(octets, service)
        if answer.status_code != 200:
            assert answer.text.count("\n") == 1, "one line says what is wrong"
            return str(answer.status_code)
        return opened(answer.content).code


def opened(octets: bytes) -> ServiceResponse:
    """Verify a document of ours, and read it."""
    return read_response(verify_document(octets, dcc().certificate))


def request(
    body: RequestBody,
    variant: str = "8.2",
    *,
    user: Eui64 = EAST,
    target: Eui64 = DSP,
    cv: int = 8,
    counter: int | None = None,
    version: str = "5.4",
) -> ServiceRequest:
    """Make a request, under a new id unless a counter is given."""
    number = next(_COUNTERS) if counter is None else counter
    header = RequestHeader(RequestId(user, target, number), cv, variant, variant)
    return ServiceRequest(version, header, body)


def inventory(device: Eui64 = HUB, **changes: Any) -> ServiceRequest:
    """Make an 8.2."""
    return request(ReadInventory(device), **changes)


def update(*devices: Eui64, image: bytes | None = None, **changes: Any) -> ServiceRequest:
    """Make an 11.4."""
    body = UpdateFirmware(image or ppmid_image(), "01020304", devices or (PPMID,), ppmid=True)
    return request(body, "11.4", **changes)


@cache
def ppmid_image(size: int = 200) -> bytes:
    """Build an image for the PPMID."""
    spec = ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x84,
        file_version=0x01020304,
        layout="gb",
        minimum_hardware_version=0,
        maximum_hardware_version=0xFFFF,
    )
    return build(b"\xa5" * size, spec)


def tree(asked: ServiceRequest) -> Any:
    """Write a request as a tree."""
    return write_request(asked)


def signed(asked: ServiceRequest | Any, by: Identity | None = None) -> bytes:
    """Write and sign a request, by its user unless somebody else is named."""
    root = write_request(asked) if isinstance(asked, ServiceRequest) else asked
    if by is None:
        by = identity(Eui64(int(root.findtext(".//{*}RequestID")[:23].replace("-", ""), 16)))
    return sign_document(root, by.key, by.certificate)


def unsigned(asked: ServiceRequest) -> bytes:
    """Write a request and leave it unsigned."""
    octets: bytes = etree.tostring(write_request(asked), xml_declaration=True, encoding="UTF-8")
    return octets


def reparsed(octets: bytes) -> Any:
    """Read a document as a tree."""
    return parse_document(octets)


def told(number: int, user: Eui64 = EAST) -> UserDocument:
    """A document that nobody has made yet."""
    content = DccAlert("N64", HubActivation(HUB, f"{number:08d}"))
    response_id = RequestId(DSP, user, number)
    response = ServiceResponse("5.4", "I0", START, content, response_id=response_id)
    name = f"document-{user:016X}-{number:04}"
    return UserDocument(name, user, written_response(response), START + number)


def _rows(endpoint: str | Mapping[str, str]) -> Sequence[Any]:
    suppliers = (PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER)
    users = (
        (EAST, "east", UserRole.IMPORT_SUPPLIER),
        (WEST, "west", UserRole.GAS_SUPPLIER),
        (NORTH, "north", UserRole.IMPORT_SUPPLIER),
    )
    parties = [Party(name, name.title(), suppliers) for _, name, _ in users]
    registered = [
        ServiceUser(
            eui, name, role, endpoint if isinstance(endpoint, str) else endpoint.get(name, "")
        )
        for eui, name, role in users
    ]
    homes = [
        Home("h1", "North", "gw", HomeStatus.COMPLETE, "set-a", "east", "west"),
        Home("h2", "North", "gw", HomeStatus.COMPLETE, "set-a", "north", "north"),
    ]
    devices = [
        _device(HUB, "h1", "CHF", "hub-1"),
        _device(PPMID, "h1", "PPMID", "ppmid-1"),
        _device(HCALCS, "h1", "HCALCS", "hcalcs-1"),
        _device(OTHER_HUB, "h2", "CHF", "hub-1"),
    ]
    variants = [
        Variant("hub-1", "CHF", "ACME", "Hub One", "1"),
        Variant(
            "ppmid-1", "PPMID", "ACME", "Display", "1", manufacturer_code=0x121D, image_type=0x84
        ),
        Variant(
            "hcalcs-1", "HCALCS", "ACME", "Switch", "1", manufacturer_code=0x121D, image_type=0x86
        ),
    ]
    return [*parties, *registered, *homes, *variants, *devices, OrderRules(listed_only=False)]


def _device(device: Eui64, home: str, kind: str, variant: str) -> InstalledDevice:
    source = VersionSource.DEVICE
    status = InventoryStatus.COMMISSIONED
    return InstalledDevice(device, home, kind, variant, status, 0x0001_0000, source, 0.0, "4.2")
