"""The Default Response by which a frame is refused, whatever frame it is; knows headers, no cluster."""

from ota_engine.zcl.frame import HEADER_LENGTH, general_frame
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    READ_ATTRIBUTES_RESPONSE,
    DefaultResponse,
    encode,
)

_MANUFACTURER: int = 0x04  # of frame control: a manufacturer code follows
_FROM_SERVER: int = 0x08
_CLUSTER_COMMAND: int = 0x03  # mask of the frame type; 0 is a general command


def has_header(frame: bytes) -> bool:
    """Whether a frame is long enough to have a header, and can be answered at all."""
    code = 2 if frame and frame[0] & _MANUFACTURER else 0
    return len(frame) >= HEADER_LENGTH + code


def refusal(frame: bytes, status: int) -> bytes | None:
    """Write the Default Response to a frame that has a header.

    Returns:
        the frame; None for what is an answer itself, for that would go round for ever.
    """
    manufacturer = frame[1:3] if frame[0] & _MANUFACTURER else b""
    at = 1 + len(manufacturer)
    sequence, command = frame[at], frame[at + 1]
    answers = command in (DEFAULT_RESPONSE, READ_ATTRIBUTES_RESPONSE)
    if answers and frame[0] & _CLUSTER_COMMAND == 0:
        return None
    return general_frame(
        DEFAULT_RESPONSE,
        sequence,
        encode(DefaultResponse(command, status)),
        from_server=frame[0] & _FROM_SERVER == 0,
        manufacturer_code=int.from_bytes(manufacturer, "little") if manufacturer else None,
    )
