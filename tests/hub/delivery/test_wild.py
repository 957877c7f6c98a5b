"""Whatever devices and operators do, in any order: nothing raises, and what is said is true."""

from collections.abc import Callable
from contextlib import suppress
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from emulators.simulation.telling import Telling, check_telling
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import Left, LinkDown, Packet, Send, SendFailed, SendStatus
from ota_engine.hub.delivery.commands import (
    Abort,
    ApplyNow,
    Assign,
    ConfirmClock,
    NotifyDevice,
    Pause,
    Resume,
    Withdraw,
)
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import Activation, SessionState, VersionPolicy
from ota_engine.times import Monotonic
from ota_engine.zcl.frame import parse_header
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import (
    ImageBlockResponse,
    ImagePageRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageResponse,
)
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    MAX_PAYLOAD,
    NEW,
    OLD,
    UTC,
    Client,
    Desk,
    decoded,
    image,
    wish,
)
from tests.tiers import examples

KNOWN = frozenset(Status)
FIRST, SECOND = image(500), image(700, image_type=0x0085)

# --- any octets -------------------------------------------------------------------------------------

packets = st.builds(
    Packet,
    source=st.sampled_from([DEVICE, Eui64(1), Eui64(0xFFFFFFFFFFFFFFFF)]),
    network_address=st.integers(0, 0xFFFF),
    source_endpoint=st.integers(0, 0xFF),
    destination_endpoint=st.integers(0, 0xFF),
    profile=st.integers(0, 0xFFFF),
    cluster=st.sampled_from([0x0019, 0x0019, 0x0019, 0x0000]) | st.integers(0, 0xFFFF),
    aps_counter=st.integers(0, 0xFF),
    payload=st.binary(max_size=100)
    | st.builds(
        lambda head, command, rest: head + bytes((command,)) + rest,
        st.sampled_from([b"\x01\x07", b"\x11\x07", b"\x00\x07", b"\x05\x1d\x12\x07", b"\x09\x07"]),
        st.integers(0, 0x0B),
        st.binary(max_size=40),
    ),
    link_quality=st.integers(0, 0xFF),
    time=st.just(1.0),
)


def check_frame(frame: Send) -> None:
    """Everything we say can be read again, fits the air, and has a status the standard knows."""
    assert len(frame.payload) <= MAX_PAYLOAD
    parse_header(frame.payload)
    said = decoded(frame)
    if isinstance(
        said,
        DefaultResponse
        | ImageBlockResponse
        | QueryNextImageResponse
        | QueryDeviceSpecificFileResponse,
    ):
        assert said.status in KNOWN


@given(st.lists(packets, max_size=20))
@examples(150)
def test_fault_08_any_octets_on_any_cluster_are_answered_or_ignored(stream: list[Packet]) -> None:
    desk = Desk()
    desk.now = Monotonic(1.0)
    desk.assign(FIRST)
    for packet in stream:
        answers = desk.give(packet)
        own = [frame for frame in answers if frame.token == 0 and not frame.payload[0] & 0x10]
        assert not own  # we never ask a peer to answer what answers it
        for frame in answers:
            check_frame(frame)
    assert isinstance(desk.state(), SessionState)


# --- any commands, orders and mishaps in any order ---------------------------------------------------


