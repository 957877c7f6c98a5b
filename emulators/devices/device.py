"""What all emulated devices share: power, restarts, and the chips that take firmware.

A device hands frames to its endpoints and lends its chips power: when one of them runs a new file,
all of it restarts. It knows nothing of radios; what sets the kinds apart is in their rows and
classes.
"""

from collections.abc import Sequence

from emulators.client.table import RECEIVING, ClientState
from emulators.client.verification import ImageVerifier
from emulators.devices.application import ApplicationObject
from emulators.devices.chip import Chip
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.port import Deeds, GbcsPort
from emulators.gbcs.tunnel import DeviceTunnel
from emulators.gbcs.unit import SecurityUnit
from emulators.node import NEVER, Announce, NodeAction, Note
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Boot, PowerLossError, SectorPool
from emulators.platform.spec import DeviceSpec
from emulators.platform.utc_clock import UtcClock
from emulators.premises.habits import HABITS
from emulators.premises.port import THE_HUB, PremisesPort
from emulators.premises.words import ToldChange
from images.eui64 import Eui64
from ota_engine.events import (
    DEVICE_MANAGEMENT_CLUSTER,
    OTA_UPGRADE_CLUSTER,
    TUNNELING_CLUSTER,
    Send,
)

NO_ENDPOINT = -1
_TAKING = frozenset({*RECEIVING, ClientState.VERIFYING})


