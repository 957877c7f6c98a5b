"""Activations and questions for one device (11.3, 11.2): drafted, checked, dated, handed to its hub; pure.

A critical command is signed by its user and by nobody else: it is drafted here, comes back signed, must be
that very draft, and passes on octet by octet.
"""

from collections.abc import Container
from datetime import UTC, datetime
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.requests import (
    CANCELLATION,
    FirmwareActivation,
    ReadFirmwareVersion,
    RequestId,
    SignedPreCommand,
)
from ota_engine.duis.responses import PreCommand
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, InventoryStatus, Variant
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Asked, RequestRefused, Served, command_name
from ota_engine.fleet.orders.lives import COMMANDS, CommandStep
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeviceCommand,
    OriginatorCounter,
    ServiceUser,
)
from ota_engine.fleet.orders.suppliers import is_responsible
from ota_engine.fleet.orders.suspending import suspend
from ota_engine.fleet.orders.telling import respond
from ota_engine.fleet.port import COMMANDED, Instruction, InstructionState, Verb
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import SIGNATURE_BYTES, serialise
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.times import Utc

ACTIVATE: Final = "11.3"
READ: Final = "11.2"
GAS_PROXY: Final = "GPF"
GBCS: Final = "4.2"  # of a device that has not said which version it speaks
MOST_COUNTER: Final = 2**63 - 1  # in a GBCS message
ANSWER_S: Final = 2 * 86_400.0  # for an answer, after the hub itself has given up waiting
_SPEAKING: Final = frozenset({InventoryStatus.COMMISSIONED, InventoryStatus.SUSPENDED})
_READABLE: Final = frozenset({"ESME", "GSME", "HCALCS", "PPMID", "CHF"})
_SIGNED: Final = (1 + SIGNATURE_BYTES, b"\x40")


def draft_activation(asked: Asked, work: Work, utc: Utc) -> Served:
    """Make the pre-command of an activation, to be signed by its user.

    Raises:
        RequestRefused: it may not be.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, FirmwareActivation)  # noqa: S101 - by its variant
    device, _ = _asked_kind(asked, work, COMMANDED, "runs no image on a signed order")
    request_id = asked.header.request_id
    check_counter(request_id, work)
    _check_time(body.execution_utc, utc)
    message = activate_firmware(
        body.hash,
        originator=request_id.originator,
        recipient=request_id.target,
        counter=request_id.counter,
        execution_time=_gbcs_time(body.execution_utc),
    )
    draft = serialise(message._replace(signature=b""))
    command = _drafted(asked, device, ACTIVATE, body.execution_utc, utc)
    work.put(replaced(command, draft=draft))
    return Served(PreCommand(device.gbcs_version or GBCS, draft), text="drafted")


def send_activation(asked: Asked, work: Work, utc: Utc) -> Served:
    """Hand a signed pre-command to the device's hub, exactly as it was signed.

    Raises:
        RequestRefused: it is not the one that was drafted, or may not be sent any more.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, SignedPreCommand)  # noqa: S101 - by its variant
    command = work.get(DeviceCommand, command_name(asked.name))
    if command is None:
        raise RequestRefused(
            ResponseCase.PRE_COMMAND_DIFFERS,
            "no pre-command was made under this request id: ask for one first",
        )
    _, home = asked_device(asked, work)
    _check_signed(body, command)
    check_counter(asked.header.request_id, work)
    _check_time(body.execution_utc, utc)
    state = COMMANDS.turn(command.state, CommandStep.SEND)
    if state is None:
        raise RequestRefused(
            ResponseCase.PRE_COMMAND_DIFFERS, f"the command is {command.state}: make a new one"
        )
    note_counter(command.device, command.user, command.counter, work)
    sent = replaced(command, home=home.home, state=state, since_utc=utc, due_utc=utc + ANSWER_S)
    work.put(sent)
    work.put(_instruction(sent, home, Verb.COMMAND, body.payload))
    return Served(later=True, text="sent")


def read_version(asked: Asked, work: Work, utc: Utc) -> Served:
    """Ask a device what it runs, now or at a time that the DCC keeps; or take that back.

    Raises:
        RequestRefused: it may not be asked.
        RowsWanted: rows are missing.
    """
    body = asked.request.body
    assert isinstance(body, ReadFirmwareVersion)  # noqa: S101 - by its variant
    device, home = _asked_kind(asked, work, _READABLE, "does not say what it runs")
    if body.execution_utc == CANCELLATION:
        return cancel_dated(asked, device.device, work, utc)
    request_id = asked.header.request_id
    check_counter(request_id, work)
    check_new(asked, work)
    _check_time(body.execution_utc, utc)
    command = _drafted(asked, device, READ, body.execution_utc, utc)
    note_counter(command.device, command.user, command.counter, work)
    if body.execution_utc is None:
        _ask(command, home, work, utc)
        return Served(later=True, text="asked")
    state = COMMANDS.turn(command.state, CommandStep.DATE)
    work.put(replaced(command, state=state, due_utc=body.execution_utc))
    return Served(later=True, text="dated")


