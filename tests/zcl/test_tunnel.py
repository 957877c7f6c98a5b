"""The commands of cluster 0x0704, as they lie on the air."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import (
    FORMS,
    AckTransferData,
    CloseTunnel,
    GetSupportedTunnelProtocols,
    ReadyData,
    RequestTunnel,
    RequestTunnelResponse,
    SupportedTunnelProtocolsResponse,
    TransferData,
    TransferDataError,
    TransferStatus,
    TunnelClosureNotification,
    TunnelCommand,
    TunnelStatus,
    command_of,
    decode,
    encode,
)

#: Every command: whether the server sends it, its number, itself, its octets.
SAMPLES: list[tuple[bool, int, TunnelCommand, str]] = [
    (False, 0x00, RequestTunnel(6, 0xFFFF, False, 1500), "06 ffff 00 dc05"),
    (False, 0x01, CloseTunnel(0x1234), "3412"),
    (False, 0x02, TransferData(7, b"\x03\xdf\x09"), "0700 03df09"),
    (False, 0x03, TransferDataError(7, TransferStatus.WRONG_DEVICE), "0700 01"),
    (False, 0x04, AckTransferData(7, 0x0102), "0700 0201"),
    (False, 0x05, ReadyData(7, 0x0102), "0700 0201"),
    (False, 0x06, GetSupportedTunnelProtocols(2), "02"),
    (True, 0x00, RequestTunnelResponse(7, TunnelStatus.BUSY, 1500), "0700 01 dc05"),
    (True, 0x01, TransferData(7, b""), "0700"),
    (True, 0x02, TransferDataError(7, TransferStatus.DATA_OVERFLOW), "0700 02"),
    (True, 0x03, AckTransferData(7, 0x0102), "0700 0201"),
    (True, 0x04, ReadyData(7, 0x0102), "0700 0201"),
    (
        True,
        0x05,
        SupportedTunnelProtocolsResponse(True, ((0xFFFF, 6), (0x121D, 200))),
        "01 02 ffff06 1d12c8",
    ),
    (True, 0x06, TunnelClosureNotification(7), "0700"),
]
NAMES = [
    f"{type(record).__name__}-{'server' if server else 'client'}"
    for server, _, record, _ in SAMPLES
]
U8, U16 = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
FIELDS: dict[type[Any], st.SearchStrategy[Any]] = {
    RequestTunnel: st.builds(RequestTunnel, U8, U16, st.booleans(), U16),
    CloseTunnel: st.builds(CloseTunnel, U16),
    TransferData: st.builds(TransferData, U16, st.binary(max_size=90)),
    TransferDataError: st.builds(TransferDataError, U16, U8),
    AckTransferData: st.builds(AckTransferData, U16, U16),
    ReadyData: st.builds(ReadyData, U16, U16),
    GetSupportedTunnelProtocols: st.builds(GetSupportedTunnelProtocols, U8),
    RequestTunnelResponse: st.builds(RequestTunnelResponse, U16, U8, U16),
    SupportedTunnelProtocolsResponse: st.builds(
        SupportedTunnelProtocolsResponse,
        st.booleans(),
        st.lists(st.tuples(U16, U8), max_size=20).map(tuple),
    ),
    TunnelClosureNotification: st.builds(TunnelClosureNotification, U16),
}


def test_both_sides_number_seven_commands_from_zero() -> None:
    assert [sorted(FORMS[sender]) for sender in (False, True)] == [[*range(7)]] * 2
    assert {(server, number) for server, number, _, _ in SAMPLES} == {
        (sender, number) for sender in FORMS for number in FORMS[sender]
    }


@pytest.mark.parametrize(("server", "number", "record", "octets"), SAMPLES, ids=NAMES)
def test_a_command_lies_as_the_standard_says(
    server: bool, number: int, record: TunnelCommand, octets: str
) -> None:
    payload = bytes.fromhex(octets)
    assert command_of(record, from_server=server) == number
    assert encode(record, from_server=server) == payload
    assert decode(number, payload, from_server=server) == record


@given(st.sampled_from(SAMPLES), st.data())
def test_every_value_is_read_as_it_was_written(
    sample: tuple[bool, int, TunnelCommand, str], data: st.DataObject
) -> None:
    server, number, kind, _ = sample
    record = data.draw(FIELDS[type(kind)])
    assert decode(number, encode(record, from_server=server), from_server=server) == record


@given(st.booleans(), U8, st.binary(max_size=100))
def test_any_octets_are_a_command_or_the_peers_mistake(
    server: bool, number: int, payload: bytes
) -> None:
    try:
        record = decode(number, payload, from_server=server)
    except PeerError as error:
        known = number in FORMS[server]
        assert error.status == (Status.MALFORMED_COMMAND if known else Status.UNSUP_CLUSTER_COMMAND)
    else:
        again = encode(record, from_server=server)
        assert decode(number, again, from_server=server) == record


@pytest.mark.parametrize(("server", "number", "record", "octets"), SAMPLES, ids=NAMES)
def test_every_cut_short_is_malformed(
    server: bool, number: int, record: TunnelCommand, octets: str
) -> None:
    payload = bytes.fromhex(octets)
    needed = 2 if isinstance(record, TransferData) else len(payload)
    for length in range(needed):
        with pytest.raises(PeerError) as caught:
            decode(number, payload[:length], from_server=server)
        assert caught.value.status == Status.MALFORMED_COMMAND


def test_octets_behind_a_known_layout_are_ignored() -> None:
    assert decode(0x00, bytes.fromhex("06ffff00dc05 99"), from_server=False) == SAMPLES[0][2]


@pytest.mark.parametrize(
    ("server", "record"),
    [(True, RequestTunnel(6, 0xFFFF, False, 1500)), (False, TunnelClosureNotification(1))],
)
def test_a_side_cannot_send_the_other_sides_command(server: bool, record: TunnelCommand) -> None:
    with pytest.raises(LocalError, match="is not a command of the"):
        encode(record, from_server=server)


def test_a_value_that_does_not_fit_is_our_mistake() -> None:
    with pytest.raises(LocalError, match="cannot be sent"):
        encode(CloseTunnel(0x10000), from_server=False)
