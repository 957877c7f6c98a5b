"""Writes commands, responses and alerts from what they are to say; knows no keys."""

from datetime import UTC, datetime, timedelta

from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import DateTime, Message, OtherInformation
from ota_engine.gbcs.payloads import ActivateFirmware, Payload, write_payload

RELIABLE_CLOCK = 0x00  # status of a DLMS date-time


def command(
    code: int,
    payload: Payload,
    *,
    originator: int,
    recipient: int,
    counter: int,
    party: int | None = None,
    party_counter: int | None = None,
) -> Message:
    """Write a command as a bare pre-command, to be signed or sealed (``protection``).

    Args:
        code: message code.
        payload: what it says.
        originator: EUI-64.
        recipient: the device's EUI-64.
        counter: never used before by this originator.
        party: the user for whom the broker asks, where the originator is the broker.
        party_counter: the counter of that user's request.
    """
    information = OtherInformation(code, party, party_counter)
    octets = write_payload(payload)
    return Message(Cra.COMMAND, counter, originator, recipient, information, octets)


def activate_firmware(
    manufacturer_image_hash: bytes,
    *,
    originator: int,
    recipient: int,
    counter: int,
    execution_time: datetime | None = None,
) -> Message:
    """Write a CS06 pre-command; its payload repeats the counter.

    Args:
        manufacturer_image_hash: SHA-256, 32 octets.
        originator: the supplier's EUI-64.
        recipient: the device's EUI-64.
        counter: larger than any before, up to 2^63-1.
        execution_time: None for now, ``CANCELLATION_TIME`` to cancel.
    """
    return command(
        MessageCode.ACTIVATE_FIRMWARE,
        ActivateFirmware(manufacturer_image_hash, counter, execution_time),
        originator=originator,
        recipient=recipient,
        counter=counter,
    )


def response(answered: Message, payload: Payload, date_time: DateTime | None = None) -> Message:
    """Write a device's answer: the same counter and other information, the parties swapped.

    Args:
        answered: the command.
        payload: what is answered.
        date_time: by the device's clock; a CS06 response has one, a CS08 response has none.

    Raises:
        LocalError: what is answered is no command.
    """
    if answered.cra is not Cra.COMMAND:
        raise LocalError("only a command is answered")
    return Message(
        Cra.RESPONSE,
        answered.counter,
        answered.recipient,
        answered.originator,
        answered.other_information,
        write_payload(payload),
        date_time,
    )


def alert(code: int, payload: Payload, *, originator: int, recipient: int, counter: int) -> Message:
    """Write an alert.

    Args:
        code: message code.
        payload: what it says.
        originator: the device's EUI-64.
        recipient: whom it is for.
        counter: the device's own, larger than any before.
    """
    octets = write_payload(payload)
    return Message(Cra.ALERT, counter, originator, recipient, OtherInformation(code), octets)


def device_time(moment: datetime, status: int = RELIABLE_CLOCK) -> DateTime:
    """Write a moment as devices write theirs: weekday and deviation unspecified, in UTC."""
    utc = moment.astimezone(UTC)
    return DateTime(
        utc.year,
        utc.month,
        utc.day,
        hour=utc.hour,
        minute=utc.minute,
        second=utc.second,
        status=status,
    )


def moment_of(date_time: DateTime) -> datetime | None:
    """Read a device's time; None when a part is unspecified or there is no such moment.

    A leap second written as 60 is the second after 59.
    """
    leap = date_time.second == 60
    second = 59 if leap else date_time.second
    try:
        moment = datetime(
            date_time.year,
            date_time.month,
            date_time.day,
            date_time.hour,
            date_time.minute,
            second,
            tzinfo=UTC,
        )
        return moment + timedelta(seconds=1) if leap else moment
    except (ValueError, OverflowError):
        return None
