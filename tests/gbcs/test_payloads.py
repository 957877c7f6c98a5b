"""What firmware messages say: octet for octet as specified, and nothing out of shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.codes import USE_CASES, AlertCode, Cra, MessageCode, name_of
from ota_engine.gbcs.compose import device_time, moment_of
from ota_engine.gbcs.der import MAX_COUNTER, MAX_DER_BYTES
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.meters import VersionRequest
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivateFirmware,
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
    ReadVersion,
    VersionRead,
    activation_of,
    read_payload,
    write_payload,
)
from tests.gbcs.parties import HASH, HCALCS, LATER, NOW, all_messages, bare_command

NAMES = sorted(all_messages())
DER_CODES = [
    (MessageCode.ACTIVATE_FIRMWARE, Cra.COMMAND),
    (MessageCode.ACTIVATE_FIRMWARE, Cra.RESPONSE),
    (MessageCode.FIRMWARE_ACTIVATION_ALERT, Cra.ALERT),
    (MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION, Cra.COMMAND),
    (MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION, Cra.RESPONSE),
    (MessageCode.FIRMWARE_TRANSFER_ALERT, Cra.ALERT),
    (MessageCode.PPMID_ACTIVATION_ALERT, Cra.ALERT),
]
TIME = "180F32303236303330313032333030305A"  # 20260301023000Z


def said(code: int, cra: Cra, payload: bytes) -> Message:
    command = bare_command()
    information = command.other_information._replace(message_code=code)
    return command._replace(cra=cra, other_information=information, payload=payload)


@pytest.mark.parametrize(
    ("payload", "octets"),
    [
        (ActivateFirmware(HASH, 1000), "30260420" + HASH.hex() + "020203E8"),
        (ActivateFirmware(HASH, 128, LATER), "30370420" + HASH.hex() + "02020080" + TIME),
        (ActivateFirmware(HASH, 0), "30250420" + HASH.hex() + "020100"),
        (CommandAccepted(), "0500"),
        (ActivationOutcome(3, 0x0123ABCE), "300902010304040123ABCE"),
        (
            FutureDatedOutcome(0x8F66, LATER, 1001, ActivationOutcome(0, 0x0123ABCF)),
            "30250203008F66" + TIME + "020203E9300902010004040123ABCF",
        ),
        (ReadVersion(), "0500"),
        (VersionRead(0x0123ABCD, 0), "300904040123ABCD020100"),
        (
            FirmwareTransfer(0x8F89, LATER, HCALCS, 0x0123ABCD, 2),
            "30290203008F89" + TIME + "040800DB12340000000304040123ABCD020102",
        ),
        (
            PpmidActivation(0x8F8B, LATER, 0x0123ABCD, 1),
            "301F0203008F8B" + TIME + "04040123ABCD020101",
        ),
        (VersionRequest(1000), "D9200003E800010100010000000201FF020100"),
    ],
)
def test_the_octets_of_each_payload(payload: Payload, octets: str) -> None:
    assert write_payload(payload).hex().upper() == octets.upper()


@pytest.mark.parametrize("name", NAMES)
def test_every_message_says_what_was_meant(name: str) -> None:
    message = all_messages()[name]
    payload = read_payload(message)
    assert not isinstance(payload, Opaque)
    assert write_payload(payload) == message.payload


def test_cancellation_is_the_last_second_of_the_calendar() -> None:
    octets = write_payload(ActivateFirmware(HASH, 7, CANCELLATION_TIME))
    assert octets.endswith(b"99991231235959Z")
    assert activation_of(bare_command(7, CANCELLATION_TIME)).execution_time == CANCELLATION_TIME


def test_the_counter_inside_must_be_that_of_the_header() -> None:
    with pytest.raises(PeerError, match="counter"):
        activation_of(bare_command(1000)._replace(counter=1001))


def test_an_order_is_read_from_a_command_only() -> None:
    with pytest.raises(PeerError, match="no CS06 command"):
        activation_of(all_messages()["CS06 outcome"])


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, MAX_COUNTER),
    st.none() | st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31, 23, 59, 59)),
)
def test_any_order_is_read_as_written(digest: bytes, counter: int, at: datetime | None) -> None:
    at = None if at is None else at.replace(microsecond=0, tzinfo=UTC)
    order = ActivateFirmware(digest, counter, at)
    message = said(0x12, Cra.COMMAND, write_payload(order))
    assert read_payload(message) == order


@given(st.sampled_from(DER_CODES), st.binary(max_size=80))
@example(DER_CODES[0], b"\x30" * 2000)
@example(DER_CODES[0], bytes.fromhex("30847FFFFFFF"))
@example(DER_CODES[1], b"\x30\x80\x00\x00")
def test_any_octets_are_a_payload_or_a_peer_error(code: tuple[int, Cra], octets: bytes) -> None:
    try:
        payload = read_payload(said(*code, octets))
    except PeerError:
        return
    assert write_payload(payload) == octets


@given(st.sampled_from(NAMES), st.data())
def test_any_damage_is_a_payload_or_a_peer_error(name: str, data: st.DataObject) -> None:
    message = all_messages()[name]
    octets = bytearray(message.payload)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = message._replace(payload=bytes(octets))
    try:
        payload = read_payload(damaged)
    except PeerError:
        return
    assert write_payload(payload) == damaged.payload


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_cut_short_is_refused_or_opaque(name: str) -> None:
    message = all_messages()[name]
    for length in range(len(message.payload)):
        cut = message._replace(payload=message.payload[:length])
        try:
            assert read_payload(cut) == Opaque(cut.payload)
        except PeerError:
            assert (message.message_code, message.cra) in DER_CODES


@pytest.mark.parametrize(
    "octets",
    [
        b"\x30" * (MAX_DER_BYTES + 1),
        b"\x30\x82\x03\xfc" * 200,
        b"".join(b"\x30\x82" + (1000 - 4 * depth).to_bytes(2) for depth in range(200)),
    ],
)
def test_nested_and_oversized_der_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerError):
        read_payload(said(0x12, Cra.COMMAND, octets))


def order_with(counter: str = "020101", time: str = "") -> Message:
    body = bytes.fromhex("0420" + HASH.hex() + counter + time)
    return said(0x12, Cra.COMMAND, b"\x30" + bytes((len(body),)) + body)


def time_field(text: str) -> str:
    return (b"\x18" + bytes((len(text),)) + text.encode()).hex()


@pytest.mark.parametrize(
    "text",
    [
        "20260101000060Z",  # a leap second written as 60
        "20260101000000.5Z",
        "20260101000000.0Z",
        "202601010000Z",
        "20260101000000",
        "20260101000000+0100",
        "20260230000000Z",
        "00000101000000Z",
        "2026010100000 Z",
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        read_payload(order_with(time=time_field(text)))


@pytest.mark.parametrize(
    "counter",
    ["0201FF", "02020001", "0200", "020900FFFFFFFFFFFFFFFF", "0214" + "7F" * 20, "0A0101"],
)
def test_a_counter_is_a_minimal_integer_up_to_2_to_the_63(counter: str) -> None:
    with pytest.raises(PeerError):
        read_payload(order_with(counter))


def test_the_largest_counter_is_read() -> None:
    order = read_payload(order_with("02087FFFFFFFFFFFFFFF"))
    assert isinstance(order, ActivateFirmware)
    assert order.originator_counter == MAX_COUNTER


def test_octets_behind_the_der_are_refused() -> None:
    message = bare_command()
    with pytest.raises(PeerError):
        read_payload(message._replace(payload=message.payload + b"\x05\x00"))


@pytest.mark.parametrize("cra", Cra)
def test_a_use_case_nobody_knows_stays_opaque(cra: Cra) -> None:
    assert read_payload(said(0x0062, cra, b"\x01\x02")) == Opaque(b"\x01\x02")


def test_an_outcome_nobody_named_is_still_read() -> None:
    outcome = read_payload(said(0x12, Cra.RESPONSE, bytes.fromhex("300902017F04040123ABCE")))
    assert outcome == ActivationOutcome(0x7F, 0x0123ABCE)


@pytest.mark.parametrize(
    "wrong",
    [
        ActivateFirmware(HASH[:31], 1),
        ActivateFirmware(HASH, -1),
        ActivateFirmware(HASH, MAX_COUNTER + 1),
        ActivateFirmware(HASH, 1, datetime(2026, 1, 1)),
        ActivateFirmware(HASH, 1, NOW + timedelta(milliseconds=1)),
        ActivationOutcome(0, 2**32),
        FirmwareTransfer(0x8F8A, NOW, -1, 0, 0),
        VersionRequest(0, class_id=2**16),
    ],
)
def test_what_does_not_fit_is_never_written(wrong: Any) -> None:
    with pytest.raises(LocalError):
        write_payload(wrong)


def test_every_message_code_has_a_use_case() -> None:
    assert set(USE_CASES) == set(MessageCode)


@pytest.mark.parametrize(
    ("code", "name"),
    [(0x8F66, "future dated command actioned"), (0x8F1C, "firmware verification failed")],
)
def test_alert_codes_have_names(code: int, name: str) -> None:
    assert name_of(code, AlertCode) == name
    assert name_of(0x1234, AlertCode) == "unknown"


def test_a_devices_clock_is_read_as_written() -> None:
    assert moment_of(device_time(NOW)) == NOW
    assert moment_of(device_time(NOW)._replace(month=0xFF)) is None


def test_a_leap_second_of_a_devices_clock_is_the_second_after() -> None:
    assert moment_of(device_time(NOW)._replace(minute=59, second=60)) == NOW + timedelta(hours=1)
