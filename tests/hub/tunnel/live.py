"""A hub on a live link, whatever its kind: carries messages for a test, decides nothing."""

import trio

from images.eui64 import Eui64
from ota_engine.events import TUNNELING_CLUSTER, LinkEvent, Packet, SendFailed
from ota_engine.hub.tunnel import MessageReceived, Route, TunnelEvent
from ota_engine.link.contract import Link, SendFailedError
from ota_engine.times import Monotonic
from tests.hub.tunnel.alone import LoneTunnels

PATIENCE = 300.0  # seconds before a test gives up


class LiveHub:
    """The hub's end of tunnels over a link that has been entered."""

    def __init__(self, link: Link) -> None:
        self.tunnels = LoneTunnels()
        self._link = link
        self._tokens = 0

    async def say(self, device: Eui64, route: Route, octets: bytes) -> TunnelEvent:
        """Send one message; what became of it, or what the device said before that was known."""
        self._tokens += 1
        self.tunnels.send(device, route, octets, self._tokens, Monotonic(trio.current_time()))
        (event,) = await self.serve(1)
        return event

    async def heard(self) -> bytes:
        """Wait for a message of a device."""
        while True:
            for event in await self.serve(1):
                if isinstance(event, MessageReceived):
                    return event.octets

    async def serve(self, wanted: int) -> list[TunnelEvent]:
        """Be the hub until so much has happened."""
        happened: list[TunnelEvent] = []
        with trio.fail_after(PATIENCE):
            while len(happened) < wanted:
                frames, events = self.tunnels.drain()
                happened += events
                for frame in frames:
                    try:
                        await self._link.send(frame)
                    except SendFailedError as error:
                        now = trio.current_time()
                        self.tunnels.failed(
                            SendFailed(frame, error.status, Monotonic(now)), Monotonic(now)
                        )
                if not frames and not events:
                    await self._listen()
        return happened

    async def _listen(self) -> None:
        with trio.move_on_at(self.tunnels.next_wake):
            for event in await self._link.events.receive():
                self._take(event)
        self.tunnels.wake(Monotonic(trio.current_time()))

    def _take(self, event: LinkEvent) -> None:
        if isinstance(event, Packet) and event.cluster == TUNNELING_CLUSTER:
            self.tunnels.receive(event, event.time)
        elif isinstance(event, SendFailed):
            self.tunnels.failed(event, event.time)
