"""The pcapng file format, as far as one interface and its packets need it; octets out, no files.

Blocks are little-endian and padded to four octets (draft-ietf-opsawg-pcapng). A file may hold
several sections, so another recording can simply be appended.
"""

from struct import pack

from ota_engine.times import Utc

IEEE802_15_4_NOFCS = 230  # link type: frames without their check sequence

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
ENHANCED_PACKET = 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
SNAPLEN = 127  # octets of the largest 802.15.4 frame (aMaxPHYPacketSize)

# options
END_OF_OPTIONS = 0
COMMENT = 1  # of any block
APPLICATION = 4  # of a section: what wrote it
INTERFACE_NAME = 2
TIME_RESOLUTION = 9
MICROSECONDS = 6  # 10**-6 seconds
PACKET_FLAGS = 2
INBOUND, OUTBOUND = 1, 2  # values of PACKET_FLAGS


def section(application: str) -> bytes:
    """Begin a section; ``application`` names the program that writes it."""
    body = pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
    return _block(SECTION_HEADER, body + _options((APPLICATION, application.encode())))


def interface(name: str) -> bytes:
    """Describe the one interface of a section, with time stamps in microseconds."""
    options = _options((INTERFACE_NAME, name.encode()), (TIME_RESOLUTION, bytes((MICROSECONDS,))))
    return _block(INTERFACE_DESCRIPTION, pack("<HHI", IEEE802_15_4_NOFCS, 0, SNAPLEN) + options)


def packet(frame: bytes, utc: Utc, *, outbound: bool) -> bytes:
    """Write one frame, sent or received ``utc`` seconds since 1970-01-01."""
    stamp = round(utc * 1_000_000)
    head = pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFF_FFFF, len(frame), len(frame))
    flags = pack("<I", OUTBOUND if outbound else INBOUND)
    return _block(ENHANCED_PACKET, head + _padded(frame) + _options((PACKET_FLAGS, flags)))


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return pack("<II", kind, length) + body + pack("<I", length)


def _options(*options: tuple[int, bytes]) -> bytes:
    written = (pack("<HH", code, len(value)) + _padded(value) for code, value in options)
    return b"".join(written) + pack("<HH", END_OF_OPTIONS, 0)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
