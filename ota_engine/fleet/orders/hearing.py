"""What hubs say of orders and commands, and what Service Users are told of it; pure.

A message of a device passes on as it came. What is told is named by what happened, so that a word that
comes twice is told once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import CANCELLATION, RequestId
from ota_engine.duis.responses import (
    DeviceAlert,
    FutureDatedAlert,
    GbcsPayload,
    HubActivation,
    HubAlert,
    PpmidAlert,
    TransferAlert,
    VersionMismatch,
)
from ota_engine.errors import PeerError
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, VersionSource
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import command_name
from ota_engine.fleet.orders.commands import ACTIVATE, ANSWER_S, READ, fall_silent, note_counter
from ota_engine.fleet.orders.deliveries import HUB, move, tell_delivery, tell_undelivered
from ota_engine.fleet.orders.lives import COMMANDS, LIVE, CommandStep, DeliveryStep
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    ImageOrder,
    ServiceUser,
    Suspension,
)
from ota_engine.fleet.orders.suppliers import responsible_users
from ota_engine.fleet.orders.suspending import restore
from ota_engine.fleet.orders.telling import alert, device_alert, respond
from ota_engine.fleet.port import USERS_ORDER, HubOutcome, HubWord
from ota_engine.gbcs.codes import (
    ActivationCode,
    Cra,
    MessageCode,
    PpmidActivationCode,
    ReadCode,
    TransferCode,
)
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.meters import (
    GasVersionResponse,
    ReceiptAlertDlms,
    ReceiptAlertGbz,
    VersionResponse,
)
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.times import Utc

VERIFIED: Final = 0x8F72
PPMID: Final = "PPMID"
_UNKNOWN_VERSION: Final = 0xFFFF_FFFF  # a device does not know itself what it runs
_TRANSFERS: Final[dict[int, str]] = {
    TransferCode.SUCCESS: "FileTransferSuccess",
    TransferCode.IMAGE_DISCARDED: "FirmwareImageDiscarded",
    TransferCode.HARDWARE_VERSION_MISMATCH: "HardwareVersionMismatch",
    TransferCode.TRANSFER_FAILURE: "FileTransferFailure",
}


@dataclass(slots=True)
class _Word:
    """One word of a hub, with what it is about.

    Attributes:
        outcome: the word.
        work: the event in hand.
        utc: now.
        device: that it is about, None for one that is not in the inventory.
        home: that the device is in.
        message: that it brought; None for none, or for octets that are no GBCS message.
        payload: what the message says.
    """

    outcome: HubOutcome
    work: Work
    utc: Utc
    device: InstalledDevice | None
    home: Home | None
    message: Message | None = None
    payload: Any = None

    @property
    def named(self) -> DeviceOrder | None:
        """The order of firmware that led to it, as the hub says."""
        name = self.outcome.campaign
        return self.work.get(DeviceOrder, name) if is_order(name) else None

    @property
    def order(self) -> DeviceOrder | None:
        """The order of firmware that it is about, by its name or as the one live order of the device."""
        if is_order(self.outcome.campaign):
            return self.named
        if self.device is None or self.device.kind == HUB:
            return None
        return self.live

    @property
    def live(self) -> DeviceOrder | None:
        """The one live order of the device."""
        live = (
            self.work.select(DeviceOrder, device=self.outcome.device, state=state)
            for state in sorted(LIVE)
        )
        return next((row for rows in live for row in rows), None)

    @property
    def version(self) -> int | None:
        """What the device itself says that it runs."""
        if self.outcome.version is not None:
            return self.outcome.version
        return version_in(self.payload)


def is_order(name: str) -> bool:
    """Whether a name that gateways say is that of one device of an order of firmware."""
    return name.startswith(USERS_ORDER) and name.count("/") > 1


def is_command(name: str) -> bool:
    """Whether a name that gateways say is that of a command or a question."""
    return name.startswith(USERS_ORDER) and name.count("/") == 1


def heard(outcome: HubOutcome, work: Work, utc: Utc) -> HubOutcome:
    """Take what a hub says of a device, before anybody else notes what the device runs.

    Returns:
        the same word, with the version that its message tells.
    """
    if not (
        outcome.message or outcome.campaign.startswith(USERS_ORDER) or outcome.version is not None
    ):
        return outcome
    device = work.get(InstalledDevice, outcome.device)
    home = work.get(Home, device.home if device is not None else outcome.home)
    word = _Word(outcome, work, utc, device, home, *_read(outcome.message))
    if word.message is not None and word.message.cra is Cra.RESPONSE:
        _note_response(word)
    _DOES[outcome.word](word)
    _take_message(word)
    _take_version(word)
    version = word.version
    if version == outcome.version or outcome.version is not None:
        return outcome
    return outcome._replace(version=version)


def _read(octets: bytes) -> tuple[Message | None, Any]:
    if not octets:
        return None, None
    try:
        message = parse(octets)
        return message, read_payload(message)
    except PeerError:
        return None, None  # the hub has verified it; what cannot be read is kept as evidence alone


def version_in(payload: Any) -> int | None:
    """Find the version that a device tells in a message; None where it tells none."""
    match payload:
        case ActivationOutcome() | PpmidActivation():
            version = payload.firmware_version
        case FutureDatedOutcome():
            version = payload.outcome.firmware_version
        case VersionRead(code=ReadCode.SUCCESS):
            version = payload.firmware_version
        case VersionResponse() | GasVersionResponse() if payload.firmware_version is not None:
            version = payload.firmware_version
        case _:
            return None
    return None if version == _UNKNOWN_VERSION else version


# --- words of deliveries ------------------------------------------------------------------------


def _arrived(word: _Word) -> None:
    order = word.named
    if order is not None and move(order, DeliveryStep.ARRIVE, "", word.work, word.utc):
        _tell_delivery(word, order, success=True)


def _held(word: _Word) -> None:
    """A PPMID runs it by itself then; all others await a command.

    What was given up and is held after all counts again, unless another order is live by now.
    """
    order = word.named
    if order is None or (order.state is DeliveryState.FAILED and word.live is not None):
        return
    if move(order, DeliveryStep.HOLD, "", word.work, word.utc):
        _tell_delivery(word, order, success=True)


def _failed(word: _Word) -> None:
    if is_command(word.outcome.campaign):
        _refused(word)
        return
    order = word.named
    if order is None:
        return
    arrived = order.state in (DeliveryState.ARRIVED, DeliveryState.HELD)
    if not move(order, DeliveryStep.FAIL, word.outcome.reason, word.work, word.utc):
        return
    if not arrived:
        _tell_delivery(word, order, success=False)
        return
    image = word.work.get(ImageOrder, order.request)
    assert image is not None  # noqa: S101 - a device is of an order
    tell_undelivered(f"{order.name}/failed", image, [order.device], word.work, word.utc)


def _lost(word: _Word) -> None:
    if is_command(word.outcome.campaign):
        _unanswered(word)
        return
    order = word.named
    if order is None:
        return
    if move(order, DeliveryStep.LOSE, word.outcome.reason, word.work, word.utc):
        _tell_delivery(word, order, success=False)


def _tell_delivery(word: _Word, order: DeviceOrder, *, success: bool) -> None:
    tell_delivery(order, word.outcome.utc, word.work, word.utc, success=success)


# --- words of commands --------------------------------------------------------------------------


def _command(word: _Word) -> DeviceCommand | None:
    """Find the command that a message answers, or a word names."""
    if is_command(word.outcome.campaign):
        return word.work.get(DeviceCommand, word.outcome.campaign)
    return None


def _forgotten(word: _Word, user: int | None, counter: int | None) -> DeviceCommand | None:
    """What a device answers a user for whom nothing stands here: a fleet was put back to an older state."""
    message = word.message
    known = None if user is None else word.work.get(ServiceUser, Eui64(user))
    if message is None or known is None or counter is None:
        return None
    request = RequestId(known.user, Eui64(message.originator), counter).text
    activates = message.cra is Cra.ALERT or message.message_code == MessageCode.ACTIVATE_FIRMWARE
    return DeviceCommand(
        command_name(request),
        request,
        ACTIVATE if activates else READ,
        known.user,
        Eui64(message.originator),
        word.outcome.home,
        CommandState.SENT,
        word.utc,
        known.schema_version,
        counter,
    )


def _answers(message: Message) -> tuple[int | None, int | None]:
    """The user, and its counter, to whose command a response is."""
    information = message.other_information
    if information.party is None or information.party_counter is None:
        return message.recipient, message.counter
    return information.party, information.party_counter


def _unanswered(word: _Word) -> None:
    command = _command(word)
    if command is not None:
        fall_silent(command, word.work, word.utc)


def _refused(word: _Word) -> None:
    """The hub has not passed it on: the device has seen nothing of it."""
    command = _command(word)
    state = COMMANDS.turn(command.state, CommandStep.REFUSE) if command is not None else None
    if command is None or state is None:
        return
    word.work.put(replaced(command, state=state, since_utc=word.utc, due_utc=None))
    suspension = word.work.get(Suspension, command.device)
    if suspension is not None and suspension.command == command.name:
        _restore(word)
    case = ResponseCase.DEVICE_OUT_OF_REACH
    respond(word.work, command, "refused", None, word.utc, case)


def _answered(word: _Word) -> None:
    command = _command(word)
    if command is None and word.message is not None:
        found = _forgotten(word, *_answers(word.message))
        command = found if found is not None and found.name == word.outcome.campaign else None
    if command is None:
        return
    _restore(word)
    done, step = _what_was_answered(command, word.payload)
    state = COMMANDS.turn(command.state, done)
    if state is None:
        return
    due = None
    if done is CommandStep.ACCEPT and command.execution_utc is not None:
        due = command.execution_utc + ANSWER_S
    word.work.put(replaced(command, state=state, since_utc=word.utc, due_utc=due))
    content = GbcsPayload(word.outcome.message)
    respond(word.work, command, step, content, word.utc)
    if command.execution_utc is not None and isinstance(word.payload, CommandAccepted):
        _cancel_earlier(command, word)


def _what_was_answered(command: DeviceCommand, payload: Any) -> tuple[CommandStep, str]:
    match payload:
        case CommandAccepted() if command.execution_utc != CANCELLATION:
            return CommandStep.ACCEPT, "accepted"
        case ActivationOutcome(code=code) if code != ActivationCode.SUCCESS:
            return CommandStep.REFUSE, "answered"
        case _:
            return CommandStep.DO, "answered"


def _cancel_earlier(command: DeviceCommand, word: _Word) -> None:
    """A device notes one command for later: a new one takes its place, one that cancels removes it."""
    noted = word.work.select(DeviceCommand, device=command.device, state=CommandState.ACCEPTED)
    for row in noted:
        if row.user == command.user and row.name != command.name:
            state = COMMANDS.turn(row.state, CommandStep.CANCEL)
            word.work.put(replaced(row, state=state, since_utc=word.utc, due_utc=None))


def _note_response(word: _Word) -> None:
    """A response repeats the counter of its command: the device has seen that."""
    message = word.message
    assert message is not None  # noqa: S101 - by the caller
    user, counter = _answers(message)
    if user is not None and counter is not None:
        note_counter(Eui64(message.originator), Eui64(user), counter, word.work)


# --- messages of devices ------------------------------------------------------------------------


def _take_message(word: _Word) -> None:
    """Pass on what a device said unasked, whichever word brought it."""
    for kind, take in _MESSAGES:
        if isinstance(word.payload, kind):
            take(word)


def _transfer(word: _Word) -> None:
    """CCS08, a hub's alert on a transfer to one of its devices, decoded for who ordered."""
    told, message, order, work = word.payload, word.message, word.order, word.work
    assert isinstance(told, FirmwareTransfer)  # noqa: S101 - by the table
    user = work.get(ServiceUser, order.user) if order is not None else None
    if message is None or order is None or user is None:
        return
    image = work.get(ImageOrder, order.request)
    assert image is not None  # noqa: S101 - a device is of an order
    transfer = TransferAlert(
        Eui64(told.target),
        image.version_text,
        _TRANSFERS.get(told.code, "FileTransferFailure"),
        RequestId.parse(order.request),
    )
    hub = Eui64(message.originator)
    content = HubAlert(hub, told.alert_code, Utc(told.time.timestamp()), transfer)
    alert(work, user, _alert_name(message), content, word.utc)


