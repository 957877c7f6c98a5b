"""Cluster 0x0708 of one device: its questions, what it hears, and what a meter tells others. Pure."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from emulators.node import NodeAction, Note, TransmitTo
from emulators.platform.endpoint import Endpoint
from emulators.platform.spec import DeviceSpec
from emulators.platform.utc_clock import UtcClock
from emulators.premises.asking import Asking, PremisesQuestion
from emulators.premises.habits import PremisesHabits
from emulators.premises.memory import PremisesMemory
from emulators.premises.occupancy import NOT_FOUND, Occupancy
from emulators.premises.words import SUBJECTS, ToldChange, read_told, write_told
from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.events import DEVICE_MANAGEMENT_CLUSTER, Send
from ota_engine.zcl import general
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame, parse_header

UNKNOWN_COMMAND: Final = 0x81
UNKNOWN_GENERAL: Final = 0x82
THE_HUB: Final = 0


class PremisesPort:
    """The cluster of one device.

    Args:
        spec: the device.
        endpoint: how it sends.
        habits: what it does with changes.
        clock: its sense of the date.
        busy: whether it takes or checks firmware now.
    """

    __slots__ = ("_asking", "_endpoint", "_habits", "_occupancy")

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        habits: PremisesHabits,
        clock: UtcClock,
        busy: Callable[[], bool],
    ) -> None:
        self._endpoint = endpoint
        self._habits = habits
        self._occupancy = Occupancy(habits, clock, busy)
        rng = Random(f"{spec.seed}:{spec.eui64:016X}:premises")
        self._asking = Asking(habits, spec.meters, rng)

    @property
    def wake_at(self) -> float:
        """When ``wake`` has something to do."""
        asks, acts = self._asking.wake_at, self._occupancy.wake_at
        return min(acts, asks)

    @property
    def memory(self) -> PremisesMemory:
        """What outlives power."""
        return self._occupancy.memory

    def recall(self, memory: PremisesMemory) -> None:
        """Take up what was remembered in an earlier life."""
        self._occupancy.memory = memory

    # --- power and time --------------------------------------------------------------------------

    def boot(self, now: float) -> list[NodeAction]:
        """Begin after a start: do what has become due, and ask soon."""
        self._asking.boot(now)
        return list(self._occupancy.act(now))

    def power_off(self) -> None:
        """Lose what is under way."""
        self._asking.power_off()
        self._occupancy.power_off()

    def wake(self, now: float) -> list[NodeAction]:
        """Do what was due at ``wake_at``."""
        actions: list[NodeAction] = list(self._occupancy.act(now))
        question = self._asking.wake(now)
        if question is not None:
            actions.append(self._ask(question))
        return actions

    def ask_now(self, now: float) -> None:
        """Somebody presses a key on it: it asks at once what has changed."""
        self._asking.at(now)

    def _ask(self, question: PremisesQuestion) -> NodeAction:
        sequence = self._endpoint.next_sequence()
        self._asking.sent(sequence, question)
        frame = cluster_frame(
            question.command, sequence, b"", from_server=False, disable_default_response=False
        )
        return self._carry(question.server, frame)

    def _carry(self, to: int, frame: bytes, endpoint: int | None = None) -> NodeAction:
        sent = self._endpoint.carry(DEVICE_MANAGEMENT_CLUSTER, frame)
        if to == THE_HUB:
            return sent if endpoint is None else sent._replace(destination_endpoint=endpoint)
        there = sent.source_endpoint if endpoint is None else endpoint
        return TransmitTo(Eui64(to), sent._replace(destination_endpoint=there))

    # --- frames ----------------------------------------------------------------------------------

    def receive(self, frame: Send, source: int, now: float) -> list[NodeAction]:
        """Take a frame of the cluster from a meter, or from the hub (0)."""
        try:
            header = parse_header(frame.payload)
        except PeerError:
            return []
        payload = frame.payload[header.length :]
        try:
            if header.cluster_specific and header.manufacturer_code is None:
                actions = self._command(header, payload, frame, source, now)
            else:
                actions = self._general(header, payload, source, now)
        except PeerError as error:
            if not header.cluster_specific and header.command == general.DEFAULT_RESPONSE:
                return []
            actions = [self._answer(header, error.status, frame, source)]
        return actions

    def _command(
        self, header: ZclHeader, payload: bytes, frame: Send, source: int, now: float
    ) -> list[NodeAction]:
        if header.command >= len(SUBJECTS):
            raise PeerError("no such command here", UNKNOWN_COMMAND)
        if header.from_server and not self._habits.serves:
            return self._published(header, payload, frame, source, now)
        if not header.from_server and self._habits.serves:
            return [self._tell(header, frame, source)]
        raise PeerError("this side of the cluster is not here", UNKNOWN_COMMAND)

    def _published(
        self, header: ZclHeader, payload: bytes, frame: Send, source: int, now: float
    ) -> list[NodeAction]:
        told = read_told(header.command, payload)
        asked = self._asking.answered(header.sequence, source, now, told.subject)
        status, actions = 0, list[NodeAction]()
        if asked or self._habits.listens:
            status, notes = self._occupancy.hear(source, told, now)
            actions += notes
        if not asked and not header.disable_default_response:
            actions.append(self._answer(header, status, frame, source))
        return actions

    def _general(
        self, header: ZclHeader, payload: bytes, source: int, now: float
    ) -> list[NodeAction]:
        if header.cluster_specific:
            raise PeerError("no manufacturer's commands here", UNKNOWN_COMMAND)
        command = general.decode(header.command, payload)
        if isinstance(command, general.DefaultResponse):
            self._asking.answered(header.sequence, source, now)
            return []
        raise PeerError("no attributes here", UNKNOWN_GENERAL)

    def _answer(self, header: ZclHeader, status: int, frame: Send, source: int) -> NodeAction:
        response = general.DefaultResponse(header.command, status)
        octets = general_frame(
            general.DEFAULT_RESPONSE,
            header.sequence,
            general.encode(response),
            from_server=not header.from_server,
        )
        return self._carry(source, octets, frame.source_endpoint)

    # --- a meter ---------------------------------------------------------------------------------

    def announce(self, told: ToldChange) -> Sequence[NodeAction]:
        """Tell everybody who ever asked of a change, and all who ask from now on.

        A meter learns of it by a signed message of its supplier, which this stands for.
        """
        self.memory.standing[told.subject] = told
        actions: list[NodeAction] = [
            Note("change announced", {"of": told.subject, "event": told.event})
        ]
        for caller, endpoint in self.memory.callers.items():
            octets = cluster_frame(
                SUBJECTS.index(told.subject),
                self._endpoint.next_sequence(),
                write_told(told),
                from_server=True,
                disable_default_response=False,
            )
            actions.append(self._carry(caller, octets, endpoint))
        return actions

    def _tell(self, header: ZclHeader, frame: Send, source: int) -> NodeAction:
        if source != THE_HUB:
            self.memory.callers[source] = frame.source_endpoint
        told = self.memory.standing.get(SUBJECTS[header.command])
        if told is None:
            return self._answer(header, NOT_FOUND, frame, source)
        octets = cluster_frame(header.command, header.sequence, write_told(told), from_server=True)
        return self._carry(source, octets, frame.source_endpoint)
