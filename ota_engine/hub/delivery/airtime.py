"""How long frames occupy an IEEE 802.15.4 channel, from their sizes (2.4 GHz, O-QPSK).

The server charges these times against its budgets and spaces page responses by them. The figures
are IEEE 802.15.4 timing constants; nothing here knows a radio.
"""

from functools import cache

SYMBOL_BYTE = 32e-6  # seconds per octet at 250 kbit/s
PHY_HEADER = 6  # octets: preamble, start delimiter, length
BACKOFF_MEAN = 3.5 * 320e-6  # seconds: mean of the first CSMA-CA draw, 0..7 units of 20 symbols
CLEAR_CHANNEL = 128e-6  # seconds, 8 symbols
TURNAROUND = 192e-6  # seconds, 12 symbols
MAC_ACK = 352e-6  # seconds, 11 octets
LONG_SPACING = 640e-6  # seconds, LIFS, 40 symbols

APS_ACK_PSDU = 45  # octets of an APS acknowledgement frame
FRAME_OVERHEAD = 45  # octets around a ZCL frame: MAC 11, NWK 8, NWK security 18, APS 8
BLOCK_REQUEST_PSDU = 62  # octets of an Image Block Request without options


@cache
def frame_time(psdu: int) -> float:
    """Seconds one data frame of ``psdu`` octets occupies the channel, MAC acknowledgement included."""
    on_air = (psdu + PHY_HEADER) * SYMBOL_BYTE
    return BACKOFF_MEAN + CLEAR_CHANNEL + TURNAROUND + on_air + TURNAROUND + MAC_ACK + LONG_SPACING


@cache
def block_exchange_time(data: int, hops: int, security: int = 0) -> float:
    """Seconds on air for one block: request, response, and an APS acknowledgement of each.

    Args:
        data: octets of image in the response.
        hops: how many times each frame is transmitted.
        security: octets that APS encryption adds to a frame (0 or 9).
    """
    return hops * (
        frame_time(BLOCK_REQUEST_PSDU + security)
        + frame_time(BLOCK_REQUEST_PSDU + data + security)
        + 2 * frame_time(APS_ACK_PSDU + security)
    )


@cache
def page_response_time(data: int, hops: int, security: int = 0) -> float:
    """Seconds on air for one unacknowledged block of a page."""
    return hops * frame_time(BLOCK_REQUEST_PSDU + data + security)
