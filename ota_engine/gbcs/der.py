"""The DER of GBCS payloads, through ``cryptography.hazmat.asn1``; the only module that knows it.

Knows shapes, not meanings: numbers are non-negative and bounded, times are whole seconds of UTC.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from cryptography.hazmat import asn1

from ota_engine.errors import LocalError, PeerError

MAX_DER_BYTES: Final = 1024  # the longest payload of firmware has 61
MAX_COUNTER: Final = (1 << 63) - 1  # OriginatorCounter ::= INTEGER (0..9223372036854775807)
NULL: Final = b"\x05\x00"

_Hash = Annotated[bytes, asn1.Size.exact(32)]
_Version = Annotated[bytes, asn1.Size.exact(4)]
_Eui64 = Annotated[bytes, asn1.Size.exact(8)]
_Shape = TypeVar("_Shape")


@asn1.sequence
class ActivateFirmwareDer:
    """CS06 command."""

    manufacturer_image_hash: _Hash
    originator_counter: int
    execution_time: asn1.GeneralizedTime | None


@asn1.sequence
class OutcomeDer:
    """CS06 response, the part of the CHOICE that is not NULL."""

    code: int
    firmware_version: _Version


@asn1.sequence
class FutureDatedOutcomeDer:
    """Alert 0x00CA."""

    alert_code: int
    execution_time: asn1.GeneralizedTime
    originator_counter: int
    outcome: OutcomeDer


@asn1.sequence
class VersionDer:
    """CS08 response: version first, unlike the CS06 response."""

    firmware_version: _Version
    code: int


@asn1.sequence
class TransferDer:
    """CCS08."""

    alert_code: int
    time: asn1.GeneralizedTime
    target: _Eui64
    firmware_version: _Version
    code: int


@asn1.sequence
class PpmidDer:
    """CS09."""

    alert_code: int
    time: asn1.GeneralizedTime
    firmware_version: _Version
    code: int


def decode(shape: type[_Shape], octets: bytes) -> _Shape:
    """Read one value that fills the octets.

    Raises:
        PeerError: too long, not DER, of another shape, or a date that does not exist (a leap
            second written as 60 among them).
    """
    if len(octets) > MAX_DER_BYTES:
        raise PeerError(f"a DER payload of {len(octets)} octets is longer than any of firmware")
    try:
        return asn1.decode_der(shape, octets)
    except ValueError as error:
        raise PeerError(f"the payload is not the DER of {shape.__name__[:-3]}: {error}") from None


def encode(value: object) -> bytes:
    """Write one value.

    Raises:
        LocalError: a field has the wrong size.
    """
    try:
        return asn1.encode_der(value)
    except ValueError as error:
        raise LocalError(f"this cannot be written as DER: {error}") from None


def require_null(octets: bytes) -> None:
    """Read a payload that is NULL.

    Raises:
        PeerError: it is something else.
    """
    if octets != NULL:
        raise PeerError("the payload is not NULL (05 00)")


def read_number(value: int, limit: int, what: str) -> int:
    """Bound an INTEGER, which in DER has no bounds.

    Raises:
        PeerError: it is negative, or above the limit.
    """
    if not 0 <= value <= limit:
        raise PeerError(f"the {what} is not a number between 0 and {limit}")
    return value


def read_time(time: asn1.GeneralizedTime) -> datetime:
    """Read a time of whole seconds.

    Raises:
        PeerError: it has a fraction; GBCS writes fifteen characters.
    """
    moment = time.as_datetime()
    if moment.microsecond:
        raise PeerError("a time has a fraction of a second: GBCS writes whole seconds")
    return moment


def write_time(moment: datetime) -> asn1.GeneralizedTime:
    """Write a time.

    Raises:
        LocalError: it has no zone, or a fraction of a second.
    """
    if moment.tzinfo is None or moment.microsecond:
        raise LocalError(f"{moment} is no time of GBCS: give whole seconds and a time zone")
    return asn1.GeneralizedTime(moment.astimezone(UTC))
