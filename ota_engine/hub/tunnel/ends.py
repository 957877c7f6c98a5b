"""The tunnels of one line: at most one that we opened and one that the other end opened."""

from ota_engine.hub.tunnel.assembly import Assembly, Recent
from ota_engine.times import NEVER, Monotonic


class Tunnel:
    """One open tunnel.

    Attributes:
        number: what its server calls it.
        serving: we are its server.
        transfer_size: octets of data the other end takes in one Transfer Data.
        opened_by: the sequence number of the request that opened it.
        used: when data came or was acknowledged last, seconds.
        assembly: the message that is coming.
        recent: the pieces that came last.
        piece_due: when the next piece must be here; ``NEVER`` between messages.
    """

    __slots__ = (
        "assembly",
        "number",
        "opened_by",
        "piece_due",
        "recent",
        "serving",
        "transfer_size",
        "used",
    )

    def __init__(
        self,
        number: int,
        transfer_size: int,
        assembly: Assembly,
        now: Monotonic,
        *,
        serving: bool,
        opened_by: int,
    ) -> None:
        self.number = number
        self.serving = serving
        self.transfer_size = transfer_size
        self.opened_by = opened_by
        self.used = now
        self.assembly = assembly
        self.recent = Recent()
        self.piece_due = NEVER


class Ends:
    """The open tunnels of one line.

    Attributes:
        ours: the one we opened; the other end is its server.
        theirs: the one the other end opened; we are its server.
    """

    __slots__ = ("ours", "theirs")

    def __init__(self) -> None:
        self.ours: Tunnel | None = None
        self.theirs: Tunnel | None = None

    def open(self) -> list[Tunnel]:
        """Give those that are open."""
        return [tunnel for tunnel in (self.ours, self.theirs) if tunnel is not None]

    def forget(self, tunnel: Tunnel) -> None:
        """Drop a tunnel, and the message that was coming through it."""
        tunnel.assembly.clear()
        if self.ours is tunnel:
            self.ours = None
        elif self.theirs is tunnel:
            self.theirs = None
