"""Two ends of a line, frame by frame: whatever is lost, copied or disordered, messages come whole."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.hub.tunnel.queue import Ended
from ota_engine.hub.tunnel.sender import OVERHEAD
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.status import Status
from tests.hub.tunnel.ends import SETTINGS, End, Pair, frame_of, opened, read
from tests.hub.tunnel.home import ROOM, message
from tests.tiers import examples


@pytest.mark.parametrize("room", [21, 50, ROOM, 1600])
@pytest.mark.parametrize("size", [0, 1, 300, 5000])
def test_a_message_crosses_whatever_fits_a_frame(room: int, size: int) -> None:
    pair = Pair(End(room=room))
    pair.ends[0].send(message(size), token=5)
    pair.settle()
    assert pair.ends[1].received == [message(size)]
    assert pair.ends[0].ended == [Ended(5, None)]


def test_where_a_link_can_fragment_one_transfer_carries_the_message() -> None:
    pair = Pair(End(room=1600))
    pair.ends[0].send(message(300))
    pair.gather()
    pair.deliver(0)
    pair.gather()
    pair.deliver(1)
    pair.gather()
    (transfer,) = (read(frame) for frame in pair.ways[0])
    assert isinstance(transfer, tunnel.TransferData)
    assert transfer.data == b"\x03" + message(300)


def test_the_other_ends_transfer_size_bounds_the_pieces() -> None:
    pair = Pair(End(room=1600), End(TunnelSettings(transfer_size=20)))
    pair.ends[0].send(message(300))
    sizes = []
    for _ in range(200):
        pair.gather()
        sizes += [
            len(record.data)
            for record in map(read, pair.ways[0])
            if isinstance(record, tunnel.TransferData)
        ]
        for way in (0, 1):
            while pair.ways[way]:
                pair.deliver(way)
    assert max(sizes) == 20
    assert pair.ends[1].received == [message(300)]


def test_both_ends_speak_through_the_tunnel_that_is_open() -> None:
    pair = Pair()
    pair.ends[0].send(message(100))
    pair.settle()
    pair.ends[1].send(message(100, seed=1))
    pair.settle()
    assert pair.ends[0].received == [message(100, seed=1)]
    assert pair.ends[1].line.ends.ours is None


SMALL_ROOM = 60
#: Octets of payload of a message that fills all its pieces: one piece in another's place would not
#: change its length.
FULL = next(
    size for size in range(50, 200) if (1 + len(message(size))) % (SMALL_ROOM - OVERHEAD) == 0
)
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("deliver"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("copy"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("drop"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("time"), st.just(0), st.sampled_from([1, 9])),
    st.tuples(st.just("send"), st.integers(0, 1), st.just(0)),
)


#: The word that closes a tunnel in mid message is lost: half of one stays until its next piece is overdue.
LATE: list[tuple[str, int, int]] = [
    *[("deliver", 0, 0)] * 3,
    ("deliver", 1, 1),
    *[("time", 0, 9)] * 4,
    ("deliver", 0, 0),
    ("drop", 0, 0),
]

#: Both open a tunnel, and speak through the other's: its half message must go with a tunnel replaced.
CROSSED = [
    ("deliver", 0, 0),
    ("deliver", 1, 0),
    ("time", 0, 9),
    ("deliver", 1, 0),
    *[("time", 0, 9)] * 3,
    ("send", 0, 0),
    ("send", 1, 0),
    ("send", 1, 0),
]


@examples(200)
@given(st.booleans(), st.lists(STEPS, min_size=10, max_size=60))
@example(False, CROSSED)
@example(False, LATE)
def test_no_loss_copy_or_disorder_spoils_a_message(
    open_already: bool, steps: list[tuple[str, int, int]]
) -> None:
    """What arrives was sent, and what is told delivered arrived, once while its tunnel lives."""
    pair = Pair(End(room=SMALL_ROOM), End(room=SMALL_ROOM))
    sent: list[dict[int, bytes]] = [{}, {}]
    for way in (0, 1) if open_already else ():
        sent[way][-1] = message(10, seed=-1)
        pair.ends[way].send(sent[way][-1], -1)
        pair.settle()
    for token, (what, way, amount) in enumerate([("send", 0, 0), ("send", 1, 0), *steps]):
        pair.gather()
        if what == "send" and len(sent[way]) < 4:
            sent[way][token] = message(FULL, seed=token)
            pair.ends[way].send(sent[way][token], token, pair.now)
        elif what in {"deliver", "copy"}:
            pair.deliver(way, amount, copy=what == "copy")
        elif what == "drop":
            pair.drop(way, amount)
        elif what == "time":
            pair.pass_time(float(amount))
    pair.settle()
    pair.pass_time(SETTINGS.piece)  # until half a message that nobody goes on with is given up
    pair.settle()
    for way, end in enumerate(pair.ends):
        received = Counter(pair.ends[1 - way].received)
        assert set(received) <= set(sent[way].values())
        assert [ended.token for ended in end.ended] == sorted(sent[way])
        for ended in end.ended:
            if ended.reason is None:
                assert 1 <= received[sent[way][ended.token]] <= SETTINGS.openings
        assert end.allowance.left == SETTINGS.held


def test_a_piece_that_comes_twice_is_acknowledged_twice_and_taken_once() -> None:
    end = End()
    number = opened(end)
    sent = message(100)
    for sequence, data in enumerate([b"\x03" + sent[:60], sent[60:]], 2):
        frame = frame_of(tunnel.TransferData(number, data), server=False, sequence=sequence)
        first, second = end.hear(frame), end.hear(frame)
        assert first == second
        assert read(first[0]) == general.DefaultResponse(2, Status.SUCCESS)
    assert end.received == [sent]
    assert end.counters["piece_twice"] == 2


def test_a_piece_that_is_overtaken_by_the_next_is_still_known() -> None:
    end = End()
    number = opened(end)
    sent = message(200)
    cuts = [b"\x03" + sent[:60], sent[60:120], sent[120:180], sent[180:]]
    frames = [
        frame_of(tunnel.TransferData(number, data), server=False, sequence=sequence)
        for sequence, data in enumerate(cuts)
    ]
    for frame in (frames[0], frames[1], frames[0], frames[2], frames[1], frames[0], frames[3]):
        end.hear(frame)
    assert end.received == [sent]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_frames_are_answered_or_met_with_silence(frames: list[bytes]) -> None:
    end = End()
    opened(end)
    for frame in frames:
        for answer in end.hear(frame):
            read(answer)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.binary(max_size=30)), max_size=20))
def test_any_command_with_any_payload_is_answered_or_met_with_silence(
    commands: list[tuple[bool, int, bytes]],
) -> None:
    end = End()
    opened(end)
    end.send(message(100))
    for server, number, payload in commands:
        for answer in end.hear(cluster_frame(number, 1, payload, from_server=server)):
            read(answer)
    assert len(end.line.ends.open()) <= 2
