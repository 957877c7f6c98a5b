"""The GBCS envelope, read and written byte-exact; knows where octets lie, not whether they are true.

Layout: ``[MAC header] grouping header, payload [signature] [MAC]``. Every length is written in the
one shortest form, so a message that parses is rebuilt to the same octets.
"""

import struct
from typing import Final, NamedTuple

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.codes import Cra

MAX_MESSAGE_BYTES: Final = 0xFFFF  # the longest that a two-octet length can count
SIGNATURE_BYTES: Final = 64  # ECDSA P-256, r||s
MAC_BYTES: Final = 12  # GMAC, truncated
DATE_TIME_BYTES: Final = 12  # DLMS date-time

# General-ciphering and its six empty fields: transaction identifier, originator, recipient,
# date-time, other information, key information.
_CIPHERING: Final = bytes.fromhex("DD000000000000")
# Security control (authentication only, suite 1) and the invocation counter, always zero.
_SECURITY: Final = bytes.fromhex("1100000000")
# General-signing; transaction identifier (length 9: CRA, counter); system titles (length 8).
_GROUPING: Final = struct.Struct(">BBBQBQBQ")
_DATE_TIME: Final = struct.Struct(">HBBBBBBBHB")
_INFORMATION: Final = {
    2: struct.Struct(">H"),
    10: struct.Struct(">HQ"),
    18: struct.Struct(">HQQ"),
    26: struct.Struct(">HQQQ"),
}
_NUMBERS: Final = tuple(_INFORMATION.items())
_CRA: Final = {int(cra): cra for cra in Cra}


class DateTime(NamedTuple):
    """A DLMS date-time (Blue Book 4.1.6.1): the clock of a device, unspecified parts included.

    Attributes:
        year: 0xFFFF unspecified.
        deviation: minutes from UTC, 0x8000 unspecified; unsigned as written.
        status: 0x00 a reliable clock, 0xFF unspecified.
    """

    year: int
    month: int
    day: int
    weekday: int = 0xFF
    hour: int = 0
    minute: int = 0
    second: int = 0
    hundredths: int = 0
    deviation: int = 0x8000
    status: int = 0xFF


class OtherInformation(NamedTuple):
    """What the grouping header says besides: 2, 10, 18 or 26 octets, and perhaps a certificate.

    Attributes:
        message_code: the use case.
        party: the supplementary remote party, e.g. the user for whom the broker asks.
        party_counter: the counter of that party's request.
        originator_counter: the supplementary originator counter.
        certificate: a key agreement certificate, DER.
    """

    message_code: int
    party: int | None = None
    party_counter: int | None = None
    originator_counter: int | None = None
    certificate: bytes | None = None


class Message(NamedTuple):
    """One GBCS message.

    Attributes:
        cra: command, response or alert.
        counter: the originator counter; a response repeats its command's.
        originator: EUI-64.
        recipient: EUI-64.
        other_information: message code, and what else the header says.
        payload: opaque octets.
        date_time: when a device answered, where it says so.
        signature: r||s; empty where the message says it has none; None for a bare pre-command.
        mac: 12 octets, None for a message without MAC header.
    """

    cra: Cra
    counter: int
    originator: int
    recipient: int
    other_information: OtherInformation
    payload: bytes
    date_time: DateTime | None = None
    signature: bytes | None = None
    mac: bytes | None = None

    @property
    def message_code(self) -> int:
        """The use case this message belongs to."""
        return self.other_information.message_code


def parse(octets: bytes) -> Message:
    """Read one whole message.

    Raises:
        PeerError: it is not a GBCS message; ``serialise`` rebuilds the same octets otherwise.
    """
    if len(octets) > MAX_MESSAGE_BYTES:
        raise PeerError(f"{len(octets)} octets are more than a GBCS message can have")
    maced = octets[:1] == b"\xdd"
    start = _mac_header(octets) if maced else 0
    end = len(octets) - MAC_BYTES if maced else len(octets)
    cra, counter, originator, recipient = _grouping_header(octets, start, end)
    date_time, at = _date_time(octets, start + _GROUPING.size, end)
    information, at = _field(octets, at, end, "other information")
    payload, at = _field(octets, at, end, "payload")
    return Message(
        cra,
        counter,
        originator,
        recipient,
        parse_other_information(information),
        payload,
        date_time,
        _signature(octets[at:end], maced),
        octets[end:] if maced else None,
    )


def serialise(message: Message) -> bytes:
    """Write a message.

    Raises:
        LocalError: a field is too large for its place, or a MAC has no signature field before it.
    """
    content = grouping(message)
    if message.mac is None:
        return content + (b"" if message.signature is None else signature_field(message))
    body = b"".join((_SECURITY, content, signature_field(message), message.mac))
    if len(message.mac) != MAC_BYTES:
        raise LocalError(f"a MAC has {MAC_BYTES} octets, not {len(message.mac)}")
    return _CIPHERING + _length(len(body)) + body


def grouping(message: Message) -> bytes:
    """Write what is signed and MACed: from the grouping header's first octet to the payload's last.

    Raises:
        LocalError: a field is too large for its place.
    """
    try:
        header = _GROUPING.pack(
            0xDF, 9, message.cra, message.counter, 8, message.originator, 8, message.recipient
        )
        time = (
            b"\x00"
            if message.date_time is None
            else b"\x0c" + serialise_date_time(message.date_time)
        )
        information = serialise_other_information(message.other_information)
    except struct.error as error:
        raise LocalError(f"a field of the GBCS message does not fit its place: {error}") from None
    payload = message.payload
    return b"".join(
        (header, time, _length(len(information)), information, _length(len(payload)), payload)
    )


