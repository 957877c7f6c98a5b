"""Zigbee frames around a ZCL payload: IEEE 802.15.4 MAC, NWK and APS headers, in clear. Pure.

The headers say what a sniffer beside the coordinator would see of an unencrypted frame over one hop:
relays and keys are unknown here, and a frame that shows neither is one that everybody can read.
"""

from struct import pack
from typing import NamedTuple

from images.eui64 import Eui64

COORDINATOR = 0x0000  # its network address, always
ALL_DEVICES, RECEIVERS_ON, ROUTERS = 0xFFFF, 0xFFFD, 0xFFFC  # broadcast addresses (NWK 3.6.5)
FIRST_BROADCAST = 0xFFF8
RADIUS = 30  # hops: twice the default network depth (NWK 3.5.2)

ZDO_PROFILE = 0x0000
ZDO_ENDPOINT = 0
DEVICE_ANNOUNCE = 0x0013  # cluster of Device_annce (ZDP 2.4.3.1.11)
MAINS_ROUTER, SLEEPY_CHILD = 0x8E, 0x80  # capability information (NWK 3.4.1.3.1.2)

MAC_DATA = 0x0841  # data, PAN ID compressed, short addresses both, 802.15.4-2003
MAC_ACK_REQUEST = 0x0020
MAC_SHORT_ADDRESSES = 0x8000
NWK_DATA = 0x0008  # data, protocol version 2
NWK_DISCOVER_ROUTE = 0x0040
NWK_DESTINATION_EUI64, NWK_SOURCE_EUI64 = 0x0800, 0x1000
APS_DATA, APS_BROADCAST, APS_ACK_REQUEST = 0x00, 0x08, 0x40


class Application(NamedTuple):
    """One application frame: the APS header's fields, and what it carries."""

    source_endpoint: int
    destination_endpoint: int
    profile: int
    cluster: int
    counter: int
    ack: bool
    payload: bytes


class FrameEnd(NamedTuple):
    """One end of a frame; ``eui64`` is None for a broadcast address."""

    network_address: int
    eui64: Eui64 | None


def zigbee_frame(
    source: FrameEnd, destination: FrameEnd, pan_id: int, sequence: int, application: Application
) -> bytes:
    """Write a whole MAC frame without its check sequence.

    Args:
        source: who sends it.
        destination: who is to have it.
        pan_id: of the network.
        sequence: one octet for MAC and NWK, counted by the sender.
        application: what is sent.
    """
    broadcast = destination.network_address >= FIRST_BROADCAST
    control = MAC_SHORT_ADDRESSES | MAC_DATA | (0 if broadcast else MAC_ACK_REQUEST)
    hop = 0xFFFF if broadcast else destination.network_address
    mac = pack("<HBHHH", control, sequence, pan_id, hop, source.network_address)
    return mac + _network(source, destination, sequence) + _application(application, broadcast)


def _network(source: FrameEnd, destination: FrameEnd, sequence: int) -> bytes:
    control, addresses = NWK_DATA, b""
    if destination.network_address < FIRST_BROADCAST:
        control |= NWK_DISCOVER_ROUTE
    if destination.eui64 is not None:
        control |= NWK_DESTINATION_EUI64
        addresses += destination.eui64.to_bytes(8, "little")
    if source.eui64 is not None:
        control |= NWK_SOURCE_EUI64
        addresses += source.eui64.to_bytes(8, "little")
    fixed = (control, destination.network_address, source.network_address, RADIUS, sequence)
    return pack("<HHHBB", *fixed) + addresses


def _application(application: Application, broadcast: bool) -> bytes:
    control = APS_DATA | (APS_BROADCAST if broadcast else 0)
    if application.ack and not broadcast:
        control |= APS_ACK_REQUEST
    head = pack(
        "<BBHHBB",
        control,
        application.destination_endpoint,
        application.cluster,
        application.profile,
        application.source_endpoint,
        application.counter,
    )
    return head + application.payload


def device_announce(sequence: int, device: FrameEnd, *, sleepy: bool) -> bytes:
    """Write the payload of a Device_annce."""
    capability = SLEEPY_CHILD if sleepy else MAINS_ROUTER
    eui64 = device.eui64 or Eui64(0)
    return pack("<BHQB", sequence, device.network_address, eui64, capability)
