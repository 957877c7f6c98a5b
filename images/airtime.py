"""How long frames occupy an IEEE 802.15.4 channel, and an image is on its way (2.4 GHz, O-QPSK).

Knows sizes of frames and timing constants of the standard, all in whole microseconds: no losses, no
latency of hosts, one shared channel on which every hop costs the same again.
"""

from functools import cache
from math import ceil
from typing import Final

SECOND_US: Final = 1_000_000
OCTET_US: Final = 32  # at 250 kbit/s
PHY_OCTETS: Final = 6  # preamble, start delimiter, length
BACKOFF_UNIT_US: Final = 320  # aUnitBackoffPeriod, 20 symbols
BACKOFF_CHOICES: Final = 8  # 2^macMinBE: the first CSMA-CA draw is 0..7 units
MEAN_BACKOFF_US: Final = BACKOFF_UNIT_US * (BACKOFF_CHOICES - 1) // 2
CCA_US: Final = 128  # clear channel assessment, 8 symbols
TURNAROUND_US: Final = 192  # aTurnaroundTime, 12 symbols
MAC_ACK_US: Final = 352  # 11 octets with those of the PHY
LIFS_US: Final = 640  # the long interframe spacing, 40 symbols

FRAME_OVERHEAD: Final = 45  # octets around a ZCL frame: MAC 11, NWK 8, NWK security 18, APS 8
BLOCK_REQUEST_PSDU: Final = 62  # octets of an Image Block Request without optional fields
BLOCK_RESPONSE_PSDU: Final = 62  # octets of an Image Block Response without its data
APS_ACK_PSDU: Final = 45  # octets of an APS acknowledgement frame
APS_SECURITY_OCTETS: Final = 9  # that encryption adds to an APS frame: auxiliary header 5, MIC 4

TYPICAL_BLOCK_BYTES: Final = 48


def attempt_us(psdu: int) -> int:
    """Time of one data frame of ``psdu`` octets and its MAC acknowledgement, without back-off."""
    on_air = OCTET_US * (psdu + PHY_OCTETS)
    return CCA_US + TURNAROUND_US + on_air + TURNAROUND_US + MAC_ACK_US + LIFS_US


def frame_us(psdu: int) -> int:
    """Mean time of one data frame of ``psdu`` octets, its back-off and its MAC acknowledgement."""
    return MEAN_BACKOFF_US + attempt_us(psdu)


@cache
def block_us(data: int, security: int = 0) -> int:
    """Mean air time of one block over one hop: request, response and an APS acknowledgement of each.

    Args:
        data: octets of image in the response.
        security: octets that APS encryption adds to each frame: 0 or ``APS_SECURITY_OCTETS``.
    """
    return (
        frame_us(BLOCK_REQUEST_PSDU + security)
        + frame_us(BLOCK_RESPONSE_PSDU + data + security)
        + 2 * frame_us(APS_ACK_PSDU + security)
    )


@cache
def block_exchange_time(data: int, hops: int, security: int = 0) -> float:
    """Seconds on air for one block.

    Args:
        data: octets of image in the response.
        hops: how many times each frame is transmitted.
        security: octets that APS encryption adds to each frame.
    """
    return hops * block_us(data, security) / SECOND_US


@cache
def page_response_time(data: int, hops: int, security: int = 0) -> float:
    """Seconds on air for one unacknowledged block of a page."""
    return hops * frame_us(BLOCK_RESPONSE_PSDU + data + security) / SECOND_US


def delivery_seconds(
    image_bytes: int, hops: int, block_bytes: int = TYPICAL_BLOCK_BYTES, *, aps_security: bool
) -> float:
    """Mean time on air of a whole image, in seconds."""
    blocks = ceil(image_bytes / block_bytes)
    security = APS_SECURITY_OCTETS if aps_security else 0
    return hops * blocks * block_us(block_bytes, security) / SECOND_US
