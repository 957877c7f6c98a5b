"""One node as the emulated network keeps it: where it is, its air, and how a sleeper polls. Pure."""

from math import ceil
from typing import Any, NamedTuple

from emulators.air.port import Port
from emulators.air.radio import FrameFate, Medium, Path
from emulators.node import NEVER, Node

FAST_POLL_WINDOW = 10.0  # seconds a sleepy child polls fast after it sent something


class Placement(NamedTuple):
    """Where a node is: its channel, the routers before it and, for a child, how it polls.

    ``router`` names the last router before the node (0: the coordinator itself); when a router is
    out, all behind it are cut off. Poll intervals are seconds: ``fast_poll`` for ten seconds after
    the child sent something, ``poll`` otherwise.
    """

    channel: int = 0
    relays: int = 0
    router: int = 0
    link_quality: int = 200
    poll: float = 7.5
    fast_poll: float = 0.5


class Station:
    """One node with its path, its channel and its wake-ups.

    Attributes:
        eui64: the node's.
        link_quality: as its frames show it.
        online: the node has power.
        reachable: the router before it works.
        server: whom it turns to; None: the server that all others have.
        fast_since: when the node last sent something, seconds.
        timers: wake-ups waiting in the agenda, latest first: the last one is next.
    """

    __slots__ = (
        "aps_counter",
        "eui64",
        "fast_since",
        "link_quality",
        "medium",
        "node",
        "online",
        "path",
        "placement",
        "reachable",
        "server",
        "timers",
    )

    def __init__(self, node: Node, placement: Placement, way: Path, medium: Medium) -> None:
        self.node = node
        # They only go from here into frames: as objects, which need not be made anew for each.
        self.eui64: Any = node.eui64
        self.link_quality: Any = placement.link_quality
        self.placement = placement
        self.path = way
        self.medium = medium
        self.online = False
        self.reachable = True
        self.aps_counter = 0
        self.fast_since = -NEVER
        self.server: Port | None = None
        self.timers = [NEVER]

    def resolve(self, drawn: float, hops: int, seconds: float) -> tuple[FrameFate, float]:
        """Say what happens to a frame that met trouble, and what air time that costs more.

        Args:
            drawn: the frame's draw.
            hops: transmissions it needs.
            seconds: its undisturbed air time over those, back-offs excluded.
        """
        if self.online and self.reachable:
            return self.medium.resolve(drawn, hops, seconds)
        return FrameFate.LOST, self.medium.give_up(hops, seconds)

    def next_poll(self, after: float) -> float:
        """When this child polls next: fast for a while after it sent something, else at leisure."""
        placement, since = self.placement, self.fast_since
        if since <= after < since + FAST_POLL_WINDOW:
            return since + ceil((after - since) / placement.fast_poll) * placement.fast_poll
        phase = (self.node.eui64 % 997) / 997 * placement.poll
        return phase + ceil((after - phase) / placement.poll) * placement.poll