def _ppmid(word: _Word) -> None:
    """CS09, what a PPMID says that it runs, decoded for all responsible suppliers."""
    told, message = word.payload, word.message
    assert isinstance(told, PpmidActivation)  # noqa: S101 - by the table
    if message is None or word.home is None:
        return
    success = told.code == PpmidActivationCode.SUCCESS
    content = PpmidAlert(
        Eui64(message.originator),
        told.alert_code,
        Utc(told.time.timestamp()),
        f"{told.firmware_version:08X}",
        success,
    )
    users = responsible_users(word.work, word.home, PPMID)
    for user in users:
        alert(word.work, user, _alert_name(message), content, word.utc)
    order = word.order
    if order is not None and not success:
        move(order, DeliveryStep.FAIL, "the PPMID has not activated it", word.work, word.utc)


def _future_dated(word: _Word) -> None:
    """Alert 00CA: what became of a future dated activation, for who ordered it."""
    told, message = word.payload, word.message
    assert isinstance(told, FutureDatedOutcome)  # noqa: S101 - by the table
    if message is None:
        return
    user, device = Eui64(message.recipient), Eui64(message.originator)
    name = command_name(RequestId(user, device, told.originator_counter).text)
    command = word.work.get(DeviceCommand, name)
    if command is None:
        command = _forgotten(word, user, told.originator_counter)
    if command is None:
        return
    _restore(word)
    success = told.outcome.code == ActivationCode.SUCCESS
    state = COMMANDS.turn(command.state, CommandStep.DO if success else CommandStep.REFUSE)
    if state is not None:
        word.work.put(replaced(command, state=state, since_utc=word.utc, due_utc=None))
    content = FutureDatedAlert(told.alert_code, word.outcome.message)
    respond(word.work, command, "executed", content, word.utc)


