"""Outcomes reach the JSON-lines sink, each once, whatever the file, the disk and the names do."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.canonical import canonical_json
from ota_engine.errors import StoreError
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter, Writer, open_writer
from ota_engine.telling.courier import Courier
from ota_engine.telling.dispatch import drain
from ota_engine.telling.json_lines import BATCH, JsonLinesSink, outcome_line
from ota_engine.telling.sink import DEFAULT_PATIENCE
from ota_engine.times import Utc
from tests.limits import no_file_beyond
from tests.store.samples import HIGHEST, outcome

UTC = Utc(1.7e9)
HOURS = 3 * 3600.0  # seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outcomes.jsonl"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        yield opened


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("ascii")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def keys(path: Path) -> list[str]:
    return [line["id"] for line in lines(path)]


def test_a_line_holds_all_there_is_to_tell(store: Store, path: Path) -> None:
    store.apply([outcome("k", HIGHEST, verdict="failed", reason="hash mismatch")])
    with JsonLinesSink(path) as sink:
        drain(store, sink)
    assert lines(path) == [
        {
            "id": "k",
            "utc": 1.7e9,
            "device": "FF-FF-FF-FF-FF-FF-FF-FE",
            "kind": "transfer",
            "verdict": "failed",
            "reason": "hash mismatch",
            "sha256": outcome("k").sha256,
            "version_before": 0x01020304,
            "version_after": 0x01020305,
            "message": None,
            "verification": None,
        }
    ]


@given(st.text(), st.text())
def test_no_text_of_a_device_breaks_a_line(key: str, reason: str) -> None:
    line = outcome_line(outcome(key, reason=reason))
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert line.strip().decode().isprintable()
    assert json.loads(line)["reason"] == reason


def test_outcomes_keep_their_order_over_many_batches(store: Store, path: Path) -> None:
    expected = [f"{number:04}" for number in range(2 * BATCH + 1)][::-1]
    store.apply([outcome(key) for key in expected])
    with JsonLinesSink(path) as sink:
        assert drain(store, sink) == len(expected)
        assert drain(store, sink) == 0
    assert keys(path) == expected


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH])
def test_what_stands_in_the_sink_but_is_not_marked_is_not_written_again(
    store: Store, path: Path, count: int
) -> None:
    store.apply([outcome("delivered long ago"), *(outcome(str(n)) for n in range(BATCH + 1))])
    with JsonLinesSink(path) as sink:
        sink.append(store.dispatches.waiting(FILE_SINK, 1))
        store.dispatches.delivered(FILE_SINK, ["delivered long ago"])
        sink.append(store.dispatches.waiting(FILE_SINK, count))  # and here the power fails
    with JsonLinesSink(path) as sink:
        drain(store, sink)
    assert keys(path) == ["delivered long ago", *map(str, range(BATCH + 1))]


def test_a_line_cut_anywhere_is_removed_and_written_whole(store: Store, path: Path) -> None:
    store.apply([outcome("first"), outcome("second")])
    first, second = (outcome_line(waiting) for waiting in store.dispatches.waiting(FILE_SINK, 2))
    store.dispatches.delivered(FILE_SINK, ["first"])
    for cut in range(len(second)):
        path.write_bytes(first + second[:cut])
        with JsonLinesSink(path) as sink:
            sink.append(store.dispatches.waiting(FILE_SINK, 1))
        assert path.read_bytes() == first + second


def test_zeros_that_a_power_cut_left_at_the_end_are_removed(store: Store, path: Path) -> None:
    store.apply([outcome("k")])
    path.write_bytes(outcome_line(outcome("before")) + bytes(512))
    with JsonLinesSink(path) as sink:
        drain(store, sink)
    assert keys(path) == ["before", "k"]


@pytest.mark.parametrize("content", [b"my notes, unfinished", b'{"mine": 1}\n{"my', b"\x00\x01"])
def test_a_file_that_is_not_ours_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="name another file"):
        JsonLinesSink(path)
    assert path.read_bytes() == content


def test_lines_of_others_are_left_where_they_are(store: Store, path: Path) -> None:
    path.write_bytes(b"# outcomes of site 7\n[1]\n")
    store.apply([outcome("k")])
    with JsonLinesSink(path) as sink:
        drain(store, sink)
    assert path.read_bytes() == b"# outcomes of site 7\n[1]\n" + outcome_line(outcome("k"))


def test_a_second_engine_on_the_same_sink_is_refused(path: Path) -> None:
    with JsonLinesSink(path), pytest.raises(StoreError, match="another process writes"):
        JsonLinesSink(path)
    JsonLinesSink(path).close()


def test_a_pipe_is_refused(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(StoreError, match="is not a file"):
        JsonLinesSink(path)


def test_a_sink_emptied_by_log_rotation_goes_on(store: Store, path: Path) -> None:
    with JsonLinesSink(path) as sink:
        for key in ("old", "new"):
            store.apply([outcome(key)])
            drain(store, sink)
            if key == "old":
                os.truncate(path, 0)
    assert keys(path) == ["new"]


def test_a_full_disk_leaves_whole_lines_and_nothing_is_lost(store: Store, path: Path) -> None:
    with JsonLinesSink(path) as sink:
        store.apply([outcome("before")])
        drain(store, sink)
        whole = path.read_bytes()
        store.apply([outcome("later"), outcome("last")])
        with no_file_beyond(len(whole) + 100), pytest.raises(StoreError, match="make room"):
            drain(store, sink)
        assert path.read_bytes() == whole
        drain(store, sink)
    assert keys(path) == ["before", "later", "last"]


def test_a_store_that_fails_to_note_the_delivery_does_not_repeat_it(path: Path) -> None:
    with Store.in_memory() as store, JsonLinesSink(path) as sink:
        store.apply([outcome("k")])
        sink.append(store.dispatches.waiting(FILE_SINK, BATCH))  # delivered; then marking it fails
        store.apply([outcome("next")])
        drain(store, sink)
    assert keys(path) == ["k", "next"]


# --- its courier ----------------------------------------------------------------------------------


def courier(
    writer: Writer, store: Store, sink: JsonLinesSink, report: Callable[[str], None]
) -> Courier:
    return Courier(writer, store, sink, wall_clock=lambda: UTC, report=report)


async def test_what_an_earlier_run_left_is_delivered_and_then_what_comes(
    store: Store, path: Path
) -> None:
    store.apply([outcome("left behind")])
    with JsonLinesSink(path) as sink:
        async with open_writer(store) as writer, trio.open_nursery() as nursery:
            carrier = courier(writer, store, sink, pytest.fail)
            nursery.start_soon(carrier.run)
            for number in range(3):
                await writer.commit([outcome(f"{number}")])
                carrier.wake()
            await carrier.settle()
            nursery.cancel_scope.cancel()
    assert keys(path) == ["left behind", "0", "1", "2"]


async def test_a_wake_during_a_delivery_is_not_missed(store: Store, path: Path) -> None:
    with JsonLinesSink(path, inline=True) as sink:
        async with trio.open_nursery() as nursery:
            carrier = courier(InlineWriter(store), store, sink, pytest.fail)
            nursery.start_soon(carrier.run)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(10):
                store.apply([outcome(str(number))])
                carrier.wake()
                await trio.lowlevel.checkpoint()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert len(keys(path)) == 10


async def test_a_disk_full_for_hours_makes_no_dead_letter_and_changes_no_order(
    store: Store, path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    reports: list[str] = []
    expected = [f"{number:03}" for number in range(2 * BATCH)][::-1]
    store.apply([outcome(key) for key in expected])
    with JsonLinesSink(path, inline=True) as sink:
        async with trio.open_nursery() as nursery:
            carrier = courier(InlineWriter(store), store, sink, reports.append)
            with no_file_beyond(BATCH * 100):  # less than one batch
                nursery.start_soon(carrier.run)
                await trio.sleep(HOURS)
                store.apply([outcome("meanwhile")])
                carrier.wake()
            await trio.sleep(60)
            nursery.cancel_scope.cancel()
    assert DEFAULT_PATIENCE.most is not None
    assert carrier.failures == len(reports) > DEFAULT_PATIENCE.most
    assert all("make room" in report and "\n" not in report for report in reports)
    assert (carrier.dead, store.dispatches.dead()) == (0, ())
    assert keys(path) == [*expected, "meanwhile"]


async def test_a_store_that_cannot_note_it_for_a_while_doubles_nothing(
    store: Store, path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    reports: list[str] = []
    store.apply([outcome(str(number)) for number in range(BATCH + 1)])
    store.limit_size(4096)
    with JsonLinesSink(path, inline=True) as sink:
        async with trio.open_nursery() as nursery:
            carrier = courier(InlineWriter(store), store, sink, reports.append)
            nursery.start_soon(carrier.run)
            await trio.sleep(60)
            store.limit_size(1 << 30)
            await trio.sleep(60)
            nursery.cancel_scope.cancel()
    assert len(keys(path)) == len(set(keys(path))) == BATCH + 1


def test_a_file_in_the_words_of_before_is_gone_on_with(store: Store, path: Path) -> None:
    """Outcomes were named by ``key`` once; one that stands there so is not told again."""
    store.apply([outcome("old"), outcome("new")])
    old = json.loads(outcome_line(outcome("old")))
    path.write_text(canonical_json({"key": old.pop("id")} | old) + "\n")
    with JsonLinesSink(path) as sink:
        drain(store, sink)
    assert [line.get("id", line.get("key")) for line in lines(path)] == ["old", "new"]
