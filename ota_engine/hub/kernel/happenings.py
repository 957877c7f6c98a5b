"""What the parts of a hub hand to each other: values, said once and not answered.

A part that has something for others calls ``Kernel.happen``; the engine hands it, inside the same
call, to every part that takes its type, until none is left. So the rows of all of them are one
``Persist``, and no part knows another. What follows from a happening is handed on before what
happened after it: what a part decides when it hears of a firmware is done before the query by which
the firmware was told is answered.
"""

from enum import StrEnum
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.events import Packet
from ota_engine.records import SessionState
from ota_engine.zcl.commands import QueryNextImageRequest


class TransferEnd(StrEnum):
    """How an attempt to bring an image to a device ended, as far as others may care why."""

    SUCCEEDED = "the device has it, and found it good"
    DISCARDED = "it was dropped here before the device had it"
    WRONG_HARDWARE = "it is for other hardware"
    FAILED = "the device could not be brought to take it"


class TransferEnded(NamedTuple):
    """An attempt to bring an image to a device has ended.

    Attributes:
        device: whom.
        sha256: the image; with the device it names the session.
        file_version: of the image.
        end: how.
        key: of the outcome; the same end always has the same.
    """

    device: Eui64
    sha256: str
    file_version: int
    end: TransferEnd
    key: str


class SessionChanged(NamedTuple):
    """A session has another state than before, or is no more (``state`` is None).

    Attributes:
        device: whose.
        sha256: of the image; with the device it names the session.
        before: its state until now, None for one that was begun just now.
        state: its state now.
        reason: why.
    """

    device: Eui64
    sha256: str
    before: SessionState | None
    state: SessionState | None
    reason: str


class FirmwareTold(NamedTuple):
    """A device said, together with its identity, what one of its firmwares is, and that is news.

    It is when it says something else than before, or for the first time since somebody began to listen
    (``Devices.listen``). Most say the same every time they query.

    Attributes:
        device: whose.
        manufacturer_code: of the firmware.
        image_type: of the firmware.
        file_version: that it runs.
        hardware_version: of the device as this firmware tells it, None if it never did.
    """

    device: Eui64
    manufacturer_code: int
    image_type: int
    file_version: int
    hardware_version: int | None


class NamesTold(NamedTuple):
    """A device said which model it is, or who made it, and it was not known before."""

    device: Eui64


class AlertTold(NamedTuple):
    """A device sent a signed alert of its own, and was believed."""

    device: Eui64


class QueryHeard(NamedTuple):
    """A query waits for its answer, which comes after all that follows from what it told."""

    packet: Packet
    request: QueryNextImageRequest


class DeviceForgotten(NamedTuple):
    """A device nobody named is remembered no longer, because others took its room."""

    device: Eui64


class ClockChanged(NamedTuple):
    """Set times may be nearer or farther; ``stepped`` says that the wall clock itself moved."""

    stepped: bool


class Wanted(NamedTuple):
    """A part asks for what people ask for otherwise; ``request`` is one of the commands.

    If it is refused, ``Refused`` happens.
    """

    request: object


class Refused(NamedTuple):
    """What a part asked for may not be; ``reason`` is one line."""

    request: object
    reason: str
