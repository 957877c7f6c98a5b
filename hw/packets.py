"""Frames, EUI-64s and broadcast addresses between zigpy's types and ours; nothing is sent here."""

from typing import Any

import zigpy.types as t

from images.eui64 import Eui64
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON, Send

SEQUENCE_AT = 1  # of a ZCL frame without manufacturer code, ZCL 2.4.1
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


def to_packet(
    frame: Send, source: t.NWK, destination: t.AddrModeAddress, *, aps_security: bool
) -> t.ZigbeePacket:
    """Word a frame for zigpy.

    A sleepy device gets the extended timeout: its parent holds the frame until it polls. With
    ``ack`` bellows has the NCP repeat until the device's APS acknowledges.
    """
    options = t.TransmitOptions.NONE
    if frame.ack:
        options |= t.TransmitOptions.ACK
    if aps_security:
        options |= t.TransmitOptions.APS_Encryption
    numbers: dict[str, Any] = {  # zigpy wraps them in types of its own, which mypy cannot call
        "src_ep": frame.source_endpoint,
        "dst_ep": frame.destination_endpoint,
        "tsn": frame.payload[SEQUENCE_AT] if len(frame.payload) > SEQUENCE_AT else 0,
        "profile_id": frame.profile,
        "cluster_id": frame.cluster,
    }
    return t.ZigbeePacket(
        priority=frame.priority,
        src=unicast_address(source),
        dst=destination,
        extended_timeout=frame.sleepy,
        data=t.SerializableBytes(frame.payload),
        tx_options=options,
        **numbers,
    )


class SettledAddress(t.AddrModeAddress):
    """The address of a device for which the NCP needs no setting before a frame is sent."""


def device_object_packet(
    destination: t.AddrModeAddress, cluster: int, frame: bytes
) -> t.ZigbeePacket:
    """Word a frame from our Zigbee Device Object to another's."""
    numbers: dict[str, Any] = {"src_ep": 0, "dst_ep": 0, "profile_id": 0, "cluster_id": cluster}
    return t.ZigbeePacket(
        priority=t.PacketPriority.HIGH,
        dst=destination,
        data=t.SerializableBytes(frame),
        tx_options=t.TransmitOptions.ACK,
        **numbers,
    )


def broadcast_address(device: Eui64) -> t.AddrModeAddress | None:
    """Give the address of a broadcast; None when the frame is for one device."""
    address = BROADCASTS.get(device)
    if address is None:
        return None
    return t.AddrModeAddress(addr_mode=t.AddrMode.Broadcast, address=address)


def unicast_address(address: t.NWK, *, settled: bool = False) -> t.AddrModeAddress:
    """Give the address of one device, ``settled`` when its timeout at the NCP is the usual one."""
    kind = SettledAddress if settled else t.AddrModeAddress
    return kind(addr_mode=t.AddrMode.NWK, address=address)
