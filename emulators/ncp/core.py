"""What the parts of the emulated stack share: the air, memory, endpoints and a voice. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from emulators.air.network import Network
from emulators.ncp.device_object import COORDINATOR, SERVER_MASK, Identity, SimpleDescriptor
from emulators.ncp.layouts import FieldValues
from emulators.ncp.member import NetworkMember
from emulators.ncp.memory import Memory
from images.eui64 import Eui64
from ota_engine.times import Monotonic

Handlers: TypeAlias = Mapping[str, Callable[[FieldValues], Mapping[str, Any]]]
COUNTERS = 41  # how many EmberCounterType there are
MANUFACTURER_CODE = 0x1049  # Silicon Labs: EmberZNet's default until a host sets another


class Say(Protocol):
    """Tells the host something unasked."""

    def __call__(self, name: str, **values: Any) -> None:
        """Queue the callback ``name`` with these values."""


class Core:
    """The shared state of one NCP.

    Args:
        memory: what survives.
        network: the air, with no server attached.
        say: tells the host something.

    Attributes:
        up: the network runs.
        members: every device in the air, joined or not, by EUI-64.
        endpoints: what the host has registered since the last reset.
        counters: EmberCounterType by number.
        manufacturer_code: as the host set it.
    """

    def __init__(self, memory: Memory, network: Network, say: Say) -> None:
        self.memory = memory
        self.network = network
        self.say = say
        self.up = False
        self.members: dict[Eui64, NetworkMember] = {}
        self.endpoints: dict[int, SimpleDescriptor] = {}
        self.counters = [0] * COUNTERS
        self.manufacturer_code = MANUFACTURER_CODE

    @property
    def now(self) -> Monotonic:
        """The time of what happens at the moment, seconds."""
        return self.network.agenda.now

    def later(self, seconds: float, call: Callable[[Monotonic], None]) -> None:
        """Call ``call(now)`` in so many seconds."""
        self.network.agenda.at(self.now + seconds, call)

    def by_address(self, address: int) -> NetworkMember | None:
        """The joined device with this network address."""
        for member in self.members.values():
            if member.joined and member.network_address == address:
                return member
        return None

    @property
    def identity(self) -> Identity:
        """What the coordinator's own device object tells."""
        return Identity(
            self.memory.eui64,
            0x0000,
            0,
            COORDINATOR,
            self.manufacturer_code,
            tuple(self.endpoints.values()),
            SERVER_MASK,
        )
