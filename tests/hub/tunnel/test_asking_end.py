"""What the end that asks for tunnels does about silence, refusals and a radio that loses frames."""

import pytest

from ota_engine.hub.tunnel.queue import Ended
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import TunnelStatus
from tests.hub.tunnel.ends import SETTINGS, End, Pair, frame_of
from tests.hub.tunnel.home import message


def test_silence_is_met_with_the_same_frame_and_then_given_up() -> None:
    end = End()
    end.send(message(20), token=9)
    first = list(end.line.frames)
    for _ in range(10):
        if end.line.wake_at < float("inf"):
            end.line.wake(end.line.wake_at)
    end.collect(0.0)
    assert end.line.frames == first * SETTINGS.tries
    assert end.ended == [Ended(9, "the device does not answer")]


@pytest.mark.parametrize("status", [TunnelStatus.BUSY, TunnelStatus.NO_MORE_TUNNEL_IDS])
def test_a_busy_server_is_asked_again_later(status: TunnelStatus) -> None:
    pair = Pair()
    pair.ends[1].line.refusing = status
    pair.ends[0].send(message(20), token=9)
    for _ in range(2):
        pair.gather()
        pair.deliver(0)
        pair.gather()
        pair.deliver(1)
        assert pair.ends[0].line.wake_at == pair.now + SETTINGS.busy
        pair.pass_time(SETTINGS.busy)
    pair.ends[1].line.refusing = None
    pair.settle()
    assert pair.ends[0].ended == [Ended(9, None)]


def test_a_refusal_that_comes_twice_is_one() -> None:
    pair = Pair()
    pair.ends[1].line.refusing = TunnelStatus.BUSY
    pair.ends[0].send(message(20), token=9)
    pair.gather()
    pair.deliver(0)
    pair.gather()
    pair.deliver(1, copy=True)
    pair.deliver(1)
    assert pair.ends[0].counters["unexpected_response"] == 1


def test_a_server_that_stays_busy_is_given_up() -> None:
    pair = Pair()
    pair.ends[1].line.refusing = TunnelStatus.BUSY
    pair.ends[0].send(message(20), token=9)
    for _ in range(SETTINGS.tries):
        pair.gather()
        pair.deliver(0)
        pair.gather()
        pair.deliver(1)
        pair.pass_time(SETTINGS.busy)
    pair.settle()
    assert pair.ends[0].ended == [Ended(9, "the device has no tunnel free")]


def test_a_server_that_serves_no_such_protocol_is_given_up_at_once() -> None:
    pair = Pair()
    pair.ends[1].line.refusing = TunnelStatus.PROTOCOL_NOT_SUPPORTED
    pair.ends[0].send(message(20), token=9)
    pair.settle()
    assert pair.ends[0].ended == [Ended(9, "the device refuses the tunnel, status 3")]
    assert pair.now == 0.0


def test_a_device_without_the_cluster_is_given_up_at_once() -> None:
    end = End()
    end.send(message(20), token=9)
    request = end.line.frames[0]
    refusal = general.encode(general.DefaultResponse(0, Status.UNSUP_CLUSTER_COMMAND))
    end.hear(general_frame(general.DEFAULT_RESPONSE, request[1], refusal, from_server=True))
    assert end.ended == [Ended(9, "the device knows no tunnels, status 0x81")]


def test_an_answer_to_no_request_opens_nothing() -> None:
    end = End()
    end.hear(frame_of(tunnel.RequestTunnelResponse(5, 0, 1500), server=True))
    assert not end.line.ends.open()
    assert end.counters["unexpected_response"] == 1


def test_a_frame_the_radio_lost_is_repeated_after_a_pause() -> None:
    end = End()
    end.send(message(20))
    (frame,) = end.line.frames
    end.line.sender.failed(frame, "lost", Monotonic(1.0))
    assert end.line.wake_at == 1.0 + SETTINGS.pause
    end.line.wake(end.line.wake_at)
    assert end.line.frames == [frame, frame]


def test_a_request_too_long_for_the_radio_is_not_tried_again() -> None:
    end = End()
    end.send(message(20), token=9)
    end.line.sender.failed(end.line.frames[0], "too long", Monotonic(1.0), too_long=True)
    end.collect(1.0)
    assert end.ended == [Ended(9, "too long")]


def test_a_piece_too_long_for_the_radio_is_cut_anew() -> None:
    pair = Pair()
    pair.ends[0].send(message(300), token=9)
    sizes = []
    for _ in range(200):
        pair.gather()
        for frame in list(pair.ways[0]):
            if len(frame) > 40:
                pair.ways[0].remove(frame)
                pair.ends[0].line.sender.failed(frame, "too long", pair.now, too_long=True)
            else:
                sizes.append(len(frame))
                pair.deliver(0)
        while pair.ways[1]:
            pair.deliver(1)
    assert max(sizes) <= 40
    assert pair.ends[1].received == [message(300)]
    assert pair.ends[0].ended == [Ended(9, None)]


def test_a_radio_that_takes_not_even_the_smallest_piece_is_given_up() -> None:
    pair = Pair()
    pair.ends[0].send(message(300), token=9)
    for way in (0, 1):
        pair.gather()
        pair.deliver(way)
    for _ in range(20):
        pair.gather()
        for frame in pair.ways[0]:
            pair.ends[0].line.sender.failed(frame, "too long", pair.now, too_long=True)
        pair.ways[0].clear()
    assert pair.ends[0].ended == [Ended(9, "too long")]


def test_a_lost_frame_that_is_not_the_one_under_way_means_nothing() -> None:
    end = End()
    end.send(message(20))
    before = end.line.wake_at
    end.line.sender.failed(b"\x00\x00\x00", "lost", Monotonic(1.0))
    assert end.line.wake_at == before
