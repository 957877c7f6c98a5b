"""A user signs a pre-command only when it says what the user has asked for; opens no file.

The pre-command comes from somebody else, and the signature makes it a command that a device obeys. So
every part of it is compared with the request first: who, to whom, which counter, which image, when.
"""

from datetime import UTC, datetime
from typing import Final

from images.eui64 import format_eui64
from ota_engine.duis.requests import (
    CANCELLATION,
    FirmwareActivation,
    RequestHeader,
    ServiceRequest,
    SignedPreCommand,
)
from ota_engine.duis.responses import PreCommand, ResponseMessage, ServiceResponse
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import Message, OtherInformation, parse, serialise
from ota_engine.gbcs.payloads import CANCELLATION_TIME, activation_of
from ota_engine.gbcs.signature import Signer, signed_octets

SIGNED_VARIANT: Final = 5  # a signed pre-command, sent to the device over the WAN
#: What a CS06 says besides: nothing but its message code.
_PLAIN: Final = OtherInformation(MessageCode.ACTIVATE_FIRMWARE)


def second_half(request: ServiceRequest, answer: ServiceResponse, signer: Signer) -> ServiceRequest:
    """Sign the pre-command that answers a request, into the request that sends it to the device.

    It bears the same RequestID: the counter in it is the originator counter of the command.

    Args:
        request: 11.3 with command variant 4, as it was sent.
        answer: with a pre-command.
        signer: the user's digital signing key of GBCS.

    Raises:
        LocalError: the request is none that is answered so.
        PeerError: the answer holds no pre-command, or one that says something else: not signed.
    """
    body = request.body
    if not isinstance(body, FirmwareActivation):
        raise LocalError(f"{request.header.variant} becomes no pre-command: only 11.3 does")
    message = _asked(_pre_command_of(request.header, answer), request.header, body)
    signed = message._replace(signature=signer.sign(signed_octets(message)))
    header = request.header
    return ServiceRequest(
        request.schema_version,
        RequestHeader(header.request_id, SIGNED_VARIANT, header.reference, header.variant),
        SignedPreCommand(serialise(signed), body.execution_utc),
    )


def _pre_command_of(header: RequestHeader, answer: ServiceResponse) -> PreCommand:
    content = answer.body.content if isinstance(answer.body, ResponseMessage) else None
    if answer.request_id != header.request_id:
        theirs = "no request" if answer.request_id is None else answer.request_id.text
        raise PeerError(f"the answer is to {theirs}, not to {header.request_id.text}: not signed")
    if not isinstance(content, PreCommand):
        raise PeerError(f"the answer {answer.code} holds no pre-command: there is nothing to sign")
    return content


def _asked(pre_command: PreCommand, header: RequestHeader, body: FirmwareActivation) -> Message:
    """The message of a pre-command, once every part of it is what was asked for."""
    try:
        message = parse(pre_command.payload)
        command = activation_of(message)
    except PeerError as error:
        raise PeerError(f"the pre-command is no CS06: {error}: not signed") from None
    if message.signature or message.mac is not None:
        raise PeerError("the pre-command is signed or MACed already: not signed")
    wanted = header.request_id
    for what, found, asked in (
        ("originator", format_eui64(message.originator), format_eui64(wanted.originator)),
        ("device", format_eui64(message.recipient), format_eui64(wanted.target)),
        ("originator counter", str(message.counter), str(wanted.counter)),
        ("image hash", command.manufacturer_image_hash.hex(), body.hash.hex()),
        ("execution time", _time(command.execution_time), _time(_execution(body))),
        ("other information", message.other_information, _PLAIN),
        ("date-time", message.date_time, None),
    ):
        if found != asked:
            raise PeerError(
                f"the {what} of the pre-command is {found}, and {asked} was asked for: not signed"
            )
    return message


def _execution(body: FirmwareActivation) -> datetime | None:
    """When the command must say that it is carried out."""
    if body.execution_utc is None:
        return None
    if body.execution_utc >= CANCELLATION:
        return CANCELLATION_TIME
    return datetime.fromtimestamp(body.execution_utc, UTC).replace(microsecond=0)


def _time(moment: datetime | None) -> str:
    return "none" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
