"""Answers devices that look for their hub. Pure: octets in, octets out.

A GB device finds who serves it images, tunnels and news of its premises with a Match_Desc_req for profile 0x0109, and some
lights look for an image server on Light Link's profile, to speak to it on Home Automation's. zigpy
answers every profile but that with "none here", which would send them away.
"""

import struct

from ota_engine.events import (
    BASIC_CLUSTER,
    DEVICE_MANAGEMENT_CLUSTER,
    LIGHT_LINK,
    OTA_UPGRADE_CLUSTER,
    SERVER_ENDPOINTS,
    SMART_ENERGY,
    SPOKEN_ON,
    TUNNELING_CLUSTER,
)

MATCH_DESC_REQ = 0x0006  # ZDO, Zigbee 2.4.3.1.7
MATCH_DESC_RSP = 0x8006  # 2.4.4.2.7
SUCCESS = 0x00
COORDINATOR = 0x0000
#: By profile of a search: what of it we serve.
OURS = {
    SMART_ENERGY: frozenset(
        {BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, TUNNELING_CLUSTER, DEVICE_MANAGEMENT_CLUSTER}
    ),
    LIGHT_LINK: frozenset({OTA_UPGRADE_CLUSTER}),
}
_REQUEST = struct.Struct("<BHHB")  # sequence, address of interest, profile, input clusters
_RESPONSE = struct.Struct("<BBHB")  # sequence, status, address, endpoints


def answer_match(frame: bytes) -> bytes | None:
    """Answer a Match_Desc_req.

    Returns:
        the Match_Desc_rsp; None for a request that is not about what we serve, which is zigpy's.
    """
    if len(frame) < _REQUEST.size:
        return None
    sequence, _, profile, count = _REQUEST.unpack_from(frame)
    clusters = frame[_REQUEST.size : _REQUEST.size + 2 * count]
    if profile not in OURS or len(clusters) != 2 * count:
        return None
    if not OURS[profile].intersection(struct.unpack(f"<{count}H", clusters)):
        return None
    endpoint = SERVER_ENDPOINTS[SPOKEN_ON.get(profile, profile)]
    return _RESPONSE.pack(sequence, SUCCESS, COORDINATOR, 1) + bytes((endpoint,))