class World:
    """A desk with one device and two images, and what the device has truly said so far."""

    def __init__(self) -> None:
        self.desk = Desk(DeliveryConfig(minimum_block_period_ms=None, notify_again=600.0))
        self.clients = [Client(self.desk, of=of) for of in (FIRST, SECOND)]
        self.reported: set[int] = set()
        self.desk.assign(FIRST)
        self.desk.assign(SECOND, activation=Activation.WAIT, policy=VersionPolicy.REINSTALL)

    def order(self, event: object) -> None:
        with suppress(LocalError):
            self.desk.give(event)  # type: ignore[arg-type] # any order

    def query(self, which: int, version: int) -> None:
        self.reported.add(version)
        self.clients[which].query(version)

    def report(self, version: int, status: int) -> None:
        self.reported.add(version)
        self.clients[0].report(version, status)

    def page(self, which: int, offset: int, size: int) -> None:
        client = self.clients[which]
        client.say(ImagePageRequest(0, *client.key, offset, 50, size, 10))

    def finish(self, which: int) -> None:
        size = len(self.clients[which].image.data)
        for offset in range(0, size, 60):
            self.clients[which].ask(offset, 60)

    def assign(self, which: int, activation: Activation) -> None:
        at = UTC + self.desk.now + 5000.0 if activation is Activation.AT else None
        of = self.clients[which].image
        self.order(Assign(wish(of, activation=activation, delay=50, at=at), "test"))

    def fail(self, status: SendStatus) -> None:
        if self.desk.sent:
            self.desk.give(SendFailed(self.desk.sent[-1][1], status, self.desk.now))

    def jump(self, seconds: float) -> None:
        self.desk.utc_offset += seconds
        self.desk.tell_time()

    def check(self) -> None:
        """The invariants; frames are checked once and forgotten."""
        desk = self.desk
        by_key = {client.key: client.image.data for client in self.clients}
        for _, frame in desk.sent[:-1]:
            check_frame(frame)
            said = decoded(frame)
            if isinstance(said, ImageBlockResponse) and said.data is not None:
                offset = said.file_offset or 0
                octets = by_key[said[1:4]]  # type: ignore[index] # a block names its image
                assert said.data == octets[offset : offset + len(said.data)]
        del desk.sent[:-1]
        saved = {session.sha256: session for session in desk.store.load().sessions}
        for peer, session in desk.engine.delivery.transfers.sessions():
            row = saved[session.image.sha256]
            assert (row.state, row.reason) == (session.state, session.reason)
            if session.state is SessionState.UPDATED:
                assert session.image.key.file_version in self.reported
            if session.state in (SessionState.RESTARTING, SessionState.HELD):
                assert session.complete
            if session.state not in (SessionState.DOWNLOADING, SessionState.UPDATED):
                assert session.reason, session.state
            active = desk.engine.delivery.transfers.channel_of(peer).places.active
            downloading = [one.state for one in peer.sessions.values()]
            assert active == (SessionState.DOWNLOADING in downloading)
        assert desk.engine.next_wake == inf or desk.engine.next_wake >= 0.0
        assert desk.store.verify_audit() is None

    def check_told(self) -> None:
        """Every attempt that is over is told of, and no end twice; what somebody else brought is not ours."""
        desk = self.desk
        theirs = {
            session.image.sha256
            for _, session in desk.engine.delivery.transfers.sessions()
            if session.state is SessionState.UPDATED and not session.complete
        }
        rows = (row for row in desk.store.load().sessions if row.sha256 not in theirs)
        assert check_telling(rows, desk.store.outcomes()) == Telling()


which = st.integers(0, 1)
versions = st.sampled_from([OLD, NEW, NEW + 1, 0xFFFFFFFF])
offsets = st.sampled_from([0, 50, 240, 450, 499, 500, 650, 699, 0xFFFFFFFF])
ends = st.sampled_from(
    [Status.SUCCESS, Status.ABORT, Status.INVALID_IMAGE, Status.REQUIRE_MORE_IMAGE]
)
Act = Callable[[World], object]


