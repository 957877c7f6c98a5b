"""A tunnel that is closed, or whose other end restarts: what was under way begins anew, or is given up."""

import pytest

from ota_engine.hub.tunnel.life import LineState
from ota_engine.hub.tunnel.queue import Ended
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.status import Status
from tests.hub.tunnel.ends import SETTINGS, End, Pair, frame_of, opened, read
from tests.hub.tunnel.home import message


def test_a_message_begins_anew_on_a_fresh_tunnel_when_the_other_end_restarts_amid_it() -> None:
    pair = Pair()
    pair.ends[0].send(message(300), token=3)
    for way in (0, 1, 0, 1, 0):
        pair.gather()
        pair.deliver(way)
    pair.ends[1].restart()
    pair.settle()
    assert pair.ends[1].received == [message(300)]
    assert pair.ends[0].ended == [Ended(3, None)]
    assert pair.ends[1].counters["unknown_tunnel"] == 1


@pytest.mark.parametrize(
    "closure",
    [
        lambda number: frame_of(tunnel.TunnelClosureNotification(number), server=True),
        lambda number: frame_of(tunnel.TransferDataError(number, 0), server=True),
    ],
    ids=["closed", "no such tunnel"],
)
def test_a_message_begins_anew_when_its_tunnel_is_closed(closure: object) -> None:
    assert callable(closure)
    pair = Pair()
    pair.ends[0].send(message(300), token=3)
    for way in (0, 1, 0, 1):
        pair.gather()
        pair.deliver(way)
    ours = pair.ends[0].line.ends.ours
    assert ours is not None
    pair.ends[0].line.receive(closure(ours.number), pair.now)
    pair.settle()
    assert pair.ends[1].received == [message(300)]
    assert pair.ends[0].ended == [Ended(3, None)]


def test_a_tunnel_that_is_always_closed_is_given_up() -> None:
    end = End()
    end.send(message(300), token=3)
    openings = 0
    for _ in range(20):
        for frame in [*end.collect(0.0)]:
            end.line.frames.remove(frame)
            record, sequence = read(frame), frame[1]
            if isinstance(record, tunnel.RequestTunnel):
                openings += 1
                answer = tunnel.RequestTunnelResponse(openings, 0, 1500)
                end.line.receive(frame_of(answer, server=True, sequence=sequence), Monotonic(0.0))
            elif isinstance(record, tunnel.TransferData):
                end.line.receive(
                    frame_of(tunnel.TransferDataError(openings, 0), server=True), Monotonic(0.0)
                )
    assert openings == SETTINGS.openings
    assert end.ended == [Ended(3, "the tunnel was closed 4 times")]


def test_a_tunnel_that_was_open_counts_as_one_of_those_closed() -> None:
    pair = Pair()
    pair.ends[0].send(message(20), token=2)
    pair.settle()
    closures = 0
    pair.ends[0].send(message(300), token=3)
    for _ in range(30):
        pair.gather()
        ours = pair.ends[0].line.ends.ours
        if ours is not None and pair.ends[0].line.sender.state is LineState.SENDING:
            closure = tunnel.TunnelClosureNotification(ours.number)
            pair.ends[0].line.receive(frame_of(closure, server=True), pair.now)
            pair.ways[0].clear()
            closures += 1
        for way in (0, 1):
            pair.deliver(way)
    assert closures == SETTINGS.openings
    assert pair.ends[0].ended[1:] == [Ended(3, "the tunnel was closed 4 times")]


def test_a_piece_that_is_answered_with_an_error_begins_the_message_anew() -> None:
    pair = Pair()
    pair.ends[0].send(message(300), token=3)
    for way in (0, 1):
        pair.gather()
        pair.deliver(way)
    pair.gather()
    (piece,) = pair.ways[0]
    error = general.encode(general.DefaultResponse(piece[2], Status.FAILURE))
    pair.ends[0].line.receive(
        general_frame(general.DEFAULT_RESPONSE, piece[1], error, from_server=True), pair.now
    )
    pair.ways[0].clear()
    pair.gather()
    assert [type(read(frame)) for frame in pair.ways[0]] == [
        tunnel.CloseTunnel,
        tunnel.RequestTunnel,
    ]
    pair.settle()
    assert pair.ends[1].received == [message(300)]
    assert pair.ends[0].ended == [Ended(3, None)]


def test_an_answer_to_another_command_under_the_same_number_is_none_to_a_piece() -> None:
    pair = Pair()
    pair.ends[0].send(message(300), token=3)
    for way in (0, 1):
        pair.gather()
        pair.deliver(way)
    pair.gather()
    (piece,) = pair.ways[0]
    other = general.encode(general.DefaultResponse(0x06, Status.SUCCESS))
    pair.ends[0].line.receive(
        general_frame(general.DEFAULT_RESPONSE, piece[1], other, from_server=True), pair.now
    )
    pair.gather()
    assert pair.ways[0] == [piece]


def test_a_client_that_closes_is_answered_if_it_asked_for_that() -> None:
    end = End()
    number = opened(end)
    (answer,) = map(read, end.hear(frame_of(tunnel.CloseTunnel(number), server=False)))
    assert answer == general.DefaultResponse(1, Status.SUCCESS)
    assert not end.line.ends.open()


def test_a_closure_of_another_tunnel_closes_nothing() -> None:
    pair = Pair()
    pair.ends[0].send(message(20))
    pair.settle()
    pair.ends[0].line.receive(
        frame_of(tunnel.TunnelClosureNotification(999), server=True), Monotonic(0.0)
    )
    assert pair.ends[0].line.ends.ours is not None


def test_half_a_message_is_forgotten_with_its_tunnel_when_no_more_comes() -> None:
    end = End()
    number = opened(end)
    piece = tunnel.TransferData(number, b"\x03" + message(300)[:70])
    end.hear(frame_of(piece, server=False, sequence=2))
    assert end.line.wake_at == SETTINGS.piece
    end.line.wake(Monotonic(SETTINGS.piece))
    (closure,) = map(read, end.line.frames)
    assert closure == tunnel.TunnelClosureNotification(number)
    assert end.allowance.left == SETTINGS.held
    assert end.counters["message_incomplete"] == 1


def test_a_tunnel_nobody_uses_is_closed() -> None:
    end = End()
    number = opened(end)
    end.line.close_unused(Monotonic(SETTINGS.unused - 1.0))
    assert not end.line.frames
    end.line.close_unused(Monotonic(float(SETTINGS.unused)))
    assert [read(frame) for frame in end.line.frames] == [tunnel.TunnelClosureNotification(number)]


def test_a_tunnel_through_which_messages_only_leave_is_used_too() -> None:
    pair = Pair()
    pair.ends[0].send(message(20))
    pair.settle()
    later = SETTINGS.unused / 2
    pair.now = Monotonic(later)
    pair.ends[0].send(message(20, seed=1), now=later)
    pair.settle()
    for end in pair.ends:
        end.line.close_unused(Monotonic(SETTINGS.unused + 1.0))
        assert end.line.ends.open()
