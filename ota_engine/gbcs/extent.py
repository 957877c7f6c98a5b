"""Where a GBCS message ends, told from its first octets; knows lengths, and no field's meaning.

A message that comes in pieces has no length of its own before it. What it does have are the
lengths inside: the MAC header counts all that follows, and a message without one is walked field
by field up to the octet that counts its signature. On the HAN that octet is always there; a bare
pre-command, which ends with its payload, travels between user and DCC only.
"""

from typing import Final

from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import MAC_BYTES, MAX_MESSAGE_BYTES

_CIPHERING: Final = bytes.fromhex("DD000000000000")
#: What stands where in the grouping header: the tags and lengths that never differ.
_FIXED: Final = ((0, 0xDF), (1, 9), (11, 8), (20, 8))
_FIELDS_AT: Final = 29  # octets of the grouping header before its fields of varying length
_LEAST_COUNTED: Final = 5 + _FIELDS_AT + MAC_BYTES  # octets the MAC header counts at least
_FIELDS: Final = 3  # date-time, other information, payload
_LONGEST_LENGTH: Final = 2  # octets after the one that says how many there are
_SIGNATURES: Final = {0x00, 0x40}  # octets of a signature that is absent, or there


def message_length(octets: bytes) -> int | None:
    """Say how many octets the message has that begins here.

    Any beginning of a message gives either None or the length of the whole; what follows the
    message changes nothing.

    Returns:
        its length; None until enough octets are there to tell.

    Raises:
        PeerError: no GBCS message begins like this.
    """
    if octets[:1] == _CIPHERING[:1]:
        return _of_maced(octets)
    return _of_bare(octets)


def _of_maced(octets: bytes) -> int | None:
    if not _CIPHERING.startswith(octets[: len(_CIPHERING)]):
        raise PeerError("the MAC header has fields that GBCS leaves empty")
    found = _length_at(octets, len(_CIPHERING))
    if found is None:
        return None
    length, after = found
    if length < _LEAST_COUNTED:
        raise PeerError(f"{length} octets are too few for a message with a MAC")
    return _within(after + length)


def _of_bare(octets: bytes) -> int | None:
    for at, value in _FIXED:
        if octets[at : at + 1] not in {b"", bytes((value,))}:
            raise PeerError("no GBCS grouping header where one must be")
    at = _FIELDS_AT
    for _ in range(_FIELDS):
        found = _length_at(octets, at)
        if found is None:
            return None
        length, after = found
        at = _within(after + length)
    if at >= len(octets):
        return None
    if octets[at] not in _SIGNATURES:
        raise PeerError(f"a signature has 0 or 64 octets, not {octets[at]}")
    return _within(at + 1 + octets[at])


def _length_at(octets: bytes, at: int) -> tuple[int, int] | None:
    """Read a length; returns it and where what it counts begins, None while it is incomplete."""
    if at >= len(octets):
        return None
    if octets[at] < 0x80:
        return octets[at], at + 1
    size = octets[at] & 0x7F
    if not 1 <= size <= _LONGEST_LENGTH:
        raise PeerError(f"a length of {size} octets is none of GBCS")
    after = at + 1 + size
    if after > len(octets):
        return None
    return int.from_bytes(octets[at + 1 : after]), after


def _within(length: int) -> int:
    if length > MAX_MESSAGE_BYTES:
        raise PeerError(f"{length} octets are more than a GBCS message can have")
    return length
