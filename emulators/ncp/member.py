"""A device as a coordinator meets it: with a device object, inside or outside of a network. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from emulators.devices.device import EmulatedDevice
from emulators.ncp import device_object
from emulators.ncp.device_object import Identity
from emulators.node import NEVER, NodeAction, Transmit
from images.eui64 import Eui64
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON, Send

BROADCASTS = frozenset({BROADCAST_ALL, BROADCAST_RX_ON})


class NetworkMember:
    """An emulated device in the air of the NCP: a ``Node`` around the device.

    Args:
        device: what it is beyond its device object.
        on_arrival: told of the token of each frame that reached the device.
        on_leave: told when somebody told the device to leave.

    Attributes:
        joined: it is in the network.
        identity: what its device object tells.
    """

    __slots__ = ("_on_arrival", "_on_leave", "device", "eui64", "identity", "joined")

    def __init__(
        self,
        device: EmulatedDevice,
        on_arrival: Callable[[int, float], None],
        on_leave: Callable[["NetworkMember", float], None],
    ) -> None:
        self.device = device
        self.eui64: Eui64 = device.eui64
        self.joined = False
        self.identity = Identity.of(device.spec)
        self._on_arrival = on_arrival
        self._on_leave = on_leave

    @property
    def network_address(self) -> int:
        """Its network address."""
        return self.device.network_address

    @network_address.setter
    def network_address(self, address: int) -> None:
        self.device.network_address = address
        self.identity = replace(self.identity, network_address=address)

    @property
    def sleepy(self) -> bool:
        """Whether it polls a parent."""
        return self.device.sleepy

    @sleepy.setter
    def sleepy(self, sleepy: bool) -> None:
        self.device.sleepy = sleepy

    @property
    def wake_at(self) -> float:
        """When it wants to be woken."""
        return self.device.wake_at if self.joined else NEVER

    @wake_at.setter
    def wake_at(self, time: float) -> None:
        self.device.wake_at = time

    @property
    def clients(self) -> Sequence[tuple[int, int]]:
        """Endpoint and profile of each of its OTA clients."""
        return self.device.clients

    def power_on(self, now: float) -> Sequence[NodeAction]:
        """Start or restart."""
        return self.device.power_on(now)

    def wake(self, now: float) -> Sequence[NodeAction]:
        """Do what was due."""
        return self.device.wake(now)

    def receive(self, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take a frame: the device object's, or the device's."""
        if not (self.joined and self.device.powered):
            return ()  # nobody acknowledges it
        if frame.token:
            self._on_arrival(frame.token, now)
        if frame.profile == device_object.PROFILE and frame.destination_endpoint == 0:
            return self._answer(frame, now)
        return self.device.receive(frame, now)

    def receive_from(self, source: Eui64, frame: Send, now: float) -> Sequence[NodeAction]:
        """Take a frame of another device."""
        return self.device.receive_from(source, frame, now) if self.joined else ()

    def _answer(self, frame: Send, now: float) -> Sequence[NodeAction]:
        if frame.destination in BROADCASTS:
            return ()  # the few that are asked of all want no answer of a device that is not it
        response = device_object.answer(self.identity, frame.cluster, frame.payload)
        if device_object.leaves(frame.cluster, frame.payload, self.eui64):
            self._on_leave(self, now)
        if response is None:
            return ()
        cluster, payload = response
        return (Transmit(0, frame.source_endpoint, 0, cluster, payload, ack=False),)
