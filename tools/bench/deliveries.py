"""Whole deliveries over real bellows and the virtual dongle: by zota, by zigpy, and by a bare loop.

Each runs in a process of its own (``python deliveries.py NAME SETTING SEED``), so that its processor
time can be told and no one's event loop is in another's way; the dongle runs in one more. All begin
with a network that is formed and devices that have been interviewed, and end when the last device
runs the new version.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import trio
import zigpy.types as t
from bellows.zigbee.application import ControllerApplication
from virtual_dongle import IMAGE_TYPE, MANUFACTURER, NEW
from zigpy.ota import OtaImageWithMetadata
from zigpy.ota.image import parse_ota_image
from zigpy.ota.providers import BaseOtaImageMetadata
from zigpy.zcl.clusters.general import Ota

from images import ImageSpec, build
from ota_engine.catalogue.intake import image_record
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.shell.push import NOTIFY_SPACING, PushRequest, push
from ota_engine.shell.service import Setup
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.zcl.commands import Command, QueryNextImageResponse, UpgradeEndResponse
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.ota import encode

if TYPE_CHECKING:
    from hw.radio import ZigpyRadio

NETWORK_ADDRESS: Any = t.NWK  # untyped
DATABASE_NAME = "network.db"  # zigpy's, in the folder of a network
HERE = Path(__file__).parent
JOIN, DONGLE = HERE / "join.py", HERE / "virtual_dongle.py"
GIVE_UP = 900.0  # seconds after which a delivery has failed
BARE_BLOCK = 63  # octets of a block that the bare loop serves: what the devices ask for


@dataclass(frozen=True, slots=True)
class Setting:
    """Devices, octets of each one's firmware, and the line: 0 baud takes no time."""

    devices: int
    octets: int
    baud: int = 115_200
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one delivery took.

    Attributes:
        seconds: from the wish until the last device ran the new version.
        processor: seconds of this process meanwhile.
        blocks: blocks handed to the dongle.
        serving: seconds between the first and the last of them.
        to_ncp: octets on the line towards the dongle.
        to_host: octets on the line back.
    """

    seconds: float
    processor: float
    blocks: int
    serving: float
    to_ncp: int
    to_host: int

    @property
    def rate(self) -> float:
        """Blocks a second while blocks were served."""
        return (self.blocks - 1) / self.serving if self.serving else 0.0


def measured(name: str, setting: Setting, seed: int) -> Delivered:
    """Run one of the deliveries below in a process of its own."""
    arguments = [name, json.dumps(asdict(setting)), str(seed)]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True, timeout=GIVE_UP
    )
    return Delivered(**json.loads(done.stdout.splitlines()[-1]))


def ota_file(setting: Setting, seed: int) -> bytes:
    """The file that is delivered, the same from the same seed."""
    spec = ImageSpec(manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW)
    return build(random.Random(seed).randbytes(setting.octets), spec)


class DongleProcess:
    """The virtual dongle as seen from here; ``settled`` is set when all devices are updated."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._stdin, self._stdout = process.stdin, process.stdout
        self.address = self._stdout.readline().strip()
        self.carried: dict[str, Any] = {}
        self.ended_at = self.processor_at = 0.0
        self.settled = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        line = self._stdout.readline()
        self.ended_at, self.processor_at = time.monotonic(), time.process_time()
        self.carried = json.loads(line) if line else {}
        self.settled.set()

    def begin(self) -> None:
        """Count from here on."""
        self._stdin.write("begin\n")
        self._stdin.flush()
        self._began, self._processor = time.monotonic(), time.process_time()

    def delivered(self) -> Delivered:
        """What was measured; call when ``settled``."""
        if not self.carried:
            raise SystemExit("bench: the virtual dongle died, or a device was not updated in time")
        return Delivered(
            seconds=self.ended_at - self._began,
            processor=self.processor_at - self._processor,
            blocks=self.carried["blocks"],
            serving=self.carried["last"] - self.carried["first"],
            to_ncp=self.carried["to_ncp"],
            to_host=self.carried["to_host"],
        )


