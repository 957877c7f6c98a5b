"""The GBCS of one device, whole: its security unit behind its tunnel; pure.

Knows frames only as the tunnel's, and firmware only as the device tells of it.
"""

from collections.abc import Callable
from typing import NamedTuple

from emulators.gbcs.unit import Firmware, Reaction, SecurityUnit
from emulators.node import Action
from emulators.tunnel import DeviceTunnel
from ota_engine.events import Send


class Deeds(NamedTuple):
    """What a device is to do: these actions, and run the held image if ``activate``."""

    actions: list[Action]
    activate: bool = False


class GbcsPort:
    """Where GBCS messages come in and go out.

    Args:
        unit: believes and answers them.
        tunnel: carries them.
        firmware: tells what the device runs and holds.
    """

    __slots__ = ("_firmware", "tunnel", "unit")

    def __init__(
        self, unit: SecurityUnit, tunnel: DeviceTunnel, firmware: Callable[[], Firmware]
    ) -> None:
        self.unit = unit
        self.tunnel = tunnel
        self._firmware = firmware

    @property
    def wake_at(self) -> float:
        """When ``wake`` has something to do."""
        return min(self.unit.wake_at, self.tunnel.wake_at)

    def power_off(self) -> None:
        """Lose tunnels; what the unit keeps, it keeps in its memory."""
        self.tunnel.power_off()

    def boot(self, now: float) -> Deeds:
        """Begin after a start."""
        self.tunnel.power_off()
        self.tunnel.power_on(now)
        return self._do(self.unit.booted(self._firmware(), now), now)

    def wake(self, now: float) -> Deeds:
        """Do what was due at ``wake_at``."""
        actions: list[Action] = []
        if self.tunnel.wake_at <= now:
            actions += self.tunnel.wake(now)
            self._settle(now)
        if self.unit.wake_at > now:
            return Deeds(actions)
        deeds = self._do(self.unit.wake(self._firmware(), now), now)
        return deeds._replace(actions=[*actions, *deeds.actions])

    def receive(self, frame: Send, now: float) -> Deeds:
        """Take a frame of the Tunneling cluster that was sent to this device alone."""
        found, messages = self.tunnel.receive(frame, now)
        actions = [*found]
        self._settle(now)
        for octets in messages:
            deeds = self._do(self.unit.receive(octets, self._firmware(), now), now)
            actions += deeds.actions
            if deeds.activate:  # it goes down now; what came behind is lost with the tunnel
                return Deeds(actions, activate=True)
        return Deeds(actions)

    def image_received(self, digest: bytes, now: float, *, verified: bool) -> Deeds:
        """See ``SecurityUnit.image_received``."""
        return self._do(self.unit.image_received(digest, now, verified=verified), now)

    def _do(self, reaction: Reaction, now: float) -> Deeds:
        actions: list[Action] = [*reaction.notes]
        for message in reaction.messages:
            actions += self.tunnel.send(message.octets, now, message.number)
        self._settle(now)
        return Deeds(actions, reaction.activate)

    def _settle(self, now: float) -> None:
        """Tell the unit how its messages fared."""
        settled, self.tunnel.settled = self.tunnel.settled, []
        for number, delivered in settled:
            self.unit.settled(number, now, delivered=delivered)
