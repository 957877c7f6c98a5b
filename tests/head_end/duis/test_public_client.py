"""What every public client of DUIS relies on, one test for each of the thirteen points it is known by.

``PublicClient`` is written for these tests alone and shares nothing with the head end.
"""

import base64
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    MOST_DEVICES,
    MOST_IMAGE_OCTETS,
    FirmwareActivation,
    SignedPreCommand,
)
from ota_engine.duis.responses import MOST_PUSHED_OCTETS
from ota_engine.duis.signing import signature_of
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.rows import ServiceUser
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.fleet.orders import messages
from tests.head_end.duis.lab import (
    EAST,
    HCALCS,
    PPMID,
    WEST,
    Client,
    Lab,
    identity,
    inventory,
    ppmid_image,
    reparsed,
    request,
    signed,
    tree,
    unsigned,
    update,
)
from tests.head_end.duis.public_client import (
    MOST_CALLBACK_OCTETS,
    PublicClient,
    Told,
    listening,
    sign_pre_command,
)
from tests.tiers import first_of

HASH = bytes(range(32))
CRITICAL = b"\xdf\x09\x01"  # a grouping header: transaction id, a command


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@asynccontextmanager
async def talking(lab: Lab) -> AsyncIterator[tuple[PublicClient, Client]]:
    """A head end, and a client of it with an endpoint that is registered for east and west."""
    async with listening() as client:
        for user in (EAST, WEST):
            (row,) = lab.rows(ServiceUser, user=user)
            lab.put(ServiceUser(user, row.party, row.role, client.endpoint))
        async with lab.serving() as poster:
            client.url = poster.url
            yield client, poster


def activation(counter: int, user: Eui64 = EAST, at: Utc | None = None) -> bytes:
    """The first half of an 11.3."""
    body = FirmwareActivation(HASH, at)
    return signed(request(body, "11.3", user=user, target=HCALCS, cv=4, counter=counter))


def precommand(told: Told) -> bytes:
    payload = told.text("GBCSPayload")
    assert payload is not None
    return base64.b64decode(payload)


def command(counter: int, octets: bytes, at: Utc | None = None) -> bytes:
    """The second half of an 11.3."""
    body = SignedPreCommand(octets, at)
    return signed(request(body, "11.3", user=EAST, target=HCALCS, cv=5, counter=counter))


def hub_says(lab: Lab, key: str, word: HubWord, campaign: str, device: Eui64, **more: Any) -> None:
    """Let another process, which signs nothing, hear a hub."""
    told = HubOutcome(
        key, campaign, 1, "h1", device, word, "", more.get("version"), more.get("message", b""),
        this_machine(),
    )  # fmt: skip
    with lab.store() as store:
        FleetDesk(Fleet(), store).handle([told], this_machine())