def cancel_dated(asked: Asked, device: Eui64, work: Work, utc: Utc) -> Served:
    """Take back what a user has dated by the same service for a device.

    Raises:
        RequestRefused: there is nothing.
        RowsWanted: rows are missing.
    """
    dated = [
        row
        for row in work.select(DeviceCommand, device=device, state=CommandState.DATED)
        if row.user == asked.user.user and row.reference == asked.header.variant
    ]
    if not dated:
        raise RequestRefused(
            ResponseCase.STRUCTURE_WRONG, "nothing of this device is dated: none to cancel"
        )
    for row in dated:
        state = COMMANDS.turn(row.state, CommandStep.CANCEL)
        work.put(replaced(row, state=state, since_utc=utc, due_utc=None))
    return Served(later=True, text=f"cancelled {len(dated)}")


def command_due(command: DeviceCommand, work: Work, utc: Utc) -> None:
    """Ask a device at the time that was given, or wait no longer for what it was to do then."""
    if command.state is not CommandState.DATED:
        take_back_unsent(command, work)
        fall_silent(command, work, utc)
        return
    user = work.get(ServiceUser, command.user)
    device = work.get(InstalledDevice, command.device)
    home = work.get(Home, device.home) if device is not None else None
    if user is None or device is None or home is None or not may_read(user, home, device.kind):
        state = COMMANDS.turn(command.state, CommandStep.WITHDRAW)
        work.put(replaced(command, state=state, since_utc=utc, due_utc=None))
        respond(work, command, "withdrawn", None, utc, ResponseCase.NOT_RESPONSIBLE)
        return
    if device.status not in _SPEAKING:
        state = COMMANDS.turn(command.state, CommandStep.WITHDRAW)
        work.put(replaced(command, state=state, since_utc=utc, due_utc=None))
        respond(work, command, "withdrawn", None, utc, ResponseCase.DEVICE_STATUS)
        return
    _ask(command, home, work, utc)


def take_back_unsent(command: DeviceCommand, work: Work) -> None:
    """Have a gateway pass on nothing more of a command; what its hub has sent stays sent.

    A gateway that was away must not come back with what nobody waits for, or may ask for, any more.
    """
    verb = Verb.READ if command.reference == READ else Verb.COMMAND
    told = work.get(Instruction, _key(command, 1, verb))
    key = _key(command, 2, Verb.WITHDRAW)
    known = work.get(Instruction, key)
    if command.state is not CommandState.SENT or told is None or known is not None:
        return
    work.put(
        replaced(
            told,
            key=key,
            verb=Verb.WITHDRAW,
            state=InstructionState.WAITING,
            number=2,
            command=b"",
        )
    )


def told_of(command: DeviceCommand) -> list[RowKey]:
    """Name all that a gateway may have been told of a command."""
    verb = Verb.READ if command.reference == READ else Verb.COMMAND
    told = _key(command, 1, verb), _key(command, 2, Verb.WITHDRAW)
    return [RowKey(Instruction, (key,)) for key in told]


def fall_silent(command: DeviceCommand, work: Work, utc: Utc) -> None:
    """Wait no longer for a device; after an activation nobody knows what it runs, and it is suspended."""
    state = COMMANDS.turn(command.state, CommandStep.SILENCE)
    if state is None:
        return
    work.put(replaced(command, state=state, since_utc=utc, due_utc=None))
    if command.state is CommandState.ACCEPTED:
        respond(work, command, "late", None, utc, ResponseCase.DATED_UNANSWERED)
    else:
        respond(work, command, "unanswered", None, utc, ResponseCase.DEVICE_SILENT)
    device = work.get(InstalledDevice, command.device)
    home = work.get(Home, device.home) if device is not None else None
    if command.reference == ACTIVATE and device is not None and home is not None:
        suspend(device, home, command, work, utc)


def may_read(user: ServiceUser, home: Home, kind: str) -> bool:
    """Whether a user may ask a device of a home: it answers for it, or looks at homes of its region."""
    return user.active and (home.region in user.regions or is_responsible(user, home, kind))


def check_new(asked: Asked, work: Work) -> None:
    """Refuse a request id under which something else is asked of the device already.

    Raises:
        RequestRefused: there is.
    """
    if work.get(DeviceCommand, command_name(asked.name)) is not None:
        raise RequestRefused(
            ResponseCase.REQUEST_ID_USED,
            "the request id was used for another request: give a new one",
        )


def check_counter(request_id: RequestId, work: Work) -> None:
    """Refuse a counter that the device has seen, or seen a higher one than.

    Raises:
        RequestRefused: it has.
    """
    known = work.get(OriginatorCounter, request_id.target, request_id.originator)
    highest = 0 if known is None else known.highest
    if not highest < request_id.counter <= MOST_COUNTER:
        raise RequestRefused(
            ResponseCase.COUNTER_TOO_LOW,
            f"counter {request_id.counter}: {format_eui64(request_id.target)} has seen {highest},"
            " give a higher one, below 2^63",
        )


def note_counter(device: Eui64, user: Eui64, counter: int, work: Work) -> None:
    """Keep the highest counter of a user that a device has seen."""
    known = work.get(OriginatorCounter, device, user)
    if known is None or known.highest < counter:
        work.put(OriginatorCounter(device, user, counter))