def _receipt(word: _Word) -> None:
    """A meter's word on the image that it received, passed on to whom it wrote."""
    told, message = word.payload, word.message
    if message is None:
        return
    user = word.work.get(ServiceUser, Eui64(message.recipient))
    if user is not None:
        content = DeviceAlert(told.alert_code, word.outcome.message)
        device_alert(word.work, user, Eui64(message.originator), message.counter, content, word.utc)
    order = word.order
    if order is None:
        return
    begun = order.state is not DeliveryState.ORDERED or word.named is not None
    if told.alert_code != VERIFIED and begun:  # else it speaks of an image that came before
        move(order, DeliveryStep.FAIL, "the device has not verified it", word.work, word.utc)


def _alert_name(message: Message) -> str:
    return f"alert/{format_eui64(message.originator)}/{message.counter}"


# --- versions -----------------------------------------------------------------------------------


def _take_version(word: _Word) -> None:
    """Compare what a device says that it runs with what is known."""
    version, device = word.version, word.device
    if version is None or device is None or word.home is None:
        return
    if device.version_since_utc > word.outcome.utc:
        return  # it came late, or twice
    known = device.version
    if device.kind == HUB:
        if _has_activated(word, device, version):
            _tell_hub(word, device, version)
        return
    order = word.order
    image = word.work.get(ImageOrder, order.request) if order is not None else None
    if order is not None and image is not None and image.version == version:
        move(order, DeliveryStep.RUN, "", word.work, word.utc)
    elif known is not None and known != version and not _is_activation(word):
        content = VersionMismatch(device.device, device.kind, f"{known:08X}", f"{version:08X}")
        name = f"mismatch/{word.outcome.key}"
        for user in responsible_users(word.work, word.home, device.kind):
            alert(word.work, user, name, content, word.utc)


