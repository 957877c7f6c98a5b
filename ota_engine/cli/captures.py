"""``--capture``: the option that every command with a radio has, and the file behind it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ota_engine.cli.remarks import remark

CaptureOption = Annotated[
    Path | None,
    typer.Option("--capture", metavar="FILE", help="Record every frame as pcapng, for Wireshark."),
]
CHUNK = 1 << 20  # octets copied at once

WriteCapture = Callable[[bytes], object]


@contextmanager
def recording(capture: Path | None) -> Iterator[WriteCapture | None]:
    """Open the capture file, if one is wanted, and give what takes its octets.

    One that can no longer be written ends early, which is told in the end; what it records goes on.

    Raises:
        LocalError: the file exists and is no capture.
        OSError: it cannot be written.
    """
    if capture is None:
        yield None
        return
    from ota_engine.link.recording import CaptureFile

    with CaptureFile(capture) as file:
        yield file.write
    if file.problem is not None:
        reason = f"{capture}: {file.problem.strerror}"
        remark(f"{reason}: the capture ends early: make room for the next")


def join(parts: Iterable[Path], sink: WriteCapture) -> None:
    """Append captures to one, each as sections of its own."""
    for part in parts:
        with part.open("rb") as file:
            while octets := file.read(CHUNK):
                sink(octets)
