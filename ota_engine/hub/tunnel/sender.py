"""Gets the messages of one end across, one after the other and piece by piece; pure.

Decides by the table in ``life``. Knows how a message is cut; knows nothing of what comes back but
the answers to its own frames.
"""

from collections.abc import Callable
from typing import Final

from ota_engine.hub.tunnel.assembly import GET_RESPONSE
from ota_engine.hub.tunnel.bounds import Allowance
from ota_engine.hub.tunnel.ends import Ends, Tunnel
from ota_engine.hub.tunnel.life import LineAction, LineEvent, LineState, turn
from ota_engine.hub.tunnel.queue import Ended, Item, Queue, Way
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.hub.tunnel.voice import LineCommands
from ota_engine.times import NEVER, Monotonic
from ota_engine.zcl.frame import HEADER_LENGTH
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import (
    ANY_MANUFACTURER,
    GB_HRGP,
    TRANSFER_OVERHEAD,
    RequestTunnel,
    TransferData,
    TunnelStatus,
)

OVERHEAD: Final = HEADER_LENGTH + TRANSFER_OVERHEAD  # octets of a frame that are not data
SMALLEST_PIECE: Final = 16  # octets; less would make a message of hundreds of frames
MOST_WAITING: Final = 0xFF  # what the octet of a get-response can count


