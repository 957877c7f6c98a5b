"""The outbox: claim, post, settle; each user at its own pace, in order, the same octets whatever happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from images.eui64 import Eui64
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.fleet.orders.rows import DocumentState, ServiceUser, UserDocument
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.outbox import DocumentCourier
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.telling.sink import Fate, SinkAnswer
from ota_engine.times import Utc
from tests.head_end.duis.lab import EAST, START, WEST, Lab, opened, told


class Mailbox:
    """A receiver over HTTP that answers as it is told.

    Attributes:
        url: where it is.
        statuses: of its next answers, then 204 for ever.
        posts: that came.
        heads: of those.
        body: of its answers.
        promise: octets that it promises beyond its body, and does not send.
        delay: until it answers, seconds.
    """

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.posts: list[bytes] = []
        self.heads: list[bytes] = []
        self.body = b""
        self.promise = 0
        self.more = b""
        self.delay = 0.0
        self._came = trio.Event()

    async def has(self, number: int) -> None:
        """Wait until so many came."""
        while len(self.posts) < number:
            self._came = trio.Event()
            await self._came.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        rest = b""
        try:
            while True:
                while b"\r\n\r\n" not in rest:
                    piece = await stream.receive_some()
                    if not piece:
                        return
                    rest += piece
                head, _, rest = rest.partition(b"\r\n\r\n")
                named = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                size = int(named[b"content-length"])
                while len(rest) < size:
                    rest += await stream.receive_some()
                self.heads.append(head)
                self.posts.append(rest[:size])
                self._came.set()
                rest = rest[size:]
                await trio.sleep(self.delay)
                await self._answer(stream)
                if self.promise:
                    return
        except trio.BrokenResourceError:
            return

    async def _answer(self, stream: trio.SocketStream) -> None:
        status = self.statuses.pop(0) if self.statuses else 204
        length = "" if status == 204 else f"Content-Length: {len(self.body) + self.promise}\r\n"
        head = f"HTTP/1.1 {status} .\r\n{length}{self.more.decode()}\r\n"
        await stream.send_all(head.encode() + (b"" if status == 204 else self.body))


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, box.serve, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        box.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/duis"
        yield box
        nursery.cancel_scope.cancel()


class Carried:
    """An outbox over a lab's state, with a clock that a test sets."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.utc = START
        self.troubles: list[str] = []
        self.fates: list[Fate] = []
        self.timeout = 60.0

    async def drain(self, rounds: int = 1) -> None:
        with self.lab.desk() as (desk, _):
            outbox = DocumentCourier(
                DeskRoom(desk),
                partial(UserEndpoint, timeout=self.timeout),
                clock=lambda: self.utc,
                report=self.troubles.append,
                watch=lambda _, answer: self.fates.append(answer.fate),
            )
            for _ in range(rounds):
                await outbox.drain()
                self.utc = Utc(self.utc + 3_601.0)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def registered(lab: Lab, user: Eui64, url: str) -> None:
    (row,) = lab.rows(ServiceUser, user=user)
    lab.put(ServiceUser(user, row.party, row.role, url))


def versions(posts: list[bytes]) -> list[Any]:
    return [opened(one).body.content.version for one in posts]  # type: ignore[union-attr]


def states(lab: Lab, user: Eui64 = EAST) -> list[str]:
    rows = sorted(lab.rows(UserDocument, user=user), key=lambda row: row.created_utc)
    return [str(row.state) for row in rows]


async def test_documents_are_made_signed_and_brought_in_their_order(lab: Lab) -> None:
    async with mailbox() as box:
        registered(lab, EAST, box.url)
        lab.put(*(told(number) for number in (3, 1, 2)))
        await Carried(lab).drain()
    assert versions(box.posts) == ["00000001", "00000002", "00000003"]
    assert states(lab) == ["delivered"] * 3
    assert b"content-type: application/xml" in box.heads[0].lower()
    assert [opened(one).response_id for one in box.posts] == [
        RequestId(DSP, EAST, number) for number in (1, 2, 3)
    ]


async def test_what_an_endpoint_refuses_is_dead_at_once_and_the_next_goes_on(lab: Lab) -> None:
    async with mailbox() as box:
        box.statuses, box.body = [400], b"not valid"
        registered(lab, EAST, box.url)
        lab.put(told(1), told(2))
        await Carried(lab).drain()
    assert states(lab) == ["dead", "delivered"]
    (dead,) = lab.rows(UserDocument, state=DocumentState.DEAD)
    assert dead.trouble == "answered 400: not valid"