def found_device(target: Eui64, work: Work) -> tuple[InstalledDevice, Home]:
    """Find a device and its home; a gas proxy is a device of its own here, though its hub's row bears it.

    Raises:
        RequestRefused: there is no such device in any home.
    """
    device = work.get(InstalledDevice, target)
    if device is None:
        hubs = work.select(InstalledDevice, gpf=target)
        device = replaced(hubs[0], device=target, kind=GAS_PROXY) if hubs else None
    home = work.get(Home, device.home) if device is not None else None
    if device is None or home is None:
        raise RequestRefused(ResponseCase.NO_SUCH_DEVICE, f"{format_eui64(target)} is not known")
    return device, home


def _drafted(
    asked: Asked, device: InstalledDevice, variant: str, execution_utc: float | None, utc: Utc
) -> DeviceCommand:
    """Have a request of a device as a row that nothing has been done about."""
    return DeviceCommand(
        command_name(asked.name),
        asked.name,
        variant,
        asked.user.user,
        device.device,
        device.home,
        CommandState.DRAFTED,
        utc,
        asked.request.schema_version,
        asked.header.request_id.counter,
        execution_utc,
    )


def _asked_kind(
    asked: Asked, work: Work, kinds: Container[str], lacking: str
) -> tuple[InstalledDevice, Home]:
    """Find the device of a request that only some kinds can serve; others are ``lacking``."""
    device, home = asked_device(asked, work)
    if device.kind not in kinds:
        raise RequestRefused(ResponseCase.WRONG_DEVICE_TYPE, f"{device.kind} {lacking}")
    return device, home


def asked_device(asked: Asked, work: Work) -> tuple[InstalledDevice, Home]:
    """Find the device of a request, of which its user may ask.

    Raises:
        RequestRefused: there is no such device, or it is not the user's to ask, or takes no messages.
    """
    target = asked.header.request_id.target
    device, home = found_device(target, work)
    allowed = may_read if asked.header.variant == READ else is_responsible
    if not allowed(asked.user, home, device.kind):
        raise RequestRefused(
            ResponseCase.NOT_RESPONSIBLE, f"{format_eui64(target)} is in none of your homes"
        )
    variant = work.get(Variant, device.variant)
    if variant is not None and variant.smets == 1:
        raise RequestRefused(
            ResponseCase.SMETS1_NOT_SERVED, f"{format_eui64(target)} is of SMETS1: out of scope"
        )
    if device.status not in _SPEAKING:
        raise RequestRefused(
            ResponseCase.DEVICE_STATUS,
            f"{format_eui64(target)} is {device.status}: nothing is sent",
        )
    return device, home


def _check_time(execution_utc: Utc | None, utc: Utc) -> None:
    if execution_utc is not None and execution_utc <= utc:
        raise RequestRefused(
            ResponseCase.STRUCTURE_WRONG, "the execution time has passed: give a later one"
        )
    if execution_utc is not None and execution_utc >= CANCELLATION_TIME.timestamp():
        raise RequestRefused(
            ResponseCase.STRUCTURE_WRONG, "a device takes that execution time for a cancellation"
        )


def _check_signed(body: SignedPreCommand, command: DeviceCommand) -> None:
    length, mark = _SIGNED
    draft = command.draft[:-1]  # without the octet that counts a signature of none
    payload = body.payload
    if len(payload) != len(draft) + length or payload[:-length] != draft:
        raise RequestRefused(
            ResponseCase.PRE_COMMAND_DIFFERS,
            "the signed command is not the pre-command that was made: sign that",
        )
    if payload[-length : 1 - length] != mark:
        raise RequestRefused(
            ResponseCase.PRE_COMMAND_DIFFERS,
            "the command ends in no signature of 64 octets: sign it",
        )
    if body.execution_utc != command.execution_utc:
        raise RequestRefused(
            ResponseCase.PRE_COMMAND_DIFFERS,
            "the execution time is not that of the pre-command: give the same",
        )


def _gbcs_time(execution_utc: Utc | None) -> datetime | None:
    if execution_utc is None:
        return None
    if execution_utc == CANCELLATION:
        return CANCELLATION_TIME
    return datetime.fromtimestamp(int(execution_utc), UTC)  # GBCS has whole seconds


def _ask(command: DeviceCommand, home: Home, work: Work, utc: Utc) -> None:
    state = COMMANDS.turn(command.state, CommandStep.SEND)
    work.put(replaced(command, state=state, since_utc=utc, due_utc=utc + ANSWER_S))
    work.put(_instruction(command, home, Verb.READ, b""))


def _instruction(command: DeviceCommand, home: Home, verb: Verb, octets: bytes) -> Instruction:
    return Instruction(
        _key(command, 1, verb),
        home.gateway,
        command.name,
        1,
        home.home,
        command.device,
        verb,
        number=1,
        command=octets,
        user=command.user,
        counter=command.counter,
    )


def _key(command: DeviceCommand, number: int, verb: Verb) -> str:
    return f"{command.name}/{number}/{verb}"
