"""A Service User at the real head end, over real sockets: what each says the other understands."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio

from images.building import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DevicePrenotification,
    FirmwareActivation,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.duis.responses import DccAlert, Inventory, ResponseMessage, UpgradeRequested
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.signature import PrivateKey
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.book import DocumentBook
from ota_engine.service_user.client import ServiceUserClient, UserSecrets
from ota_engine.service_user.judging import AnswerKind
from ota_engine.service_user.listener import (
    BroughtDocument,
    Listener,
    ListenerFaults,
    serve_listener,
)
from ota_engine.service_user.making import change_of_supplier, restriction
from ota_engine.service_user.xml_keys import XmlKeys
from ota_engine.wall_clock import this_machine
from tests.head_end.duis.lab import (
    EAST,
    HCALCS,
    HUB,
    NORTH,
    PPMID,
    STRANGER,
    WEST,
    Identity,
    Lab,
    dcc,
    identity,
    ppmid_image,
)
from tests.service_user.other_library import verified_by_signxml
from tests.service_user.parties import DIGEST
from tests.service_user.test_making import credentials
from tests.tiers import first_of


def signed_image() -> bytes:
    """An image for the switch, signed as all must be that are activated by command."""
    spec = ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x86,
        file_version=0x0101_0000,
        layout="gb",
        sign_key=identity(EAST).pem()[0],
    )
    return build(b"firmware" * 40, spec)


BODIES: dict[str, tuple[RequestBody, Eui64 | None]] = {
    "8.2": (ReadInventory(HUB), None),
    "8.4": (UpdateInventory(PPMID, status="InstalledNotCommissioned"), None),
    "12.2": (DevicePrenotification(Eui64(0x00DB_1234_0000_0099), "ACME", "Display", "PPMID"), None),
    "11.2": (ReadFirmwareVersion(), HCALCS),
    "11.3": (FirmwareActivation(DIGEST), HCALCS),
    "11.4": (UpdateFirmware(ppmid_image(), "01020304", (PPMID,), ppmid=True), None),
    "11.1": (UpdateFirmware(signed_image(), "01010000", (HCALCS,)), None),
    "3.2": (restriction(this_machine()), HCALCS),
}


def keys_of(*people: Identity) -> XmlKeys:
    """The keys of users, and the DCC's certificate."""
    keys = XmlKeys()
    for one in people:
        keys.add_pair(*one.pem())
    keys.add_certificate(dcc().pem()[1])
    return keys


def signer(one: Identity) -> Keystore:
    """The same key for commands: what a head end makes of one it does not look at."""
    keystore = Keystore()
    keystore.add_signer(EAST, PrivateKey.load(one.pem()[0]))
    return keystore


class Household:
    """The suppliers of a home, each with an endpoint of its own, at a head end that runs.

    Attributes:
        heard: what was brought to each.
        listeners: of each.
        url: of the head end.
    """

    def __init__(self) -> None:
        self.url = ""
        self.heard: dict[Eui64, list[BroughtDocument]] = {EAST: [], WEST: []}
        self.listeners: dict[Eui64, Listener] = {}
        self._heard = trio.Event()
        self.counters: Iterator[int] = count(int(this_machine() * 1000))

    def hear(self, user: Eui64, brought: BroughtDocument) -> None:
        self.heard[user].append(brought)
        self._heard.set()

    def client(self, user: Eui64 = EAST) -> ServiceUserClient:
        secrets = UserSecrets(keys_of(identity(user)), signer(identity(EAST)))
        return ServiceUserClient(
            self.url, user, secrets, lambda: next(self.counters), patience_s=60.0
        )

    async def hears(self, user: Eui64, what: str = "kept", number: int = 1) -> list[Any]:
        """Wait until a user was brought so many documents of a kind."""
        while self.listeners[user].counters[what] < number:
            self._heard = trio.Event()
            await self._heard.wait()
        return [one.response for one in self.heard[user] if one.what == what]


