"""The numbers of GBCS by name: message codes, alert codes, outcomes; knows no octets."""

from enum import Enum, IntEnum
from typing import Final, NamedTuple


class Cra(IntEnum):
    """What a message is; the first octet of its transaction identifier."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


class MessageCode(IntEnum):
    """The use cases of firmware, and the alerts around them (GBCS message codes)."""

    ACTIVATE_FIRMWARE = 0x0012
    READ_ELECTRICITY_FIRMWARE_VERSION = 0x0059
    READ_GAS_FIRMWARE_VERSION = 0x0084
    FIRMWARE_ACTIVATION_ALERT = 0x00CA
    FUTURE_DATED_CREDENTIALS_ALERT = 0x00CB
    FUTURE_DATED_ALERT_DLMS = 0x00CC
    FUTURE_DATED_ALERT_GBZ = 0x00CD
    FIRMWARE_RECEIPT_DLMS = 0x00CE
    FIRMWARE_RECEIPT_GBZ = 0x00CF
    FIRMWARE_TRANSFER_ALERT = 0x0128
    READ_HAN_DEVICE_FIRMWARE_VERSION = 0x0129
    PPMID_ACTIVATION_ALERT = 0x012B
    CRITICAL_ALERT = 0x1000
    NON_CRITICAL_ALERT = 0x1001


class AlertCode(IntEnum):
    """Events of firmware (GBCS event and alert codes)."""

    METROLOGY_FIRMWARE_VERIFICATION_ERROR = 0x81AD
    FIRMWARE_VERIFICATION_FAILED_AT_POWER_ON = 0x8F1B
    FIRMWARE_VERIFICATION_FAILED = 0x8F1C
    CHANGE_IN_EXECUTING_FIRMWARE_VERSION = 0x8F43
    FUTURE_DATED_COMMAND_ACTIONED = 0x8F66
    FUTURE_DATED_COMMAND_NOT_ACTIONED = 0x8F67
    FIRMWARE_VERIFICATION_SUCCESSFUL = 0x8F72
    FIRMWARE_TRANSFER_FAILED = 0x8F89
    FIRMWARE_TRANSFER_SUCCESSFUL = 0x8F8A
    PPMID_FIRMWARE_ACTIVATION = 0x8F8B


class ActivationCode(IntEnum):
    """What came of a CS06, as GBCS v1 names it."""

    SUCCESS = 0
    NO_IMAGE_HELD = 1
    HASH_MISMATCH = 2
    ACTIVATION_FAILURE = 3


class TransferCode(IntEnum):
    """What came of bringing an image to a device (CCS08)."""

    SUCCESS = 0
    IMAGE_DISCARDED = 1
    HARDWARE_VERSION_MISMATCH = 2
    TRANSFER_FAILURE = 3


class PpmidActivationCode(IntEnum):
    """What came of a PPMID's new firmware (CS09, GBCS 11.9)."""

    SUCCESS = 0
    FAILURE = 1


class ReadCode(IntEnum):
    """What came of reading a version (CS08, GBCS 11.8)."""

    SUCCESS = 0
    FAILURE = 1


class Category(Enum):
    """How a use case is protected (the message categories of GBCS)."""

    CRITICAL_COMMAND = "SME.C.C"
    NON_CRITICAL_COMMAND = "SME.C.NC"
    CRITICAL_ALERT = "SME.A.C"
    NON_CRITICAL_ALERT = "SME.A.NC"


class UseCase(NamedTuple):
    """One row of the mapping table.

    Attributes:
        name: the short name systems use, e.g. CS06.
        title: what it is about, in words.
        category: how it is protected.
    """

    name: str
    title: str
    category: Category


USE_CASES: Final[dict[int, UseCase]] = {
    MessageCode.ACTIVATE_FIRMWARE: UseCase("CS06", "activate firmware", Category.CRITICAL_COMMAND),
    MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION: UseCase(
        "ECS52", "read ESME or Communications Hub firmware version", Category.NON_CRITICAL_COMMAND
    ),
    MessageCode.READ_GAS_FIRMWARE_VERSION: UseCase(
        "GCS38", "read GSME firmware version", Category.NON_CRITICAL_COMMAND
    ),
    MessageCode.FIRMWARE_ACTIVATION_ALERT: UseCase(
        "CS06", "future dated firmware activation outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.FUTURE_DATED_CREDENTIALS_ALERT: UseCase(
        "CS02b", "future dated replacement of credentials, outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.FUTURE_DATED_ALERT_DLMS: UseCase(
        "FDA-DLMS", "future dated execution outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.FUTURE_DATED_ALERT_GBZ: UseCase(
        "FDA-GBZ", "future dated execution outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.FIRMWARE_RECEIPT_DLMS: UseCase(
        "FDRA-DLMS", "firmware distribution receipt, ESME", Category.CRITICAL_ALERT
    ),
    MessageCode.FIRMWARE_RECEIPT_GBZ: UseCase(
        "FDRA-GBZ", "firmware distribution receipt, GSME", Category.CRITICAL_ALERT
    ),
    MessageCode.FIRMWARE_TRANSFER_ALERT: UseCase(
        "CCS08", "firmware transfer outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION: UseCase(
        "CS08", "read PPMID or HCALCS firmware version", Category.NON_CRITICAL_COMMAND
    ),
    MessageCode.PPMID_ACTIVATION_ALERT: UseCase(
        "CS09", "PPMID firmware activation outcome", Category.CRITICAL_ALERT
    ),
    MessageCode.CRITICAL_ALERT: UseCase("alert", "critical alert", Category.CRITICAL_ALERT),
    MessageCode.NON_CRITICAL_ALERT: UseCase(
        "alert", "non-critical alert", Category.NON_CRITICAL_ALERT
    ),
}


def name_of(code: int, names: type[IntEnum]) -> str:
    """Name a number in words, e.g. ``hash mismatch``; ``unknown`` where GBCS has no name for it."""
    try:
        return names(code).name.lower().replace("_", " ")
    except ValueError:
        return "unknown"
