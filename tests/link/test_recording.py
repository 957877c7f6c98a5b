"""A link that is recorded is the link itself, frame for frame."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from emulators.home.han import Han
from ota_engine.capture.pcapng import SECTION_HEADER
from ota_engine.errors import LocalError
from ota_engine.link.conformance import CHECKS, Bench, BenchFactory
from ota_engine.link.contract import Link
from ota_engine.link.recording import CaptureFile, RecordingLink
from ota_engine.times import Utc
from tests.emulators.air import response
from tests.limits import no_file_beyond
from tests.link.test_conformance import han_bench


class Recorded(RecordingLink):
    """A recorded home that is entered as one link, as the conformance checks want it."""

    def __init__(self, han: Han) -> None:
        self.octets = bytearray()
        self._han = han
        super().__init__(han, self.octets.extend, Utc)

    async def __aenter__(self) -> "Recorded":
        await self._han.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._han.__aexit__(*failure)  # type: ignore[arg-type]


@asynccontextmanager
async def recorded_bench() -> AsyncIterator[Bench]:
    async with han_bench() as bench:
        assert isinstance(bench.link, Han)
        link: Link = Recorded(bench.link)
        yield replace(bench, link=link)


@pytest.mark.parametrize("check", CHECKS)
async def test_a_recorded_link_keeps_every_promise_of_a_link(
    check: Callable[[BenchFactory], Awaitable[None]], autojump_clock: MockClock
) -> None:
    await check(recorded_bench)


async def test_frames_of_one_call_are_recorded_each(autojump_clock: MockClock) -> None:
    async with recorded_bench() as bench, bench.link as link:
        assert isinstance(link, Recorded)
        before = len(link.octets)
        await link.send(response(1))
        one = len(link.octets) - before
        link.put([response(1)] * 3)
        assert len(link.octets) - before == 4 * one > 0


async def test_what_is_dropped_below_is_told_above(autojump_clock: MockClock) -> None:
    async with recorded_bench() as bench, bench.link as link:
        assert link.dropped == 0
        await link.permit(10)
        await link.events.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await link.events.receive()


def test_a_capture_is_flushed_often_enough_to_survive_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng"
    with CaptureFile(path) as file:
        for _ in range(1000):
            file.write(bytes(100))
        assert path.stat().st_size >= 90_000


@pytest.mark.parametrize("content", [b"x", b"\x0a\x0d\x0d\x0b", b"notes"])
def test_what_is_no_capture_is_not_appended_to(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(LocalError, match="no pcapng capture"):
        CaptureFile(path)
    assert path.read_bytes() == content


def test_a_capture_that_finds_no_room_ends_with_its_last_whole_block(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng"
    with CaptureFile(path) as file:
        file.write(SECTION_HEADER.to_bytes(4, "little"))
        with no_file_beyond(10_050):
            for _ in range(1000):
                file.write(bytes(100))
        assert file.problem is not None
        kept = path.stat().st_size
        assert 0 < kept <= 10_050
        assert (kept - 4) % 100 == 0
        file.write(bytes(100))  # and nothing is added after the gap
    assert path.stat().st_size == kept
