"""Two ends of a line, frame by frame: loss, copies, order, restarts, and what a peer may refuse."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.hub.tunnel.bounds import Allowance, TunnelNumbers
from ota_engine.hub.tunnel.life import LineState
from ota_engine.hub.tunnel.line import Line
from ota_engine.hub.tunnel.queue import Ended, Item, Way
from ota_engine.hub.tunnel.sender import OVERHEAD
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import TransferStatus, TunnelStatus
from tests.hub.tunnel.home import ROOM, message
from tests.tiers import examples

SETTINGS = TunnelSettings()
LAG = 15.0  # seconds; a radio brings a frame sooner, or never


class End:
    """One line, and what came of it."""

    def __init__(self, limits: TunnelSettings = SETTINGS, room: int = ROOM) -> None:
        self.room = room
        self.received: list[bytes] = []
        self.ended: list[Ended] = []
        self.counters: Counter[str] = Counter()
        self.limits = limits
        self.allowance = Allowance(limits.held)
        self.numbers = count(1)
        self.restart()

    def restart(self) -> None:
        self.line = Line(
            self.limits,
            TunnelNumbers(self.limits.tunnels),
            self.allowance,
            self.counters,
            lambda: next(self.numbers) & 0xFF,
        )

    def send(self, octets: bytes, token: int = 0, now: float = 0.0, way: Way = Way.ANY) -> None:
        self.line.sender.add(Item(b"\x03", octets, token, way, self.room))
        self.collect(now)

    def collect(self, now: float) -> list[bytes]:
        """Begin what waits; take what came; give the frames that want to leave."""
        self.ended += self.line.sender.collect()
        self.received += [incoming.octets for incoming in self.line.incoming if incoming.octets]
        self.line.incoming.clear()
        self.line.sender.start(Monotonic(now))
        return self.line.frames

    def hear(self, frame: bytes, now: float = 0.0) -> list[bytes]:
        """Take a frame; returns the answers."""
        self.line.receive(frame, Monotonic(now))
        frames = list(self.collect(now))
        self.line.frames.clear()
        return frames


class Pair:
    """Two ends, and the frames between them; one that lags too long is lost."""

    def __init__(self, one: End | None = None, other: End | None = None) -> None:
        self.now = Monotonic(0.0)
        self.ends = (one or End(), other or End())
        self.ways: tuple[list[bytes], list[bytes]] = ([], [])
        self.times: tuple[list[float], list[float]] = ([], [])

    def gather(self) -> None:
        for end, way, times in zip(self.ends, self.ways, self.times, strict=True):
            for frame in end.collect(self.now):
                way.append(frame)
                times.append(self.now)
            end.line.frames.clear()
            while times and times[0] < self.now - LAG:
                del way[0], times[0]

    def drop(self, way: int, at: int) -> None:
        if at < len(self.ways[way]):
            del self.ways[way][at], self.times[way][at]

    def deliver(self, way: int, at: int = 0, *, copy: bool = False) -> None:
        frames = self.ways[way]
        if at < len(frames):
            frame = frames[at]
            if not copy:
                self.drop(way, at)
            self.ends[1 - way].line.receive(frame, self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for end in self.ends:
            if end.line.wake_at <= self.now:
                end.line.wake(self.now)

    def settle(self, most: int = 3000) -> None:
        """Deliver everything in order, and let time pass when nothing is left to deliver."""
        for _ in range(most):
            self.gather()
            if any(self.ways):
                self.deliver(0 if self.ways[0] else 1)
            elif any(end.line.sender.state is not LineState.IDLE for end in self.ends):
                self.pass_time(SETTINGS.answer)
            else:
                return
        raise AssertionError("the two never come to rest")


def frame_of(record: tunnel.TunnelCommand, *, server: bool, sequence: int = 99) -> bytes:
    payload = tunnel.encode(record, from_server=server)
    number = tunnel.command_of(record, from_server=server)
    return cluster_frame(
        number, sequence, payload, from_server=server, disable_default_response=False
    )


def read(frame: bytes) -> tunnel.TunnelCommand | general.GeneralCommand:
    header = parse_header(frame)
    payload = frame[header.length :]
    if header.cluster_specific:
        return tunnel.decode(header.command, payload, from_server=header.from_server)
    return general.decode(header.command, payload)


def opened(end: End, now: float = 0.0) -> int:
    """A client opens a tunnel to an end; its number."""
    request = tunnel.RequestTunnel(6, 0xFFFF, False, 1500)
    (answer,) = end.hear(frame_of(request, server=False, sequence=1), now)
    response = read(answer)
    assert isinstance(response, tunnel.RequestTunnelResponse)
    assert response.status == TunnelStatus.SUCCESS
    return response.tunnel


# --- across -------------------------------------------------------------------------------------


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


# --- the tunnel is gone ---------------------------------------------------------------------------


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


# --- what a server says ---------------------------------------------------------------------------


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


# --- what a client does ---------------------------------------------------------------------------


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
