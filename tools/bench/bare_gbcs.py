"""The least that reading a GBCS message can be in Python: its fields taken out, none of them judged.

Knows where octets lie in a message that is right. It checks nothing, makes no record, gives no
value a meaning; what a real reader costs more than this is what it does with the fields.
"""

import struct

HEADER = struct.Struct(">BBBQBQBQ")  # general-signing, CRA, counter, originator, recipient
EMPTY_FIELDS = 7  # octets of general-ciphering before its length
SECURITY = 5  # octets of security control and invocation counter
MAC = 12  # octets
SEQUENCE, CONSTRUCTED = 0x30, 0x20  # DER tags, and the bit that says others are inside


def take_apart(octets: bytes) -> list[object]:
    """Return the fields of a message: header, date-time, other information, payload, the rest."""
    at, end = 0, len(octets)
    if octets[0] == 0xDD:
        _, at = length_at(octets, EMPTY_FIELDS)
        at, end = at + SECURITY, end - MAC
    fields: list[object] = [HEADER.unpack_from(octets, at)]
    at += HEADER.size
    for _ in range(3):
        size, at = length_at(octets, at)
        fields.append(octets[at : at + size])
        at += size
    if octets[at - size] == SEQUENCE:
        fields += values(octets, at - size, at)
    fields += octets[at:end], octets[end:]
    return fields


def values(octets: bytes, at: int, end: int) -> list[object]:
    """Return the values of a DER payload, in their order."""
    found: list[object] = []
    while at < end:
        tag = octets[at]
        size, at = length_at(octets, at + 1)
        if not tag & CONSTRUCTED:
            found.append(octets[at : at + size])
            at += size
    return found


def length_at(octets: bytes, at: int) -> tuple[int, int]:
    """Return a length, and where it ends."""
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    after = at + 1 + (first & 0x7F)
    return int.from_bytes(octets[at + 1 : after]), after
