"""Two ends of a line, and the frames between them, which a test loses, copies and reorders."""

from collections import Counter
from itertools import count

from ota_engine.hub.tunnel.bounds import Allowance, TunnelNumbers
from ota_engine.hub.tunnel.life import LineState
from ota_engine.hub.tunnel.line import Line
from ota_engine.hub.tunnel.queue import Ended, Item, Way
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import cluster_frame, parse_header
from ota_engine.zcl.tunnel import TunnelStatus
from tests.hub.tunnel.home import ROOM

SETTINGS = TunnelSettings()
LAG = 15.0  # seconds; a radio brings a frame sooner, or never


class End:
    """One line, and what came of it."""

    def __init__(self, limits: TunnelSettings = SETTINGS, room: int = ROOM) -> None:
        self.room = room
        self.received: list[bytes] = []
        self.ended: list[Ended] = []
        self.counters: Counter[str] = Counter()
        self.limits = limits
        self.allowance = Allowance(limits.held)
        self.numbers = count(1)
        self.restart()

    def restart(self) -> None:
        self.line = Line(
            self.limits,
            TunnelNumbers(self.limits.tunnels),
            self.allowance,
            self.counters,
            lambda: next(self.numbers) & 0xFF,
        )

    def send(self, octets: bytes, token: int = 0, now: float = 0.0, way: Way = Way.ANY) -> None:
        self.line.sender.add(Item(b"\x03", octets, token, way, self.room))
        self.collect(now)

    def collect(self, now: float) -> list[bytes]:
        """Begin what waits; take what came; give the frames that want to leave."""
        self.ended += self.line.sender.collect()
        self.received += [incoming.octets for incoming in self.line.incoming if incoming.octets]
        self.line.incoming.clear()
        self.line.sender.start(Monotonic(now))
        return self.line.frames

    def hear(self, frame: bytes, now: float = 0.0) -> list[bytes]:
        """Take a frame; returns the answers."""
        self.line.receive(frame, Monotonic(now))
        frames = list(self.collect(now))
        self.line.frames.clear()
        return frames


class Pair:
    """Two ends, and the frames between them; one that lags too long is lost."""

    def __init__(self, one: End | None = None, other: End | None = None) -> None:
        self.now = Monotonic(0.0)
        self.ends = (one or End(), other or End())
        self.ways: tuple[list[bytes], list[bytes]] = ([], [])
        self.times: tuple[list[float], list[float]] = ([], [])

    def gather(self) -> None:
        for end, way, times in zip(self.ends, self.ways, self.times, strict=True):
            for frame in end.collect(self.now):
                way.append(frame)
                times.append(self.now)
            end.line.frames.clear()
            while times and times[0] < self.now - LAG:
                del way[0], times[0]

    def drop(self, way: int, at: int) -> None:
        if at < len(self.ways[way]):
            del self.ways[way][at], self.times[way][at]

    def deliver(self, way: int, at: int = 0, *, copy: bool = False) -> None:
        frames = self.ways[way]
        if at < len(frames):
            frame = frames[at]
            if not copy:
                self.drop(way, at)
            self.ends[1 - way].line.receive(frame, self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for end in self.ends:
            if end.line.wake_at <= self.now:
                end.line.wake(self.now)

    def settle(self, most: int = 3000) -> None:
        """Deliver everything in order, and let time pass when nothing is left to deliver."""
        for _ in range(most):
            self.gather()
            if any(self.ways):
                self.deliver(0 if self.ways[0] else 1)
            elif any(end.line.sender.state is not LineState.IDLE for end in self.ends):
                self.pass_time(SETTINGS.answer)
            else:
                return
        raise AssertionError("the two never come to rest")


def frame_of(record: tunnel.TunnelCommand, *, server: bool, sequence: int = 99) -> bytes:
    payload = tunnel.encode(record, from_server=server)
    number = tunnel.command_of(record, from_server=server)
    return cluster_frame(
        number, sequence, payload, from_server=server, disable_default_response=False
    )


def read(frame: bytes) -> tunnel.TunnelCommand | general.GeneralCommand:
    header = parse_header(frame)
    payload = frame[header.length :]
    if header.cluster_specific:
        return tunnel.decode(header.command, payload, from_server=header.from_server)
    return general.decode(header.command, payload)


def opened(end: End, now: float = 0.0) -> int:
    """A client opens a tunnel to an end; its number."""
    request = tunnel.RequestTunnel(6, 0xFFFF, False, 1500)
    (answer,) = end.hear(frame_of(request, server=False, sequence=1), now)
    response = read(answer)
    assert isinstance(response, tunnel.RequestTunnelResponse)
    assert response.status == TunnelStatus.SUCCESS
    return response.tunnel