class EmulatedDevice:
    """An emulated device; an IHD and a Communications Hub are ones with nothing added.

    Args:
        spec: what it is.
        pool: where all devices of a simulation share the octets of their flash.
        verifier: where they share what they found in an image.

    Attributes:
        chips: its chips. Of most devices there is one; orders through GBCS concern the first.
        applications: its endpoints, each with the chips that are updated through it.
        client: the OTA client of the first chip.
        flash: the two banks of the first chip.
        powered: whether it runs.
        crashes: times it lost power without warning.
        security: what believes GBCS messages and answers them; None for a device without keys.
        clock: its sense of the date.
        premises: what it does when tenancy or supplier change; None where it has no such cluster.
    """

    __slots__ = (
        "_boot_at",
        "_gbcs",
        "_only",
        "applications",
        "chips",
        "client",
        "clock",
        "crashes",
        "endpoint",
        "eui64",
        "flash",
        "network_address",
        "powered",
        "premises",
        "security",
        "sleepy",
        "spec",
        "wake_at",
    )

    def __init__(
        self,
        spec: DeviceSpec,
        pool: SectorPool,
        verifier: ImageVerifier,
        security: SecurityUnit | None = None,
    ) -> None:
        self.spec = spec
        self.security = security
        self.eui64: Eui64 = spec.eui64
        self.network_address = spec.network_address
        self.sleepy = spec.sleepy
        self.wake_at = NEVER
        self.powered = False
        self.crashes = 0
        self.chips, self.applications = _assemble(spec, pool, verifier)
        self.client, self.flash = self.chips[0].client, self.chips[0].flash
        self.endpoint = self.applications[0].endpoint
        self._only = spec.endpoint if len(self.chips) == 1 else NO_ENDPOINT
        self._boot_at = NEVER
        self._gbcs: GbcsPort | None = None
        if security is not None:
            tunnel = DeviceTunnel(spec, self.endpoint)
            self._gbcs = GbcsPort(security, tunnel, self.flash, self.client)
        self.clock = UtcClock() if security is None else security.clock
        habits = HABITS.get(spec.premises)
        self.premises: PremisesPort | None = None
        if habits is not None:
            self.premises = PremisesPort(
                spec, self.endpoint, habits, self.clock, self._takes_firmware
            )

    @property
    def version(self) -> int:
        """The file version its first chip runs."""
        return self.client.version

    @property
    def clients(self) -> tuple[tuple[int, int], ...]:
        """Endpoint and profile of each of its OTA clients, by endpoint."""
        return tuple(sorted((each.number, each.endpoint.profile) for each in self.applications))

    # --- power ------------------------------------------------------------------------------------

    def power_on(self, now: float) -> Sequence[NodeAction]:
        """Boot: decide what runs, test it if it is new, announce, report, take up what was open."""
        if self.powered:
            self._halt(now)
        self.powered = False
        self.wake_at = self._boot_at = NEVER
        try:
            boots = [(chip, chip.flash.boot()) for chip in self.chips]
            for chip, boot in boots:
                if boot.trial and not chip.self_test():
                    return self._roll_back(chip, boot, now)
            for chip in self.chips:
                chip.flash.confirm()
            self.powered = True
            actions = [*self._after_boot(boots), *self._boot_clients(now)]
            if self._gbcs is not None:
                actions += self._carry_out(self._gbcs.boot(now), now)
            if self.premises is not None:
                actions += self.premises.boot(now)
            return self._settle(actions, now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def _after_boot(self, boots: Sequence[tuple[Chip, Boot]]) -> list[NodeAction]:
        notes = [Note("booted", self._booted(chip, boot)) for chip, boot in boots]
        reports = (each.report_version(chip) for each in self.applications for chip in each.chips)
        return [*notes, Announce(), *reports]

    def _booted(self, chip: Chip, boot: Boot) -> dict[str, object]:
        detail: dict[str, object] = {"version": chip.client.version}
        if len(self.chips) > 1:
            detail["image_type"] = chip.spec.image_type
        if boot.trial:
            detail["new"] = True
        if boot.rolled_back:
            detail["rolled_back"] = True
        return detail

    def _boot_clients(self, now: float) -> list[NodeAction]:
        actions: list[NodeAction] = []
        for application in self.applications:
            for chip in application.chips:
                actions += application.sent(chip, chip.client.boot(now))
        return actions

    def _roll_back(self, chip: Chip, boot: Boot, now: float) -> Sequence[NodeAction]:
        """Give the image of a chip up and restart into the old one."""
        chip.flash.discard()
        self._restart_after(self.spec.timers.restart_time, now)
        return [Note("self-test failed", {"version": boot.files[0].identity.file_version})]

    def _halt(self, now: float) -> None:
        for chip in self.chips:
            chip.client.power_off(now)
        if self.premises is not None:
            self.premises.power_off()

    def _restart_after(self, seconds: float, now: float) -> None:
        self.powered = False
        self.wake_at = self._boot_at = now + seconds

    def crash(self, now: float) -> Sequence[NodeAction]:
        """Lose power without warning: all but flash is gone; ``power_on`` brings it back."""
        return self._fail(None, now)

    def _fail(self, loss: PowerLossError | None, now: float) -> Sequence[NodeAction]:
        self._halt(now)
        if self._gbcs is not None:
            self._gbcs.power_off()
        self.powered = False
        self.wake_at = self._boot_at = NEVER
        self.crashes += 1
        return [Note("power lost", {} if loss is None else {"while": str(loss)})]

    # --- time -------------------------------------------------------------------------------------

    def wake(self, now: float) -> Sequence[NodeAction]:
        """Do what was due at ``wake_at``."""
        if not self.powered:
            return self.power_on(now) if now >= self._boot_at else ()
        try:
            actions: list[NodeAction] = []
            for application in self.applications:
                actions += application.wake(now)
            if self._gbcs is not None and self.client.state is not ClientState.RESTARTING:
                actions = [*actions, *self._carry_out(self._gbcs.wake(now), now)]
            if self.premises is not None and self.premises.wake_at <= now:
                actions += self.premises.wake(now)
            return self._settle(actions, now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def _settle(self, actions: Sequence[NodeAction], now: float) -> Sequence[NodeAction]:
        """After the client did something: follow its timer, and restart if it asks for it."""
        if self._gbcs is not None:
            actions = [*actions, *self._carry_out(self._gbcs.follow_client(now), now)]
        if self._restarts():
            self._restart(now)
        elif self.powered:
            self._set_alarm()
        return actions

    def _restarts(self) -> bool:
        """Whether one of its chips runs a new file from now on."""
        if self._only != NO_ENDPOINT:  # it has one chip, as most devices have
            return self.client.state is ClientState.RESTARTING
        return any(chip.client.state is ClientState.RESTARTING for chip in self.chips)

    def _restart(self, now: float) -> None:
        self._halt(now)
        if self._gbcs is not None:
            self._gbcs.power_off()
        self._restart_after(self.spec.timers.restart_time, now)

    def _set_alarm(self) -> None:
        self.wake_at = self.client.wake_at
        if self._only == NO_ENDPOINT:
            self.wake_at = min(chip.client.wake_at for chip in self.chips)
        if self._gbcs is not None:
            self.wake_at = min(self.wake_at, self._gbcs.wake_at)
        if self.premises is not None:
            self.wake_at = min(self.wake_at, self.premises.wake_at)

    def _takes_firmware(self) -> bool:
        """Whether one of its chips takes or checks a file."""
        return any(chip.client.state in _TAKING for chip in self.chips)

    # --- GBCS -------------------------------------------------------------------------------------

    def set_clock(self, utc: float, now: float, rate: float = 1.0) -> None:
        """Tell a device the date; see ``UtcClock``."""
        self.clock.set(utc, now, rate)
        self._keep_alarm()

    def step_clock(self, seconds: float) -> None:
        """Set the date of a device forward, or back."""
        self.clock.step(seconds)
        self._keep_alarm()

    def _keep_alarm(self) -> None:
        if self.powered:
            self._set_alarm()

    def hand_over(self, anchors: Anchors) -> Sequence[NodeAction]:
        """Change supplier: commands and images of another count from now on."""
        return () if self._gbcs is None else self._gbcs.hand_over(anchors).actions

    def _carry_out(self, deeds: Deeds, now: float) -> Sequence[NodeAction]:
        """Do what the GBCS of the device decided."""
        return [*deeds.actions, *self._apply(now)] if deeds.activate else deeds.actions

    def _apply(self, now: float) -> Sequence[NodeAction]:
        """Run the held image, on an order that did not come through cluster 0x0019."""
        actions = self.client.activate(now)
        if self.client.state is not ClientState.RESTARTING:  # it is busy: with a query, say
            self.flash.request_swap()
            self._restart(now)
        return actions

    # --- frames -----------------------------------------------------------------------------------

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take one frame addressed to this device, or broadcast."""
        if not self.powered:
            return ()
        try:
            if frame.cluster == OTA_UPGRADE_CLUSTER and frame.destination_endpoint == self._only:
                actions = self.client.receive_block(frame.payload, now)
                if actions is not None:
                    self.wake_at = self.client.wake_at
                    if self._gbcs is not None or self.premises is not None:
                        self._set_alarm()
                    return actions
            return self._settle(self._receive(frame, now), now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def receive_from(self, source: Eui64, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take one frame of another device: only changes of tenancy and supplier travel like that."""
        if not (self.powered and self._is_of_premises(frame)) or self.premises is None:
            return ()
        return self._settle(self.premises.receive(frame, source, now), now)

    def announce(self, told: ToldChange, now: float) -> Sequence[NodeAction]:
        """Have a meter tell of a change, as if its supplier had told it by signed message."""
        if self.premises is None:
            return ()
        actions = self.premises.announce(told)
        return self._settle(actions, now) if self.powered else ()

    def _is_of_premises(self, frame: Send) -> bool:
        return (
            frame.cluster == DEVICE_MANAGEMENT_CLUSTER
            and frame.destination == self.eui64
            and self.applications[0].hears(frame)
        )

    def _receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        if self.premises is not None and self._is_of_premises(frame):
            return self.premises.receive(frame, THE_HUB, now)
        unicast = frame.destination == self.eui64
        if frame.cluster == TUNNELING_CLUSTER and self._gbcs is not None:
            if not (unicast and self.applications[0].hears(frame)):
                return ()
            return self._carry_out(self._gbcs.receive(frame, now), now)
        actions: list[NodeAction] = []
        for application in self.applications:
            if application.hears(frame):
                actions += application.receive(frame, now, unicast=unicast)
        return actions


def _assemble(
    spec: DeviceSpec, pool: SectorPool, verifier: ImageVerifier
) -> tuple[tuple[Chip, ...], tuple[ApplicationObject, ...]]:
    """Make the chips of a device, and the endpoints they are updated through."""
    endpoints: dict[int, Endpoint] = {}
    on: dict[int, list[Chip]] = {}
    for number, part in enumerate(spec.parts):
        endpoint = endpoints.setdefault(part.endpoint, Endpoint(part))
        seed = f"{spec.seed}:{spec.eui64:016X}" + (f":{number}" if number else "")
        on.setdefault(part.endpoint, []).append(Chip(part, endpoint, pool, verifier, seed))
    several = len(spec.chips) > 0
    applications = tuple(
        ApplicationObject(spec, endpoints[number], tuple(chips), several=several)
        for number, chips in on.items()
    )
    return tuple(chip for each in applications for chip in each.chips), applications
