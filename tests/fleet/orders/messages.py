"""Messages of devices as hubs bring them; the fleet believes the hub, which has verified them."""

from datetime import UTC, datetime

from images.eui64 import Eui64
from ota_engine.duis.requests import DSP
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.compose import alert, device_time, response
from ota_engine.gbcs.compose import command as compose_command
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.meters import ReceiptAlertDlms
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
    ReadVersion,
    VersionRead,
)

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
SIGNATURE = bytes(64)


def _octets(message: Message) -> bytes:
    return serialise(message._replace(signature=SIGNATURE))


def activated(command: bytes, version: int, code: int = 0) -> bytes:
    """The response to a CS06 that was to be done at once."""
    return _octets(response(parse(command), ActivationOutcome(code, version), device_time(NOON)))


def accepted(command: bytes) -> bytes:
    """The response to a CS06 that is dated, or cancels: ``05 00``."""
    return _octets(response(parse(command), CommandAccepted(), device_time(NOON)))


def executed(command: bytes, version: int, counter: int, code: int = 0) -> bytes:
    """Alert 00CA: what became of a dated CS06 at its time."""
    read = parse(command)
    alert_code = (
        AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
        if code
        else AlertCode.FUTURE_DATED_COMMAND_ACTIONED
    )
    told = FutureDatedOutcome(alert_code, NOON, read.counter, ActivationOutcome(code, version))
    return _octets(
        alert(
            MessageCode.FIRMWARE_ACTIVATION_ALERT,
            told,
            originator=read.recipient,
            recipient=read.originator,
            counter=counter,
        )
    )


def version_read(device: Eui64, user: Eui64, counter: int, version: int) -> bytes:
    """The response to a CS08 that the broker sent for a user."""
    asked = compose_command(
        MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        ReadVersion(),
        originator=DSP,
        recipient=device,
        counter=77,
        party=user,
        party_counter=counter,
    )
    return _octets(response(asked, VersionRead(version, 0)))


def ppmid_runs(device: Eui64, version: int, counter: int, code: int = 0) -> bytes:
    """CS09: a PPMID tells what it runs."""
    told = PpmidActivation(AlertCode.PPMID_FIRMWARE_ACTIVATION, NOON, version, code)
    return _alert(MessageCode.PPMID_ACTIVATION_ALERT, told, device, DSP, counter)


def transferred(hub: Eui64, device: Eui64, version: int, counter: int, code: int = 0) -> bytes:
    """CCS08: a hub tells how a transfer to a device ended."""
    alert_code = (
        AlertCode.FIRMWARE_TRANSFER_FAILED if code else AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL
    )
    told = FirmwareTransfer(alert_code, NOON, device, version, code)
    return _alert(MessageCode.FIRMWARE_TRANSFER_ALERT, told, hub, DSP, counter)


def receipt(device: Eui64, user: Eui64, counter: int, alert_code: int = 0x8F72) -> bytes:
    """00CE: a meter tells whether the image that it received verified."""
    told = ReceiptAlertDlms(alert_code, counter & 0xFF_FFFF, device_time(NOON), bytes(32))
    return _alert(MessageCode.FIRMWARE_RECEIPT_DLMS, told, device, user, counter)


def _alert(code: int, told: Payload, originator: int, recipient: int, counter: int) -> bytes:
    return _octets(alert(code, told, originator=originator, recipient=recipient, counter=counter))