@asynccontextmanager
async def household(folder: Path, faults: ListenerFaults | None = None) -> AsyncIterator[Household]:
    with DocumentBook(folder / "east.jsonl") as east, DocumentBook(folder / "west.jsonl") as west:
        home = Household()
        for user, book in ((EAST, east), (WEST, west)):
            home.listeners[user] = Listener(
                book,
                keys_of(),
                user=user,
                faults=faults,
                watch=partial(home.hear, user),
            )
        async with (
            serve_listener(home.listeners[EAST]) as at_east,
            serve_listener(home.listeners[WEST]) as at_west,
        ):
            lab = Lab(folder, {"east": at_east, "west": at_west})
            async with lab.serving() as client:
                home.url = client.url
                yield home


@pytest.mark.parametrize("service", BODIES)
async def test_every_request_of_a_responsible_supplier_is_taken(
    tmp_path: Path, service: str
) -> None:
    async with household(tmp_path) as home, home.client() as east:
        answer = await east.ask(*BODIES[service])
    assert answer.judgement.taken, answer.response
    assert answer.signature is CheckResult.VALID
    assert answer.request.header.variant == service


async def test_an_activation_is_acknowledged_in_its_second_half(tmp_path: Path) -> None:
    async with household(tmp_path) as home, home.client() as east:
        answer = await east.ask(*BODIES["11.3"])
    assert answer.request.header.command_variant == 5
    assert answer.judgement == (AnswerKind.ACKNOWLEDGED, True)


async def test_a_change_of_supplier_is_of_meters(tmp_path: Path) -> None:
    gain = change_of_supplier(credentials(), 1, "1234567890123")
    async with household(tmp_path) as home, home.client() as east:
        answer = await east.ask(gain, HCALCS)
    assert (answer.judgement.kind, answer.response.code) == (AnswerKind.REFUSED, "E11")


@pytest.mark.parametrize("user", [NORTH, STRANGER])
async def test_whoever_does_not_answer_for_the_home_is_refused(tmp_path: Path, user: Eui64) -> None:
    async with household(tmp_path) as home, home.client(user) as other:
        answer = await other.ask(*BODIES["11.4"])
        assert answer.judgement.kind in {AnswerKind.REFUSED, AnswerKind.PARTLY}
        seen = await other.ask(*BODIES["8.2"])
        assert seen.judgement.kind is AnswerKind.REFUSED


async def test_the_other_supplier_is_told_of_an_order_and_hears_nothing_else(
    tmp_path: Path,
) -> None:
    async with household(tmp_path) as home:
        async with home.client() as east:
            await east.ask(*BODIES["11.4"])
        (told,) = await home.hears(WEST)
    assert isinstance(told.body, DccAlert)
    assert told.body.content == UpgradeRequested("PPMID", "01020304", (PPMID,))
    assert home.heard[EAST] == []


FAULTS = {
    "lose": lambda: ListenerFaults(lose=1),
    "fail": lambda: ListenerFaults(fail=1),
    "redirect": lambda: ListenerFaults(redirect=1),
    "close": lambda: ListenerFaults(close=1),
}


@first_of("fault", FAULTS, 2)
async def test_a_document_reaches_an_endpoint_that_fails_at_first_and_is_the_same(
    tmp_path: Path, fault: str
) -> None:
    """What is brought again is octet for octet what was brought before: it is never signed again."""
    async with household(tmp_path, FAULTS[fault]()) as home:
        async with home.client() as east:
            await east.ask(*BODIES["11.4"])
        await home.hears(WEST, "known" if fault == "lose" else "kept")
        assert home.listeners[WEST].counters["signed again"] == 0
        assert len(home.listeners[WEST].book) == 1


async def test_a_request_sent_again_gets_the_same_answer_octet_for_octet(tmp_path: Path) -> None:
    async with household(tmp_path) as home, home.client() as east:
        first = await east.ask(ReadInventory(HUB))
        again = await east.send_document(first.document)
    assert again.octets == first.octets
    assert isinstance(first.response.body, ResponseMessage)
    assert isinstance(first.response.body.content, Inventory)


async def test_another_library_verifies_what_is_answered_and_what_is_brought(
    tmp_path: Path,
) -> None:
    async with household(tmp_path) as home:
        async with home.client() as east:
            answer = await east.ask(*BODIES["11.4"])
        await home.hears(WEST)
    with DocumentBook(tmp_path / "west.jsonl") as book:
        (brought,) = book.found
    for document in (answer.octets, brought.text.encode()):
        assert b"Header" in verified_by_signxml(document, dcc().certificate)
