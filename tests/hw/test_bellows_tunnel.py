"""GBCS messages through tunnels over real bellows on the virtual dongle, both ways."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from emulators.client.verification import ImageVerifier
from emulators.devices.device import EmulatedDevice
from emulators.gbcs.tunnel import DeviceTunnel
from emulators.node import NodeAction
from emulators.platform.flash import SectorPool
from emulators.platform.spec import DeviceSpec
from hw.radio import ZigpyRadio
from images.eui64 import Eui64
from ota_engine.cores import compiled_rooms
from ota_engine.events import SMART_ENERGY, TUNNELING_CLUSTER, Send
from ota_engine.hub.tunnel import MessageDelivered, MessageReceived, Route
from ota_engine.times import Monotonic
from tests.hub.tunnel.home import message
from tests.hub.tunnel.live import LiveHub
from tests.hw.dongle import home
from tests.hw.home import FIRST, device
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

ONE = Eui64(FIRST)
SENT = message(300)


class Echo(EmulatedDevice):
    """A device that returns every message it gets."""

    __slots__ = ("received", "tunnel")

    def __init__(self, spec: DeviceSpec) -> None:
        super().__init__(spec, SectorPool(), ImageVerifier())
        self.tunnel = DeviceTunnel(spec, self.endpoint, get_every=0.5)
        self.received: list[bytes] = []

    def power_on(self, now: float) -> Sequence[NodeAction]:
        actions = super().power_on(now)
        self.tunnel.power_off()
        self.tunnel.power_on(now)
        return self._alarmed(actions)

    def wake(self, now: float) -> Sequence[NodeAction]:
        return self._alarmed([*super().wake(now), *self.tunnel.wake(now)])

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        if frame.cluster != TUNNELING_CLUSTER:
            return self._alarmed(super().receive(frame, now))
        actions, messages = self.tunnel.receive(frame, now)
        self.received += messages
        echoes = [action for octets in messages for action in self.tunnel.send(octets, now)]
        return self._alarmed([*actions, *echoes])

    def _alarmed(self, actions: Sequence[NodeAction]) -> Sequence[NodeAction]:
        self.wake_at = min(self.wake_at, self.tunnel.wake_at)
        return actions


@pytest.mark.skipif(bool(compiled_rooms()), reason="nothing derives from a compiled device")
@first_of("sleepy", [True, False], ids=["sleepy", "mains"])
async def test_a_message_of_300_octets_goes_there_and_back(sleepy: bool, tmp_path: Path) -> None:
    entry = device(sleepy=sleepy)
    async with home(entry, folder=tmp_path) as dongle:
        echo = Echo(entry.spec)
        dongle.dongle.stack.core.members[ONE].device = echo
        async with ZigpyRadio(dongle.settings) as radio:
            hub = LiveHub(radio)
            route = Route(entry.spec.endpoint, SMART_ENERGY, sleepy, radio.info.max_payload)
            hub.tunnels.send(ONE, route, SENT, 7, Monotonic(trio.current_time()))
            happened = await hub.serve(2)
    kinds = {type(event): event for event in happened}
    assert set(kinds) == {MessageDelivered, MessageReceived}
    assert echo.received == [SENT]
    assert [event.octets for event in happened if isinstance(event, MessageReceived)] == [SENT]
    assert not hub.tunnels.counters