def acts() -> st.SearchStrategy[Act]:
    """One thing that may happen, as a function of the world."""
    device: list[st.SearchStrategy[Act]] = [
        st.builds(lambda w, v: lambda world: world.query(w, v), which, versions),
        st.builds(lambda w, o: lambda world: world.clients[w].ask(o), which, offsets),
        st.builds(
            lambda w, o, n: lambda world: world.page(w, o, n),
            which,
            offsets,
            offsets.map(lambda n: n & 0x3FF),
        ),
        st.builds(lambda w: lambda world: world.finish(w), which),
        st.builds(lambda w, s: lambda world: world.clients[w].end(s), which, ends),
        st.builds(lambda v, s: lambda world: world.report(v, s), versions, st.sampled_from([0, 6])),
        st.builds(
            lambda s: lambda world: world.clients[0].report_power(s), st.sampled_from([1, 3])
        ),
        st.builds(
            lambda c, s: lambda world: world.clients[0].refuse(c, s),
            st.sampled_from([2, 5, 7]),
            st.sampled_from(Status),
        ),
        st.just(lambda world: world.clients[0].join()),
        st.just(lambda world: world.desk.give(Left(DEVICE, world.desk.now))),
    ]
    people: list[st.SearchStrategy[Act]] = [
        st.builds(
            lambda d: lambda world: world.order(Pause(d, "pause", "t")),
            st.sampled_from([None, DEVICE]),
        ),
        st.builds(
            lambda d: lambda world: world.order(Resume(d, "t")), st.sampled_from([None, DEVICE])
        ),
        st.just(lambda world: world.order(Abort(DEVICE, "stop", "t"))),
        st.just(lambda world: world.order(ApplyNow(DEVICE, "t"))),
        st.just(lambda world: world.order(NotifyDevice(DEVICE))),
        st.just(lambda world: world.order(ConfirmClock("t"))),
        st.just(lambda world: world.order(Withdraw(DEVICE, FIRST.sha256, "t"))),
        st.builds(
            lambda w, a: lambda world: world.assign(w, a), which, st.sampled_from(Activation)
        ),
    ]
    world: list[st.SearchStrategy[Act]] = [
        st.builds(
            lambda s: lambda world: world.desk.wait(s),
            st.sampled_from([0.1, 6.0, 130.0, 1900.0, 5000.0]),
        ),
        st.builds(lambda s: lambda world: world.fail(s), st.sampled_from(SendStatus)),
        st.builds(
            lambda s: lambda world: world.jump(s),
            st.sampled_from([-86400.0, -10.0, 1800.0, 86400.0]),
        ),
        st.just(lambda world: world.desk.give(LinkDown("test", "unplugged", world.desk.now))),
        st.just(lambda world: world.desk.bring_up()),
        st.just(lambda world: world.desk.restart(after=10.0)),
    ]
    return st.one_of(*device, *people, *world)


@given(st.lists(acts(), min_size=1, max_size=30))
@examples(120)
def test_any_chunk_of_valid_commands_orders_and_mishaps_keeps_the_truth(chunk: list[Act]) -> None:
    world = World()
    for act in chunk:
        act(world)
        world.check()


#: What begins and ends attempts, and what is said between them.
ATTEMPTS: tuple[Act, ...] = (
    lambda world: world.query(0, OLD),
    lambda world: world.query(0, NEW),
    lambda world: world.clients[0].ask(0),
    lambda world: world.finish(0),
    lambda world: world.clients[0].end(Status.SUCCESS),
    lambda world: world.clients[0].end(Status.INVALID_IMAGE),
    lambda world: world.clients[0].end(Status.REQUIRE_MORE_IMAGE),
    lambda world: world.clients[0].refuse(2, Status.INSUFFICIENT_SPACE),
    lambda world: world.report(OLD, 0),
    lambda world: world.report(OLD, 6),
    lambda world: world.report(NEW, 0),
    lambda world: world.clients[0].join(),
    lambda world: world.order(Abort(DEVICE, "stop", "t")),
    lambda world: world.desk.wait(5000.0),
    lambda world: world.desk.restart(after=10.0),
)


@given(st.lists(st.sampled_from(ATTEMPTS), min_size=1, max_size=20))
@examples(150)
def test_whatever_happens_every_attempt_that_is_over_is_told_of_and_none_twice(
    chunk: list[Act],
) -> None:
    world = World()
    for act in chunk:
        act(world)
    world.check_told()
