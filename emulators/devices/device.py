"""What all emulated devices share: power, restarts, attributes, and an OTA client on one endpoint.

A device hands frames to its client and lends it flash and power. It knows nothing of radios; what
sets a PPMID apart from an HCALCS is in their own modules.
"""

from collections.abc import Sequence
from random import Random

from emulators.client.attributes import (
    answer,
    basic_attributes,
    client_attributes,
    record,
)
from emulators.client.ota_client import OtaClient
from emulators.client.table import ClientState
from emulators.client.verification import ImageVerifier
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.port import Deeds, GbcsPort
from emulators.gbcs.tunnel import DeviceTunnel
from emulators.gbcs.unit import SecurityUnit
from emulators.node import NEVER, Announce, NodeAction, Note, Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Boot, Flash, PowerLossError, SectorPool
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.events import BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, TUNNELING_CLUSTER, Send
from ota_engine.zcl import general
from ota_engine.zcl.frame import ZclHeader, parse_header
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status

ALL_ENDPOINTS = 0xFF
ALL_PROFILES = 0xFFFF


class Device:
    """An emulated device; an IHD and a Communications Hub are ones with nothing added.

    Args:
        spec: what it is.
        pool: where all devices of a simulation share the octets of their flash.
        verifier: where they share what they found in an image.

    Attributes:
        client: its OTA client.
        flash: its two banks.
        powered: whether it runs.
        crashes: times it lost power without warning.
        security: what believes GBCS messages and answers them; None for a device without keys.
    """

    __slots__ = (
        "_boot_at",
        "_gbcs",
        "_number",
        "client",
        "crashes",
        "endpoint",
        "eui64",
        "flash",
        "network_address",
        "powered",
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
        self.flash = Flash(pool, spec.bank_size, spec.factory)
        self.endpoint = Endpoint(spec)
        random = Random(f"{spec.seed}:{spec.eui64:016X}")
        self.client = OtaClient(spec, self.endpoint, self.flash, verifier, random)
        self._number = spec.endpoint
        self._boot_at = NEVER
        self._gbcs: GbcsPort | None = None
        if security is not None:
            tunnel = DeviceTunnel(spec, self.endpoint)
            self._gbcs = GbcsPort(security, tunnel, self.flash, self.client)

    @property
    def version(self) -> int:
        """The file version it runs."""
        return self.client.version

    @property
    def clients(self) -> tuple[tuple[int, int], ...]:
        """Endpoint and profile of its OTA client."""
        return ((self.spec.endpoint, self.spec.spoken_profile),)

    # --- power ------------------------------------------------------------------------------------

    def power_on(self, now: float) -> Sequence[NodeAction]:
        """Boot: decide what runs, test it if it is new, announce, report, take up what was open."""
        if self.powered:
            self.client.power_off(now)
        self.powered = False
        self.wake_at = self._boot_at = NEVER
        try:
            boot = self.flash.boot()
            if boot.trial and not self._self_test():
                return self._roll_back(boot, now)
            self.flash.confirm()
            self.powered = True
            actions = [*self._after_boot(boot), *self.client.boot(now)]
            if self._gbcs is not None:
                actions += self._carry_out(self._gbcs.boot(now), now)
            return self._settle(actions, now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def _after_boot(self, boot: Boot) -> list[NodeAction]:
        detail: dict[str, object] = {"version": self.client.version}
        if boot.trial:
            detail["new"] = True
        if boot.rolled_back:
            detail["rolled_back"] = True
        return [Note("booted", detail), Announce(), self._report_version()]

    def _self_test(self) -> bool:
        """Whether the image under trial works on this device."""
        return not (self.spec.options.self_test_fails or self.client.ending.holds_blank())

    def _roll_back(self, boot: Boot, now: float) -> Sequence[NodeAction]:
        """Give the image up and restart into the old one."""
        self.flash.discard()
        self._restart_after(self.spec.timers.restart_time, now)
        return [Note("self-test failed", {"version": boot.files[0].identity.file_version})]

    def _restart_after(self, seconds: float, now: float) -> None:
        self.powered = False
        self.wake_at = self._boot_at = now + seconds

    def crash(self, now: float) -> Sequence[NodeAction]:
        """Lose power without warning: all but flash is gone; ``power_on`` brings it back."""
        return self._fail(None, now)

    def _fail(self, loss: PowerLossError | None, now: float) -> Sequence[NodeAction]:
        self.client.power_off(now)
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
            actions: Sequence[NodeAction] = self.client.wake(now)
            if self._gbcs is not None and self.client.state is not ClientState.RESTARTING:
                actions = [*actions, *self._carry_out(self._gbcs.wake(now), now)]
            return self._settle(actions, now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def _settle(self, actions: Sequence[NodeAction], now: float) -> Sequence[NodeAction]:
        """After the client did something: follow its timer, and restart if it asks for it."""
        if self._gbcs is not None:
            actions = [*actions, *self._carry_out(self._gbcs.follow_client(now), now)]
        if self.client.state is ClientState.RESTARTING:
            self._restart(now)
        elif self.powered:
            self._set_alarm()
        return actions

    def _restart(self, now: float) -> None:
        self.client.power_off(now)
        if self._gbcs is not None:
            self._gbcs.power_off()
        self._restart_after(self.spec.timers.restart_time, now)

    def _set_alarm(self) -> None:
        self.wake_at = self.client.wake_at
        if self._gbcs is not None:
            self.wake_at = min(self.wake_at, self._gbcs.wake_at)

    # --- GBCS -------------------------------------------------------------------------------------

    def set_clock(self, utc: float, now: float, rate: float = 1.0) -> None:
        """Tell a device with keys the date; see ``UtcClock``. Others have no use for it."""
        if self.security is not None:
            self.security.clock.set(utc, now, rate)
            self._keep_alarm()

    def step_clock(self, seconds: float) -> None:
        """Set the date of a device with keys forward, or back."""
        if self.security is not None:
            self.security.clock.step(seconds)
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
            if frame.cluster == OTA_UPGRADE_CLUSTER and frame.destination_endpoint == self._number:
                actions = self.client.receive_block(frame.payload, now)
                if actions is not None:
                    self.wake_at = self.client.wake_at
                    if self._gbcs is not None:
                        self._set_alarm()
                    return actions
            return self._settle(self._receive(frame, now), now)
        except PowerLossError as loss:
            return self._fail(loss, now)

    def _receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        endpoint_is_ours = frame.destination_endpoint in (self._number, ALL_ENDPOINTS)
        if not endpoint_is_ours or frame.profile not in (self.spec.spoken_profile, ALL_PROFILES):
            return ()
        unicast = frame.destination == self.eui64
        if frame.cluster == TUNNELING_CLUSTER and self._gbcs is not None:
            return self._carry_out(self._gbcs.receive(frame, now), now) if unicast else ()
        try:
            header = parse_header(frame.payload)
        except PeerError:
            return ()  # without a header there is nothing to answer
        try:
            actions = self._dispatch(frame, header, now, unicast)
        except PeerError as error:
            if _is_default(header):
                return ()  # two devices that misread each other must not go on for ever
            actions = [self._default_response(frame, header, error.status)]
        if not unicast:
            return [action for action in actions if not _is_default_response(action)]
        return self._acknowledge(actions, frame, header)

    def _dispatch(
        self, frame: Send, header: ZclHeader, now: float, unicast: bool
    ) -> Sequence[NodeAction]:
        if header.manufacturer_code is not None:
            status = (
                Status.UNSUP_CLUSTER_COMMAND
                if header.cluster_specific
                else Status.UNSUP_GENERAL_COMMAND
            )
            raise PeerError("manufacturer-specific commands are not supported", status)
        if not header.cluster_specific:
            payload = frame.payload[header.length :]
            return self._general(frame, header, general.decode(header.command, payload), now)
        if frame.cluster != OTA_UPGRADE_CLUSTER or not header.from_server:
            raise PeerError("no such command here", Status.UNSUP_CLUSTER_COMMAND)
        return self.client.receive(header, frame.payload, now, unicast=unicast)

    def _acknowledge(
        self, actions: Sequence[NodeAction], frame: Send, header: ZclHeader
    ) -> Sequence[NodeAction]:
        """Add the Default Response a sender asked for, unless something else answers it."""
        answered = any(isinstance(action, Transmit) for action in actions)
        if answered or header.disable_default_response or _is_default(header):
            return actions
        return [*actions, self._default_response(frame, header, Status.SUCCESS)]

    def _general(
        self, frame: Send, header: ZclHeader, command: general.GeneralCommand, now: float
    ) -> Sequence[NodeAction]:
        match command:
            case general.ReadAttributes(attributes):
                known = self._attributes(frame.cluster)
                response = general.ReadAttributesResponse(answer(attributes, known))
                return [self._answer(frame, header, response)]
            case general.DefaultResponse() if frame.cluster == OTA_UPGRADE_CLUSTER:
                return self.client.receive_default(command, now)
        return ()

    def _attributes(self, cluster: int) -> dict[int, tuple[int, int | bytes]]:
        if cluster == OTA_UPGRADE_CLUSTER:
            return {**client_attributes(self.spec, self.client.view())}
        if cluster == BASIC_CLUSTER:
            return basic_attributes(self.spec, on_mains=self.client.on_mains)
        return {}

    def _default_response(self, frame: Send, header: ZclHeader, status: int) -> Transmit:
        return self._answer(frame, header, general.DefaultResponse(header.command, status))

    def _answer(self, frame: Send, header: ZclHeader, command: general.GeneralCommand) -> Transmit:
        return self.endpoint.answer(
            header, command, cluster=frame.cluster, to=frame.source_endpoint
        )

    def _report(self, cluster: int, attribute: int, *, from_server: bool) -> Transmit:
        """Report one attribute of one of our clusters."""
        value = record(attribute, self._attributes(cluster)[attribute])
        return self.endpoint.report(cluster, value, from_server=from_server)

    def _report_version(self) -> Transmit:
        return self._report(OTA_UPGRADE_CLUSTER, Attribute.CURRENT_FILE_VERSION, from_server=False)


def _is_default(header: ZclHeader) -> bool:
    return not header.cluster_specific and header.command == general.DEFAULT_RESPONSE


def _is_default_response(action: NodeAction) -> bool:
    return (
        isinstance(action, Transmit)
        and action.payload[0] & 0x03 == 0
        and action.payload[2] == general.DEFAULT_RESPONSE
    )
