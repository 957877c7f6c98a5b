"""The door over real loopback HTTP: what is answered how, what is kept, and what is not."""

import hashlib
from pathlib import Path

import httpx
import pytest
import trio

from images.building import ImageSpec, build
from ota_engine.duis.requests import UpdateFirmware
from ota_engine.duis.responses import FirmwareWarning, Inventory, ResponseMessage
from ota_engine.fleet.orders.rows import DeviceOrder, ServiceInbox
from ota_engine.head_end.image_shelf import IMAGES_NAME
from tests.head_end.duis.lab import (
    HCALCS,
    HUB,
    NORTH,
    OTHER_HUB,
    PPMID,
    Lab,
    inventory,
    opened,
    ppmid_image,
    request,
    signed,
    tree,
    update,
)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


async def test_a_signed_read_of_the_inventory_is_answered_signed_and_kept(lab: Lab) -> None:
    asked = inventory(HUB)
    async with lab.serving() as client:
        answer = await client.post(signed(asked))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    told = opened(answer.content)
    assert (told.code, told.request_id, told.schema_version) == (
        "I0",
        asked.header.request_id,
        "5.4",
    )
    assert isinstance(told.body, ResponseMessage)
    assert isinstance(told.body.content, Inventory)
    assert {HUB, PPMID, HCALCS} <= {one.device for one in told.body.content.devices}
    (kept,) = lab.rows(ServiceInbox)
    assert kept.octets == answer.content


async def test_an_order_of_firmware_is_answered_and_its_image_lies_by_its_digest(lab: Lab) -> None:
    async with lab.serving() as client:
        told = await client.ask(signed(update(PPMID)))
    assert told.code == "I99"
    digest = hashlib.sha256(ppmid_image()).hexdigest()
    assert (lab.state / IMAGES_NAME / digest).read_bytes() == ppmid_image()
    assert [one.device for one in lab.rows(DeviceOrder)] in (
        [],
        [PPMID],
    )  # handed on a moment later


async def test_devices_that_are_passed_over_are_told_in_the_answer(lab: Lab) -> None:
    async with lab.serving() as client:
        told = await client.ask(signed(update(PPMID, OTHER_HUB)))
    assert told.code == "W110401"
    assert isinstance(told.body, ResponseMessage)
    assert isinstance(told.body.content, FirmwareWarning)


async def test_a_repeat_gets_the_very_octets_of_the_first_answer(lab: Lab) -> None:
    octets = signed(inventory())
    async with lab.serving() as client:
        first = await client.post(octets)
        again = await client.post(octets)
    async with lab.serving() as client:  # also from a head end that was started anew
        later = await client.post(octets)
    assert first.content == again.content == later.content
    assert len(lab.rows(ServiceInbox)) == 1


async def test_what_is_signed_anew_is_the_same_request(lab: Lab) -> None:
    asked = inventory()
    async with lab.serving() as client:
        first, again = await client.post(signed(asked)), await client.post(signed(asked))
    assert first.content == again.content


async def test_a_request_id_with_other_content_is_refused_and_the_first_answer_stays(
    lab: Lab,
) -> None:
    asked = inventory(HUB, counter=7)
    async with lab.serving() as client:
        first = await client.post(signed(asked))
        other = await client.ask(signed(inventory(PPMID, counter=7)))
        again = await client.post(signed(asked))
    assert other.code.startswith("E")
    assert first.content == again.content
    assert len(lab.rows(ServiceInbox)) == 1


async def test_a_request_id_counts_once_for_each_command_variant(lab: Lab) -> None:
    async with lab.serving() as client:
        first = await client.ask(signed(inventory(counter=8)))
        second = await client.ask(signed(inventory(counter=8, cv=1)))
    assert first.code == "I0"
    assert second.code == "E12"  # not E44: it is another request


