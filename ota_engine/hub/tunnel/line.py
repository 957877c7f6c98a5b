"""One end of the tunnels between two devices: takes its frames, and says what came of them; pure.

Hub and devices alike: either end opens a tunnel to the other when it has something to say. Any
octets end in an answer of the cluster, a Default Response, or silence where ZCL asks for it. The
end that finds a tunnel of no use forgets it and says so; the other then opens a fresh one.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from ota_engine.errors import PeerError
from ota_engine.hub.tunnel.assembly import Assembly, Get, IncomingMessage
from ota_engine.hub.tunnel.bounds import Allowance, TunnelNumbers
from ota_engine.hub.tunnel.ends import Ends, Tunnel
from ota_engine.hub.tunnel.sender import SMALLEST_PIECE, Sender
from ota_engine.hub.tunnel.service import attributes_read, objection, protocols_from
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.hub.tunnel.voice import LineCommands
from ota_engine.times import NEVER, Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import ZclHeader, parse_header
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import TransferStatus, TunnelStatus

NO_TUNNEL: Final = 0xFFFF  # the number in a response that grants none


class Line:
    """One end.

    Args:
        settings: patience and bounds.
        numbers: of the tunnels this end serves, shared with its other lines.
        allowance: octets held, shared with its other lines.
        counters: told of what went wrong, by name.
        next_sequence: gives ZCL sequence numbers.
        owner: who the other end is, as ``numbers`` knows it.
        spread: see ``Sender``.

    Attributes:
        sender: the messages of this end.
        ends: the tunnels that are open.
        incoming: what came, until collected.
        refusing: what requests for a tunnel are answered with instead of one.
    """

    def __init__(
        self,
        settings: TunnelSettings,
        numbers: TunnelNumbers,
        allowance: Allowance,
        counters: Counter[str],
        next_sequence: Callable[[], int],
        owner: int = 0,
        spread: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.ends = Ends()
        self.incoming: list[IncomingMessage] = []
        self.refusing: TunnelStatus | None = None
        self._settings = settings
        self._numbers = numbers
        self._allowance = allowance
        self._counters = counters
        self._owner = owner
        self._voice = LineCommands(next_sequence)
        self.sender = Sender(settings, self._voice, self.ends, allowance, self._close, spread)
        self._commands: dict[type[Any], Callable[[Any, ZclHeader, Monotonic], None]] = {
            tunnel.RequestTunnel: self._requested,
            tunnel.RequestTunnelResponse: self._responded,
            tunnel.CloseTunnel: self._closed,
            tunnel.TunnelClosureNotification: self._closed,
            tunnel.TransferData: self._transferred,
            tunnel.TransferDataError: self._refused,
            tunnel.GetSupportedTunnelProtocols: self._protocols,
        }

    @property
    def frames(self) -> list[bytes]:
        """ZCL frames to send, in order, until collected."""
        return self._voice.frames

    @property
    def blank(self) -> bool:
        """Whether nothing would be lost with this line."""
        return not (self.sender.waiting or self.ends.open() or self.incoming or self.frames)

    # --- time -------------------------------------------------------------------------------------

    @property
    def wake_at(self) -> Monotonic:
        """When ``wake`` is due, seconds."""
        return min(self.sender.wake_at, *(end.piece_due for end in self.ends.open()), NEVER)

    def wake(self, now: Monotonic) -> None:
        """Do what is due."""
        for end in self.ends.open():
            if end.piece_due <= now:
                self._counters["message_incomplete"] += 1
                self._drop(end, now)
        self.sender.wake(now)

    def close_unused(self, now: Monotonic) -> None:
        """Close the tunnels that nobody has used for long."""
        for end in self.ends.open():
            if end.used + self._settings.unused <= now:
                self._drop(end, now)

    def lose(self, now: Monotonic) -> None:
        """The other end may have forgotten the tunnels it serves: it restarted or joined again."""
        if self.ends.ours is not None:
            self._forget(self.ends.ours, now)

    def discard(self) -> None:
        """Forget everything; give back what is shared."""
        for end in self.ends.open():
            self._release(end)
        self.sender.give_up("the device left", Monotonic(0.0))
        self.frames.clear()

    # --- frames -----------------------------------------------------------------------------------

    def receive(self, frame: bytes, now: Monotonic) -> None:
        """Take one ZCL frame of cluster 0x0704."""
        try:
            header = parse_header(frame)
        except PeerError:
            self._counters["frame_without_header"] += 1
            return
        try:
            self._dispatch(header, frame[header.length :], now)
        except PeerError as error:
            self._counters["peer_errors"] += 1
            if header.cluster_specific or header.command != general.DEFAULT_RESPONSE:
                self._default_response(header, error.status)

    def _dispatch(self, header: ZclHeader, payload: bytes, now: Monotonic) -> None:
        if header.manufacturer_code is not None:
            status = (
                Status.UNSUP_CLUSTER_COMMAND
                if header.cluster_specific
                else Status.UNSUP_GENERAL_COMMAND
            )
            raise PeerError("manufacturer-specific commands are not served", status)
        if not header.cluster_specific:
            self._general(header, general.decode(header.command, payload), now)
            return
        record = tunnel.decode(header.command, payload, from_server=header.from_server)
        command = self._commands.get(type(record))
        if command is None:
            self._counters["unexpected_command"] += 1  # flow control, which we never agree to
        else:
            command(record, header, now)

    def _general(self, header: ZclHeader, command: general.GeneralCommand, now: Monotonic) -> None:
        match command:
            case general.DefaultResponse(answered, status):
                self.sender.answered(header.sequence, answered, status, now)
            case general.ReadAttributes(attributes):
                answer = attributes_read(attributes, self._settings)
                self._voice.answer_generally(header, answer)

    # --- tunnels ----------------------------------------------------------------------------------

    def _requested(self, request: tunnel.RequestTunnel, header: ZclHeader, now: Monotonic) -> None:
        end = self.ends.theirs
        if end is not None and end.opened_by == header.sequence and end.recent.empty:
            # The same request again. Once data came, it is rather a client that restarted.
            status, number = TunnelStatus.SUCCESS, end.number
        else:
            status, number = self._open(request, header.sequence, now)
        size = self._settings.transfer_size
        self._voice.answer(header, tunnel.RequestTunnelResponse(number, status, size))

    def _open(
        self, request: tunnel.RequestTunnel, sequence: int, now: Monotonic
    ) -> tuple[TunnelStatus, int]:
        """Open the tunnel that is asked for, in place of the one there was."""
        status = self.refusing or objection(request)
        if status is not TunnelStatus.SUCCESS:
            return status, NO_TUNNEL
        if self.ends.theirs is not None:
            self._forget(self.ends.theirs, now)
        number = self._numbers.assign(self._owner)
        if number is None:
            return TunnelStatus.NO_MORE_TUNNEL_IDS, NO_TUNNEL
        size = request.maximum_transfer_size
        self.ends.theirs = self._tunnel(number, size, now, serving=True, opened_by=sequence)
        return TunnelStatus.SUCCESS, number

    def _responded(
        self, response: tunnel.RequestTunnelResponse, header: ZclHeader, now: Monotonic
    ) -> None:
        if not self.sender.awaits(header.sequence):
            self._counters["unexpected_response"] += 1
        elif response.status != TunnelStatus.SUCCESS:
            self.sender.not_opened(response.status, now)
        elif response.maximum_transfer_size < SMALLEST_PIECE:
            self.sender.not_opened(TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED, now)
        else:
            if self.ends.ours is not None:  # what was sent through theirs goes on through a new one
                self._forget(self.ends.ours, now)
            self.ends.ours = self._tunnel(
                response.tunnel,
                response.maximum_transfer_size,
                now,
                serving=False,
                opened_by=header.sequence,
            )
            self.sender.opened(self.ends.ours, now)

    def _tunnel(
        self, number: int, size: int, now: Monotonic, *, serving: bool, opened_by: int
    ) -> Tunnel:
        assembly = Assembly(self._settings.longest, self._allowance)
        return Tunnel(number, size, assembly, now, serving=serving, opened_by=opened_by)

    def _closed(
        self,
        record: tunnel.CloseTunnel | tunnel.TunnelClosureNotification,
        header: ZclHeader,
        now: Monotonic,
    ) -> None:
        end = self._named(record.tunnel, header)
        if end is not None:
            self._forget(end, now)
        if not header.disable_default_response:
            self._default_response(header, Status.SUCCESS)

    def _refused(self, error: tunnel.TransferDataError, header: ZclHeader, now: Monotonic) -> None:
        self._counters["transfer_refused"] += 1
        end = self._named(error.tunnel, header)
        if end is not None:
            self._forget(end, now)

    def _protocols(
        self, question: tunnel.GetSupportedTunnelProtocols, header: ZclHeader, now: Monotonic
    ) -> None:
        self._voice.answer(header, protocols_from(question.offset))

    # --- data -------------------------------------------------------------------------------------

    def _transferred(self, piece: tunnel.TransferData, header: ZclHeader, now: Monotonic) -> None:
        end = self._named(piece.tunnel, header)
        if end is None:
            status = (
                TransferStatus.NO_SUCH_TUNNEL
                if header.from_server
                else self._numbers.why_not(piece.tunnel)
            )
            self._counters["unknown_tunnel"] += 1
            self._voice.answer(header, tunnel.TransferDataError(piece.tunnel, status))
            return
        end.used = now
        if end.recent.knows(header.sequence, piece.data, now):
            self._counters["piece_twice"] += 1
            self._acknowledge(header)
            return
        try:
            found = end.assembly.take(piece.data)
        except PeerError as error:
            self._useless(end, header, error, now)
            return
        end.piece_due = now + self._settings.piece if end.assembly.begun else NEVER
        self._acknowledge(header)
        if isinstance(found, IncomingMessage):
            self.incoming.append(found)
        elif isinstance(found, Get):
            self.sender.fetch(end, now)

    def _useless(self, end: Tunnel, header: ZclHeader, error: PeerError, now: Monotonic) -> None:
        """Forget a tunnel through which no message can be read any more, and say why."""
        self._counters["message_unreadable"] += 1
        if error.status == Status.INSUFFICIENT_SPACE:
            overflow = tunnel.TransferDataError(end.number, TransferStatus.DATA_OVERFLOW)
            self._voice.answer(header, overflow)
        else:
            self._default_response(header, error.status)
        self._forget(end, now)

    def _acknowledge(self, header: ZclHeader) -> None:
        if not header.disable_default_response:
            self._default_response(header, Status.SUCCESS)

    def _default_response(self, header: ZclHeader, status: int) -> None:
        self._voice.answer_generally(header, general.DefaultResponse(header.command, status))

    # --- ends -------------------------------------------------------------------------------------

    def _named(self, number: int, header: ZclHeader) -> Tunnel | None:
        """Find the tunnel a frame is about: its sender serves it, or is its client."""
        end = self.ends.ours if header.from_server else self.ends.theirs
        return end if end is not None and end.number == number else None

    def _drop(self, end: Tunnel, now: Monotonic) -> None:
        self._close(end)
        self.sender.closed(end, now)

    def _close(self, end: Tunnel) -> None:
        """Forget a tunnel and tell the other end."""
        if end not in self.ends.open():
            return
        if end.serving:
            self._voice.say(tunnel.TunnelClosureNotification(end.number), from_server=True)
        else:
            self._voice.say(tunnel.CloseTunnel(end.number), from_server=False)
        self._release(end)

    def _forget(self, end: Tunnel, now: Monotonic) -> None:
        self._release(end)
        self.sender.closed(end, now)

    def _release(self, end: Tunnel) -> None:
        self.ends.forget(end)
        if end.serving:
            self._numbers.free(end.number)
