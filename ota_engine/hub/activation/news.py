"""What alerts say, in words and as good or bad news; knows payloads, not whom they concern."""

from typing import Final, NamedTuple

from ota_engine.gbcs import household
from ota_engine.gbcs.alert_codes import alert_name
from ota_engine.gbcs.codes import (
    USE_CASES,
    AlertCode,
    PpmidActivationCode,
    TransferCode,
    name_of,
)
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.meters import ReceiptAlertDlms, ReceiptAlertGbz
from ota_engine.gbcs.payloads import FirmwareTransfer, PpmidActivation, read_payload

FAILURES: Final = frozenset(
    (
        AlertCode.METROLOGY_FIRMWARE_VERIFICATION_ERROR,
        AlertCode.FIRMWARE_VERIFICATION_FAILED_AT_POWER_ON,
        AlertCode.FIRMWARE_VERIFICATION_FAILED,
        AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED,
        AlertCode.FIRMWARE_TRANSFER_FAILED,
    )
)


class AlertContent(NamedTuple):
    """One alert in brief.

    Attributes:
        good: whether what it tells of succeeded; an alert that is not of firmware is passed on.
        text: what it tells.
        version: the firmware version it names.
        manufacturer_image_hash: of the image it names, empty without one.
    """

    good: bool
    text: str
    version: int | None = None
    manufacturer_image_hash: bytes = b""


def news_of(message: Message) -> AlertContent:
    """Read an alert.

    Raises:
        PeerError: its payload is malformed.
    """
    match read_payload(message):
        case PpmidActivation(_, _, version, code):
            result = name_of(code, PpmidActivationCode)
            good = code == PpmidActivationCode.SUCCESS
            return AlertContent(good, f"activation {result}: runs 0x{version:08X}", version)
        case ReceiptAlertDlms(code, _, _, digest) | ReceiptAlertGbz(code, _, digest):
            good = code == AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL
            return AlertContent(good, name_of(code, AlertCode), None, digest)
        case FirmwareTransfer(_, _, _, version, code):
            good = code == TransferCode.SUCCESS
            return AlertContent(good, f"transfer {name_of(code, TransferCode)}", version)
        case _:
            return _other(message)


def _other(message: Message) -> AlertContent:
    """Any other alert: named by its code, and bad news where that tells of failed firmware."""
    code: int | None = getattr(household.read(message), "alert_code", None)
    title = USE_CASES[message.message_code].title
    if code is None:
        return AlertContent(True, title)
    return AlertContent(code not in FAILURES, f"{title}: {alert_name(code)}")