@contextmanager
def prepared(setting: Setting) -> Iterator[tuple[DongleProcess, Path]]:
    """A dongle whose devices have joined and been interviewed, and the folder that knows them."""
    spec = {"devices": setting.devices, "baud": setting.baud, "pace": setting.pace}
    with tempfile.TemporaryDirectory(prefix="zota-bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, str(DONGLE), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            dongle = DongleProcess(process)
            join = [sys.executable, str(JOIN), dongle.address, folder, str(setting.devices)]
            subprocess.run(join, check=True)
            yield dongle, Path(folder)
        finally:
            process.kill()
            process.wait()


# --- zota ----------------------------------------------------------------------------------------


def by_zota(setting: Setting, seed: int) -> Delivered:
    """``zota push --all``, without its screen."""
    from hw.radio import ZigpyRadio  # noqa: PLC0415 - it changes asyncio for the others
    from hw.settings import parse_link  # noqa: PLC0415

    with prepared(setting) as (dongle, folder):
        radio = ZigpyRadio(parse_link(f"ezsp+tcp://{dongle.address}", folder))
        trio.run(_push, dongle, folder, radio, ota_file(setting, seed))
        return dongle.delivered()


async def _push(dongle: DongleProcess, folder: Path, radio: "ZigpyRadio", data: bytes) -> None:
    image = image_record(data, "bench", Utc(0.0))
    config = DeliveryConfig(notify_spacing=NOTIFY_SPACING)
    async with radio:
        dongle.begin()
        await push(
            Setup(radio, folder, this_machine, False, config),
            PushRequest((image,), timeout=GIVE_UP),
            lambda now, standings, down: None,
        )
        await trio.to_thread.run_sync(dongle.settled.wait, GIVE_UP)


# --- zigpy ---------------------------------------------------------------------------------------


def by_zigpy(setting: Setting, seed: int) -> Delivered:
    """Zigpy's own ``Device.update_firmware`` for every device at once, through plain bellows."""
    with prepared(setting) as (dongle, folder):
        asyncio.run(_update(dongle, folder, ota_file(setting, seed)))
        return dongle.delivered()


def _configuration(dongle: DongleProcess, folder: Path) -> dict[str, Any]:
    return {
        "database_path": str(folder / DATABASE_NAME),
        "device": {"path": f"tcp://{dongle.address}", "baudrate": 115_200, "flow_control": None},
        "ota": {"enabled": False},
        "backup_enabled": False,
        "topology_scan_enabled": False,
    }


async def _update(dongle: DongleProcess, folder: Path, data: bytes) -> None:
    firmware, _ = parse_ota_image(data)
    metadata = BaseOtaImageMetadata(
        file_version=NEW, manufacturer_id=MANUFACTURER, image_type=IMAGE_TYPE
    )
    image = OtaImageWithMetadata(metadata, firmware)
    app = await ControllerApplication.new(_configuration(dongle, folder), auto_form=False)
    own = app.state.node_info.ieee
    dongle.begin()
    updates = [
        asyncio.create_task(device.update_firmware(image))
        for device in app.devices.values()
        if device.ieee != own
    ]
    await _until_settled(dongle)
    for update in updates:
        update.cancel()
    await asyncio.gather(*updates, return_exceptions=True)
    await app.shutdown()


async def _until_settled(dongle: DongleProcess) -> None:
    await asyncio.get_running_loop().run_in_executor(None, dongle.settled.wait, GIVE_UP)


# --- a bare loop ---------------------------------------------------------------------------------


def by_bare_loop(setting: Setting, seed: int) -> Delivered:
    """The least a program can do with bellows: answer each request from a slice of the file."""
    with prepared(setting) as (dongle, folder):
        asyncio.run(_echo(dongle, folder, ota_file(setting, seed)))
        return dongle.delivered()


class Bare(ControllerApplication):  # type: ignore[misc] # bellows is not typed
    """bellows, with every OTA request answered at once."""

    answer: Callable[[bytes], bytes | None]

    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Answer an OTA request; leave the rest to zigpy."""
        request = packet.data.serialize()
        if packet.cluster_id != OTA_UPGRADE_CLUSTER or request[0] & 0x0B != 0x01:
            super().packet_received(packet)
            return
        answer = self.answer(request)
        if answer is not None:
            asyncio.create_task(self._send_back(packet, answer))  # noqa: RUF006 - it is short

    async def _send_back(self, packet: t.ZigbeePacket, answer: bytes) -> None:
        with suppress(Exception):
            await self.send_packet(
                t.ZigbeePacket(
                    src=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=NETWORK_ADDRESS(0)),
                    src_ep=packet.dst_ep,
                    dst=packet.src,
                    dst_ep=packet.src_ep,
                    profile_id=packet.profile_id,
                    cluster_id=packet.cluster_id,
                    data=t.SerializableBytes(answer),
                    tx_options=t.TransmitOptions.NONE,
                )
            )


async def _echo(dongle: DongleProcess, folder: Path, data: bytes) -> None:
    image = ServedImage.of(image_record(data, "bench", Utc(0.0)))

    def answer(request: bytes) -> bytes | None:
        sequence, command = request[1], request[2]
        if command == Command.IMAGE_BLOCK_REQUEST:
            (offset,) = unpack_from("<I", request, 12)
            return image.block(sequence, offset, BARE_BLOCK)
        if command == Command.QUERY_NEXT_IMAGE_REQUEST:
            offer = QueryNextImageResponse(0, *image.key, image.size)
            return cluster_frame(
                Command.QUERY_NEXT_IMAGE_RESPONSE, sequence, encode(offer), from_server=True
            )
        if command == Command.UPGRADE_END_REQUEST:
            now = UpgradeEndResponse(*image.key, 0, 0)
            return cluster_frame(
                Command.UPGRADE_END_RESPONSE, sequence, encode(now), from_server=True
            )
        return None

    Bare.answer = staticmethod(answer)
    configuration = _configuration(dongle, folder) | {"use_thread": False}  # the least there is
    app = await Bare.new(configuration, auto_form=False)
    own = app.state.node_info.ieee
    dongle.begin()
    for device in app.devices.values():
        if device.ieee != own:
            await (
                device.endpoints[1]
                .out_clusters[OTA_UPGRADE_CLUSTER]
                .image_notify(
                    payload_type=Ota.ImageNotifyCommand.PayloadType.QueryJitter, query_jitter=100
                )
            )
    await _until_settled(dongle)
    await app.shutdown()


CONTENDERS = {contender.__name__: contender for contender in (by_zota, by_zigpy, by_bare_loop)}

if __name__ == "__main__":
    done = CONTENDERS[sys.argv[1]](Setting(**json.loads(sys.argv[2])), int(sys.argv[3]))
    print(json.dumps(asdict(done)), flush=True)
