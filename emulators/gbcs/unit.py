"""The security of one device: obeys or refuses commands, keeps orders, and has outcomes told.

Pure. Messages go in and come out; what the firmware is comes in as a value, and that it shall be
run goes out as an intent. Knows nothing of flash, tunnels and radios. A command that fails before
its hash is looked at is not answered, for it may come from anybody.
"""

from math import inf
from typing import NamedTuple

from emulators.gbcs.anchors import Anchors
from emulators.gbcs.command_check import check_command
from emulators.gbcs.habits import GbcsHabits
from emulators.gbcs.memory import Begun, FutureOrder, Outgoing, SecureMemory
from emulators.gbcs.outbox import Outbox
from emulators.gbcs.signer import DeviceSigner
from emulators.node import Note
from emulators.platform.spec import SecurityOptions
from emulators.platform.utc_clock import UtcClock
from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import USE_CASES, ActivationCode
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.payloads import CANCELLATION_TIME, ActivateFirmware, CommandAccepted, Payload


class UnitFirmware(NamedTuple):
    """The firmware of a device, as its security unit asks for it.

    Attributes:
        version: of the file that runs.
        running: SHA-256 of the file that runs.
        held: SHA-256 of the verified file that may be run, None without one.
        manufacturer_image_hash: of the file held; None without one, or if it has none.
    """

    version: int
    running: bytes
    held: bytes | None = None
    manufacturer_image_hash: bytes | None = None


class Reaction(NamedTuple):
    """What a device is to do.

    Attributes:
        messages: to be sent to the hub, in this order; ``settled`` wants to know how they fare.
        activate: run the held image now.
        notes: for the journal.
    """

    messages: tuple[Outgoing, ...] = ()
    activate: bool = False
    notes: tuple[Note, ...] = ()


