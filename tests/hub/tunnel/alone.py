"""The hub's tunnels with a heap of deadlines of their own, where no engine is around them."""

from images.eui64 import Eui64
from ota_engine.hub.kernel.deadlines import Alarm, Deadlines
from ota_engine.hub.tunnel import HubTunnels, TunnelSettings
from ota_engine.times import Monotonic


class LoneTunnels(HubTunnels):
    """Woken by themselves."""

    def __init__(self, settings: TunnelSettings | None = None) -> None:
        self.deadlines = Deadlines()
        super().__init__(self.deadlines, settings or TunnelSettings())

    @property
    def next_wake(self) -> Monotonic:
        return self.deadlines.next_due

    def wake(self, now: Monotonic) -> None:
        while (deadline := self.deadlines.pop_due(now)) is not None:
            if deadline.alarm is Alarm.LINE:
                self.ring(Eui64(deadline.key), now)
            else:
                self.sweep(now)
