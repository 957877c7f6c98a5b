"""What ``zota ncp`` says while it serves: who is there, and how many devices run their file.

Knows a dongle and standard error; serves nothing.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from ota_engine.cli.remarks import remark

if TYPE_CHECKING:
    from emulators.ncp.dongle import Dongle, DongleOptions
    from emulators.ncp.server import NcpServer
    from ota_engine.records import ImageRecord

LOOK = 0.5  # seconds between two looks at how it fares


class UpdatedDevices:
    """Counts the devices that run the file they were made for, octet for octet.

    Args:
        dongle: with the devices in the order in which they were made.
        files: what they were made for.
        count: devices for each file.
    """

    def __init__(self, dongle: "Dongle", files: "Sequence[ImageRecord]", count: int) -> None:
        wanted = [file for file in files for _ in range(count)]
        self.total = len(wanted)
        self._open = list(zip(dongle.stack.devices.values(), wanted, strict=True))

    def count(self) -> int:
        """How many do by now; the octets of each are compared once it tells the version."""
        self._open = [
            (device, file)
            for device, file in self._open
            if device.version != file.file_version or device.flash.running_content() != file.data
        ]
        return self.total - len(self._open)

    def text(self) -> str:
        """How many do, in words."""
        runs = "runs" if self.total == 1 else "run"
        return f"{self.count()} of {_devices(self.total)} {runs} the file"


class NcpScreen:
    """One line that changes on a terminal; when piped, a line whenever something turns."""

    def __init__(self, options: "DongleOptions", hint: str, updated: UpdatedDevices | None) -> None:
        self._options = options
        self._hint = hint
        self._updated = updated
        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._blocks = 0
        self._since = 0.0

    def open(self, server: "NcpServer", pty: Path | None) -> None:
        """Say what there is and how to reach it."""
        url = f"ezsp://{pty.absolute()}" if pty is not None else f"ezsp+tcp://{server.address}"
        count = len(server.dongle.stack.core.members)
        self._line(
            f"virtual dongle, EZSP {self._options.version}, with {_devices(count)} near it;"
            f" Ctrl-C ends it"
        )
        if self._hint:
            self._line(self._hint)
        self._line(f"reach it by --link {url}")
        self._since = trio.current_time()

    def show(self, server: "NcpServer") -> None:
        """Show the state of things."""
        dongle = server.dongle
        host = "no host" if not server.served else "host connected"
        if not dongle.plugged:
            host = "unplugged"
        joined = f"{dongle.joined} of {_devices(len(dongle.stack.core.members))} joined"
        if self._updated is not None and self._updated.count():
            joined += f", {self._updated.text()}"
        if not self._terminal:
            if self._last != host + joined:
                self._last = host + joined
                self._line(f"{host}, {joined}")
            return
        now = trio.current_time()
        seconds, self._since = max(now - self._since, LOOK), now
        rate, self._blocks = (dongle.blocks - self._blocks) / seconds, dongle.blocks
        frames = dongle.ash.counters.received + dongle.ash.counters.sent
        further = f"{dongle.blocks} blocks", f"{rate:.0f} blocks/s", f"{frames} frames"
        text = fitted((host, joined, *further), shutil.get_terminal_size().columns)
        if text == self._last:
            return
        sys.stderr.write(f"\r{text.ljust(len(self._last))}")
        sys.stderr.flush()
        self._last = text

    def close(self) -> None:
        """Say that it is over."""
        if self._terminal:
            sys.stderr.write("\n")
        told = "" if self._updated is None else f"; {self._updated.text()}, octet for octet"
        self._line(f"stopped{told}")

    def _line(self, text: str) -> None:
        remark(text)


def fitted(parts: Sequence[str], columns: int) -> str:
    """As many of these parts, the first ones first, as a line of a terminal holds whole."""
    text = parts[0]
    for part in parts[1:]:
        if len(text) + len(part) + 2 >= columns:  # the last column would wrap on some terminals
            break
        text += f", {part}"
    return text


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"