@pytest.mark.parametrize("status", [301, 307, 401, 404, 413, 500, 503])
async def test_what_is_not_taken_now_is_tried_again_with_the_same_octets(
    lab: Lab, status: int
) -> None:
    async with mailbox() as box:
        box.statuses, box.more = [status], f"Location: {box.url}x\r\n".encode()
        registered(lab, EAST, box.url)
        lab.put(told(1), told(2))
        carried = Carried(lab)
        await carried.drain()
        assert states(lab) == ["waiting", "waiting"], "nothing overtakes it"
        await carried.drain()
    assert len(box.posts) == 3, "a redirect is not followed"
    assert box.posts[0] == box.posts[1]
    assert states(lab) == ["delivered"] * 2
    assert len(carried.troubles) == 1


async def test_octets_and_id_stay_when_the_end_comes_between_post_and_settle(lab: Lab) -> None:
    class Killed(BaseException):
        """As a kill, at the worst moment."""

    @contextmanager
    def killing() -> Any:
        with pytest.raises(BaseException) as found:
            yield
        assert found.group_contains(Killed)

    async with mailbox() as box:
        registered(lab, EAST, box.url)
        lab.put(told(1), told(2))
        carried = Carried(lab)
        with lab.desk() as (desk, _), killing():

            def killed(document: UserDocument, answer: SinkAnswer) -> None:
                raise Killed

            await DocumentCourier(
                DeskRoom(desk),
                UserEndpoint,
                clock=lambda: START,
                report=print,
                watch=killed,
            ).drain()
        assert states(lab) == ["waiting", "waiting"]
        await carried.drain()
    first, again, second = box.posts
    assert first == again
    assert opened(second).response_id != opened(first).response_id
    assert states(lab) == ["delivered"] * 2


async def test_one_slow_user_holds_up_nobody(lab: Lab) -> None:
    async with mailbox() as slow, mailbox() as quick:
        slow.delay = 3_600.0
        registered(lab, EAST, slow.url)
        registered(lab, WEST, quick.url)
        lab.put(told(1), *(told(number, WEST) for number in range(50)))
        with lab.desk() as (desk, _):
            outbox = DocumentCourier(
                DeskRoom(desk), UserEndpoint, clock=lambda: START, report=print
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.run)
                await quick.has(50)
                nursery.cancel_scope.cancel()
    assert len(slow.posts) <= 1
    assert states(lab) == ["waiting"]


async def test_a_user_that_does_not_answer_in_time_is_away_and_left_alone_for_a_while(
    lab: Lab,
) -> None:
    async with mailbox() as box:
        box.delay = 3_600.0
        registered(lab, EAST, box.url)
        lab.put(told(1), told(2))
        carried = Carried(lab)
        carried.timeout = 0.05
        await carried.drain()
    assert carried.fates == [Fate.AWAY]
    (trouble,) = carried.troubles
    assert trouble.endswith("not every document was delivered: no complete answer within 0.05 s")


async def test_an_answer_that_is_cut_off_does_not_count_and_a_long_one_is_not_read_to_its_end(
    lab: Lab,
) -> None:
    async with mailbox() as box:
        box.statuses, box.promise = [200], 10
        registered(lab, EAST, box.url)
        lab.put(told(1))
        carried = Carried(lab)
        await carried.drain()
        assert states(lab) == ["waiting"]
        box.statuses, box.promise, box.body = [200], 10**12, b"x" * 200_000
        await carried.drain()
    assert states(lab) == ["delivered"]


@pytest.mark.parametrize("url", ["", "ftp://x", "nonsense", "http://", "http://127.0.0.1:1/x"])
async def test_without_an_endpoint_that_can_be_used_documents_wait_with_the_reason(
    lab: Lab, url: str
) -> None:
    registered(lab, EAST, url)
    lab.put(told(1))
    carried = Carried(lab)
    await carried.drain()
    (row,) = lab.rows(UserDocument)
    assert (row.state, row.tries) == (DocumentState.WAITING, 1)
    assert row.trouble
    assert len(carried.troubles) == 1


async def test_nothing_is_lost_or_told_under_another_id_when_the_receiver_dies_again_and_again(
    lab: Lab,
) -> None:
    seen: list[bytes] = []
    lab.put(*(told(number) for number in range(40)))
    carried = Carried(lab)
    for life in range(4):
        async with mailbox() as box:
            box.statuses = [204] * (8 + life) + [500]
            registered(lab, EAST, box.url)
            await carried.drain()
            seen += box.posts
    async with mailbox() as box:
        registered(lab, EAST, box.url)
        await carried.drain(3)
        seen += box.posts
    ids = [opened(one).response_id for one in dict.fromkeys(seen)]
    assert ids == [RequestId(DSP, EAST, number) for number in range(40)]
    assert set(states(lab)) == {"delivered"}