def signature_field(message: Message) -> bytes:
    """Write the signature with the octet that counts it; a zero where there is none.

    Raises:
        LocalError: a pre-command has no such field yet, or the signature is not of 64 octets.
    """
    signature = message.signature
    if signature is None:
        raise LocalError("a pre-command cannot carry a MAC: sign it first")
    if len(signature) not in {0, SIGNATURE_BYTES}:
        raise LocalError(f"a signature has {SIGNATURE_BYTES} octets, not {len(signature)}")
    return len(signature).to_bytes(1) + signature


def parse_date_time(octets: bytes) -> DateTime:
    """Read twelve octets; every value has a meaning here, if only that of an unspecified part."""
    return DateTime._make(_DATE_TIME.unpack(octets))


def serialise_date_time(date_time: DateTime) -> bytes:
    """Write twelve octets.

    Raises:
        struct.error: a part does not fit its place.
    """
    return _DATE_TIME.pack(*date_time)


def parse_other_information(octets: bytes) -> OtherInformation:
    """Read one of the forms; a certificate is known by its DER length ending where the field does.

    Raises:
        PeerError: it is none of them.
    """
    layout = _INFORMATION.get(len(octets))
    if layout is not None:
        return OtherInformation(*layout.unpack(octets))
    for size, numbers in _NUMBERS:
        if _is_sequence(octets, size):
            known = OtherInformation(*numbers.unpack(octets[:size]))
            return known._replace(certificate=octets[size:])
    raise PeerError(f"other information of {len(octets)} octets has none of the forms of GBCS")


def serialise_other_information(information: OtherInformation) -> bytes:
    """Write other information.

    Raises:
        LocalError: a later field is given without those before it, or the certificate is no DER.
        struct.error: a number does not fit its place.
    """
    *numbers, certificate = information
    given = [number for number in numbers if number is not None]
    if list(numbers[: len(given)]) != given:
        raise LocalError("other information has a field without those that go before it")
    octets = _NUMBERS[len(given) - 1][1].pack(*given)
    if certificate is None:
        return octets
    if not _is_sequence(certificate, 0):
        raise LocalError("the certificate in other information is not one DER sequence")
    return octets + certificate


def _mac_header(octets: bytes) -> int:
    if not octets.startswith(_CIPHERING):
        raise PeerError("the MAC header has fields that GBCS leaves empty")
    length, at = _read_length(octets, len(_CIPHERING), len(octets))
    if length != len(octets) - at:
        raise PeerError(f"the MAC header counts {length} octets, {len(octets) - at} follow")
    if length < len(_SECURITY) + _GROUPING.size + MAC_BYTES:
        raise PeerError(f"{length} octets are too few for a message with a MAC")
    if not octets.startswith(_SECURITY, at):
        raise PeerError("the MAC header has another security control or invocation counter")
    return at + len(_SECURITY)


def _grouping_header(octets: bytes, at: int, end: int) -> tuple[Cra, int, int, int]:
    if end - at < _GROUPING.size:
        raise PeerError("the octets end inside the grouping header")
    tag, nine, cra, counter, eight, originator, eight_too, recipient = _GROUPING.unpack_from(
        octets, at
    )
    if tag != 0xDF or nine != 9 or eight != 8 or eight_too != 8:
        raise PeerError("no GBCS grouping header where one must be")
    kind = _CRA.get(cra)
    if kind is None:
        raise PeerError(f"{cra} is none of command (1), response (2) and alert (3)")
    return kind, counter, originator, recipient


def _date_time(octets: bytes, at: int, end: int) -> tuple[DateTime | None, int]:
    field, after = _field(octets, at, end, "date-time")
    if not field:
        return None, after
    if len(field) != DATE_TIME_BYTES:
        raise PeerError(f"a date-time has {DATE_TIME_BYTES} octets, not {len(field)}")
    return parse_date_time(field), after


def _signature(octets: bytes, maced: bool) -> bytes | None:
    if not octets and not maced:
        return None
    if octets[:1] == b"\x00" and len(octets) == 1:
        return b""
    if octets[:1] == b"\x40" and len(octets) == 1 + SIGNATURE_BYTES:
        return octets[1:]
    raise PeerError(f"{len(octets)} octets after the payload are no signature field")


def _field(octets: bytes, at: int, end: int, name: str) -> tuple[bytes, int]:
    length, at = _read_length(octets, at, end)
    if length > end - at:
        raise PeerError(f"the {name} counts {length} octets, {end - at} are left")
    return octets[at : at + length], at + length


def _read_length(octets: bytes, at: int, end: int) -> tuple[int, int]:
    if at < end and octets[at] < 0x80:
        return octets[at], at + 1
    size = octets[at] & 0x7F if at < end else 0
    if size not in {1, 2} or end - at <= size:
        raise PeerError("a length is missing, cut off, or of more than two octets")
    length = int.from_bytes(octets[at + 1 : at + 1 + size])
    if length < (0x80 if size == 1 else 0x100):
        raise PeerError("a length is written longer than it need be")
    return length, at + 1 + size


def _length(length: int) -> bytes:
    if length < 0x80:
        return length.to_bytes(1)
    if length <= 0xFF:
        return bytes((0x81, length))
    if length > MAX_MESSAGE_BYTES:
        raise LocalError(f"{length} octets are more than a GBCS message can have")
    return b"\x82" + length.to_bytes(2)


def _is_sequence(octets: bytes, at: int) -> bool:
    """Whether one DER SEQUENCE fills the octets from here to their end."""
    if octets[at : at + 1] != b"\x30":
        return False
    try:
        length, content = _read_length(octets, at + 1, len(octets))
    except PeerError:
        return False
    return length == len(octets) - content
