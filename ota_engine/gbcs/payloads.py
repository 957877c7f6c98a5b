"""What GBCS messages of firmware say; knows their fields and codes, not who may say them.

The fields of CS06 have their names from GBCS v1, annex 3; CS08 is GBCS 11.8, CS09 is 11.9.
"""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs import der
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.meters import (
    GasVersionRequest,
    GasVersionResponse,
    ReceiptAlertDlms,
    ReceiptAlertGbz,
    VersionRequest,
    VersionResponse,
    decode_gas_request,
    decode_gas_response,
    decode_receipt_dlms,
    decode_receipt_gbz,
    decode_version_request,
    decode_version_response,
    encode_gas_request,
    encode_gas_response,
    encode_receipt_dlms,
    encode_receipt_gbz,
    encode_version_request,
    encode_version_response,
)
from ota_engine.gbcs.opaque import Opaque

# The execution time that cancels: a CS06 of this time, with a new counter.
CANCELLATION_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
MAX_CODE: Final = 0xFF
MAX_ALERT_CODE: Final = 0xFFFF


class ActivateFirmware(NamedTuple):
    """CS06 command: run the image of this hash, now or at a time (GBCS v1, annex 3).

    Attributes:
        manufacturer_image_hash: SHA-256, 32 octets.
        originator_counter: the same as in the grouping header.
        execution_time: None for now; ``CANCELLATION_TIME`` cancels what was ordered before.
    """

    manufacturer_image_hash: bytes
    originator_counter: int
    execution_time: datetime | None = None


class CommandAccepted(NamedTuple):
    """CS06 response: a future dated order, or a cancellation, is noted (GBCS v1, annex 3)."""


class ActivationOutcome(NamedTuple):
    """CS06 response: what came of it, and the version that runs now (GBCS v1, annex 3).

    Attributes:
        code: see ``ActivationCode``.
        firmware_version: as one 32-bit number.
    """

    code: int
    firmware_version: int


class FutureDatedOutcome(NamedTuple):
    """Alert 0x00CA: what came of a future dated CS06.

    Attributes:
        alert_code: 8F66 actioned, 8F67 not.
        execution_time: the time the command gave.
        originator_counter: the counter of the command.
        outcome: code, and the version that runs now.
    """

    alert_code: int
    execution_time: datetime
    originator_counter: int
    outcome: ActivationOutcome


class ReadVersion(NamedTuple):
    """CS08 command (GBCS 11.8)."""


class VersionRead(NamedTuple):
    """CS08 response (GBCS 11.8).

    Attributes:
        firmware_version: 0 when it could not be read.
        code: see ``ReadCode``.
    """

    firmware_version: int
    code: int


class FirmwareTransfer(NamedTuple):
    """CCS08: a Communications Hub tells what came of an image for one of its devices.

    Attributes:
        alert_code: 8F8A success, 8F89 not.
        time: when.
        target: the device's EUI-64.
        firmware_version: of the image.
        code: see ``TransferCode``.
    """

    alert_code: int
    time: datetime
    target: int
    firmware_version: int
    code: int


class PpmidActivation(NamedTuple):
    """CS09: a PPMID tells what it runs (GBCS 11.9).

    Attributes:
        alert_code: 8F8B.
        time: when.
        firmware_version: that runs now.
        code: see ``PpmidActivationCode``.
    """

    alert_code: int
    time: datetime
    firmware_version: int
    code: int


Payload: TypeAlias = (
    ActivateFirmware
    | CommandAccepted
    | ActivationOutcome
    | FutureDatedOutcome
    | ReadVersion
    | VersionRead
    | FirmwareTransfer
    | PpmidActivation
    | VersionRequest
    | VersionResponse
    | GasVersionRequest
    | GasVersionResponse
    | ReceiptAlertDlms
    | ReceiptAlertGbz
    | Opaque
)


def read_payload(message: Message) -> Payload:
    """Read what a message says; what no table knows stays opaque octets.

    Raises:
        PeerError: a DER payload of firmware is malformed.
    """
    decode = _DECODERS.get((message.other_information.message_code, message.cra))
    return Opaque(message.payload) if decode is None else decode(message.payload)


def activation_of(command: Message) -> ActivateFirmware:
    """Read what a CS06 command orders.

    Raises:
        PeerError: it is no CS06 command, or the counter inside is not that of the header.
    """
    order = read_payload(command)
    if not isinstance(order, ActivateFirmware):
        raise PeerError(f"message code {command.message_code:04X} is no CS06 command")
    if order.originator_counter != command.counter:
        raise PeerError(
            f"the payload has counter {order.originator_counter}, the header {command.counter}"
        )
    return order


def write_payload(payload: Payload) -> bytes:
    """Write what a message is to say; ``read_payload`` reads the same again.

    Raises:
        LocalError: a field does not fit its place.
    """
    try:
        return _ENCODERS[type(payload)](payload)
    except (OverflowError, struct.error) as error:
        raise LocalError(f"a number does not fit its place in the payload: {error}") from None


def _read_activate(octets: bytes) -> ActivateFirmware:
    found = der.decode(der.ActivateFirmwareDer, octets)
    time = found.execution_time
    return ActivateFirmware(
        found.manufacturer_image_hash,
        der.read_number(found.originator_counter, der.MAX_COUNTER, "originator counter"),
        None if time is None else der.read_time(time),
    )


def _write_activate(payload: ActivateFirmware) -> bytes:
    time = payload.execution_time
    return der.encode(
        der.ActivateFirmwareDer(
            manufacturer_image_hash=payload.manufacturer_image_hash,
            originator_counter=_counter(payload.originator_counter),
            execution_time=None if time is None else der.write_time(time),
        )
    )


