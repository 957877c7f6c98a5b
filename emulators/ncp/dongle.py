"""A whole virtual dongle in virtual time: line, ASH, EZSP, stack, air and the faults scripted.

Pure: octets and times in, octets and alarms out. The same calls give the same octets; which clock
it lives by, and behind which port, is the server's to know.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from emulators.air.network import Network
from emulators.air.radio import CALM, Conditions
from emulators.home.roster import RosterEntry
from emulators.home.user import schedule_user_actions
from emulators.ncp.ash import Ash, Delivered
from emulators.ncp.commands import LATEST, VERSIONS
from emulators.ncp.ezsp import Ezsp
from emulators.ncp.faults import NO_FAULTS, DongleFaultKind, DongleFaultPlan, NcpFault, Noise
from emulators.ncp.frames import Code
from emulators.ncp.layouts import FieldValues
from emulators.ncp.memory import Memory
from emulators.ncp.serial_line import DEFAULT_BAUD, SerialLine
from emulators.ncp.stack import Stack
from emulators.node import Note
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.gbcs.keystore import Keystore
from ota_engine.times import Monotonic

IMAGE_BLOCK_RESPONSE = 0x05


@dataclass(frozen=True, slots=True)
class DongleOptions:
    """How a dongle is built.

    Attributes:
        version: of EZSP.
        baud: of the line; 0 for one that takes no time.
        pace: how much faster than real time the dongle's clock runs; ASH timers and line, which
            the host sees, keep real time.
        seed: of the air.
        conditions: of the air.
        faults: what goes wrong with the dongle itself.
    """

    version: int = LATEST
    baud: int = DEFAULT_BAUD
    pace: float = 1.0
    seed: int = 0
    conditions: Conditions = CALM
    faults: DongleFaultPlan = NO_FAULTS


class Dongle:
    """An NCP with devices in the air around it.

    Args:
        entries: the devices.
        memory: what it remembers of an earlier life.
        options: how it is built.
        keys: of devices and of those they trust; see ``DeviceAssembly``.
        on_note: takes what devices note.

    Attributes:
        memory: what it would remember.
        network: the air; its agenda is the dongle's.
        stack: what the coordinator does.
        ash: the conversation with the host.
        plugged: the port is there; the server watches it.
        blocks: image blocks the host has sent.
    """

    def __init__(
        self,
        entries: Iterable[RosterEntry],
        memory: Memory | None = None,
        options: DongleOptions | None = None,
        keys: Keystore | None = None,
        on_note: Callable[[Eui64, Note, Monotonic], None] | None = None,
    ) -> None:
        self.options = options = options or DongleOptions()
        if options.version not in VERSIONS:
            raise LocalError(f"EZSP {options.version}: there are {', '.join(map(str, VERSIONS))}")
        entries = tuple(entries)
        self.memory = memory or Memory()
        self.network = Network(Random(options.seed), conditions=options.conditions, on_note=on_note)
        self.stack = Stack(options.version, self.memory, self.network, entries, self._say, keys)
        self.ash = Ash(options.pace)
        self.ezsp = Ezsp(options.version, self._command)
        self.plugged = True
        self.blocks = 0
        self._to_host = SerialLine(options.baud, options.pace)
        self._to_ncp = SerialLine(options.baud, options.pace)
        self._noise = Noise(options.faults)
        self._output = bytearray()
        self._host = 0  # counts hosts: octets of an earlier one are lost on the line
        self._alarm = inf
        self._hung = False
        self._started = False
        self._faults = list(options.faults.events)
        schedule_user_actions(self.network, entries, self.stack.devices)

    def set_clocks(self, utc: float, now: float) -> None:
        """Tell the devices the date, in which they live at the pace of the host.

        Args:
            utc: seconds since 1970.
            now: the dongle's time.
        """
        for device in self.stack.devices.values():
            device.set_clock(utc, now, rate=1.0 / self.options.pace)

    # --- the host's side --------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """The host wrote octets; they take their time on the line."""
        self.run(now)
        if not self._started:
            self._start(now)
        host = self._host
        arrival = self._to_ncp.carry(len(data), now)
        if arrival <= now:
            self._arrive(data, now)
        else:
            self.network.agenda.at(arrival, lambda then: self._arrive_late(data, host, then))

    def disconnect(self, now: float) -> None:
        """The host closed the port."""
        self.run(now)
        self._host += 1
        self._output.clear()
        self.ash.disconnect()

    def run(self, now: float) -> None:
        """Let time pass."""
        self.network.run(max(now, self.network.agenda.now))

    @property
    def next_wake(self) -> float:
        """When ``run`` is wanted."""
        return self.network.agenda.next_time()

    def take_output(self) -> bytes:
        """Octets that have reached the host by now."""
        output = bytes(self._output)
        self._output.clear()
        return output

    @property
    def joined(self) -> int:
        """How many devices are in the network."""
        return sum(member.joined for member in self.stack.core.members.values())

    # --- between line and stack -------------------------------------------------------------------

    def _arrive_late(self, data: bytes, host: int, now: float) -> None:
        if host == self._host:
            self._arrive(data, now)

    def _arrive(self, data: bytes, now: float) -> None:
        if self._hung or not self.plugged:
            return
        for event in self.ash.receive(self._noise.spoil(data), now):
            if isinstance(event, Delivered):
                for reply in self.ezsp.receive(event.payload):
                    self.ash.send(reply, now)
            else:
                self._reset_stack()
        self._flush(now)

    def _command(self, name: str, values: FieldValues) -> Any:
        if name == "sendUnicast" and _is_block(values):
            self.blocks += 1
            self._check_blocks()
        return self.stack.command(name, values)

    def _say(self, name: str, **values: Any) -> None:
        """The stack tells the host something; at once, unless a reply has to go first."""
        self.ezsp.say(name, values)
        now = self.network.agenda.now
        for frame in self.ezsp.take_callbacks():
            self.ash.send(frame, now)
        self._flush(now)

    def _flush(self, now: float) -> None:
        """Put what ASH has to say on the line."""
        host = self._host
        while self.ash.outbox:
            frame = self._noise.spoil(self.ash.outbox.popleft())
            if self._hung or not frame:
                continue
            arrival = self._to_host.carry(len(frame), now)
            if arrival <= now:
                self._output += frame
            else:
                self.network.agenda.push(arrival, self._emit, host, frame)
        self._arm()

    def _emit(self, host: int, frame: bytes, now: float) -> None:
        if host == self._host and self.plugged:
            self._output += frame

    def _arm(self) -> None:
        if self.ash.next_wake < self._alarm:
            self._alarm = self.ash.next_wake
            self.network.agenda.at(self._alarm, self._wake_ash)

    def _wake_ash(self, now: float) -> None:
        self._alarm = inf
        self.ash.wake(now)
        self._flush(now)

    def _reset_stack(self) -> None:
        self.ezsp.reset()
        self.stack.reset()

    # --- faults -----------------------------------------------------------------------------------

    def _start(self, now: float) -> None:
        """The first host speaks: the times of the plan count from here."""
        self._started = True
        for fault in self._faults:
            if fault.at is not None:
                self._schedule(fault, now + fault.at)

    def _schedule(self, fault: NcpFault, time: float) -> None:
        self.network.agenda.at(time, lambda now: self.fail(fault, now))

    def _check_blocks(self) -> None:
        for fault in self._faults:
            if fault.after_blocks == self.blocks:
                self._schedule(fault, self.network.agenda.now)

    def fail(self, fault: NcpFault, now: float) -> None:
        """Let one fault happen."""
        match fault.kind:
            case DongleFaultKind.RESET:
                self._reset_stack()
                self.ash.reset(Code.WATCHDOG)
                self._flush(now)
            case DongleFaultKind.ERROR:
                self._reset_stack()
                self.ash.fail(Code.ASSERT)
                self._flush(now)
            case DongleFaultKind.HANG:
                self._hung = True
                self._end_after(fault.seconds, now)
            case DongleFaultKind.UNPLUG:
                self.plugged = False
                self.ash.disconnect()
                self._reset_stack()
                self._end_after(fault.seconds, now)

    def _end_after(self, seconds: float, now: float) -> None:
        if seconds < inf:
            self.network.agenda.at(now + seconds, self._recover)

    def _recover(self, now: float) -> None:
        """A hang or an unplugging is over."""
        self._hung = False
        self.plugged = True


def _is_block(values: FieldValues) -> bool:
    message: bytes = values["message"]
    block = len(message) > 3 and message[0] & 3 == 1 and message[2] == IMAGE_BLOCK_RESPONSE
    return block and values["aps"].cluster == OTA_UPGRADE_CLUSTER
