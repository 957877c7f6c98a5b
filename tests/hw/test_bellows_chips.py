"""Real bellows on the virtual dongle: a device with a chip on each of two endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import trio

from emulators.home.roster import RosterEntry, parse_roster
from hw.radio import ZigpyRadio
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    Packet,
    Priority,
    Send,
)
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.link.conformance import Bench, check_clients
from ota_engine.link.contract import ClientEndpoint
from ota_engine.records import ImageRecord, SessionState
from ota_engine.shell.service import open_service
from ota_engine.times import Utc
from ota_engine.zcl.commands import Command, ImageNotify
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import decode_query_next_image_request
from ota_engine.zcl.ota import encode
from tests.hw.dongle import home
from tests.hw.home import FIRST, LOOK, PATIENCE, PROMPT, QUICK, ordered
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

DEVICE = Eui64(FIRST)
NEW = 0x0200
ROSTER = f"""
[[device]]
eui64 = "{FIRST:016x}"
manufacturer = 0x128B
image_type = 0x0109
version = 0x0100

[[device.chip]]
image_type = 0x010A
version = 0x0100
endpoint = 2
"""
CLIENTS = (ClientEndpoint(1, SMART_ENERGY), ClientEndpoint(2, SMART_ENERGY))


def two_chips(roster: str = ROSTER) -> RosterEntry:
    (entry,) = parse_roster(roster).entries
    return entry._replace(spec=replace(entry.spec, timers=QUICK))


async def test_a_real_radio_tells_of_both_clients(tmp_path: Path) -> None:
    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        async with home(two_chips(), folder=tmp_path) as dongle:

            async def prompt() -> None:
                dongle.power_on(DEVICE)

            yield Bench(ZigpyRadio(dongle.settings), DEVICE, clients=CLIENTS, prompt=prompt)

    await check_clients(bench)


async def test_each_chip_asks_from_its_own_endpoint_for_its_own_file(tmp_path: Path) -> None:
    asked: dict[int, int] = {}
    async with (
        home(two_chips(), folder=tmp_path) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        for client in CLIENTS:
            await radio.send(notify(client))
        with trio.fail_after(PATIENCE):
            while len(asked) < len(CLIENTS):
                for event in await radio.events.receive():
                    if isinstance(event, Packet) and is_query(event):
                        query = decode_query_next_image_request(event.payload)
                        asked[event.source_endpoint] = query.image_type
    assert asked == {1: 0x0109, 2: 0x010A}


@first_of("place", ["endpoint = 2", "endpoint = 1"])
async def test_both_chips_are_updated_each_with_its_own_file(place: str, tmp_path: Path) -> None:
    entry = two_chips(ROSTER.replace("endpoint = 2", place))
    files = [image(0x0109), image(0x010A)]
    async with home(entry, folder=tmp_path) as dongle:
        async with (
            ZigpyRadio(dongle.settings) as radio,
            open_service(radio, tmp_path, PROMPT) as shell,
        ):
            for file in files:
                await shell.command(AddImage(file, "test"))
                for wish in ordered(file, DEVICE):
                    await shell.command(Assign(wish, "test"))
            with trio.fail_after(PATIENCE):
                while True:
                    sessions = shell.engine.status()
                    if {session.state for session in sessions} == {SessionState.UPDATED}:
                        break
                    await trio.sleep(LOOK)
            ended = {session.sha256: session.version_after for session in sessions}
        chips = dongle.dongle.stack.devices[DEVICE].chips
    assert ended == {file.sha256: NEW for file in files}
    assert [chip.client.version for chip in chips] == [NEW, NEW]
    held = [chip.flash.metadata.running[0].digest.hex() for chip in chips]
    assert held == [file.sha256 for file in files]


def image(image_type: int) -> ImageRecord:
    spec = ImageSpec(
        manufacturer_code=0x128B, image_type=image_type, file_version=NEW, integrity=True
    )
    return image_record(build(Random(image_type).randbytes(1500), spec), "test", Utc(0.0))


def is_query(packet: Packet) -> bool:
    return (
        packet.cluster == OTA_UPGRADE_CLUSTER
        and packet.payload[2] == Command.QUERY_NEXT_IMAGE_REQUEST
    )


def notify(client: ClientEndpoint) -> Send:
    frame = cluster_frame(Command.IMAGE_NOTIFY, 1, encode(ImageNotify(0, 100)), from_server=True)
    return Send(
        DEVICE,
        OTA_SERVER_ENDPOINT,
        client.endpoint,
        client.profile,
        OTA_UPGRADE_CLUSTER,
        frame,
        False,
        False,
        Priority.NORMAL,
        0,
    )
