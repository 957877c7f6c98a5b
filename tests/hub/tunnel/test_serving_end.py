"""What the end that serves tunnels answers, and what it refuses."""

import pytest

from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import TransferStatus, TunnelStatus
from tests.hub.tunnel.ends import End, frame_of, opened, read
from tests.hub.tunnel.home import message


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (tunnel.RequestTunnel(0, 0xFFFF, False, 1500), TunnelStatus.PROTOCOL_NOT_SUPPORTED),
        (tunnel.RequestTunnel(6, 0x121D, False, 1500), TunnelStatus.PROTOCOL_NOT_SUPPORTED),
        (tunnel.RequestTunnel(6, 0xFFFF, False, 15), TunnelStatus.PROTOCOL_NOT_SUPPORTED),
        (tunnel.RequestTunnel(6, 0xFFFF, True, 1500), TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED),
    ],
    ids=["DLMS", "manufacturer's own", "tiny transfers", "flow control"],
)
def test_a_tunnel_we_cannot_serve_is_refused(
    request_: tunnel.RequestTunnel, status: TunnelStatus
) -> None:
    (answer,) = End().hear(frame_of(request_, server=False))
    assert read(answer) == tunnel.RequestTunnelResponse(0xFFFF, status, 1500)


def test_a_request_that_comes_twice_opens_one_tunnel() -> None:
    end = End()
    assert opened(end) == opened(end)


def test_a_client_that_restarted_and_counts_from_the_start_again_gets_a_fresh_tunnel() -> None:
    end = End()
    first = opened(end)
    end.hear(frame_of(tunnel.TransferData(first, b"\x01"), server=False, sequence=2))
    second = opened(end)
    assert second != first
    again = frame_of(tunnel.TransferData(second, b"\x01"), server=False, sequence=2)
    assert len(end.hear(again)) == 2  # an acknowledgement, and an answer


def test_a_second_request_opens_a_tunnel_in_place_of_the_first() -> None:
    end = End()
    first = opened(end)
    request = frame_of(tunnel.RequestTunnel(6, 0xFFFF, False, 1500), server=False, sequence=2)
    (answer,) = map(read, end.hear(request))
    assert isinstance(answer, tunnel.RequestTunnelResponse)
    assert answer.tunnel != first
    old = frame_of(tunnel.TransferData(first, b"\x01"), server=False)
    (error,) = map(read, end.hear(old))
    assert error == tunnel.TransferDataError(first, TransferStatus.NO_SUCH_TUNNEL)


def test_more_octets_than_the_message_has_are_an_overflow() -> None:
    end = End()
    number = opened(end)
    piece = tunnel.TransferData(number, b"\x03" + message(20) + b"\x00")
    (error,) = map(read, end.hear(frame_of(piece, server=False)))
    assert error == tunnel.TransferDataError(number, TransferStatus.DATA_OVERFLOW)
    assert not end.line.ends.open()


def test_octets_that_begin_no_message_are_malformed_and_end_the_tunnel() -> None:
    end = End()
    number = opened(end)
    piece = tunnel.TransferData(number, b"\x03\x42")
    (answer,) = map(read, end.hear(frame_of(piece, server=False)))
    assert answer == general.DefaultResponse(2, Status.MALFORMED_COMMAND)
    assert not end.line.ends.open()


def test_the_supported_protocols_are_told() -> None:
    ask = tunnel.GetSupportedTunnelProtocols
    (first,) = map(read, End().hear(frame_of(ask(0), server=False)))
    assert first == tunnel.SupportedTunnelProtocolsResponse(True, ((0xFFFF, 6),))
    (rest,) = map(read, End().hear(frame_of(ask(1), server=False)))
    assert rest == tunnel.SupportedTunnelProtocolsResponse(True, ())


def test_the_close_tunnel_timeout_can_be_read() -> None:
    question = general.encode(general.ReadAttributes((0x0000, 0x0001)))
    (answer,) = map(
        read, End().hear(general_frame(general.READ_ATTRIBUTES, 5, question, from_server=False))
    )
    assert answer == general.ReadAttributesResponse(
        (
            general.AttributeRecord(0x0000, Status.SUCCESS, general.UINT16, 0xFFFF),
            general.AttributeRecord(0x0001, Status.UNSUPPORTED_ATTRIBUTE),
        )
    )


def test_flow_control_which_was_never_agreed_is_passed_over() -> None:
    end = End()
    number = opened(end)
    for record in (tunnel.AckTransferData(number, 5), tunnel.ReadyData(number, 5)):
        end.hear(frame_of(record, server=False))
    assert end.counters["unexpected_command"] == 2
    assert end.line.ends.open()


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        ("05ffff 09 00", Status.UNSUP_CLUSTER_COMMAND),
        ("04ffff 09 00 0000", Status.UNSUP_GENERAL_COMMAND),
        ("0109 42", Status.UNSUP_CLUSTER_COMMAND),
        ("0109 00 06", Status.MALFORMED_COMMAND),
        ("0009 42", Status.UNSUP_GENERAL_COMMAND),
        ("0009 0b 01", None),  # a Default Response cut short
        ("0009 0b 4200", None),  # one to nothing of ours
    ],
)
def test_what_is_not_served_is_refused_and_no_refusal_is(frame: str, status: int | None) -> None:
    answers = [read(answer) for answer in End().hear(bytes.fromhex(frame))]
    statuses = [answer.status for answer in answers if isinstance(answer, general.DefaultResponse)]
    assert statuses == ([] if status is None else [status])
    assert len(answers) == len(statuses)
