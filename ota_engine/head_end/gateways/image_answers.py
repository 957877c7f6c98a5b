"""Sends images to gateways, whole or from where they stopped; knows files and ranges, not who asks.

Octets are read off the loop, a piece at a time: an image that nobody reads costs a piece of memory.
"""

import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ota_engine.head_end.gateways.refusals import GatewayRefused

PIECE: Final = 64 << 10  # octets in memory of each that is being sent
MOST_SENDING: Final = 16  # images at the same time
MOST_EACH: Final = 4  # of these to one gateway: none keeps images from all others
PIECE_S: Final = 60.0  # for a reader to take a piece; a slower one comes again for the rest
AGAIN_S: Final = 5.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class OctetRange(NamedTuple):
    """Octets of an image.

    Attributes:
        first: of them.
        end: after the last of them.
    """

    first: int
    end: int


def range_of(header: str, if_range: str, tag: str, size: int) -> OctetRange | None:
    """Read which octets are wanted.

    Args:
        header: ``Range``; empty for none.
        if_range: ``If-Range``; empty for none.
        tag: of what there is.
        size: octets of what there is.

    Returns:
        those, or None for all of them: several ranges, and units that are not known, are not looked at.

    Raises:
        ValueError: there are no such octets.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or (if_range and if_range.strip() != tag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        found = OctetRange(max(size - int(last), 0), size)
    else:
        if last and int(last) < int(first):
            return None
        found = OctetRange(int(first), min(int(last) + 1, size) if last else size)
    if found.first >= found.end:
        raise ValueError(f"there are {size} octets")
    return found


class ImageAnswers:
    """Images of some folders, each named by its SHA-256.

    Args:
        folders: where they lie.
        sent: is told how many octets were sent.
    """

    def __init__(self, folders: Sequence[Path], sent: Callable[[int], None]) -> None:
        self._folders = list(folders)
        self._sent = sent
        self._open: Counter[str] = Counter()  # answers by gateway
        self._sending = trio.CapacityLimiter(MOST_SENDING)
        self._reading = trio.CapacityLimiter(4)

    async def answer(self, gateway: str, sha256: str, header: str, if_range: str) -> Response:
        """Answer with an image.

        Args:
            gateway: that asks.
            sha256: its name, lower-case hexadecimal.
            header: ``Range``; empty for none.
            if_range: ``If-Range``; empty for none.

        Raises:
            GatewayRefused: it is not there, or the gateway fetches several already.
        """
        if self._open[gateway] >= MOST_EACH:
            text = f"{MOST_EACH} images are on their way to this gateway: fetch them first"
            raise GatewayRefused("busy", text, AGAIN_S)
        place = await trio.to_thread.run_sync(self._find, sha256, limiter=self._reading)
        if place is None:
            raise GatewayRefused(
                "not yours", f"image {sha256[:16]} is not in the catalogue: its operator adds it"
            )
        path, size = place
        tag = f'"{sha256}"'
        head = {
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Cache-Control": "private, no-transform",
            "Content-Type": "application/octet-stream",
        }
        try:
            part = range_of(header, if_range, tag, size)
        except ValueError:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        first, end = part or OctetRange(0, size)
        head["Content-Length"] = str(end - first)
        if part is not None:
            head["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        pour = partial(self._pour, gateway, path, OctetRange(first, end))
        return _ImageAnswer(pour, 200 if part is None else 206, head)

    def _find(self, sha256: str) -> tuple[Path, int] | None:
        if _SHA256.fullmatch(sha256) is None:
            return None
        for folder in self._folders:
            path = folder / sha256
            if path.is_file():
                return path, path.stat().st_size
        return None

    async def _pour(self, gateway: str, path: Path, octets: OctetRange, send: Send) -> None:
        """Send octets of a file.

        Raises:
            OSError: it cannot be read any more, or is not taken: the answer is cut, and its reader sees that.
        """
        self._open[gateway] += 1
        try:
            async with self._sending:
                await self._send_file(path, octets, send)
        finally:
            self._open[gateway] -= 1
            if not self._open[gateway]:
                del self._open[gateway]

    async def _send_file(self, path: Path, octets: OctetRange, send: Send) -> None:
        if octets.first == octets.end:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        file = await trio.to_thread.run_sync(_opened, path, limiter=self._reading)
        try:
            at = octets.first
            while at < octets.end:
                size = min(PIECE, octets.end - at)
                piece = await trio.to_thread.run_sync(
                    os.pread, file, size, at, limiter=self._reading
                )
                if not piece:
                    raise OSError(f"{path.name}: shorter than it was")
                at += len(piece)
                with trio.move_on_after(PIECE_S) as taking:
                    await send(
                        {
                            "type": "http.response.body",
                            "body": piece,
                            "more_body": at < octets.end,
                        }
                    )
                if taking.cancelled_caught:
                    raise OSError(f"{path.name}: its reader does not take it")
                self._sent(len(piece))
        finally:
            os.close(file)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)


class _ImageAnswer(Response):
    def __init__(
        self, pour: Callable[[Send], Awaitable[None]], status: int, head: dict[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=head)
        self._pour = pour

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await self._pour(send)
