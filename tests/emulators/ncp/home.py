"""A home for the stack's tests: quick devices, and a host that writes down what it is told."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from emulators.air.network import Network
from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.home.roster import RosterEntry
from emulators.ncp.commands import LATEST
from emulators.ncp.layouts import ApsFrame, NetworkParameters, SecurityState
from emulators.ncp.memory import Memory
from emulators.ncp.stack import Stack
from emulators.ncp.status import EmberStatus
from emulators.platform.profiles import LAB
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64

FIRST = 0x025A_0000_0000_0001
FIRST_ADDRESS = 0x1001
PARAMETERS = NetworkParameters(0x1122334455667788, 0x1A62, 8, 15, 0, 0, 0, 1 << 15)
SECURITY = SecurityState(0x0B84, bytes(range(16)), bytes(range(16, 32)), 0, 0)
RETRY = 0x0040
QUIET = replace(LAB, start_up_delay=1e6, query_interval=1e6)  # its client asks for nothing


def display(
    number: int = 0, *, sleepy: bool = False, relays: int = 0, poll: float = 2.0
) -> RosterEntry:
    """A device that keeps quiet until it is spoken to."""
    spec = DeviceSpec(
        Eui64(FIRST + number),
        kinds.IHD,
        FIRST_ADDRESS + number,
        0x121D,
        0x0085,
        1,
        model="display",
        sleepy=sleepy,
        timers=QUIET,
        seed=number,
    )
    placement = Placement(relays=relays, router=min(relays, 1), poll=poll, fast_poll=poll)
    return RosterEntry(f"display {number}", spec, placement)


class Host:
    """The host of a stack.

    Attributes:
        told: every callback, (name, values).
    """

    def __init__(
        self, *entries: RosterEntry, memory: Memory | None = None, version: int = LATEST
    ) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.memory = memory or Memory()
        self.network = Network(Random(1))
        self.stack = Stack(version, self.memory, self.network, entries, self._say)

    def _say(self, name: str, **values: Any) -> None:
        self.told.append((name, values))

    def ask(self, name: str, **values: Any) -> Mapping[str, Any]:
        """Give a command that the stack knows."""
        answer = self.stack.command(name, values)
        assert answer is not None, name
        return answer

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.network.run(self.network.agenda.now + seconds)

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The values of each callback of this name so far."""
        return [values for told, values in self.told if told == name]

    def form(self) -> None:
        """Register our endpoint and form a network."""
        self.ask(
            "addEndpoint",
            endpoint=10,
            profile=0x0109,
            device=0x0500,
            version=0,
            inputs=2,
            outputs=0,
            clusters=b"\x00\x00\x19\x00",
        )
        assert self.ask("setInitialSecurityState", state=SECURITY)["status"] is EmberStatus.OK
        assert self.ask("formNetwork", parameters=PARAMETERS)["status"] is EmberStatus.OK

    def form_with_all(self) -> None:
        """Form a network and let every device in; forget what was said meanwhile."""
        self.form()
        self.ask("permitJoining", duration=60)
        self.wait(5.0)
        self.told.clear()

    def send(
        self,
        to: int = FIRST_ADDRESS,
        message: bytes = b"\x00\x01\x00\x00\x00",
        *,
        profile: int = 0x0109,
        cluster: int = 0x0000,
        endpoint: int = 1,
        options: int = 0,
        tag: int = 1,
    ) -> Mapping[str, Any]:
        """Send a unicast; by default a read of Basic's first attribute."""
        source = 10 if profile else 0
        aps = ApsFrame(profile, cluster, source, endpoint, options, 0, 0)
        return self.ask("sendUnicast", type=0, nwk=to, aps=aps, tag=tag, message=message)
