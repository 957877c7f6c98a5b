"""The changes of tenancy and supplier of the Device Management cluster, 0x0708, as they lie in octets.

Payloads only, as in ``ota``: the ZCL header is ``frame``'s. Both directions number their commands from
zero, so a command is known by its number and by whether the server sent it. A payload has exactly the
octets of its layout; anything else is MALFORMED_COMMAND. The passwords, site ids and event settings of
the cluster are not spoken here. (Smart Energy 1.4, annex D.10)
"""

from enum import IntEnum, IntFlag
from typing import Any, Final, NamedTuple, TypeAlias

from construct import (
    Byte,
    ConstructError,
    ExprValidator,
    GreedyBytes,
    Int32ul,
    Prefixed,
    Struct,
    Terminated,
    len_,
    obj_,
)

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.status import Status

NOW: Final = 0x0000_0000  # implementation time: at once
CANCELLED: Final = 0xFFFF_FFFF  # implementation time: not at all
LONGEST_NAME: Final = 16  # octets of a provider's name
LONGEST_CONTACT: Final = 19  # octets of its contact details


class ClientCommand(IntEnum):
    """Commands of the client that are spoken here."""

    GET_CHANGE_OF_TENANCY = 0x00
    GET_CHANGE_OF_SUPPLIER = 0x01


class ServerCommand(IntEnum):
    """Commands of the server that are spoken here."""

    PUBLISH_CHANGE_OF_TENANCY = 0x00
    PUBLISH_CHANGE_OF_SUPPLIER = 0x01


class TariffType(IntEnum):
    """Which side of a meter a change is about; the low four bits of the field."""

    DELIVERED = 0
    RECEIVED = 1
    BOTH = 2


class ManagementAttribute(IntEnum):
    """Attributes of the server that tell of what is proposed."""

    PROPOSED_PROVIDER_ID = 0x0110
    PROPOSED_PROVIDER_NAME = 0x0111
    PROPOSED_PROVIDER_CHANGE_TIME = 0x0112
    PROPOSED_PROVIDER_CHANGE_CONTROL = 0x0113
    PROPOSED_PROVIDER_CONTACT = 0x0114
    TENANCY_UPDATE_TIME = 0x0200
    TENANCY_CHANGE_CONTROL = 0x0201


class ChangeControl(IntFlag):
    """What a device is to do when a change of tenancy or supplier takes effect (table D-164)."""

    PRE_SNAPSHOT = 1 << 0
    POST_SNAPSHOT = 1 << 1
    RESET_CREDIT = 1 << 2
    RESET_DEBT = 1 << 3
    RESET_BILLING_PERIOD = 1 << 4
    CLEAR_TARIFF = 1 << 5
    CLEAR_STANDING_CHARGE = 1 << 6
    BLOCK_HISTORY = 1 << 7
    CLEAR_HISTORY = 1 << 8
    CLEAR_CONSUMER_DATA = 1 << 9
    CLEAR_SUPPLIER_DATA = 1 << 10
    CONTACTOR_ARMED = 1 << 11  # with the next a number of two bits: off, armed, on, unchanged
    CONTACTOR_ON = 1 << 12
    CLEAR_TRANSACTIONS = 1 << 13
    CLEAR_PREPAYMENT = 1 << 14


class ControlRow(NamedTuple):
    """One row of the table of change control bits.

    Attributes:
        bit: its mask.
        word: what people call it.
        meaning: what the device is to do.
        certainty: where the meaning was found.
    """

    bit: ChangeControl
    word: str
    meaning: str
    certainty: str


