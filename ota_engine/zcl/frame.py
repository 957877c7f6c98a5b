"""The ZCL header (ZCL 2.4.1): knows frame control and command numbers, nothing of payloads."""

from typing import NamedTuple

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.status import Status

# Frame control octet, ZCL 2.4.1.1
FRAME_TYPE_MASK = 0x03
GENERAL_COMMAND = 0x00
CLUSTER_COMMAND = 0x01
MANUFACTURER_SPECIFIC = 0x04
FROM_SERVER = 0x08
DISABLE_DEFAULT_RESPONSE = 0x10

HEADER_LENGTH = 3  # octets: frame control, sequence, command
MANUFACTURER_HEADER_LENGTH = 5  # octets: the same with a manufacturer code in between

_new = tuple.__new__  # what ZclHeader's own constructor calls, without its argument parsing


class ZclHeader(NamedTuple):
    """The header of one ZCL frame; its payload begins ``length`` octets into the frame."""

    cluster_specific: bool
    from_server: bool
    disable_default_response: bool
    manufacturer_code: int | None
    sequence: int
    command: int
    length: int


def parse_header(frame: bytes) -> ZclHeader:
    """Read the header of a frame; the three reserved bits of frame control are ignored.

    Raises:
        PeerError: the frame is shorter than its header, or of a reserved frame type.
    """
    if len(frame) < HEADER_LENGTH:
        raise PeerError(
            f"a ZCL frame has at least {HEADER_LENGTH} octets, this one {len(frame)}",
            Status.MALFORMED_COMMAND,
        )
    control = frame[0]
    frame_type = control & FRAME_TYPE_MASK
    if frame_type > CLUSTER_COMMAND:
        raise PeerError(
            f"frame type {frame_type} of frame control 0x{control:02X} is reserved",
            Status.MALFORMED_COMMAND,
        )
    cluster_specific = frame_type == CLUSTER_COMMAND
    from_server = control & FROM_SERVER != 0
    quiet = control & DISABLE_DEFAULT_RESPONSE != 0
    if not control & MANUFACTURER_SPECIFIC:
        return _new(
            ZclHeader,
            (cluster_specific, from_server, quiet, None, frame[1], frame[2], HEADER_LENGTH),
        )
    if len(frame) < MANUFACTURER_HEADER_LENGTH:
        raise PeerError(
            "the header of a manufacturer-specific frame has "
            f"{MANUFACTURER_HEADER_LENGTH} octets, this one {len(frame)}",
            Status.MALFORMED_COMMAND,
        )
    manufacturer_code = int.from_bytes(frame[1:3], "little")
    return ZclHeader(
        cluster_specific,
        from_server,
        quiet,
        manufacturer_code,
        frame[3],
        frame[4],
        MANUFACTURER_HEADER_LENGTH,
    )


def cluster_frame(
    command: int,
    sequence: int,
    payload: bytes,
    *,
    from_server: bool,
    disable_default_response: bool = True,
) -> bytes:
    """Put the header of a cluster-specific command before its payload.

    Raises:
        LocalError: command or sequence is not one octet.
    """
    flags = _flags(from_server, disable_default_response)
    return _frame(CLUSTER_COMMAND | flags, sequence, command, payload)


def general_frame(
    command: int,
    sequence: int,
    payload: bytes,
    *,
    from_server: bool,
    disable_default_response: bool = True,
    manufacturer_code: int | None = None,
) -> bytes:
    """Put the header of a general command (ZCL 2.5) before its payload.

    ``manufacturer_code`` is that of the manufacturer-specific frame it answers, if it does.

    Raises:
        LocalError: command or sequence is not one octet, or the code not two.
    """
    flags = _flags(from_server, disable_default_response)
    frame = _frame(GENERAL_COMMAND | flags, sequence, command, payload)
    if manufacturer_code is None:
        return frame
    try:
        code = manufacturer_code.to_bytes(2, "little")
    except OverflowError:
        raise LocalError(f"manufacturer code {manufacturer_code} must fit two octets") from None
    return bytes((frame[0] | MANUFACTURER_SPECIFIC,)) + code + frame[1:]


def _flags(from_server: bool, disable_default_response: bool) -> int:
    return from_server * FROM_SERVER | disable_default_response * DISABLE_DEFAULT_RESPONSE


def _frame(control: int, sequence: int, command: int, payload: bytes) -> bytes:
    try:
        return bytes((control, sequence, command)) + payload
    except ValueError:
        raise LocalError(
            f"sequence {sequence} and command {command} must each fit one octet"
        ) from None
