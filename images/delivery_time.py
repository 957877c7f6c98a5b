"""How long an image is on its way at best: 802.15.4 airtime of blocks and acknowledgements.

Knows frame sizes and symbol times only: no losses, no latency of hosts, one shared channel on
which every hop costs the same again.
"""

from math import ceil
from typing import Final

TYPICAL_BLOCK_BYTES: Final = 48
OCTET_US: Final = 32  # 2.4 GHz O-QPSK, 250 kbit/s
PHY_OCTETS: Final = 6  # preamble, delimiter, length
CCA_US: Final = 128
TURNAROUND_US: Final = 192
MAC_ACK_US: Final = 352
LIFS_US: Final = 640
MEAN_BACKOFF_US: Final = 1120  # 3.5 units of 320 us
REQUEST_OCTETS: Final = 62  # PSDU of an Image Block Request without optional fields
RESPONSE_OCTETS: Final = 62  # PSDU of an Image Block Response without its data
APS_ACK_OCTETS: Final = 45
APS_SECURITY_OCTETS: Final = 9  # auxiliary header and MIC, in each APS frame

_PER_FRAME_US: Final = (
    MEAN_BACKOFF_US + CCA_US + TURNAROUND_US + TURNAROUND_US + MAC_ACK_US + LIFS_US
)


def block_us(data_bytes: int, *, aps_security: bool) -> int:
    """Mean airtime of one block over one hop: request, response and both APS acknowledgements."""
    frames = (REQUEST_OCTETS, APS_ACK_OCTETS, RESPONSE_OCTETS + data_bytes, APS_ACK_OCTETS)
    security = APS_SECURITY_OCTETS if aps_security else 0
    return sum(_PER_FRAME_US + OCTET_US * (size + security + PHY_OCTETS) for size in frames)


def delivery_seconds(
    image_bytes: int, hops: int, block_bytes: int = TYPICAL_BLOCK_BYTES, *, aps_security: bool
) -> float:
    """Mean time on air of a whole image, in seconds."""
    blocks = ceil(image_bytes / block_bytes)
    return blocks * block_us(block_bytes, aps_security=aps_security) * hops / 1_000_000