def _read_activate_response(octets: bytes) -> CommandAccepted | ActivationOutcome:
    if octets == der.NULL:
        return CommandAccepted()
    return _outcome(der.decode(der.OutcomeDer, octets))


def _outcome(found: der.OutcomeDer) -> ActivationOutcome:
    return ActivationOutcome(
        der.read_number(found.code, MAX_CODE, "outcome code"),
        int.from_bytes(found.firmware_version),
    )


def _outcome_der(payload: ActivationOutcome) -> der.OutcomeDer:
    return der.OutcomeDer(code=payload.code, firmware_version=payload.firmware_version.to_bytes(4))


def _read_future_dated(octets: bytes) -> FutureDatedOutcome:
    found = der.decode(der.FutureDatedOutcomeDer, octets)
    return FutureDatedOutcome(
        der.read_number(found.alert_code, MAX_ALERT_CODE, "alert code"),
        der.read_time(found.execution_time),
        der.read_number(found.originator_counter, der.MAX_COUNTER, "originator counter"),
        _outcome(found.outcome),
    )


def _write_future_dated(payload: FutureDatedOutcome) -> bytes:
    return der.encode(
        der.FutureDatedOutcomeDer(
            alert_code=payload.alert_code,
            execution_time=der.write_time(payload.execution_time),
            originator_counter=_counter(payload.originator_counter),
            outcome=_outcome_der(payload.outcome),
        )
    )


def _counter(counter: int) -> int:
    if not 0 <= counter <= der.MAX_COUNTER:
        raise LocalError(f"{counter} is no originator counter: they run from 0 to 2^63-1")
    return counter


def _read_version_command(octets: bytes) -> ReadVersion:
    der.require_null(octets)
    return ReadVersion()


def _read_version_response(octets: bytes) -> VersionRead:
    found = der.decode(der.VersionDer, octets)
    return VersionRead(
        int.from_bytes(found.firmware_version), der.read_number(found.code, MAX_CODE, "read code")
    )


def _write_version_response(payload: VersionRead) -> bytes:
    version = payload.firmware_version.to_bytes(4)
    return der.encode(der.VersionDer(firmware_version=version, code=payload.code))


def _read_transfer(octets: bytes) -> FirmwareTransfer:
    found = der.decode(der.TransferDer, octets)
    return FirmwareTransfer(
        der.read_number(found.alert_code, MAX_ALERT_CODE, "alert code"),
        der.read_time(found.time),
        int.from_bytes(found.target),
        int.from_bytes(found.firmware_version),
        der.read_number(found.code, MAX_CODE, "transfer code"),
    )


def _write_transfer(payload: FirmwareTransfer) -> bytes:
    return der.encode(
        der.TransferDer(
            alert_code=payload.alert_code,
            time=der.write_time(payload.time),
            target=payload.target.to_bytes(8),
            firmware_version=payload.firmware_version.to_bytes(4),
            code=payload.code,
        )
    )


def _read_ppmid(octets: bytes) -> PpmidActivation:
    found = der.decode(der.PpmidDer, octets)
    return PpmidActivation(
        der.read_number(found.alert_code, MAX_ALERT_CODE, "alert code"),
        der.read_time(found.time),
        int.from_bytes(found.firmware_version),
        der.read_number(found.code, MAX_CODE, "activation code"),
    )


def _write_ppmid(payload: PpmidActivation) -> bytes:
    return der.encode(
        der.PpmidDer(
            alert_code=payload.alert_code,
            time=der.write_time(payload.time),
            firmware_version=payload.firmware_version.to_bytes(4),
            code=payload.code,
        )
    )


_DECODERS: Final[dict[tuple[int, Cra], Callable[[bytes], Payload]]] = {
    (MessageCode.ACTIVATE_FIRMWARE, Cra.COMMAND): _read_activate,
    (MessageCode.ACTIVATE_FIRMWARE, Cra.RESPONSE): _read_activate_response,
    (MessageCode.FIRMWARE_ACTIVATION_ALERT, Cra.ALERT): _read_future_dated,
    (MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION, Cra.COMMAND): _read_version_command,
    (MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION, Cra.RESPONSE): _read_version_response,
    (MessageCode.FIRMWARE_TRANSFER_ALERT, Cra.ALERT): _read_transfer,
    (MessageCode.PPMID_ACTIVATION_ALERT, Cra.ALERT): _read_ppmid,
    (MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION, Cra.COMMAND): decode_version_request,
    (MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION, Cra.RESPONSE): decode_version_response,
    (MessageCode.READ_GAS_FIRMWARE_VERSION, Cra.COMMAND): decode_gas_request,
    (MessageCode.READ_GAS_FIRMWARE_VERSION, Cra.RESPONSE): decode_gas_response,
    (MessageCode.FIRMWARE_RECEIPT_DLMS, Cra.ALERT): decode_receipt_dlms,
    (MessageCode.FIRMWARE_RECEIPT_GBZ, Cra.ALERT): decode_receipt_gbz,
}

_ENCODERS: Final[dict[type, Callable[..., bytes]]] = {
    ActivateFirmware: _write_activate,
    CommandAccepted: lambda _: der.NULL,
    ActivationOutcome: lambda payload: der.encode(_outcome_der(payload)),
    FutureDatedOutcome: _write_future_dated,
    ReadVersion: lambda _: der.NULL,
    VersionRead: _write_version_response,
    FirmwareTransfer: _write_transfer,
    PpmidActivation: _write_ppmid,
    VersionRequest: encode_version_request,
    VersionResponse: encode_version_response,
    GasVersionRequest: encode_gas_request,
    GasVersionResponse: encode_gas_response,
    ReceiptAlertDlms: encode_receipt_dlms,
    ReceiptAlertGbz: encode_receipt_gbz,
    Opaque: lambda payload: payload.octets,
}
