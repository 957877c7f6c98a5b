"""The people around a simulated engine: who pushes images, releases held ones and confirms clocks.

Which image a device gets is for the engine's push to find out. They act only on what the engine
reports and the devices say, a while after they did, as people do. Everything they do is in the audit
trail, but for the local trigger of an HCALCS without keys, which stands in for the GBCS command CS06.
"""

from collections.abc import Mapping
from functools import partial

from emulators.air.network import Network
from emulators.client.table import ClientState
from emulators.devices.chargeable import Chargeable
from emulators.devices.commanded import Commanded
from emulators.devices.device import EmulatedDevice
from emulators.node import Note
from emulators.simulation.host import Host
from emulators.simulation.journal import Journal
from emulators.simulation.population import SimulatedDevice
from images.eui64 import Eui64
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.delivery.commands import ApplyNow, ConfirmClock
from ota_engine.hub.engine import EngineRequest
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.push.commands import BeginPush, ResumePush
from ota_engine.records import (
    Activation,
    ImageRecord,
    PushWish,
    SessionRecord,
    SessionState,
    VersionPolicy,
)
from ota_engine.times import Monotonic, Utc

ACTOR = "soak operator"
DELAYED_BY = 900  # seconds an Activation.DELAYED waits
RELEASE_AFTER = 600.0  # seconds a held image waits for its release
TRIGGER_AFTER = 300.0  # seconds an HCALCS waits for its command
RETRY_AFTER = 60.0  # seconds until an order is tried again that found no engine


class RolloutOperator:
    """Runs one rollout to every device.

    Attributes:
        triggered: the devices activated by local trigger, or ordered by CS06.
    """

    def __init__(
        self,
        network: Network,
        host: Host,
        devices: Mapping[Eui64, EmulatedDevice],
        journal: Journal,
    ) -> None:
        self.triggered: set[Eui64] = set()
        self._network = network
        self._host = host
        self._devices = devices
        self._journal = journal
        self._releasing: set[Eui64] = set()
        self._hashes: dict[Eui64, bytes] = {}  # of the image each device is to run

    def roll_out(
        self,
        members: list[SimulatedDevice],
        images: Mapping[int, ImageRecord],
        activate_utc: Utc,
        now: Monotonic,
    ) -> None:
        """Push the images to everybody, and plug batteries in when their day comes."""
        push = BeginPush(
            images=tuple(images.values()),
            devices=tuple(member.spec.eui64 for member in members),
            everyone=False,
            policy=VersionPolicy.UPGRADE,
            activation=Activation.IMMEDIATE,
            wishes=tuple(_wish(member, activate_utc) for member in members),
            clients=self._clients(),
            actor=ACTOR,
        )
        self._order(push, now)
        for member in members:
            main = images[member.spec.image_type]
            self._hashes[member.spec.eui64] = bytes.fromhex(main.manufacturer_image_hash)
            if member.on_mains_at is not None:
                plug_in = partial(self._plug_in, member.spec.eui64)
                self._network.agenda.at(member.on_mains_at, plug_in)

    def resume(self, now: Monotonic) -> None:
        """Have an engine that was started anew go on with the push."""
        self._order(ResumePush(self._clients(), if_any=True, actor=ACTOR), now)

    def _clients(self) -> dict[Eui64, Client]:
        """Where the OTA clients are, as a radio reads it from simple descriptors."""
        return {device: Client(*node.clients[0]) for device, node in self._devices.items()}

    def confirm_clock(self, now: Monotonic) -> None:
        """Vouch for the wall clock after it stepped."""
        self._order(ConfirmClock(ACTOR), now)

    def heard(self, device: Eui64, note: Note, now: Monotonic) -> None:
        """An HCALCS says that it waits: trigger it after a while, or order it if it has keys."""
        waits = note.kind == "client" and note.detail.get("state") == ClientState.EXTERNAL.value
        node = self._devices[device]
        if not waits or not isinstance(node, Commanded):
            return
        if node.security is None:
            self._network.agenda.at(now + TRIGGER_AFTER, partial(self._trigger, device))
        elif device not in self.triggered:
            self.triggered.add(device)
            self._network.agenda.at(now + TRIGGER_AFTER, partial(self._command, device))

    def told(self, session: SessionRecord, now: Monotonic) -> None:
        """The engine holds an image for a release: give it after a while."""
        device = session.device
        if session.state is SessionState.HELD and device not in self._releasing:
            self._releasing.add(device)
            self._network.agenda.at(now + RELEASE_AFTER, partial(self._release, device))

    def _order(self, order: EngineRequest, now: Monotonic) -> None:
        if not self._host.order(order, now):
            self._network.agenda.at(now + RETRY_AFTER, partial(self._order, order))

    def _release(self, device: Eui64, now: Monotonic) -> None:
        self._releasing.discard(device)
        self._order(ApplyNow(device, ACTOR), now)

    def _plug_in(self, eui64: Eui64, now: Monotonic) -> None:
        device = self._devices[eui64]
        if isinstance(device, Chargeable):
            self._network.perform(eui64, device.set_mains(True, now), now)

    def _command(self, eui64: Eui64, now: Monotonic) -> None:
        self._order(ActivateImage(eui64, self._hashes[eui64], None, ACTOR), now)

    def _trigger(self, eui64: Eui64, now: Monotonic) -> None:
        device = self._devices[eui64]
        if isinstance(device, Commanded) and device.powered:
            self.triggered.add(eui64)
            self._journal.write(now, "operator", "local trigger", {}, eui64)
            self._network.perform(eui64, device.activate_locally(now), now)


def _wish(member: SimulatedDevice, activate_utc: Utc) -> PushWish:
    activation = member.activation
    return PushWish(
        device=member.spec.eui64,
        policy=member.policy,
        activation=activation,
        activation_delay=DELAYED_BY if activation is Activation.DELAYED else 0,
        activation_utc=activate_utc if activation is Activation.AT else None,
    )
