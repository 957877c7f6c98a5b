"""What can set one kind of device apart from another in GBCS; knows no kind, no keys and no state.

Which kind has which of these habits stands in its row of ``emulators.devices.kinds``.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.codes import MessageCode, ReadCode
from ota_engine.gbcs.compose import device_time
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.meters import (
    INVOKE_ID_MASK,
    GasVersionResponse,
    ReceiptAlertDlms,
    ReceiptAlertGbz,
    VersionResponse,
)
from ota_engine.gbcs.payloads import Payload, VersionRead

DLMS_HARDWARE_FAULT: Final = 1  # data-access-result
GBZ_FAILURE: Final = 0xC0  # ZCL status: hardware failure

#: Writes what a device says of an image it received: alert code, own counter, time, hash.
WriteReceipt = Callable[[int, int, datetime, bytes], Payload]
#: Writes the answer to a version read: the command, and the version or None.
WriteReading = Callable[[Message, int | None], Payload]


class GbcsHabits(NamedTuple):
    """One kind of device.

    Attributes:
        orders_from: the role of the party whose CS06 it obeys; None: it knows no CS06.
        verifies: a received image must bear the signature of that party.
        read: the message code by which its version is read.
        answer_read: writes the answer.
        receipt_code: the message code of the alert on receipt of an image; None: it sends none.
        write_receipt: writes that alert.
        reports: sends CS09 after an activation that the OTA server began.
    """

    orders_from: Role | None
    verifies: bool
    read: MessageCode
    answer_read: WriteReading
    receipt_code: MessageCode | None = None
    write_receipt: WriteReceipt | None = None
    reports: bool = False


def read_der(_: Message, version: int | None) -> Payload:
    """Write the answer to a version read in DER."""
    return VersionRead(version or 0, ReadCode.FAILURE if version is None else ReadCode.SUCCESS)


def read_dlms(command: Message, version: int | None) -> Payload:
    """Write the answer to a version read as DLMS has it."""
    result = DLMS_HARDWARE_FAULT if version is None else 0
    return VersionResponse(command.counter & INVOKE_ID_MASK, version, result)


def read_gbz(_: Message, version: int | None) -> Payload:
    """Write the answer to a version read as GBZ has it."""
    return GasVersionResponse(version, GBZ_FAILURE if version is None else 0)


def receipt_dlms(alert_code: int, counter: int, time: datetime, digest: bytes) -> Payload:
    """Write the alert on receipt of an image as DLMS has it."""
    return ReceiptAlertDlms(alert_code, counter & INVOKE_ID_MASK, device_time(time), digest)


def receipt_gbz(alert_code: int, _: int, time: datetime, digest: bytes) -> Payload:
    """Write the alert on receipt of an image as GBZ has it."""
    return ReceiptAlertGbz(alert_code, time, digest)
