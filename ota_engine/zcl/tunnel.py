"""How the commands of the Tunneling cluster, 0x0704, lie in octets; knows no tunnel and no message.

Payloads only, as in ``ota``: the ZCL header is ``frame``'s. Both directions number their commands
from zero, so a command is known by its number and by whether the server sent it. Octets after a
known layout are ignored, anything shorter is MALFORMED_COMMAND. (Smart Energy 1.4, annex D.6)
"""

from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeAlias

from construct import (
    Byte,
    ConstructError,
    Flag,
    GreedyBytes,
    Int16ul,
    PrefixedArray,
    Sequence,
    Struct,
)

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.status import Status

CLOSE_TUNNEL_TIMEOUT: Final = 0x0000  # attribute: seconds without traffic until a tunnel is closed
ANY_MANUFACTURER: Final = 0xFFFF  # the protocol is the standard's
GB_HRGP: Final = 6  # tunnelled protocol of GBCS messages
TRANSFER_OVERHEAD: Final = 2  # octets of Transfer Data before its data: the tunnel's number


class TunnelStatus(IntEnum):
    """What becomes of a request for a tunnel."""

    SUCCESS = 0
    BUSY = 1
    NO_MORE_TUNNEL_IDS = 2
    PROTOCOL_NOT_SUPPORTED = 3
    FLOW_CONTROL_NOT_SUPPORTED = 4


class TransferStatus(IntEnum):
    """Why data was not taken."""

    NO_SUCH_TUNNEL = 0
    WRONG_DEVICE = 1
    DATA_OVERFLOW = 2


class RequestTunnel(NamedTuple):
    """Client: open a tunnel for this protocol.

    ``maximum_transfer_size`` is octets of data the client takes in one Transfer Data.
    """

    protocol: int
    manufacturer_code: int
    flow_control: bool
    maximum_transfer_size: int


class CloseTunnel(NamedTuple):
    """Client: the tunnel is needed no more."""

    tunnel: int


class TransferData(NamedTuple):
    """Either: octets of the tunnelled protocol."""

    tunnel: int
    data: bytes


class TransferDataError(NamedTuple):
    """Either: data was not taken; ``status`` is a ``TransferStatus``, or what a peer makes up."""

    tunnel: int
    status: int


class AckTransferData(NamedTuple):
    """Either, under flow control: so many octets more can be taken."""

    tunnel: int
    octets_left: int


class ReadyData(NamedTuple):
    """Either, under flow control: so many octets can be taken again."""

    tunnel: int
    octets_left: int


class GetSupportedTunnelProtocols(NamedTuple):
    """Client: which protocols are there, from this one of the list on?"""

    offset: int


class RequestTunnelResponse(NamedTuple):
    """Server: the tunnel's number, or why there is none.

    ``maximum_transfer_size`` is octets of data the server takes in one Transfer Data.
    """

    tunnel: int
    status: int
    maximum_transfer_size: int


class SupportedTunnelProtocolsResponse(NamedTuple):
    """Server: (manufacturer code, protocol) of what can be tunnelled."""

    complete: bool
    protocols: tuple[tuple[int, int], ...]


class TunnelClosureNotification(NamedTuple):
    """Server: the tunnel is closed, nobody used it."""

    tunnel: int


TunnelCommand: TypeAlias = (
    RequestTunnel
    | CloseTunnel
    | TransferData
    | TransferDataError
    | AckTransferData
    | ReadyData
    | GetSupportedTunnelProtocols
    | RequestTunnelResponse
    | SupportedTunnelProtocolsResponse
    | TunnelClosureNotification
)

