"""The security of one device: believes commands or refuses them, keeps orders, answers and alerts.

Pure. Messages go in and come out; what the firmware is comes in as a value, and that it shall be
run goes out as an intent. Knows nothing of flash, tunnels and radios. A command is held to its
recipient, its signature, its MAC, its counter and its hash, in that order; one that fails before
the hash is not answered, for it may come from anybody.
"""

from math import inf
from typing import Final, NamedTuple

from emulators.device_spec import SecurityOptions
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.habits import Habits
from emulators.gbcs.memory import Begun, FutureOrder, Outgoing, SecureMemory
from emulators.gbcs.outbox import Outbox
from emulators.gbcs.utc_clock import UtcClock
from emulators.node import Note
from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import (
    USE_CASES,
    ActivationCode,
    AlertCode,
    Cra,
    MessageCode,
    PpmidActivationCode,
)
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.meters import GasVersionRequest, VersionRequest
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivateFirmware,
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
    ReadVersion,
    activation_of,
    read_payload,
)
from ota_engine.gbcs.protection import authenticate, protect

UNRELIABLE_CLOCK: Final = 0x02  # status of a DLMS date-time: the clock was never set
_READS: Final = (ReadVersion(), VersionRequest(0), GasVersionRequest())


class Firmware(NamedTuple):
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

    __slots__ = ("_anchors", "_habits", "_options", "_outbox", "clock", "memory")

    def __init__(
        self,
        habits: Habits,
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

    def receive(self, octets: bytes, firmware: Firmware, now: float) -> Reaction:
        """Take a message that came through the tunnel; any octets.

        Args:
            octets: as they came.
            firmware: as it is now.
            now: seconds.
        """
        try:
            command = self._believe(octets, now)
            said = _read(command)
            if not self.memory.guard.accept(command.originator, command.counter):
                raise PeerError(f"counter {command.counter} was used before: a replay")
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
            handled = self._activate_firmware(command, said, firmware, now)
        else:
            handled = self._read_version(command, firmware, now)
        return self._send(handled._replace(notes=(note, *handled.notes)), now)

    def wake(self, firmware: Firmware, now: float) -> Reaction:
        """Do what was due at ``wake_at``."""
        return self._send(self._fire(firmware, now), now)

    def booted(self, firmware: Firmware, now: float) -> Reaction:
        """Go on after a start: tell what became of an activation, try a torn one again."""
        self._outbox.reset()
        begun = self.memory.begun
        if begun is None:
            return self.wake(firmware, now)
        if begun.file == firmware.held != firmware.running and begun.cause is not None:
            return self._send(Reaction(activate=True), now)
        if begun.file == firmware.held != firmware.running:
            return self._send(Reaction(), now)  # the server is asked again; nothing to tell yet
        self.memory.begun = None
        done = begun.file == firmware.running
        code = ActivationCode.SUCCESS if done else ActivationCode.ACTIVATION_FAILURE
        self._tell(begun.cause, code, firmware.version, now)
        return self.wake(firmware, now)

    def image_received(self, digest: bytes, now: float, *, verified: bool) -> Reaction:
        """Tell the supplier what was found in a received image, where this kind of device does.

        Args:
            digest: its Manufacturer Image Hash.
            now: seconds.
            verified: it is sound, and signed as it must be.
        """
        habits = self._habits
        if habits.receipt_code is None or habits.write_receipt is None:
            return Reaction()
        code = (
            AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL
            if verified
            else AlertCode.FIRMWARE_VERIFICATION_FAILED
        )
        counter = self._draw(now)
        payload = habits.write_receipt(code, counter, self.clock.moment(now), digest)
        self._alert(habits.receipt_code, payload, self._anchors.supplier, counter, now)
        return self._send(Reaction(), now)

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

    def hand_over(self, anchors: Anchors) -> Reaction:
        """Trust another supplier from now on; what the old one ordered for later is forgotten.

        Args:
            anchors: see ``Anchors.handed_over``.
        """
        self._anchors = anchors
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

    # --- believing --------------------------------------------------------------------------------

    def _believe(self, octets: bytes, now: float) -> Message:
        message = parse(octets)
        if message.cra is not Cra.COMMAND:
            raise PeerError(f"a device takes commands, and this is a {message.cra.name.lower()}")
        if message.recipient != self._anchors.own:
            raise PeerError(f"it is for {format_eui64(message.recipient)}")
        if not self._knows(message.message_code):
            raise PeerError(f"this device has no use case {message.message_code:04X}")
        utc = self.clock.moment(now) if self.clock.is_set else None
        authenticate(message, self._anchors.keys, now=self._anchors.believable(utc))
        return message

    def _knows(self, code: int) -> bool:
        return code == self._habits.read or (
            code == MessageCode.ACTIVATE_FIRMWARE and self._habits.orders_from is not None
        )

    # --- commands ---------------------------------------------------------------------------------

    def _activate_firmware(
        self, command: Message, said: ActivateFirmware, firmware: Firmware, now: float
    ) -> Reaction:
        time = said.execution_time
        if time is None:
            return self._attempt(command, said.manufacturer_image_hash, firmware, now)
        self.memory.order = (
            None
            if time == CANCELLATION_TIME
            else FutureOrder(
                command.originator, command.counter, said.manufacturer_image_hash, time
            )
        )
        self._answer(command, CommandAccepted(), now)
        return self._fire(firmware, now)

    def _read_version(self, command: Message, firmware: Firmware, now: float) -> Reaction:
        version = None if self._options.version_unreadable else firmware.version
        self._put(compose.response(command, self._habits.answer_read(command, version)), now)
        return Reaction()

    def _fire(self, firmware: Firmware, now: float) -> Reaction:
        """Carry out the future dated order if its time has come; at most once."""
        order = self.memory.order
        if order is None or self.clock.when(order.execution_time) > now:
            return Reaction()
        self.memory.order = None
        return self._attempt(order, order.manufacturer_image_hash, firmware, now)

    def _attempt(
        self, cause: Message | FutureOrder, digest: bytes, firmware: Firmware, now: float
    ) -> Reaction:
        code = _judge(digest, firmware)
        if code is None and self._options.activation_fails:
            code = ActivationCode.ACTIVATION_FAILURE
        if code is None and firmware.held is not None:
            self.memory.begun = Begun(firmware.held, cause)
            return Reaction(activate=True)
        self._tell(cause, code or ActivationCode.NO_IMAGE_HELD, firmware.version, now)
        return Reaction()

    # --- telling ----------------------------------------------------------------------------------

    def _tell(
        self, cause: Message | FutureOrder | None, code: ActivationCode, version: int, now: float
    ) -> None:
        """Tell the outcome of an activation to whoever caused it."""
        if isinstance(cause, Message):
            self._answer(cause, ActivationOutcome(code, version), now)
        elif cause is not None:
            self._report(cause, ActivationOutcome(code, version), now)
        else:
            done = code is ActivationCode.SUCCESS
            payload = PpmidActivation(
                AlertCode.PPMID_FIRMWARE_ACTIVATION,
                self.clock.moment(now),
                version,
                PpmidActivationCode.SUCCESS if done else PpmidActivationCode.FAILURE,
            )
            counter = self._draw(now)
            broker = self._anchors.broker
            self._alert(MessageCode.PPMID_ACTIVATION_ALERT, payload, broker, counter, now)

    def _answer(self, command: Message, payload: Payload, now: float) -> None:
        status = compose.RELIABLE_CLOCK if self.clock.is_set else UNRELIABLE_CLOCK
        time = compose.device_time(self.clock.moment(now), status)
        self._put(compose.response(command, payload, time), now)

    def _report(self, order: FutureOrder, outcome: ActivationOutcome, now: float) -> None:
        done = outcome.code == ActivationCode.SUCCESS
        payload = FutureDatedOutcome(
            AlertCode.FUTURE_DATED_COMMAND_ACTIONED
            if done
            else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED,
            order.execution_time,
            order.counter,
            outcome,
        )
        code, counter = MessageCode.FIRMWARE_ACTIVATION_ALERT, self._draw(now)
        self._alert(code, payload, order.originator, counter, now)

    def _alert(self, code: int, payload: Payload, recipient: int, counter: int, now: float) -> None:
        own = self._anchors.own
        said = compose.alert(code, payload, originator=own, recipient=recipient, counter=counter)
        self._put(said, now)

    def _draw(self, now: float) -> int:
        return self._outbox.draw(self.clock.utc(now))

    def _put(self, message: Message, now: float) -> None:
        self._outbox.put(serialise(protect(message, self._anchors.keys)), now)

    def _send(self, reaction: Reaction, now: float) -> Reaction:
        """Hand out the messages that are due, unless the device goes down before they could go."""
        if reaction.activate:
            return reaction
        return reaction._replace(messages=self._outbox.take(now))


def _read(command: Message) -> Payload:
    """Read what an authentic command asks.

    Raises:
        PeerError: its payload is malformed, or asks for something no device of ours has.
    """
    if command.message_code == MessageCode.ACTIVATE_FIRMWARE:
        return activation_of(command)
    payload = read_payload(command)
    if isinstance(payload, VersionRequest):
        asked: Payload = payload._replace(invoke_id=0)
    else:
        asked = payload
    if asked not in _READS:
        raise PeerError(f"use case {command.message_code:04X} reads something this device has not")
    return payload


def _judge(digest: bytes, firmware: Firmware) -> ActivationCode | None:
    """Why the held image cannot be run on an order for this hash; None if it can."""
    if firmware.held is None:
        return ActivationCode.NO_IMAGE_HELD
    if firmware.manufacturer_image_hash != digest:
        return ActivationCode.HASH_MISMATCH
    return None