_STACKS: Final = "two public stacks that cite table D-164"
#: The one table of change control bits. Nobody here has read the standard itself.
CONTROL_ROWS: Final = (
    ControlRow(ChangeControl.PRE_SNAPSHOT, "pre-snapshot", "record registers before", _STACKS),
    ControlRow(ChangeControl.POST_SNAPSHOT, "post-snapshot", "record registers after", _STACKS),
    ControlRow(ChangeControl.RESET_CREDIT, "credit", "reset credit registers", _STACKS),
    ControlRow(ChangeControl.RESET_DEBT, "debt", "reset debt registers", _STACKS),
    ControlRow(ChangeControl.RESET_BILLING_PERIOD, "billing", "reset billing periods", _STACKS),
    ControlRow(ChangeControl.CLEAR_TARIFF, "tariff", "clear the tariff", _STACKS),
    ControlRow(
        ChangeControl.CLEAR_STANDING_CHARGE, "standing-charge", "clear the standing charge", _STACKS
    ),
    ControlRow(
        ChangeControl.BLOCK_HISTORY, "block-history", "publish no earlier profile data", _STACKS
    ),
    ControlRow(ChangeControl.CLEAR_HISTORY, "history", "clear earlier profile data", _STACKS),
    ControlRow(ChangeControl.CLEAR_CONSUMER_DATA, "consumer", "clear the consumer's data", _STACKS),
    ControlRow(ChangeControl.CLEAR_SUPPLIER_DATA, "supplier", "clear the supplier's data", _STACKS),
    ControlRow(
        ChangeControl.CONTACTOR_ARMED, "contactor-armed", "leave the supply off, armed", _STACKS
    ),
    ControlRow(ChangeControl.CONTACTOR_ON, "contactor-on", "switch the supply on", _STACKS),
    ControlRow(
        ChangeControl.CLEAR_TRANSACTIONS, "transactions", "clear the transaction log", _STACKS
    ),
    ControlRow(ChangeControl.CLEAR_PREPAYMENT, "prepayment", "clear prepayment data", _STACKS),
)
#: Leave the supply as it is: both contactor bits. Without either a meter would switch it off.
CONTACTOR_UNCHANGED: Final = ChangeControl.CONTACTOR_ARMED | ChangeControl.CONTACTOR_ON
#: What belongs to a previous occupier.
FOR_TENANCY: Final = (
    ChangeControl.CLEAR_CONSUMER_DATA | ChangeControl.CLEAR_HISTORY | CONTACTOR_UNCHANGED
)
#: What belongs to a previous supplier.
FOR_SUPPLIER: Final = (
    ChangeControl.CLEAR_SUPPLIER_DATA
    | ChangeControl.CLEAR_TARIFF
    | ChangeControl.CLEAR_STANDING_CHARGE
    | CONTACTOR_UNCHANGED
)


class GetChangeOfTenancy(NamedTuple):
    """Client: is a change of tenancy known? (0x00)."""


class GetChangeOfSupplier(NamedTuple):
    """Client: is a change of supplier known? (0x01)."""


class PublishChangeOfTenancy(NamedTuple):
    """Server: somebody else lives here from ``implementation_time`` on (0x00).

    ``implementation_time`` is seconds of UTC since 2000-01-01, ``NOW`` or ``CANCELLED``. Of two with
    one provider the one with the higher ``issuer_event_id`` holds.
    """

    provider: int
    issuer_event_id: int
    tariff_type: int
    implementation_time: int
    control: int


class PublishChangeOfSupplier(NamedTuple):
    """Server: another supplier serves this home from ``implementation_time`` on (0x01).

    Times and numbers as in ``PublishChangeOfTenancy``; ``provider`` is the one until then.
    """

    provider: int
    issuer_event_id: int
    tariff_type: int
    proposed_provider: int
    implementation_time: int
    control: int
    name: bytes
    contact: bytes


ManagementCommand: TypeAlias = (
    GetChangeOfTenancy | GetChangeOfSupplier | PublishChangeOfTenancy | PublishChangeOfSupplier
)


def _text(most: int) -> Any:
    """An octet string of so many octets at most; one that says it is none (0xFF) is too long."""
    return ExprValidator(Prefixed(Byte, GreedyBytes), len_(obj_) <= most)


