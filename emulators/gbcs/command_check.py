"""What makes a device believe a command, before it looks at what it is to do; pure and stateless.

In this order: it is a command, for this device, of a use case it has; its signature; its MAC; its
payload. The counter comes next, and is the memory's to know.
"""

from datetime import datetime
from typing import Final

from emulators.gbcs.anchors import Anchors
from emulators.gbcs.habits import GbcsHabits
from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.meters import GasVersionRequest, VersionRequest
from ota_engine.gbcs.payloads import Payload, ReadVersion, activation_of, read_payload
from ota_engine.gbcs.protection import authenticate

_READS: Final = (ReadVersion(), VersionRequest(0), GasVersionRequest())


def check_command(
    octets: bytes, anchors: Anchors, habits: GbcsHabits, utc: datetime | None
) -> tuple[Message, Payload]:
    """Take a message, or refuse it.

    Args:
        octets: as they came.
        anchors: whom the device trusts.
        habits: which use cases its kind has.
        utc: the date by its clock, None if it does not know it.

    Returns:
        The command, and what it says.

    Raises:
        PeerError: it must not be obeyed; the text says why.
    """
    message = parse(octets)
    if message.cra is not Cra.COMMAND:
        raise PeerError(f"a device takes commands, and this is a {message.cra.name.lower()}")
    if message.recipient != anchors.own:
        raise PeerError(f"it is for {format_eui64(message.recipient)}")
    if not _knows(habits, message.message_code):
        raise PeerError(f"this device has no use case {message.message_code:04X}")
    authenticate(message, anchors.keys, now=anchors.believable(utc))
    return message, _read(message)


def _knows(habits: GbcsHabits, code: int) -> bool:
    ordered = code == MessageCode.ACTIVATE_FIRMWARE and habits.orders_from is not None
    return ordered or code == habits.read


def _read(command: Message) -> Payload:
    if command.message_code == MessageCode.ACTIVATE_FIRMWARE:
        return activation_of(command)
    payload = read_payload(command)
    asked = payload._replace(invoke_id=0) if isinstance(payload, VersionRequest) else payload
    if asked not in _READS:
        raise PeerError(f"use case {command.message_code:04X} reads something this device has not")
    return payload