class Sender:
    """The messages of one end.

    Args:
        settings: patience and bounds.
        voice: through which it speaks.
        ends: the tunnels that are open.
        allowance: the octets that may wait.
        close: closes a tunnel that has half a message in it.
        spread: gives a number from 0 to 1; so much longer than ``answer`` it waits for an answer, so
            that devices which all speak at once do not all repeat at once.

    Attributes:
        state: where it stands.
    """

    def __init__(
        self,
        settings: TunnelSettings,
        voice: LineCommands,
        ends: Ends,
        allowance: Allowance,
        close: Callable[[Tunnel], None],
        spread: Callable[[], float],
    ) -> None:
        self.state = LineState.IDLE
        self._timer = NEVER
        self._settings = settings
        self._voice = voice
        self._ends = ends
        self._close = close
        self._spread = spread
        self._queue = Queue(settings.queue, allowance)
        self._tunnel: Tunnel | None = None
        self._fetched = False
        self._octets = b""  # of the message under way, GB-HRGP's included
        self._at = 0  # octets of it that were taken
        self._size = 0  # octets in the piece under way
        self._largest = 0  # octets of a piece that the radio has not refused
        self._frame = b""
        self._tries = 0
        self._openings = 0
        self._reason = ""
        self._actions: dict[LineAction, Callable[[Monotonic], None]] = {
            LineAction.REQUEST: self._request,
            LineAction.BEGIN: self._begin,
            LineAction.GO_ON: self._go_on,
            LineAction.CUT_SMALLER: self._cut_smaller,
            LineAction.REPEAT: self._repeat,
            LineAction.WAIT: self._wait,
            LineAction.ASK_LATER: self._ask_later,
            LineAction.DELIVERED: self._delivered,
            LineAction.UNDELIVERED: self._undelivered,
            LineAction.KEEP: self._keep,
        }

    # --- what is wanted ---------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many messages have not ended."""
        return len(self._queue)

    @property
    def eager(self) -> bool:
        """Whether ``start`` would begin something."""
        idle = self.state is LineState.IDLE
        return idle and bool(self._queue) and self._queue.first.way is not Way.FETCHED

    def add(self, item: Item) -> None:
        """Let a message wait for its turn, or end it at once if there is no room for it."""
        if item.room - OVERHEAD < SMALLEST_PIECE:
            self._queue.refuse(item, "no piece of it fits a frame")
        else:
            self._queue.add(item)

    def withdraw(self, token: int) -> None:
        """End a message that is no longer wanted, unless it is under way."""
        self._queue.withdraw(token, under_way=self.state is not LineState.IDLE)

    def collect(self) -> list[Ended]:
        """Take what became of messages since the last time."""
        ended, self._queue.ended = self._queue.ended, []
        return ended

    def start(self, now: Monotonic) -> None:
        """Begin with the first message that waits, if it does not wait to be fetched."""
        if not self.eager:
            return
        self._fetched = False
        self._tunnel = self._ends.ours
        if self._queue.first.way is Way.ANY and self._ends.theirs is not None:
            self._tunnel = self._ends.theirs
        self._openings = 0 if self._tunnel is None else 1
        self._fire(LineEvent.WANTED if self._tunnel is None else LineEvent.WANTED_OPEN, now)

    def fetch(self, tunnel: Tunnel, now: Monotonic) -> None:
        """Answer a get with the first message that waits, or by saying that there is none."""
        if self.state is not LineState.IDLE:
            return  # what is under way comes through another tunnel, or is that message
        if not self._queue:
            nothing = TransferData(tunnel.number, bytes((GET_RESPONSE, 0)))
            self._voice.say(nothing, from_server=tunnel.serving)
            return
        self._tunnel, self._fetched = tunnel, True
        self._fire(LineEvent.WANTED_OPEN, now)

    def give_up(self, reason: str, now: Monotonic, *, keep_fetched: bool = False) -> None:
        """End every message, but for those that wait to be fetched if they are to be kept."""
        self._reason = reason
        self._fire(LineEvent.ASLEEP if self._asleep and keep_fetched else LineEvent.GIVEN_UP, now)
        for item in tuple(self._queue):
            if not (keep_fetched and item.way is Way.FETCHED):
                self._queue.end(item, reason)

    # --- what happens -----------------------------------------------------------------------------

    def awaits(self, sequence: int) -> bool:
        """Whether a request for a tunnel with this sequence number is under way."""
        return self.state is LineState.OPENING and self._frame[1:2] == bytes((sequence,))

    def opened(self, tunnel: Tunnel, now: Monotonic) -> None:
        """Our request was granted."""
        self._tunnel = tunnel
        self._fire(LineEvent.OPENED, now)

    def not_opened(self, status: int, now: Monotonic) -> None:
        """Our request was not granted."""
        if status in {TunnelStatus.BUSY, TunnelStatus.NO_MORE_TUNNEL_IDS}:
            self._fail(LineEvent.BUSY, "the device has no tunnel free", now)
        else:
            self._reason = f"the device refuses the tunnel, status {status}"
            self._fire(LineEvent.REFUSED, now)

    def answered(self, sequence: int, command: int, status: int, now: Monotonic) -> None:
        """Take a Default Response."""
        if self._frame[1:3] != bytes((sequence, command)):
            return
        if self.state is LineState.OPENING:
            if status != Status.SUCCESS:
                self._reason = f"the device knows no tunnels, status 0x{status:02X}"
                self._fire(LineEvent.REFUSED, now)
        elif status != Status.SUCCESS:
            tunnel = self._abandon()
            self.closed(tunnel, now)
        else:
            self._taken(now)

    def _taken(self, now: Monotonic) -> None:
        if self._tunnel is not None:
            self._tunnel.used = now
        self._at += self._size
        done = self._at >= len(self._octets)
        self._fire(LineEvent.MESSAGE_TAKEN if done else LineEvent.PIECE_TAKEN, now)

    def closed(self, tunnel: Tunnel | None, now: Monotonic) -> None:
        """A tunnel is gone."""
        if self.state is not LineState.SENDING or tunnel is not self._tunnel:
            return
        self._tunnel = None
        self._reason = f"the tunnel was closed {self._openings} times"
        if self._fetched:
            self._fire(LineEvent.ASLEEP, now)
        elif self._openings >= self._settings.openings:
            self._fire(LineEvent.EXHAUSTED, now)
        else:
            self._fire(LineEvent.CLOSED, now)

    def failed(self, frame: bytes, why: str, now: Monotonic, *, too_long: bool = False) -> None:
        """The radio could not bring a frame; ``too_long`` if it never can."""
        if not self._frame or frame != self._frame:
            return
        if not too_long:
            self._fail(LineEvent.LOST, why, now)
        elif self.state is LineState.SENDING and self._size > SMALLEST_PIECE:
            self._fire(LineEvent.TOO_LONG, now)
        else:
            self._tries = self._settings.tries
            self._fail(LineEvent.LOST, why, now)

    def wake(self, now: Monotonic) -> None:
        """Do what is due."""
        if self._timer <= now:
            self._fail(LineEvent.LATE, "the device does not answer", now)
        self._queue.expire(now, under_way=self.state is not LineState.IDLE)

    @property
    def wake_at(self) -> Monotonic:
        """When ``wake`` is due."""
        return min(self._timer, self._queue.expires(under_way=self.state is not LineState.IDLE))

    # --- what is done -----------------------------------------------------------------------------

    @property
    def _asleep(self) -> bool:
        return self.state is LineState.SENDING and self._fetched

    def _fail(self, event: LineEvent, reason: str, now: Monotonic) -> None:
        """Say what a failure means: try again, or that was the last time."""
        if self._tries < self._settings.tries:
            self._fire(event, now)
            return
        self._reason = reason
        self._fire(LineEvent.ASLEEP if self._asleep else LineEvent.EXHAUSTED, now)

    def _fire(self, event: LineEvent, now: Monotonic) -> None:
        transition = turn(self.state, event)
        if transition is not None:
            self.state = transition.state
            self._actions[transition.action](now)

    def _request(self, now: Monotonic) -> None:
        self._openings += 1
        self._tries = 0
        self._ask(now)

    def _ask(self, now: Monotonic) -> None:
        request = RequestTunnel(GB_HRGP, ANY_MANUFACTURER, False, self._settings.transfer_size)
        self._sent(self._voice.say(request, from_server=False), now)

    def _begin(self, now: Monotonic) -> None:
        item = self._queue.first
        lead = item.lead
        if self._fetched:
            lead = bytes((GET_RESPONSE, min(len(self._queue) - 1, MOST_WAITING)))
        self._octets, self._at = lead + item.octets, 0
        self._largest = item.room - OVERHEAD
        self._go_on(now)

    def _go_on(self, now: Monotonic) -> None:
        tunnel = self._tunnel
        assert tunnel is not None  # noqa: S101 - SENDING is never entered without one
        self._size = min(self._largest, tunnel.transfer_size)
        data = self._octets[self._at : self._at + self._size]
        self._tries = 0
        piece = TransferData(tunnel.number, data)
        self._sent(self._voice.say(piece, from_server=tunnel.serving, acknowledged=True), now)

    def _cut_smaller(self, now: Monotonic) -> None:
        """The way has grown, e.g. by a relay: what was refused has not left, so cut it anew."""
        self._largest = max(self._size * 3 // 4, SMALLEST_PIECE)
        self._go_on(now)

    def _repeat(self, now: Monotonic) -> None:
        if self._frame:
            self._voice.frames.append(self._frame)
            self._sent(self._frame, now)
        else:
            self._ask(now)

    def _sent(self, frame: bytes, now: Monotonic) -> None:
        self._frame = frame
        self._tries += 1
        self._timer = now + self._settings.answer * (1.0 + self._spread())

    def _wait(self, now: Monotonic) -> None:
        self._timer = now + self._settings.pause * self._tries

    def _ask_later(self, now: Monotonic) -> None:
        self._frame = b""  # the answer has been given; the next request is another
        self._timer = now + self._settings.busy

    def _delivered(self, now: Monotonic) -> None:
        self._queue.end(self._queue.first, None)
        self._rest()

    def _undelivered(self, now: Monotonic) -> None:
        self._queue.end(self._queue.first, self._reason)
        self._abandon()
        self._rest()

    def _keep(self, now: Monotonic) -> None:
        self._abandon()
        self._rest()

    def _abandon(self) -> Tunnel | None:
        """Close the tunnel that has half a message in it; returns it."""
        tunnel = self._tunnel
        if tunnel is not None:
            self._close(tunnel)
        return tunnel

    def _rest(self) -> None:
        self._tunnel, self._fetched = None, False
        self._octets = self._frame = b""
        self._timer = NEVER
