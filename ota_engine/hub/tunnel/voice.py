"""What one end says on cluster 0x0704: builds ZCL frames, and keeps them until they are collected."""

from collections.abc import Callable

from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame


class LineCommands:
    """Frames of one end of a line.

    Args:
        next_sequence: gives the sequence numbers of frames that answer none.

    Attributes:
        frames: ZCL frames to send, header included, in order.
    """

    __slots__ = ("_next_sequence", "frames")

    def __init__(self, next_sequence: Callable[[], int]) -> None:
        self._next_sequence = next_sequence
        self.frames: list[bytes] = []

    def say(
        self, record: tunnel.TunnelCommand, *, from_server: bool, acknowledged: bool = False
    ) -> bytes:
        """Send a command; returns its frame.

        Args:
            record: the command.
            from_server: we send it as the server of the tunnel.
            acknowledged: a Default Response is asked for.
        """
        frame = self._frame(record, self._next_sequence(), from_server, acknowledged)
        self.frames.append(frame)
        return frame

    def answer(self, header: ZclHeader, record: tunnel.TunnelCommand) -> None:
        """Answer a frame with a command of the cluster, under the frame's own number."""
        self.frames.append(self._frame(record, header.sequence, not header.from_server, False))

    def answer_generally(self, header: ZclHeader, command: general.GeneralCommand) -> None:
        """Answer a frame with a general command, under the frame's own number."""
        self.frames.append(
            general_frame(
                general.command_of(command),
                header.sequence,
                general.encode(command),
                from_server=not header.from_server,
                manufacturer_code=header.manufacturer_code,
            )
        )

    def _frame(
        self, record: tunnel.TunnelCommand, sequence: int, from_server: bool, acknowledged: bool
    ) -> bytes:
        return cluster_frame(
            tunnel.command_of(record, from_server=from_server),
            sequence,
            tunnel.encode(record, from_server=from_server),
            from_server=from_server,
            disable_default_response=not acknowledged,
        )