NOTHING = Struct(Terminated)
CHANGE_OF_TENANCY = Struct(
    "provider" / Int32ul,
    "issuer_event_id" / Int32ul,
    "tariff_type" / Byte,
    "implementation_time" / Int32ul,
    "control" / Int32ul,
    Terminated,
)
CHANGE_OF_SUPPLIER = Struct(
    "provider" / Int32ul,
    "issuer_event_id" / Int32ul,
    "tariff_type" / Byte,
    "proposed_provider" / Int32ul,
    "implementation_time" / Int32ul,
    "control" / Int32ul,
    "name" / _text(LONGEST_NAME),
    "contact" / _text(LONGEST_CONTACT),
    Terminated,
)


class _Form(NamedTuple):
    """A command's record and the layout of its payload."""

    record: Any  # one of the classes of ManagementCommand
    layout: Any


_CLIENT_FORMS: dict[int, _Form] = {
    ClientCommand.GET_CHANGE_OF_TENANCY: _Form(GetChangeOfTenancy, NOTHING),
    ClientCommand.GET_CHANGE_OF_SUPPLIER: _Form(GetChangeOfSupplier, NOTHING),
}
_SERVER_FORMS: dict[int, _Form] = {
    ServerCommand.PUBLISH_CHANGE_OF_TENANCY: _Form(PublishChangeOfTenancy, CHANGE_OF_TENANCY),
    ServerCommand.PUBLISH_CHANGE_OF_SUPPLIER: _Form(PublishChangeOfSupplier, CHANGE_OF_SUPPLIER),
}
#: The commands of one sender, by whether it is the server.
FORMS: Final = {False: _CLIENT_FORMS, True: _SERVER_FORMS}
_PLACES: Final = {
    form.record: (sender, int(number)) for sender in FORMS for number, form in FORMS[sender].items()
}


def command_of(record: ManagementCommand) -> int:
    """Say which command identifier a record travels under."""
    return _PLACES[type(record)][1]


def decode(command_id: int, payload: bytes, *, from_server: bool) -> ManagementCommand:
    """Read the payload of one command.

    Raises:
        PeerError: UNSUP_CLUSTER_COMMAND for a command that is not spoken here, MALFORMED_COMMAND for
            a payload that is not exactly its layout.
    """
    form = FORMS[from_server].get(command_id)
    if form is None:
        raise PeerError(
            f"command 0x{command_id:02X} of cluster 0x0708 is not served",
            Status.UNSUP_CLUSTER_COMMAND,
        )
    try:
        fields = form.layout.parse(payload)
    except ConstructError:
        raise PeerError(
            f"{len(payload)} octets do not make a {form.record.__name__}", Status.MALFORMED_COMMAND
        ) from None
    record: ManagementCommand = form.record(*(fields[name] for name in form.record._fields))
    return record


def encode(record: ManagementCommand) -> bytes:
    """Write the payload of one command.

    Raises:
        LocalError: a value does not fit its field.
    """
    sender, number = _PLACES[type(record)]
    try:
        payload: bytes = FORMS[sender][number].layout.build(record._asdict())
    except (ConstructError, TypeError) as error:
        raise LocalError(f"{record} cannot be sent: {error}".partition("\n")[0]) from None
    return payload


def control_of(words: tuple[str, ...]) -> int:
    """Turn words of the table of control bits into the field.

    Raises:
        LocalError: there is no such word.
    """
    rows = {row.word: row.bit for row in CONTROL_ROWS}
    unknown = next((word for word in words if word not in rows), None)
    if unknown is not None:
        raise LocalError(f"{unknown}: no such thing to clear; there are {', '.join(rows)}")
    control = 0
    for word in words:
        control |= rows[word]
    return control


def words_of_control(control: int) -> tuple[str, ...]:
    """Say in the table's words what a field asks for; bits that nobody has defined as numbers."""
    words = [row.word for row in CONTROL_ROWS if control & row.bit]
    known = sum(row.bit for row in CONTROL_ROWS)
    words += [f"bit {bit}" for bit in range(32) if control & ~known & 1 << bit]
    return tuple(words)
