"""The GBCS of one device, whole: its security unit behind its tunnel, beside its OTA client; pure.

Knows frames only as the tunnel's, and asks flash and client what the device runs and holds.
"""

from typing import NamedTuple

from emulators.client.ota_client import OtaClient
from emulators.client.table import ClientState
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.tunnel import DeviceTunnel
from emulators.gbcs.unit import Reaction, SecurityUnit, UnitFirmware
from emulators.node import NodeAction
from emulators.platform.flash import Flash, Spare
from ota_engine.events import Send


class Deeds(NamedTuple):
    """What a device is to do: these actions, and run the held image if ``activate``."""

    actions: list[NodeAction]
    activate: bool = False


class GbcsPort:
    """Where GBCS messages come in and go out.

    Args:
        unit: obeys and answers them.
        tunnel: carries them.
        flash: has the firmware.
        client: the OTA client that fills it.
    """

    __slots__ = ("_certificate", "_client", "_flash", "tunnel", "unit")

    def __init__(
        self, unit: SecurityUnit, tunnel: DeviceTunnel, flash: Flash, client: OtaClient
    ) -> None:
        self.unit = unit
        self.tunnel = tunnel
        self._flash = flash
        self._client = client
        self._certificate = client.spec.certificate  # of images, where the unit asks for no key
        self._expect_images()

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
        return self._do(self.unit.booted(self.firmware(), now), now)

    def wake(self, now: float) -> Deeds:
        """Do what was due at ``wake_at``."""
        actions: list[NodeAction] = []
        if self.tunnel.wake_at <= now:
            actions += self.tunnel.wake(now)
            self._settle(now)
        if self.unit.wake_at > now:
            return Deeds(actions)
        deeds = self._do(self.unit.wake(self.firmware(), now), now)
        return deeds._replace(actions=[*actions, *deeds.actions])

    def receive(self, frame: Send, now: float) -> Deeds:
        """Take a frame of the Tunneling cluster that was sent to this device alone."""
        found, messages = self.tunnel.receive(frame, now)
        actions = [*found]
        self._settle(now)
        for octets in messages:
            deeds = self._do(self.unit.receive(octets, self.firmware(), now), now)
            actions += deeds.actions
            if deeds.activate:  # it goes down now; what came behind is lost with the tunnel
                return Deeds(actions, activate=True)
        return Deeds(actions)

    def follow_client(self, now: float) -> Deeds:
        """Take note of what the OTA client found in an image, or was allowed by its server."""
        client, unit = self._client, self.unit
        received, client.ending.received = client.ending.received, None
        if client.state is ClientState.RESTARTING and unit.memory.begun is None:
            unit.restarting(self._flash.metadata.held[-1].digest)
        if received is None:
            return Deeds([])
        return self._do(unit.image_received(received.digest, now, verified=received.verified), now)

    def hand_over(self, anchors: Anchors) -> Deeds:
        """Change supplier: commands and images of another count from now on."""
        reaction = self.unit.hand_over(anchors)
        self._expect_images()
        return Deeds([*reaction.notes])

    def firmware(self) -> UnitFirmware:
        """The firmware as GBCS messages speak of it."""
        metadata, version = self._flash.metadata, self._client.version
        running = metadata.running[-1].digest
        if metadata.spare is not Spare.VERIFIED:
            return UnitFirmware(version, running)
        digest = self._client.ending.manufacturer_image_hash
        return UnitFirmware(version, running, metadata.held[-1].digest, digest)

    def _expect_images(self) -> None:
        self._client.ending.image_key = self.unit.image_key or self._certificate

    def _do(self, reaction: Reaction, now: float) -> Deeds:
        actions: list[NodeAction] = [*reaction.notes]
        for message in reaction.messages:
            actions += self.tunnel.send(message.octets, now, message.number)
        self._settle(now)
        return Deeds(actions, reaction.activate)

    def _settle(self, now: float) -> None:
        """Tell the unit how its messages fared."""
        settled, self.tunnel.settled = self.tunnel.settled, []
        for number, delivered in settled:
            self.unit.settled(number, now, delivered=delivered)