REQUEST_TUNNEL = Struct(
    "protocol" / Byte,
    "manufacturer_code" / Int16ul,
    "flow_control" / Flag,
    "maximum_transfer_size" / Int16ul,
)
REQUEST_TUNNEL_RESPONSE = Struct(
    "tunnel" / Int16ul, "status" / Byte, "maximum_transfer_size" / Int16ul
)
TUNNEL_ALONE = Struct("tunnel" / Int16ul)
TRANSFER_DATA = Struct("tunnel" / Int16ul, "data" / GreedyBytes)
TRANSFER_DATA_ERROR = Struct("tunnel" / Int16ul, "status" / Byte)
OCTETS_LEFT = Struct("tunnel" / Int16ul, "octets_left" / Int16ul)
GET_SUPPORTED = Struct("offset" / Byte)
SUPPORTED = Struct(
    "complete" / Flag,
    "protocols" / PrefixedArray(Byte, Sequence(Int16ul, Byte)),
)


class _Form(NamedTuple):
    """A command's record and the layout of its payload."""

    record: Any  # one of the classes of TunnelCommand
    layout: Any


_CLIENT_FORMS: dict[int, _Form] = {
    0x00: _Form(RequestTunnel, REQUEST_TUNNEL),
    0x01: _Form(CloseTunnel, TUNNEL_ALONE),
    0x02: _Form(TransferData, TRANSFER_DATA),
    0x03: _Form(TransferDataError, TRANSFER_DATA_ERROR),
    0x04: _Form(AckTransferData, OCTETS_LEFT),
    0x05: _Form(ReadyData, OCTETS_LEFT),
    0x06: _Form(GetSupportedTunnelProtocols, GET_SUPPORTED),
}
_SERVER_FORMS: dict[int, _Form] = {
    0x00: _Form(RequestTunnelResponse, REQUEST_TUNNEL_RESPONSE),
    0x01: _Form(TransferData, TRANSFER_DATA),
    0x02: _Form(TransferDataError, TRANSFER_DATA_ERROR),
    0x03: _Form(AckTransferData, OCTETS_LEFT),
    0x04: _Form(ReadyData, OCTETS_LEFT),
    0x05: _Form(SupportedTunnelProtocolsResponse, SUPPORTED),
    0x06: _Form(TunnelClosureNotification, TUNNEL_ALONE),
}
#: The commands of one sender, by whether it is the server.
FORMS: Final = {False: _CLIENT_FORMS, True: _SERVER_FORMS}
_NUMBERS: Final = {
    (sender, form.record): number for sender in FORMS for number, form in FORMS[sender].items()
}


def command_of(record: TunnelCommand, *, from_server: bool) -> int:
    """Say which command identifier a record travels under.

    Raises:
        LocalError: this side does not send such a command.
    """
    number = _NUMBERS.get((from_server, type(record)))
    if number is None:
        side = "server" if from_server else "client"
        raise LocalError(f"{type(record).__name__} is not a command of the {side}")
    return number


def decode(command_id: int, payload: bytes, *, from_server: bool) -> TunnelCommand:
    """Read the payload of one command.

    Raises:
        PeerError: UNSUP_CLUSTER_COMMAND for a command this side has not, MALFORMED_COMMAND for a
            payload shorter than its layout.
    """
    form = FORMS[from_server].get(command_id)
    if form is None:
        raise PeerError(
            f"command 0x{command_id:02X} is not one of cluster 0x0704", Status.UNSUP_CLUSTER_COMMAND
        )
    try:
        fields = form.layout.parse(payload)
    except ConstructError:
        raise PeerError(
            f"{len(payload)} octets do not make a {form.record.__name__}", Status.MALFORMED_COMMAND
        ) from None
    if form.layout is SUPPORTED:
        protocols = tuple((maker, protocol) for maker, protocol in fields.protocols)
        return SupportedTunnelProtocolsResponse(fields.complete, protocols)
    record: TunnelCommand = form.record(*(fields[name] for name in form.record._fields))
    return record


def encode(record: TunnelCommand, *, from_server: bool) -> bytes:
    """Write the payload of one command.

    Raises:
        LocalError: a value does not fit its field, or this side does not send such a command.
    """
    form = FORMS[from_server][command_of(record, from_server=from_server)]
    try:
        payload: bytes = form.layout.build(record._asdict())
    except (ConstructError, TypeError) as error:
        raise LocalError(f"{record} cannot be sent: {error}".partition("\n")[0]) from None
    return payload
