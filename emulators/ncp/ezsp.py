"""EZSP on the NCP's side: frame headers, who answers what, and when callbacks may go out.

Pure. Knows headers and the frame table of one version; what commands do is the ``EzspHandler``'s to
know. Hosts match replies by sequence number alone, so a callback always bears the number of the
last command that was answered, never of one that still is not.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from emulators.ncp.commands import CommandEntry, frames
from emulators.ncp.layouts import FieldValues, TruncatedError
from emulators.ncp.status import EmberStatus

REPLY, CALLBACK = 0x80, 0x90  # frame control, low octet
EXTENDED = 0x01  # frame control, high octet: frame format version 1
STACK_TYPE = 2  # mesh
STACK_VERSIONS = {13: 0x7440, 14: 0x8000, 16: 0x8100, 17: 0x8200, 18: 0x9000, 19: 0xA000}

EzspHandler: TypeAlias = Callable[[str, FieldValues], Mapping[str, Any] | None]


@dataclass(slots=True)
class EzspCounters:
    """What was asked, what was said unasked, and what could not be understood."""

    commands: int = 0
    callbacks: int = 0
    refused: int = 0
    unknown: set[int] = field(default_factory=set)


class Ezsp:
    """The command interface of an NCP with one protocol version.

    Args:
        version: of the protocol, one of ``commands.VERSIONS``.
        handle: called with a command's name and values; returns the values of its reply, or None
            when it has none of that name.
    """

    def __init__(self, version: int, handle: EzspHandler) -> None:
        self.version = version
        self.counters = EzspCounters()
        self._handle = handle
        self._frames = frames(version)
        self._by_number: dict[int, CommandEntry] = {}
        for entry in self._frames.values():
            if not entry.name.endswith("EzspHandler") and entry.name != "invalidCommand":
                self._by_number[entry.number] = entry
        self.reset()

    def reset(self) -> None:
        """Forget the agreed version and what waits."""
        self.agreed = False
        self._sequence = 0
        self._replying = False
        self._callbacks: deque[bytes] = deque()

    def receive(self, frame: bytes) -> list[bytes]:
        """Take one frame of the host.

        Returns:
            its reply and the callbacks that had to wait for it.
        """
        self.counters.commands += 1
        self._replying = True
        reply = self._answer(frame)
        self._replying = False
        self._sequence = frame[0]
        return [reply, *self.take_callbacks()]

    def say(self, name: str, values: Mapping[str, Any]) -> None:
        """Queue a callback; nobody hears it before a version is agreed on."""
        if not self.agreed:
            return
        entry = self._frames[name]
        self.counters.callbacks += 1
        self._callbacks.append(entry.number.to_bytes(2, "little") + entry.reply.write(values))

    def take_callbacks(self) -> list[bytes]:
        """The callbacks that may go out now."""
        if self._replying:
            return []
        waiting, self._callbacks = self._callbacks, deque()
        return [bytes((self._sequence, CALLBACK, EXTENDED)) + body for body in waiting]

    # --- commands ---------------------------------------------------------------------------------

    def _answer(self, frame: bytes) -> bytes:
        if len(frame) == 4 and frame[2] == 0:  # the legacy header, which only ``version`` may have
            self.agreed = frame[3] == self.version
            return bytes((frame[0], REPLY, 0)) + self._frames["version"].reply.write(
                self._version()
            )
        if len(frame) < 5 or frame[2] & 3 != EXTENDED:
            return self._refuse(frame, EmberStatus.COMMAND_INCOMPLETE)
        entry = self._by_number.get(int.from_bytes(frame[3:5], "little"))
        if entry is None:
            self.counters.unknown.add(int.from_bytes(frame[3:5], "little"))
            return self._refuse(frame, EmberStatus.COMMAND_IS_INVALID)
        try:
            values = entry.request.read(frame[5:])
        except TruncatedError:
            return self._refuse(frame, EmberStatus.COMMAND_INCOMPLETE)
        return self._run(frame, entry, values)

    def _run(self, frame: bytes, entry: CommandEntry, values: FieldValues) -> bytes:
        if entry.name == "version":
            self.agreed = values["desired"] == self.version
            return self._reply(frame, entry, self._version())
        if not self.agreed:
            return self._refuse(frame, EmberStatus.VERSION_NOT_SET)
        answer = self._handle(entry.name, values)
        if answer is None:
            self.counters.unknown.add(entry.number)
            return self._refuse(frame, EmberStatus.COMMAND_IS_INVALID)
        return self._reply(frame, entry, answer)

    def _version(self) -> dict[str, int]:
        return {
            "version": self.version,
            "stack_type": STACK_TYPE,
            "stack_version": STACK_VERSIONS[self.version],
        }

    def _reply(self, frame: bytes, entry: CommandEntry, values: Mapping[str, Any]) -> bytes:
        head = bytes((frame[0], REPLY, EXTENDED)) + entry.number.to_bytes(2, "little")
        return head + entry.reply.write(values)

    def _refuse(self, frame: bytes, status: EmberStatus) -> bytes:
        self.counters.refused += 1
        return self._reply(frame, self._frames["invalidCommand"], {"status": status})
