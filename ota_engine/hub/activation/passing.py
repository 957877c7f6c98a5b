"""Commands that users have signed: whether one may be passed on, and the order that it makes.

Every refusal is one line, before anything is sent. The signature is the user's; only the broker's MAC is
added, so nothing here signs. Counters are the user's, too: the highest seen for a device wins.
"""

from datetime import UTC
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import Message, OtherInformation, parse, serialise
from ota_engine.gbcs.payloads import ActivateFirmware, activation_of
from ota_engine.gbcs.protection import authenticate, seal
from ota_engine.hub.activation.book import OrderBook
from ota_engine.hub.activation.moments import date_of
from ota_engine.hub.activation.requests import PassCommand
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import Monotonic, Utc
from ota_engine.wording import utc_text

#: What the header of a CS06 says besides who it is from and for.
_PLAIN: Final = OtherInformation(MessageCode.ACTIVATE_FIRMWARE)


def draft_passed(
    request: PassCommand,
    book: OrderBook,
    security: Security,
    kernel: Kernel,
    now: Monotonic,
) -> OrderRecord | None:
    """Write down a user's command that may be passed on, ready to be sent.

    Returns:
        the order; None for a command that was taken before.

    Raises:
        LocalError: it may not; the reason is one line.
    """
    if request.device == security.hub:
        raise LocalError("the hub itself takes no command of a user: its firmware is the fleet's")
    command = _read(request)
    security.require_agreement(request.device)
    security.require_certificate(request.device, KeyUse.SIGNING)
    sealed = seal(command, security.keys)
    doubt = kernel.clock.doubt(now)
    utc = kernel.clock.utc(now)
    try:
        authenticate(sealed, security.keys, now=None if doubt else date_of(utc))
        said = activation_of(command)
    except PeerError as error:
        raise LocalError(f"the command is not passed on: {error}") from error
    octets = serialise(sealed)
    if not _is_new(command, octets, book):
        return None
    _require_time_to_come(said, utc, doubt=bool(doubt))
    return _order(command, said, octets, book, kernel, utc)


def _read(request: PassCommand) -> Message:
    """Read a command that is for this device, from this user, and signed.

    Raises:
        LocalError: it is none.
    """
    try:
        message = parse(request.octets)
    except PeerError as error:
        raise LocalError(f"the command is no GBCS message: {error}") from error
    if message.cra is not Cra.COMMAND or message.other_information != _PLAIN:
        raise LocalError(
            f"message code {message.message_code:04X} is no command to activate (0012)"
        )
    if message.recipient != request.device:
        raise LocalError(
            f"the command is for {format_eui64(message.recipient)}, "
            f"and was to go to {format_eui64(request.device)}"
        )
    if request.user is not None and message.originator != request.user:
        raise LocalError(
            f"the command is from {format_eui64(message.originator)}, "
            f"and was given by {format_eui64(request.user)}"
        )
    if not message.signature:
        raise LocalError("the command is not signed: its user has to")
    if message.mac is not None or message.date_time is not None:
        raise LocalError("the command has a MAC or a date already, which no user gives it")
    return message


def _is_new(command: Message, octets: bytes, book: OrderBook) -> bool:
    """Whether a command was not seen before.

    Raises:
        LocalError: its counter was used already, for something else or for something newer.
    """
    originator, device = Eui64(command.originator), Eui64(command.recipient)
    known = book.command(device, originator, command.counter)
    if known is not None and octets == known.command:
        return False
    highest = book.highest_counter(device, originator)
    if highest is None or command.counter > highest:
        return True
    used = "was used for another command" if known is not None else f"is not above {highest}"
    raise LocalError(
        f"counter {command.counter} of {format_eui64(originator)} {used}: "
        "sign the command anew with a higher one"
    )


def _require_time_to_come(said: ActivateFirmware, utc: Utc, *, doubt: bool) -> None:
    time = said.execution_time
    if time is None or doubt or time.timestamp() > utc:
        return
    raise LocalError(f"its time, {utc_text(Utc(time.timestamp()))}, has passed: nothing was sent")


def _order(
    command: Message,
    said: ActivateFirmware,
    octets: bytes,
    book: OrderBook,
    kernel: Kernel,
    utc: Utc,
) -> OrderRecord:
    device, time = Eui64(command.recipient), said.execution_time
    image = kernel.image_held(device, said.manufacturer_image_hash)
    return OrderRecord(
        number=book.next_number(),
        originator=Eui64(command.originator),
        device=device,
        manufacturer_image_hash=said.manufacturer_image_hash,
        sha256="" if image is None else image.sha256,
        execution_utc=None if time is None else Utc(time.replace(tzinfo=UTC).timestamp()),
        created_utc=utc,
        state=OrderState.COMMITTED,
        since_utc=utc,
        reason="committed; not sent yet",
        counter=command.counter,
        command=octets,
        passed=True,
    )