async def test_1_errors_of_duis_travel_with_status_200_and_others_do_not(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        for octets in (unsigned(inventory()), signed(inventory(Eui64(1))), signed(inventory(cv=4))):
            assert (await client.send(octets, "serviceD")).code.startswith("E")
        with pytest.raises(httpx.HTTPStatusError, match="400"):
            await client.send(b"<hello/>", "serviceD")


async def test_2_answers_are_application_xml(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        told = await client.send(signed(inventory()), "serviceD")  # throws at any other type
    assert told.code == "I0"


async def test_3_the_largest_order_is_answered_within_three_seconds(lab: Lab) -> None:
    head = len(ppmid_image(1)) - 1
    root = tree(update(PPMID, image=ppmid_image(MOST_IMAGE_OCTETS - head)))
    names = (f"{0x00DB_1234_0000_0002 + n:016X}" for n in range(MOST_DEVICES))
    listed = ("-".join(one[at : at + 2] for at in range(0, 16, 2)) for one in names)
    root.find(".//{*}DeviceIDList").text = ",".join(listed)
    octets = signed(root)
    assert len(octets) > 14_000_000
    async with talking(lab) as (client, _):
        told = await client.send(octets, "serviceD")
    assert told.code == "W110401"
    assert told.text("InvalidDeviceIDList") is not None


async def test_4_both_halves_of_an_activation_bear_one_request_id(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        drafted = await client.send(activation(5_000), "serviceT")
        octets = sign_pre_command(precommand(drafted), identity(EAST).key)
        sent = await client.send(command(5_000, octets), "serviceS")
    assert (drafted.code, sent.code) == ("I0", "I99")
    assert drafted.request_id == sent.request_id


async def test_5_a_pre_command_comes_with_all_that_is_copied_into_its_second_half(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        told = await client.send(activation(5_001), "serviceT")
    assert told.request_id == "90-B3-D5-1F-40-01-00-00:00-DB-12-34-00-00-00-03:5001"
    assert (told.text("ServiceReference"), told.text("ServiceReferenceVariant")) == ("11.3", "11.3")
    assert told.text("GBCSVersion") == "4.2"


@pytest.mark.parametrize("form", ["newer", "older"])
async def test_6_a_pre_command_ends_in_an_empty_length_and_both_forms_are_signed_alike(
    lab: Lab, form: str
) -> None:
    async with talking(lab) as (client, _):
        drafted = precommand(await client.send(activation(5_002), "serviceT"))
        assert drafted.startswith(CRITICAL[:2])
        assert drafted.endswith(b"\x00")
        shown = drafted if form == "newer" else drafted[:-1]
        octets = sign_pre_command(shown, identity(EAST).key)
        assert octets[:-65] == drafted[:-1]
        assert (await client.send(command(5_002, octets), "serviceS")).code == "I99"


async def test_7_callbacks_are_xml_a_204_ends_them_and_a_400_too(lab: Lab) -> None:
    async with talking(lab) as (client, poster):
        client.refuse = 1
        for number in range(2):
            hub_says(lab, f"k{number}", HubWord.ALERT, "", PPMID, message=runs(number + 1))
        await client.heard(1)
        await settled(poster)
        states = (await poster.get("/metrics")).text
    assert 'zota_duis_outbox_documents{state="dead"} 1.0' in states
    assert 'zota_duis_documents_total{fate="refused"} 1.0' in states


async def settled(poster: Client) -> None:
    """Wait until nothing waits in the outbox."""
    while 'outbox_documents{state="waiting"}' in (await poster.get("/metrics")).text:  # noqa: ASYNC110 - as anybody outside does
        await trio.sleep(0.05)


def runs(counter: int) -> bytes:
    return messages.ppmid_runs(PPMID, 0x0102_0304, counter)


async def test_8_no_callback_is_too_long_for_a_reader_of_100_kb(lab: Lab) -> None:
    devices = [Eui64(0x00DB_1234_1000_0000 + number) for number in range(7_000)]
    (like,) = lab.rows(InstalledDevice, device=PPMID)
    lab.put(*(type(like)(device, "h1", *_rest(like)) for device in devices))
    async with talking(lab) as (client, _):
        assert (await client.send(signed(update(*devices)), "serviceD")).code == "I99"
        # The other supplier of the home is told of all of them, in documents of its own.
        while listed(client) < len(devices):
            await client.heard(len(client.output) + 1)
    assert max(client.lengths) < MOST_PUSHED_OCTETS < MOST_CALLBACK_OCTETS
    assert listed(client) == len(devices)


def listed(client: PublicClient) -> int:
    """How many devices a client was told of."""
    lists = [told.text("DeviceList") for told in client.output]
    return sum(one.count(",") + 1 for one in lists if one)


def _rest(like: InstalledDevice) -> tuple[Any, ...]:
    fields = ("kind", "variant", "status", "version", "version_source", "version_since_utc")
    return (*(getattr(like, name) for name in fields), like.gbcs_version)


async def test_9_only_i0_counts_as_good_and_alerts_carry_it(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        hub_says(lab, "k1", HubWord.ALERT, "", PPMID, message=runs(1))
        await client.heard(2)  # both suppliers of the home
    assert (len(client.output), len(client.errors)) == (2, 0)
    assert {told.text("DCCAlertCode") for told in client.output} == {"N39"}


async def test_10_a_response_matches_its_request_and_a_later_alert_comes_all_the_same(
    lab: Lab,
) -> None:
    at = Utc(float(int(this_machine()) + 86_400))
    async with talking(lab) as (client, _):
        drafted = await client.send(activation(5_010, at=at), "serviceT")
        octets = sign_pre_command(precommand(drafted), identity(EAST).key)
        sent = await client.send(command(5_010, octets, at), "serviceS")
        assert sent.code == "I99"
        name = f"sr/{sent.request_id}"
        hub_says(lab, "k1", HubWord.ANSWERED, name, HCALCS, message=messages.accepted(octets))
        await client.heard(1)
        alert = messages.executed(octets, 0x0102_0304, 2_000)
        hub_says(lab, "k2", HubWord.ALERT, name, HCALCS, message=alert, version=0x0102_0304)
        await client.heard(2)
    (response,), (later, *_) = client.matched, client.unmatched
    assert response.request_id == sent.request_id == later.request_id
    assert later.text("FutureDatedAlertCode") == "8F66"


async def test_11_all_that_is_sent_is_signed_once_and_what_comes_must_be(lab: Lab) -> None:
    bodies: list[bytes] = []
    async with talking(lab) as (client, poster):
        taken = client.take

        def take(body: bytes, headers: dict[str, str]) -> int:
            bodies.append(body)
            return taken(body, headers)

        client.take = take  # type: ignore[method-assign]
        bodies.append((await poster.post(signed(inventory()))).content)
        bodies.append((await poster.post(unsigned(inventory()))).content)
        hub_says(lab, "k1", HubWord.ALERT, "", PPMID, message=runs(1))
        await client.heard(2)
        told = await client.send(twice_signed(), "serviceD")
    assert len(bodies) == 4
    for body in bodies:
        signature_of(reparsed(body))  # raises unless there is exactly one, a child of the root
    assert told.code.startswith("E")


def twice_signed() -> bytes:
    root = ET.fromstring(signed(inventory()))  # noqa: S314 - a test's own
    root.append(root[-1])
    return ET.tostring(root)


async def test_12_a_counter_may_be_the_milliseconds_of_the_calendar(lab: Lab) -> None:
    async with talking(lab) as (client, _):
        counter = int(this_machine() * 1000)
        drafted = await client.send(activation(counter), "serviceT")
    assert drafted.request_id is not None
    assert drafted.request_id.endswith(f":{counter}")
    assert counter.to_bytes(8, "big") in precommand(drafted)


@first_of("version", ["5.1", "5.4", "5.2", "5.3"], 2)
async def test_13_every_version_5_is_taken_and_answered_in(lab: Lab, version: str) -> None:
    async with talking(lab) as (client, _):
        told = await client.send(signed(inventory(version=version)), "serviceD")
        hub_says(lab, "k1", HubWord.ALERT, "", PPMID, message=runs(1))
        await client.heard(2)
    assert (told.code, told.version) == ("I0", version)
    assert sorted(one.version or "" for one in client.output) == sorted([version, "5.4"])
