"""A receiver that is down, fails, is slow, loses acknowledgements or dies; a sender that dies (fault 34).

Over the loopback interface, against the receiver that zota ships. Every case ends with the same
question: does the receiver hold every outcome exactly once, in a sound file, and does nothing wait?
"""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest
import trio

from emulators.receiver.book import RecordBook
from emulators.receiver.server import Receiver, ReceiverFaults, serve_receiver
from ota_engine.store.schema import DispatchState
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.store.writer import open_writer
from ota_engine.telling.courier import Courier
from ota_engine.telling.http_sink import HttpSink
from ota_engine.telling.json_lines import SINK_NAME
from ota_engine.telling.sink import CourierPatience
from ota_engine.wall_clock import this_machine
from tests.faults.home import make_image
from tests.ports import kept_port
from tests.shell.test_runner import neighbourhood
from tests.store.samples import outcome
from tests.tiers import points

QUICK = CourierPatience(pauses=(0.01, 0.02, 0.05), most=1000)
LONG = 300.0  # seconds before a test gives up
KEYS = [str(number) for number in range(12)]
CRASH_POINTS = 30  # lines; fewer would mean that nothing was traced


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("ascii").splitlines()]


def unheard(line: str) -> None:
    """Reports are for people; the counters say the same to tests."""


@asynccontextmanager
async def courier(store: Store, url: str, patience: float = 10.0) -> AsyncIterator[Courier]:
    async with (
        HttpSink(url, timeout=patience) as sink,
        open_writer(store) as writer,
        trio.open_nursery() as nursery,
    ):
        carrying = Courier(
            writer, store, sink, wall_clock=this_machine, report=unheard, patience=QUICK
        )
        nursery.start_soon(carrying.run)
        yield carrying
        nursery.cancel_scope.cancel()


async def until_told(carrying: Courier, count: int) -> None:
    with trio.fail_after(LONG):
        while carrying.delivered < count:  # noqa: ASYNC110 - the courier has no event for it
            await trio.sleep(0.01)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        opened.dispatches.register("receiver")
        opened.apply([outcome(key) for key in KEYS])
        yield opened


def assert_all_told(store: Store, records: Path) -> None:
    assert sorted(ids(records), key=int) == KEYS
    assert store.dispatches.counts()["receiver"] == {
        DispatchState.WAITING: 0,
        DispatchState.DELIVERED: len(KEYS),
        DispatchState.DEAD: 0,
    }
    assert store.check().findings == ()


@pytest.mark.parametrize(
    "faults",
    [
        ReceiverFaults(fail=5, status=500),
        ReceiverFaults(close=5),
        ReceiverFaults(lose=5),
        ReceiverFaults(fail=3, status=429, close=3, lose=3),
    ],
    ids=["500s", "connections cut", "acknowledgements lost", "all of it"],
)
async def test_every_outcome_is_held_once_whatever_fails(
    store: Store, tmp_path: Path, faults: ReceiverFaults
) -> None:
    with RecordBook(tmp_path / "records.jsonl") as book:
        async with (
            serve_receiver(Receiver(book, faults)) as url,
            courier(store, url) as carrying,
        ):
            await until_told(carrying, len(KEYS))
        assert carrying.failures >= 5
    assert_all_told(store, book.path)


async def test_an_acknowledgement_that_comes_too_late_doubles_nothing(
    store: Store, tmp_path: Path
) -> None:
    with RecordBook(tmp_path / "records.jsonl") as book:
        receiver = Receiver(book, ReceiverFaults(delay=1.0))
        async with (
            serve_receiver(receiver) as url,
            courier(store, url, patience=0.2) as carrying,
        ):
            with trio.fail_after(LONG):
                while not len(book) or carrying.failures < 2:  # noqa: ASYNC110 - the courier has no event for it
                    await trio.sleep(0.01)
            receiver.faults.delay = 0.0
            await until_told(carrying, len(KEYS))
        assert receiver.counters["known"] >= 1
    assert_all_told(store, book.path)


async def test_a_receiver_that_is_down_is_told_when_it_comes_up(
    store: Store, tmp_path: Path
) -> None:
    with RecordBook(tmp_path / "records.jsonl") as book, kept_port() as port:
        async with serve_receiver(Receiver(book), port) as url:
            pass
        async with courier(store, url) as carrying:
            with trio.fail_after(LONG):
                while carrying.failures < 3:  # noqa: ASYNC110 - the courier has no event for it
                    await trio.sleep(0.01)
            async with serve_receiver(Receiver(book), port):
                await until_told(carrying, len(KEYS))
    assert_all_told(store, book.path)
    assert ids(book.path) == KEYS  # nobody was tried out of turn meanwhile


# --- kills ----------------------------------------------------------------------------------------


@contextmanager
def receiver_process(
    records: Path, *arguments: str
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """``zota receiver listen`` in a process of its own, and the URL it listens on."""
    argv = [sys.executable, "-m", "ota_engine", "receiver", "listen", "--json"]
    options = ["--records", str(records), *(arguments or ("--port", "0"))]
    with subprocess.Popen([*argv, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


@points(9)
def test_a_sender_killed_at_any_line_between_post_and_mark_doubles_and_loses_nothing(
    tmp_path: Path, step: int
) -> None:
    records = tmp_path / "records.jsonl"
    with Store.open(tmp_path / "zota.db") as store:
        store.dispatches.register("receiver")
    with receiver_process(records) as (_, url):
        argv = [sys.executable, "-m", "tests.faults.receiver_crashes"]
        given = [*argv, str(tmp_path), url, str(records), str(step)]
        run = subprocess.run(given, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > CRASH_POINTS


async def test_a_receiver_killed_again_and_again_holds_every_outcome_once(
    store: Store, tmp_path: Path
) -> None:
    records, chance = tmp_path / "records.jsonl", Random(34)
    async with AsyncExitStack() as stack:
        port = str(stack.enter_context(kept_port()))
        carrying: Courier | None = None
        for kill in (True, True, True, False):
            # Each letter takes a while, so that some are left for every one that is killed.
            with receiver_process(records, "--port", port, "--delay", "0.1s") as (process, url):
                if carrying is None:
                    carrying = await stack.enter_async_context(courier(store, url))
                if kill:
                    await until_told(carrying, carrying.delivered + 2)
                    await trio.sleep(chance.uniform(0, 0.01))
                    process.kill()
                else:
                    await until_told(carrying, len(KEYS))
    assert_all_told(store, records)


# --- the whole engine -----------------------------------------------------------------------------


async def test_one_receiver_that_is_down_does_not_hold_the_file_or_the_other(
    tmp_path: Path,
) -> None:
    with RecordBook(tmp_path / "records.jsonl") as book:
        async with (
            serve_receiver(Receiver(book)) as url,
            HttpSink("http://127.0.0.1:1/", name="down") as down,
            HttpSink(url, name="up") as up,
            neighbourhood(tmp_path, sinks=(down, up)) as home,
        ):
            await home.order(make_image(600))
            with trio.fail_after(LONG):
                while len(book) < 2:  # noqa: ASYNC110 - the service has no event for it
                    await trio.sleep(0.05)
        told = ids(book.path)
    lines = (tmp_path / SINK_NAME).read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == told
    with Store.open(tmp_path / DATABASE_NAME) as store:
        assert [each.key for each in store.outcomes()] == told
        assert [each.key for each in store.dispatches.waiting("down", 10)] == told
        assert store.dispatches.waiting("up", 10) == ()
