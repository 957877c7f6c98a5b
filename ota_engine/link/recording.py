"""A Link that writes down all that goes through another one, and the file it is written to."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import trio

from images.eui64 import Eui64
from ota_engine.capture.pcapng import SECTION_HEADER
from ota_engine.capture.recorder import CaptureMedium, Recorder
from ota_engine.errors import LocalError
from ota_engine.events import LinkEvent, Send
from ota_engine.link.contract import Link, LinkInfo, NodeInfo, is_prompt
from ota_engine.times import Monotonic, Utc

FLUSH_EVERY = 64  # packets that a killed process may lose
FLUSH_OCTETS = 1 << 16  # and no more than these


class CaptureFile:
    """A pcapng file under construction; one that exists is continued. A context manager.

    When it can no longer be written it ends with its last whole block, and no more is kept: what is
    recorded is worth more than the record.

    Attributes:
        problem: why no more is kept; None while all is.

    Raises:
        LocalError: the file exists and is no capture.
    """

    def __init__(self, path: Path) -> None:
        self.problem: OSError | None = None
        self._file = path.open("a+b", buffering=0)
        self._file.seek(0)
        start = self._file.read(4)
        if start and start != SECTION_HEADER.to_bytes(4, "little"):
            self._file.close()
            raise LocalError(f"{path}: exists and is no pcapng capture: name another file")
        self._pending: list[bytes] = []
        self._octets = 0

    def write(self, octets: bytes) -> None:
        """Append whole blocks."""
        self._pending.append(octets)
        self._octets += len(octets)
        if len(self._pending) >= FLUSH_EVERY or self._octets >= FLUSH_OCTETS:
            self._flush()

    def _flush(self) -> None:
        left = memoryview(b"".join(self._pending))
        self._pending.clear()
        self._octets = 0
        if self.problem is not None:
            return
        whole = self._file.seek(0, os.SEEK_END)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self.problem = error
            self._file.truncate(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._flush()
        self._file.close()


class _Heard(trio.abc.ReceiveChannel[list[LinkEvent]]):
    """The batches of a link, each recorded when it is taken."""

    def __init__(
        self, batches: trio.abc.ReceiveChannel[list[LinkEvent]], recorder: Recorder
    ) -> None:
        self._batches = batches
        self._recorder = recorder

    async def receive(self) -> list[LinkEvent]:
        batch = await self._batches.receive()
        for event in batch:
            self._recorder.heard(event)
        return batch

    async def aclose(self) -> None:
        await self._batches.aclose()


class RecordingLink:
    """An entered link of which every frame is recorded; whoever entered it goes on owning it.

    Args:
        link: an entered link.
        sink: takes the octets of the capture.
        utc: turns monotonic seconds into seconds since 1970-01-01.
    """

    def __init__(
        self, link: Link, sink: Callable[[bytes], object], utc: Callable[[Monotonic], Utc]
    ) -> None:
        info = link.info
        self._link = link
        self._recorder = Recorder(CaptureMedium(info.kind, info.own, info.pan_id), sink, utc)
        for device, node in link.nodes.items():
            self._recorder.introduce(device, node.network_address)
        self._heard = _Heard(link.events, self._recorder)

    @property
    def info(self) -> LinkInfo:
        """What the radio is."""
        return self._link.info

    @property
    def events(self) -> trio.abc.ReceiveChannel[list[LinkEvent]]:
        """Batches of what happened."""
        return self._heard

    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]:
        """The devices the radio knows."""
        return self._link.nodes

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody took them in time; none of them is recorded."""
        return self._link.dropped

    async def send(self, frame: Send) -> None:
        """Record one frame, and send it."""
        self._recorder.sent(frame, Monotonic(trio.current_time()))
        await self._link.send(frame)

    def put(self, frames: Sequence[Send]) -> None:
        """Record frames, and put them on the air of a link on which no send waits."""
        assert is_prompt(self._link)  # noqa: S101 - nobody else may call it
        now = Monotonic(trio.current_time())
        for frame in frames:
            self._recorder.sent(frame, now)
        self._link.put(frames)

    async def permit(self, seconds: int) -> None:
        """Let devices join for so many seconds."""
        await self._link.permit(seconds)

    async def __aenter__(self) -> Self:
        """Do nothing: the link is up already."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: the link belongs to somebody else."""