def _is_activation(word: _Word) -> bool:
    return isinstance(word.payload, ActivationOutcome | FutureDatedOutcome | PpmidActivation)


def _has_activated(word: _Word, device: InstalledDevice, version: int) -> bool:
    """Whether a hub runs something new; what it says first of all, or again, is nothing new."""
    known = device.version
    if word.outcome.word is HubWord.ACTIVATED:
        return known != version or device.version_source is not VersionSource.DEVICE
    return known is not None and known != version


def _tell_hub(word: _Word, device: InstalledDevice, version: int) -> None:
    """Tell a home's suppliers that its Communications Hub runs new firmware, with its version."""
    assert word.home is not None  # noqa: S101 - by the caller
    content = HubActivation(device.device, f"{version:08X}")
    for user in responsible_users(word.work, word.home, HUB):
        alert(word.work, user, f"hub/{word.outcome.key}", content, word.utc)


def _restore(word: _Word) -> None:
    """A device that was suspended has answered."""
    row = restore(word.device, word.home, word.work, word.utc)
    if row is not None:
        word.device = row


def _nothing(word: _Word) -> None:
    """The word moves no order; its message and version may matter all the same."""


_DOES: Final[dict[HubWord, Callable[[_Word], None]]] = {
    HubWord.REACHED: _arrived,
    HubWord.TRANSFERRED: _held,
    HubWord.ACTIVATED: _nothing,
    HubWord.FAILED: _failed,
    HubWord.UNREACHABLE: _lost,
    HubWord.VERSION: _nothing,
    HubWord.HAN_LOST: _nothing,
    HubWord.ANSWERED: _answered,
    HubWord.UNANSWERED: _unanswered,
    HubWord.REFUSED: _refused,
    HubWord.ALERT: _nothing,
    HubWord.RECEIVED: _nothing,
}
_MESSAGES: Final[tuple[tuple[type[Any] | tuple[type[Any], ...], Callable[[_Word], None]], ...]] = (
    (FirmwareTransfer, _transfer),
    (PpmidActivation, _ppmid),
    (FutureDatedOutcome, _future_dated),
    ((ReceiptAlertDlms, ReceiptAlertGbz), _receipt),
)


def needs(outcome: HubOutcome) -> tuple[RowKey, ...]:
    """Name rows that a word of an order or a command is sure to want."""
    name = outcome.campaign
    if is_order(name):
        return (RowKey(DeviceOrder, (name,)),)
    return (RowKey(DeviceCommand, (name,)),) if is_command(name) else ()
