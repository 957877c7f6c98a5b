"""How a courier goes on when a receiver fails, refuses or is slow, in virtual time (fault 34)."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from trio.testing import MockClock

from emulators.receiver.book import RecordBook
from emulators.receiver.letter import ReceivedOutcome, read_letter
from emulators.receiver.server import Receiver, ReceiverFaults, Reception
from ota_engine.errors import LocalError
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter
from ota_engine.telling.courier import Courier
from ota_engine.telling.http_sink import REFUSALS, HttpSink
from ota_engine.telling.outcome_body import letter
from ota_engine.telling.registration import register
from ota_engine.telling.sink import CourierPatience
from ota_engine.times import Utc
from tests.faults.test_fault_37_cancellation import CancelAtStep
from tests.store.samples import outcome

NAME = "receiver"
UTC = Utc(1.7e9)
ALWAYS = 1_000_000
MANY = 10  # steps; fewer would mean that nothing was cancelled


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        opened.dispatches.register(NAME)
        yield opened


class Scene:
    """A receiver in this process, the times at which letters came, and a courier on its way."""

    def __init__(self, store: Store, book: RecordBook, faults: ReceiverFaults) -> None:
        self.seen: list[tuple[float, Reception]] = []
        self.reports: list[str] = []
        self.receiver = Receiver(book, faults, self._watch)
        self.store = store
        self.utc = UTC
        self.url = "http://receiver.example/outcomes"
        self.courier: Courier

    def wall_clock(self) -> Utc:
        return self.utc + trio.current_time()

    def times(self) -> list[float]:
        return [round(time, 3) for time, _ in self.seen]

    def ids(self) -> list[str]:
        return [json.loads(line)["id"] for line in self.receiver.book.path.read_text().splitlines()]

    def waiting(self) -> list[str]:
        return [each.key for each in self.store.dispatches.waiting(NAME, 100)]

    def dead(self) -> dict[str, tuple[int, str]]:
        return {
            each.outcome.key: (each.attempts, each.problem) for each in self.store.dispatches.dead()
        }

    @asynccontextmanager
    async def running(self, patience: CourierPatience | None = None) -> AsyncIterator[None]:
        transport = httpx.ASGITransport(app=self.receiver.app)
        async with HttpSink(self.url, transport=transport) as sink:
            self.courier = Courier(
                InlineWriter(self.store),
                self.store,
                sink,
                wall_clock=self.wall_clock,
                report=self.reports.append,
                patience=patience or CourierPatience(),
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.courier.run)
                yield
                nursery.cancel_scope.cancel()

    def _watch(self, taken: Reception) -> None:
        self.seen.append((trio.current_time(), taken))


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Iterator[Scene]:
    with RecordBook(tmp_path / "records.jsonl") as book:
        yield Scene(store, book, ReceiverFaults())


async def test_what_waits_is_delivered_in_its_order_and_then_what_comes(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome(key) for key in "zya"])
    async with scene.running():
        await scene.courier.settle()
        scene.store.apply([outcome("b")])
        await scene.courier.settle()
    assert scene.ids() == ["z", "y", "a", "b"]
    assert (scene.courier.delivered, scene.waiting(), scene.reports) == (4, [], [])


async def test_more_letters_than_are_read_at_once_are_all_delivered(
    scene: Scene, autojump_clock: MockClock
) -> None:
    keys = [str(number) for number in range(120)]
    scene.store.apply([outcome(key) for key in keys])
    async with scene.running():
        await scene.courier.settle()
    assert scene.ids() == keys


async def test_it_waits_longer_after_every_failure(scene: Scene, autojump_clock: MockClock) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.fail = 5
    async with scene.running():
        await trio.sleep(60)
    assert scene.times() == [0, 1, 3, 8, 18, 48]
    assert scene.ids() == ["k"]
    assert (scene.courier.failures, scene.courier.delivered) == (5, 1)
    assert len(scene.reports) == 5
    assert all("k not delivered yet: answered 503" in report for report in scene.reports)


async def test_one_letter_that_fails_does_not_hold_the_next(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("first"), outcome("second")])
    scene.receiver.faults.fail = 1
    async with scene.running():
        await trio.sleep(10)
    assert scene.ids() == ["second", "first"]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 425, 429, 500, 502, 503, 507])
async def test_a_status_that_may_heal_is_tried_again(
    scene: Scene, autojump_clock: MockClock, status: int
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults = ReceiverFaults(fail=1, status=status)
    async with scene.running():
        await trio.sleep(10)
    assert scene.ids() == ["k"]
    assert scene.dead() == {}


@pytest.mark.parametrize("status", sorted(REFUSALS))
async def test_a_status_that_refuses_the_letter_ends_it_at_once_and_the_next_goes(
    scene: Scene, autojump_clock: MockClock, status: int
) -> None:
    scene.store.apply([outcome("refused"), outcome("next")])
    scene.receiver.faults = ReceiverFaults(fail=1, status=status)
    async with scene.running():
        await trio.sleep(10)
    assert scene.ids() == ["next"]
    attempts, problem = scene.dead()["refused"]
    assert (attempts, problem.partition(":")[0]) == (1, f"answered {status}")
    assert scene.times() == [0, 0]


async def test_a_letter_is_dead_after_so_many_attempts_and_lives_when_queued_again(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.fail = 3
    async with scene.running(CourierPatience(most=3)):
        await trio.sleep(100)
        assert scene.dead()["k"][0] == 3
        assert (scene.times(), scene.courier.dead) == ([0, 1, 3], 1)
        scene.store.dispatches.requeue(scene.store.dispatches.dead())
        await scene.courier.settle()
    assert scene.ids() == ["k"]
    assert "k is given up: answered 503" in scene.reports[-1]


async def test_attempts_and_pauses_outlive_a_restart(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.fail = ALWAYS
    patience = CourierPatience(most=4)
    async with scene.running(patience):
        await trio.sleep(2)
    assert scene.times() == [0, 1]
    async with scene.running(patience):
        await trio.sleep(100)
    assert scene.times() == [0, 1, 3, 8]
    assert scene.dead()["k"][0] == 4


async def test_by_default_a_receiver_may_be_away_over_a_long_weekend(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.fail = ALWAYS
    async with scene.running():
        await trio.sleep(3.5 * 86_400)
        assert scene.waiting() == ["k"]
        scene.receiver.faults.fail = 0
        await trio.sleep(3_601)
    assert scene.ids() == ["k"]


async def test_a_slow_receiver_keeps_one_record_and_is_not_hurried(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("first"), outcome("second")])
    scene.receiver.faults.delay = 11.0  # longer than the courier waits
    async with scene.running():
        await trio.sleep(15)
        assert [taken.id for _, taken in scene.seen] == ["first", "first"]  # nobody else is tried
        scene.receiver.faults.delay = 9.0  # just in time
        await trio.sleep(60)
    assert scene.ids() == ["first", "second"]
    assert (scene.waiting(), scene.dead()) == ([], {})
    assert scene.reports[0].endswith("no complete answer within 10 s")


async def test_another_outcome_under_a_known_id_is_a_dead_letter(
    scene: Scene, autojump_clock: MockClock
) -> None:
    before = read_letter(letter(outcome("k", reason="told by an engine that was restored")))
    assert isinstance(before, ReceivedOutcome)
    scene.receiver.book.take(before)
    scene.store.apply([outcome("k")])
    async with scene.running():
        await scene.courier.settle()
    assert "this id came before" in scene.dead()["k"][1]
    assert scene.ids() == ["k"]


async def test_a_wall_clock_set_back_holds_nothing_back(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.fail = 1
    async with scene.running():
        await trio.sleep(0.5)
        scene.utc -= 10 * 86_400
        await trio.sleep(3_601)
    assert scene.ids() == ["k"]


async def test_whoever_waits_for_all_to_be_told_does_not_wait_for_one_who_is_away(
    scene: Scene, autojump_clock: MockClock
) -> None:
    scene.store.apply([outcome("k")])
    scene.receiver.faults.delay = 11.0
    async with scene.running():
        await trio.sleep(1)  # the letter is on its way
        await scene.courier.settle()
        assert trio.current_time() == pytest.approx(10)
        await scene.courier.settle()
        assert trio.current_time() == pytest.approx(10)


async def test_what_a_receiver_says_is_kept_in_one_printable_line(
    scene: Scene, autojump_clock: MockClock
) -> None:
    async def rude(scope: object, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 422, "headers": []})
        await send({"type": "http.response.body", "body": b"\x1b[2Jno\r\n\xff" + b"x" * 500_000})

    scene.receiver.app = rude  # type: ignore[assignment]
    scene.store.apply([outcome("k")])
    async with scene.running():
        await scene.courier.settle()
    problem = scene.dead()["k"][1]
    assert problem.isprintable() and problem.isascii() is False
    assert len(problem) < 250


async def test_user_and_password_of_the_url_are_sent_and_never_told(
    scene: Scene, autojump_clock: MockClock
) -> None:
    sent: list[str] = []

    async def guarded(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict) and callable(send)
        sent.append(dict(scope["headers"])[b"authorization"].decode())
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body"})

    scene.receiver.app = guarded  # type: ignore[assignment]
    scene.url = "http://zota:s3cret@receiver.example/outcomes"
    scene.store.apply([outcome("k")])
    async with scene.running():
        await scene.courier.settle()
    assert sent == ["Basic " + b64encode(b"zota:s3cret").decode()]
    (letter,) = scene.store.dispatches.due(NAME, 1, UTC + 60, 3600)
    assert "s3cret" not in letter.problem + "".join(scene.reports)


def test_fault_37_cancelled_at_any_step_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    step, steps = 0, 1
    while step <= steps:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        steps = trio.run(_cancelled, folder, step, clock=MockClock(autojump_threshold=0))
    assert step > MANY


async def _cancelled(folder: Path, step: int) -> int:
    """Deliver, cancelled at one step, then begin anew; returns how many steps the first try had."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    with Store.in_memory() as store, RecordBook(folder / "records.jsonl") as book:
        store.dispatches.register(NAME)
        store.apply([outcome("first"), outcome("second")])
        scene = Scene(store, book, ReceiverFaults(fail=1))
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(scope, step)
            trio.lowlevel.add_instrument(instrument)
            async with scene.running():
                await trio.sleep(5)
        trio.lowlevel.remove_instrument(instrument)
        async with scene.running():
            await trio.sleep(60)
        assert sorted(scene.ids()) == ["first", "second"]
        assert scene.waiting() == []
    assert trio.lowlevel.current_statistics().tasks_living == tasks, "a task leaked"
    return instrument.steps


def test_two_sinks_of_one_name_are_refused(store: Store) -> None:
    sinks = [HttpSink("http://one.receiver.example"), HttpSink("http://another.receiver.example")]
    with pytest.raises(LocalError, match=r"two sinks have one name .*: name them apart"):
        register(store, sinks)
    with pytest.raises(LocalError, match="two sinks have one name"):
        register(store, [HttpSink("http://one.receiver.example", name="outcomes.jsonl")])


@pytest.mark.parametrize(
    "url", ["", "receiver.example", "ftp://receiver.example/", "http://", "x://"]
)
def test_what_is_no_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(LocalError, match="the receiver's URL is none") as refused:
        HttpSink(url)
    assert "\n" not in str(refused.value)