async def test_the_answer_is_in_the_version_of_the_request(lab: Lab) -> None:
    async with lab.serving() as client:
        versions = [
            (await client.ask(signed(inventory(version=version)))).schema_version
            for version in ("5.1", "5.2", "5.3", "5.4")
        ]
        older = tree(inventory())
        older.set("schemaVersion", "4.9")
        refused = await client.ask(signed(older))
    assert versions == ["5.1", "5.2", "5.3", "5.4"]
    assert refused.code.startswith("E")


@pytest.mark.parametrize("service", ["serviceT", "serviceS"])
async def test_a_request_at_the_wrong_place_is_told_so(lab: Lab, service: str) -> None:
    async with lab.serving() as client:
        assert (await client.ask(signed(inventory()), service)).code == "E13"


async def test_other_places_and_methods_are_none_of_the_door(lab: Lab) -> None:
    async with lab.serving() as client, httpx.AsyncClient(base_url=client.url) as plain:
        assert (await client.post(b"", "serviceX")).status_code == 404
        assert (await plain.get("/api/v1/serviceD")).status_code == 405


async def test_many_at_once_are_all_answered_each_by_its_own(lab: Lab) -> None:
    asked = [inventory() for _ in range(40)]
    answers = {}
    async with lab.serving() as client, trio.open_nursery() as nursery:

        async def post(number: int) -> None:
            answers[number] = await client.ask(signed(asked[number]))

        for number in range(len(asked)):
            nursery.start_soon(post, number)
    assert [answers[number].request_id for number in range(len(asked))] == [
        one.header.request_id for one in asked
    ]
    assert len(lab.rows(ServiceInbox)) == len(asked)


async def test_a_request_that_takes_too_long_is_done_and_answered_when_it_comes_again(
    lab: Lab,
) -> None:
    octets = signed(inventory())
    async with lab.serving(answer_s=0.0) as client:
        late = await client.post(octets)
    async with lab.serving() as client:
        answer = await client.post(octets)
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")
    assert "post the same again" in late.text
    assert opened(answer.content).code == "I0"


async def test_a_user_of_another_home_sees_nothing_of_this_one(lab: Lab) -> None:
    async with lab.serving() as client:
        told = await client.ask(signed(inventory(HUB, user=NORTH)))
    assert told.code.startswith("E")
    assert isinstance(told.body, ResponseMessage)
    assert told.body.content is None


async def test_logs_name_the_request_and_hold_nothing_of_keys(lab: Lab) -> None:
    asked = inventory()
    async with lab.serving() as client:
        await client.post(signed(asked))
        logs = list(client.logs)
    (line,) = [one for one in logs if one["event"] == "answered"]
    assert (line["request"], line["code"]) == (asked.header.request_id.text, "I0")
    secret = (lab.keys / "dcc.key").read_text().splitlines()[1]
    assert secret not in str(logs)


async def test_a_newer_order_takes_the_place_of_one_under_way_only_if_its_image_says_so(
    lab: Lab,
) -> None:
    def order(version: int, *, force_replace: bool) -> bytes:
        spec = ImageSpec(
            manufacturer_code=0x121D,
            image_type=0x86,
            file_version=version,
            layout="gb",
            sign_key=lambda _: bytes(range(64)),
            force_replace=force_replace,
        )
        image = build(b"\xa5" * 200, spec)
        return signed(request(UpdateFirmware(image, f"{version:08X}", (HCALCS,)), "11.1"))

    async with lab.serving() as client:
        assert await client.code(order(0x01020304, force_replace=False)) == "I99"
        while not lab.rows(DeviceOrder):  # noqa: ASYNC110 - what is due wakes nobody
            await trio.sleep(0.02)
        kept = await client.ask(order(0x01020305, force_replace=False))
        assert kept.code == "W110101"
        assert isinstance(kept.body, ResponseMessage)
        assert kept.body.content == FirmwareWarning(in_progress=(HCALCS,))
        assert await client.code(order(0x01020306, force_replace=True)) == "I99"
        while len(lab.rows(DeviceOrder)) < 2:  # noqa: ASYNC110 - likewise
            await trio.sleep(0.02)
    assert sorted(row.state for row in lab.rows(DeviceOrder)) == ["ordered", "replaced"]