class SecurityUnit:
    """The GBCS of one device.

    Args:
        habits: of its kind.
        anchors: its keys, and whom it trusts.
        options: its defects.
        memory: what an earlier life of the device left.

    Attributes:
        clock: its sense of the date.
        memory: what survives a power cut; all else is worked out from it.
    """

    __slots__ = ("_anchors", "_habits", "_options", "_outbox", "_signer", "clock", "memory")

    def __init__(
        self,
        habits: GbcsHabits,
        anchors: Anchors,
        options: SecurityOptions,
        memory: SecureMemory | None = None,
    ) -> None:
        self.clock = UtcClock()
        self.memory = SecureMemory() if memory is None else memory
        self._habits = habits
        self._anchors = anchors
        self._options = options
        self._outbox = Outbox(self.memory, options)
        self._signer = DeviceSigner(anchors, self.clock, self._outbox)

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def image_key(self) -> bytes | None:
        """PEM of the key whose signature an image must bear; None where none is asked for."""
        return self._anchors.image_key if self._habits.verifies else None

    @property
    def wake_at(self) -> float:
        """When ``wake`` has something to do."""
        order = self.memory.order
        due = inf if order is None else self.clock.when(order.execution_time)
        return min(due, self._outbox.wake_at)

    # --- what happens to it -----------------------------------------------------------------------

    def receive(self, octets: bytes, firmware: UnitFirmware, now: float) -> Reaction:
        """Take a message that came through the tunnel; any octets.

        Args:
            octets: as they came.
            firmware: as it is now.
            now: seconds.
        """
        try:
            command, said = self._check(octets, now)
        except PeerError as error:
            return Reaction(notes=(Note("command refused", {"reason": str(error)}),))
        note = Note(
            "command",
            {
                "use_case": USE_CASES[command.message_code].name,
                "originator": format_eui64(command.originator),
                "counter": command.counter,
            },
        )
        if isinstance(said, ActivateFirmware):
            activate = self._activate_firmware(command, said, firmware, now)
        else:
            activate = self._read_version(command, firmware, now)
        return self._react(now, activate, note)

    def wake(self, firmware: UnitFirmware, now: float) -> Reaction:
        """Do what was due at ``wake_at``."""
        return self._react(now, self._fire(firmware, now))

    def booted(self, firmware: UnitFirmware, now: float) -> Reaction:
        """Go on after a start: tell what became of an activation, try a torn one again."""
        self._outbox.reset()
        begun = self.memory.begun
        if begun is None:
            return self.wake(firmware, now)
        if begun.file == firmware.held != firmware.running:  # the swap was torn
            # The server is asked again about one that it began, and nothing can be told yet.
            return self._react(now, begun.cause is not None)
        self.memory.begun = None
        done = begun.file == firmware.running
        code = ActivationCode.SUCCESS if done else ActivationCode.ACTIVATION_FAILURE
        self._signer.outcome(begun.cause, code, firmware.version, now)
        return self.wake(firmware, now)

    def image_received(self, digest: bytes, now: float, *, verified: bool) -> Reaction:
        """Tell the supplier what was found in a received image, where this kind of device does.

        Args:
            digest: its Manufacturer Image Hash.
            now: seconds.
            verified: it is sound, and signed as it must be.
        """
        self._signer.receipt(self._habits, digest, now, verified=verified)
        return self._react(now)

    def restarting(self, file: bytes) -> None:
        """Note that the device restarts into a file, so that what comes of it is reported.

        Args:
            file: its SHA-256.
        """
        if self._habits.reports:
            self.memory.begun = Begun(file, None)

    def settled(self, number: int, now: float, *, delivered: bool) -> None:
        """Learn what became of a message that was handed out."""
        self._outbox.settled(number, now, delivered=delivered)

    def recall(self, memory: SecureMemory) -> None:
        """Take the memory of an earlier life; for a device that is switched off."""
        self.memory = memory
        self._outbox = Outbox(memory, self._options)
        self._signer = DeviceSigner(self._anchors, self.clock, self._outbox)

    def hand_over(self, anchors: Anchors) -> Reaction:
        """Trust another supplier from now on; what the old one ordered for later is forgotten.

        Args:
            anchors: see ``Anchors.handed_over``.
        """
        self._anchors = anchors
        self._signer = DeviceSigner(anchors, self.clock, self._outbox)
        note = Note("supplier changed", {"supplier": format_eui64(anchors.supplier)})
        order = self.memory.order
        if order is None or order.originator == anchors.supplier:
            return Reaction(notes=(note,))
        self.memory.order = None
        return Reaction(notes=(note, Note("order dropped", {"counter": order.counter})))

    @property
    def anchors(self) -> Anchors:
        """Its keys, and whom it trusts."""
        return self._anchors

    # --- commands ---------------------------------------------------------------------------------

    def _check(self, octets: bytes, now: float) -> tuple[Message, Payload]:
        """Believe a command, and use up its counter.

        Raises:
            PeerError: it must not be obeyed.
        """
        utc = self.clock.moment(now) if self.clock.is_set else None
        command, said = check_command(octets, self._anchors, self._habits, utc)
        if not self.memory.guard.accept(command.originator, command.counter):
            raise PeerError(f"counter {command.counter} was used before: a replay")
        return command, said

    def _activate_firmware(
        self, command: Message, said: ActivateFirmware, firmware: UnitFirmware, now: float
    ) -> bool:
        """Obey a CS06; whether the held image is to be run now."""
        time, digest = said.execution_time, said.manufacturer_image_hash
        if time is None:
            return self._attempt(command, digest, firmware, now)
        cancelled = time == CANCELLATION_TIME
        order = FutureOrder(command.originator, command.counter, digest, time)
        self.memory.order = None if cancelled else order
        self._signer.answer_dated(command, CommandAccepted(), now)
        return self._fire(firmware, now)

    def _read_version(self, command: Message, firmware: UnitFirmware, now: float) -> bool:
        version = None if self._options.version_unreadable else firmware.version
        self._signer.answer(command, self._habits.answer_read(command, version), now)
        return False

    def _fire(self, firmware: UnitFirmware, now: float) -> bool:
        """Carry out the future dated order if its time has come; at most once."""
        order = self.memory.order
        if order is None or self.clock.when(order.execution_time) > now:
            return False
        self.memory.order = None
        return self._attempt(order, order.manufacturer_image_hash, firmware, now)

    def _attempt(
        self, cause: Message | FutureOrder, digest: bytes, firmware: UnitFirmware, now: float
    ) -> bool:
        """Begin an activation, or tell why not; whether the held image is to be run now."""
        if firmware.held is None:
            code = ActivationCode.NO_IMAGE_HELD
        elif firmware.manufacturer_image_hash != digest:
            code = ActivationCode.HASH_MISMATCH
        elif self._options.activation_fails:
            code = ActivationCode.ACTIVATION_FAILURE
        else:
            self.memory.begun = Begun(firmware.held, cause)
            return True
        self._signer.outcome(cause, code, firmware.version, now)
        return False

    def _react(self, now: float, activate: bool = False, *notes: Note) -> Reaction:
        """Hand out the messages that are due, unless the device goes down before they could go."""
        return Reaction(() if activate else self._outbox.take(now), activate, notes)
