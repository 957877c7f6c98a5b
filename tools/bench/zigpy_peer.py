"""zigpy 2.4 behind one door: its own block handler from request octets to response octets.

Everything between the two is zigpy's: header and schema deserialisation by its OTA cluster, the
handler of ``zigpy.ota.manager``, schema construction, its endpoint, device and application layers
with their priorities and request limits. Only ``send_packet``, which a radio library would
implement, is ours: it keeps the octets. What zigpy does before (matching a packet to a device and
a listener, starting a task per request) is left out, in its favour.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import zigpy.types as t
from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
from zigpy.ota import OtaImageWithMetadata
from zigpy.ota.image import parse_ota_image
from zigpy.ota.manager import OTAManager
from zigpy.ota.providers import BaseOtaImageMetadata
from zigpy.profiles import zha
from zigpy.zcl.clusters.general import Ota
from zigpy.zdo.types import NodeDescriptor

DEVICE = t.EUI64.convert("00:db:12:34:56:78:90:a4")
ENDPOINT = 1
MAINS_POWERED_ROUTER = bytes.fromhex("01 40 8e 1d12 52 5200 0000 5200 00")  # a node descriptor


async def _keep(radio: Any, packet: Any) -> None:
    """Stand where a radio library would put the packet on the air."""
    radio.sent.append(packet.data.serialize())


async def _nothing(radio: Any, *arguments: Any, **named: Any) -> None:
    """Stand for any duty of a radio library that serving blocks does not need."""


CapturingRadio: Any = type(
    "CapturingRadio",
    (ControllerApplication,),
    {**dict.fromkeys(ControllerApplication.__abstractmethods__, _nothing), "send_packet": _keep},
)


class ZigpyServer:
    """One device being updated by zigpy; use it as a context, inside no running event loop."""

    def __init__(self, ota_file: bytes) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._start(ota_file))

    async def _start(self, ota_file: bytes) -> None:
        self.radio = CapturingRadio({"device": {"path": "/dev/null"}, "ota": {"enabled": False}})
        self.radio.sent = []
        nwk: Any = t.NWK
        device = ZigbeeDevice(self.radio, DEVICE, nwk(0x1234))
        device.node_desc, _ = NodeDescriptor.deserialize(MAINS_POWERED_ROUTER)
        endpoint = device.add_endpoint(ENDPOINT)
        endpoint.profile_id = zha.PROFILE_ID
        self.cluster = endpoint.add_output_cluster(Ota.cluster_id)
        firmware, _ = parse_ota_image(ota_file)
        metadata = BaseOtaImageMetadata(file_version=firmware.header.file_version)
        self.manager = OTAManager(device, OtaImageWithMetadata(metadata, firmware))

    def __enter__(self) -> "ZigpyServer":
        return self

    def __exit__(self, *exc: object) -> None:
        self.manager._stall_timer.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def serve(self, requests: Sequence[bytes]) -> list[bytes]:
        """Answer Image Block Requests; returns the ZCL frames zigpy handed to its radio."""
        sent: list[bytes] = []
        self.radio.sent = sent
        self._loop.run_until_complete(self._serve(requests))
        return sent

    async def _serve(self, requests: Sequence[bytes]) -> None:
        deserialize = self.cluster.deserialize
        answer: Any = self.manager._image_block_req
        for frame in requests:
            header, command = deserialize(frame)
            await answer(header, command)
