"""A user signs what it asked for, and nothing else."""

from datetime import UTC, datetime

import pytest

from ota_engine.duis.requests import (
    CANCELLATION,
    FirmwareActivation,
    ReadFirmwareVersion,
    ServiceRequest,
    SignedPreCommand,
)
from ota_engine.duis.responses import PreCommand
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import Message, OtherInformation, parse, serialise
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.gbcs.protection import sign
from ota_engine.gbcs.signature import verify_signature
from ota_engine.service_user.consent import second_half
from ota_engine.times import Utc
from tests.gbcs import parties
from tests.service_user.parties import (
    DIGEST,
    DISPLAY,
    OTHER,
    SWITCH,
    USER,
    answered,
    asked,
    pre_command,
    transformed,
)

AT = datetime(2027, 1, 1, 2, tzinfo=UTC)
DATED = asked(FirmwareActivation(DIGEST, Utc(AT.timestamp())))


def signed(request: ServiceRequest, message: Message) -> SignedPreCommand:
    signer = parties.everyone().signer(USER)
    assert signer is not None
    found = second_half(request, transformed(request, message), signer)
    assert isinstance(found.body, SignedPreCommand)
    assert found.header.request_id == request.header.request_id
    assert found.header.command_variant == 5
    assert found.schema_version == request.schema_version
    return found.body


@pytest.mark.parametrize("form", [b"", None])
def test_a_pre_command_of_either_form_gets_40_and_64_octets(form: bytes | None) -> None:
    bare = pre_command(asked())
    body = signed(asked(), bare._replace(signature=form))
    assert body.payload[:-65] == serialise(bare)
    assert body.payload[-65] == 0x40
    key = parties.everyone().verifying_key(USER)
    assert key is not None
    assert verify_signature(parse(body.payload), key)


def test_the_second_half_bears_the_time_of_the_first() -> None:
    message = activate_firmware(
        DIGEST,
        originator=USER,
        recipient=SWITCH,
        counter=DATED.header.request_id.counter,
        execution_time=AT,
    )
    assert signed(DATED, message).execution_utc == AT.timestamp()


def test_a_cancellation_is_the_last_second_of_9999_in_the_command() -> None:
    request = asked(FirmwareActivation(DIGEST, CANCELLATION))
    counter = request.header.request_id.counter
    message = activate_firmware(
        DIGEST,
        originator=USER,
        recipient=SWITCH,
        counter=counter,
        execution_time=CANCELLATION_TIME,
    )
    assert signed(request, message).execution_utc == CANCELLATION


def other_image() -> Message:
    named = asked().header.request_id
    return activate_firmware(bytes(32), originator=USER, recipient=SWITCH, counter=named.counter)


def other_time() -> Message:
    named = asked().header.request_id
    return activate_firmware(
        DIGEST, originator=USER, recipient=SWITCH, counter=named.counter, execution_time=AT
    )


def of(message: Message, **changes: object) -> Message:
    return message._replace(**changes)  # type: ignore[arg-type] # fields of a message, by name


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (pre_command(asked(), originator=OTHER), "the originator of the pre-command is 90-B3"),
        (pre_command(asked(), recipient=DISPLAY), "the device of the pre-command is 00-DB"),
        (pre_command(asked(), counter=5), "the originator counter of the pre-command is 5"),
        (other_image(), "the image hash of the pre-command is 0000"),
        (other_time(), "the execution time of the pre-command is 2027-01-01T02:00:00Z"),
        (of(pre_command(asked()), counter=5), "the payload has counter"),
        (
            of(
                pre_command(asked()),
                other_information=OtherInformation(MessageCode.ACTIVATE_FIRMWARE, OTHER),
            ),
            "the other information of the pre-command is",
        ),
        (
            of(
                pre_command(asked()),
                other_information=OtherInformation(MessageCode.CRITICAL_ALERT),
            ),
            "message code 1000 is no CS06 command",
        ),
        (sign(pre_command(asked()), parties.everyone()), "is signed or MACed already"),
    ],
)
def test_a_pre_command_that_says_something_else_is_not_signed(message: Message, said: str) -> None:
    with pytest.raises(PeerError) as refused:
        signed(asked(), message)
    assert said in str(refused.value)
    assert str(refused.value).endswith("not signed")


def test_no_bit_of_a_pre_command_can_be_changed_and_still_be_signed() -> None:
    octets = serialise(pre_command(asked()))
    signer = parties.everyone().signer(USER)
    assert signer is not None
    for bit in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        answer = answered(asked(), "I0", PreCommand("4.2", bytes(changed)))
        with pytest.raises(PeerError, match="not signed"):
            second_half(asked(), answer, signer)


def test_a_dated_request_is_not_signed_as_an_immediate_command() -> None:
    with pytest.raises(PeerError, match="the execution time of the pre-command is none"):
        signed(DATED, pre_command(DATED))


def test_only_an_answer_to_the_request_itself_is_signed() -> None:
    signer = parties.everyone().signer(USER)
    assert signer is not None
    with pytest.raises(PeerError, match=r"the answer is to .*, not to"):
        second_half(asked(), transformed(asked(counter=7)), signer)
    with pytest.raises(PeerError, match="the answer E19 holds no pre-command"):
        second_half(asked(), answered(asked(), "E19"), signer)
    with pytest.raises(PeerError, match="is no CS06"):
        second_half(asked(), answered(asked(), "I0", PreCommand("4.2", b"\0")), signer)


def test_a_request_that_becomes_no_pre_command_is_not_signed() -> None:
    read = asked(ReadFirmwareVersion())
    signer = parties.everyone().signer(USER)
    assert signer is not None
    with pytest.raises(LocalError, match=r"11\.2 becomes no pre-command"):
        second_half(read, transformed(asked()), signer)
