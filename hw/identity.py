"""EUI-64s and broadcast addresses between zigpy's types and ours; nothing else."""

import zigpy.types as t

from images.eui64 import Eui64
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON

BROADCASTS = {
    BROADCAST_ALL: t.BroadcastAddress.ALL_DEVICES,
    BROADCAST_RX_ON: t.BroadcastAddress.RX_ON_WHEN_IDLE,
}


def to_ours(ieee: t.EUI64) -> Eui64:
    """Take an EUI-64 of zigpy, which holds its octets least significant first."""
    return Eui64(int.from_bytes(ieee.serialize(), "little"))


def to_zigpy(eui64: Eui64) -> t.EUI64:
    """Give an EUI-64 to zigpy."""
    return t.EUI64.deserialize(eui64.to_bytes(8, "little"))[0]
