"""The tunnels of one emulated device to its hub: messages out and in, and a sleeper's gets; pure.

Knows when a device asks for messages and what it forgets without power; how they travel is
``ota_engine.hub.tunnel``'s, which is the same at either end. Knows nothing of what messages say.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final

from emulators.air.radio import max_payload
from emulators.node import NEVER, NodeAction, Note
from emulators.platform.endpoint import Endpoint
from emulators.platform.spec import DeviceSpec
from ota_engine.events import TUNNELING_CLUSTER, Send
from ota_engine.hub.tunnel.assembly import GET, PUT, IncomingMessage
from ota_engine.hub.tunnel.bounds import Allowance, TunnelNumbers
from ota_engine.hub.tunnel.line import Line
from ota_engine.hub.tunnel.queue import Ended, Item, Way
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.times import Monotonic
from ota_engine.zcl.tunnel import TunnelStatus

#: A device holds little: two long messages, and one tunnel that it serves. It tries for longer than
#: the hub, which speaks to few at a time, while a thousand devices may speak to it in one second.
SMALL: Final = TunnelSettings(held=16 << 10, tunnels=1, tries=6)
ROOM: Final = max_payload(0, aps_security=True)  # octets of a ZCL frame up to the hub, at the least
FIRST_GET: Final = 1.0  # seconds after power on
GET_EVERY: Final = 30.0  # seconds between two questions of a sleeper for messages
PATIENCE: Final = 90.0  # seconds until a get is through, tunnel and all
ANSWER: Final = 20.0  # seconds for its answer from then on
GET_TOKEN: Final = -1
MESSAGE_TOKEN: Final = 0


class DeviceTunnel:
    """One device's end.

    Args:
        spec: what the device is; a sleepy one asks for its messages.
        endpoint: through which it sends.
        get_every: seconds between two such questions.
        room: octets of the largest ZCL frame to the hub.
        settings: patience and bounds.

    Attributes:
        counters: what went wrong, by name.
        settled: (token, whether the hub has it) of messages sent under a token, until taken.
        wake_at: when ``wake`` is due, seconds.
    """

    __slots__ = (
        "_answer_by",
        "_endpoint",
        "_get_at",
        "_get_every",
        "_line",
        "_random",
        "_refusing",
        "_room",
        "_settings",
        "_sleepy",
        "counters",
        "settled",
        "wake_at",
    )

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        *,
        get_every: float = GET_EVERY,
        room: int = ROOM,
        settings: TunnelSettings = SMALL,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._endpoint = endpoint
        self._sleepy = spec.sleepy
        self._get_every = get_every
        self._room = room
        self._settings = settings
        self._random = Random(f"{spec.seed}:{spec.eui64:016X}:tunnel")
        self._refusing: TunnelStatus | None = None
        self.settled: list[tuple[int, bool]] = []
        self.power_off()

    # --- power and defects ------------------------------------------------------------------------

    def power_off(self) -> None:
        """Forget every tunnel and message."""
        settings = self._settings
        self._line = Line(
            settings,
            TunnelNumbers(settings.tunnels),
            Allowance(settings.held),
            self.counters,
            self._endpoint.next_sequence,
            spread=self._random.random,
        )
        self._line.refusing = self._refusing
        self.settled.clear()
        self._get_at = self._answer_by = self.wake_at = NEVER

    def power_on(self, now: float) -> None:
        """Begin: a sleeper soon asks for its messages."""
        if self._sleepy:
            self._get_at = now + FIRST_GET
        self._arm()

    def refuse(self, status: TunnelStatus | None) -> None:
        """Grant no tunnel from now on, also after a restart, but answer so; None: grant them."""
        self._refusing = self._line.refusing = status

    @property
    def waiting(self) -> int:
        """How many messages the hub has not confirmed."""
        return self._line.sender.waiting

    # --- messages ---------------------------------------------------------------------------------

    def send(self, octets: bytes, now: float, token: int = MESSAGE_TOKEN) -> Sequence[NodeAction]:
        """Send a message to the hub; ``settled`` tells by its token, if it has one, how it ended."""
        self._add(Item(bytes((PUT,)), octets, token, Way.ANY, self._room))
        return self._settle(now)[0]

    def receive(self, frame: Send, now: float) -> tuple[Sequence[NodeAction], list[bytes]]:
        """Take one frame; returns what to do, and the messages that are complete with it."""
        if frame.cluster != TUNNELING_CLUSTER:
            return (), []
        self._line.receive(frame.payload, Monotonic(now))
        return self._settle(now)

    def wake(self, now: float) -> Sequence[NodeAction]:
        """Do what was due at ``wake_at``."""
        if self._answer_by <= now:
            self._give_up_get(now)
        if self._get_at <= now:
            self._get(now)
        self._line.wake(Monotonic(now))
        return self._settle(now)[0]

    # --- the questions of a sleeper ---------------------------------------------------------------

    def _get(self, now: float) -> None:
        self._get_at = NEVER
        self._answer_by = now + PATIENCE
        self._add(Item(bytes((GET,)), b"", GET_TOKEN, Way.OURS, self._room))

    def _give_up_get(self, now: float) -> None:
        """Nobody answered: leave the tunnel, unless its message is still coming."""
        ours = self._line.ends.ours
        if ours is not None and ours.assembly.begun:
            self._answer_by = ours.piece_due
            return
        self.counters["get_unanswered"] += 1
        if not self._line.sender.waiting:
            self._line.lose(Monotonic(now))
        self._ask_again(now)

    def _ask_again(self, now: float) -> None:
        self._answer_by = NEVER
        self._get_at = now + self._get_every

    # --- the line ---------------------------------------------------------------------------------

    def _add(self, item: Item) -> None:
        self._line.sender.add(item)

    def _settle(self, now: float) -> tuple[list[NodeAction], list[bytes]]:
        """Begin what waits, see what ended and what came, and collect the frames."""
        notes: list[NodeAction] = []
        messages = []
        for incoming in self._line.incoming:
            if incoming.octets:
                messages.append(incoming.octets)
                notes.append(Note("message received", {"octets": len(incoming.octets)}))
            self._answered(incoming, now)
        self._line.incoming.clear()
        for ended in self._line.sender.collect():
            notes += self._ended(ended, now)
        self._line.sender.start(Monotonic(now))
        frames = [self._endpoint.carry(TUNNELING_CLUSTER, frame) for frame in self._line.frames]
        self._line.frames.clear()
        self._arm()
        return [*frames, *notes], messages

    def _answered(self, incoming: IncomingMessage, now: float) -> None:
        if incoming.more is None or not self._sleepy:
            return
        if incoming.more:
            self._get(now)
        else:
            self._ask_again(now)

    def _ended(self, ended: Ended, now: float) -> list[NodeAction]:
        if ended.token == GET_TOKEN:
            if ended.reason is not None:
                self._ask_again(now)
            elif self._answer_by < NEVER:  # unless the answer was quicker than the acknowledgement
                self._answer_by = now + ANSWER
            return []
        if ended.token != MESSAGE_TOKEN:
            self.settled.append((ended.token, ended.reason is None))
        if ended.reason is None:
            return [Note("message sent", {})]
        return [Note("message not sent", {"reason": ended.reason})]

    def _arm(self) -> None:
        self.wake_at = min(self._line.wake_at, self._get_at, self._answer_by)
