"""Memory of zigpy with devices and nothing else: ``python zigpy_devices.py COUNT`` prints its peak.

A program of its own, because the peak of a process never falls. Knows zigpy's own objects; knows
nothing of downloads: no image is served, no frame is sent.
"""

import asyncio
import sys
from typing import Any

import zigpy.types as t
from clocks import peak_memory
from zigpy.device import ZigbeeDevice
from zigpy.profiles import zha
from zigpy.zcl.clusters.general import Basic, Ota
from zigpy.zdo.types import NodeDescriptor
from zigpy_peer import ENDPOINT, MAINS_POWERED_ROUTER, CapturingRadio


async def settle(count: int) -> float:
    """Make devices with one endpoint, Basic and OTA each; returns the peak in megabytes."""
    nwk: Any = t.NWK
    radio = CapturingRadio({"device": {"path": "/dev/null"}, "ota": {"enabled": False}})
    for number in range(1, count + 1):
        device = ZigbeeDevice(radio, t.EUI64(number.to_bytes(8, "little")), nwk(number))
        device.node_desc, _ = NodeDescriptor.deserialize(MAINS_POWERED_ROUTER)
        endpoint = device.add_endpoint(ENDPOINT)
        endpoint.profile_id = zha.PROFILE_ID
        endpoint.add_input_cluster(Basic.cluster_id)
        endpoint.add_output_cluster(Ota.cluster_id)
        radio.devices[device.ieee] = device
    return peak_memory()


if __name__ == "__main__":
    print(asyncio.run(settle(int(sys.argv[1]))))
