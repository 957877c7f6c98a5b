"""The emulated stack: one coordinator's commands, put together from its parts, over one air.

Pure. A ``Coordinator`` of the emulated network upwards, the handler of an ``Ezsp`` downwards.
What is scanned, counted and reset is answered here; the rest by the parts.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from random import Random
from struct import pack, unpack_from
from typing import Any

from emulators.air.network import Network
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.home.roster import RosterEntry
from emulators.ncp.addresses import Addresses
from emulators.ncp.core import COUNTERS, Core, Handlers, Say
from emulators.ncp.device_object import SimpleDescriptor
from emulators.ncp.formation import CHANNELS, Formation
from emulators.ncp.keys import Keys
from emulators.ncp.layouts import FieldValues
from emulators.ncp.member import NetworkMember
from emulators.ncp.memory import Memory
from emulators.ncp.messages import Messages
from emulators.ncp.settings import NcpSettings
from emulators.ncp.status import EmberStatus
from ota_engine.events import Effect, Joined, LinkEvent, Packet, SendFailed
from ota_engine.gbcs.keystore import Keystore
from ota_engine.times import NEVER, Monotonic

ENERGY_SCAN, ACTIVE_SCAN = 0, 1  # EzspNetworkScanType
SUPERFRAME = 15.36e-3  # seconds, aBaseSuperframeDuration
QUIET, BUSY = -94, -70  # dBm on a channel without and with a network


class Stack:
    """What a coordinator does.

    Args:
        version: of the protocol.
        memory: what it remembers.
        network: the air; the devices are added to it here.
        entries: the devices that live there.
        say: tells the host something unasked.
        keys: see ``DeviceAssembly``.
    """

    next_wake = NEVER  # its alarms are in the network's agenda

    def __init__(
        self,
        version: int,
        memory: Memory,
        network: Network,
        entries: Iterable[RosterEntry],
        say: Say,
        keys: Keystore | None = None,
    ) -> None:
        self.core = core = Core(memory, network, say)
        port = network.attach(self)
        self.settings = NcpSettings(core, version)
        self._addresses = Addresses(core)
        self.messages = Messages(core, port, self._addresses)
        self.formation = Formation(core, port)
        self._keys = Keys(core, self.settings)
        assembly = DeviceAssembly(keys)
        for entry in entries:
            self._add(assembly.build(entry.spec), entry)
        self._handlers: dict[str, Any] = {}
        parts = self.settings, self.messages, self._addresses, self.formation, self._keys
        for part in (self, *parts):
            self._handlers |= part.handlers()
        self._scan = 0
        self._random = Random(memory.eui64)

    def _add(self, device: EmulatedDevice, entry: RosterEntry) -> None:
        member = NetworkMember(device, self.messages.arrived, self.formation.left)
        self.core.network.add(member, entry.placement)
        self.core.members[member.eui64] = member

    @property
    def devices(self) -> dict[int, EmulatedDevice]:
        """The emulated devices by EUI-64."""
        return {eui64: member.device for eui64, member in self.core.members.items()}

    # --- downwards --------------------------------------------------------------------------------

    def command(self, name: str, values: FieldValues) -> Mapping[str, Any] | None:
        """Answer a command of the host; None for one that is not known."""
        handler = self._handlers.get(name)
        if handler is None:
            return None
        answer: Mapping[str, Any] = handler(values)
        return answer

    def reset(self) -> None:
        """Restart: only memory stays, and devices live on."""
        self.core.endpoints.clear()
        self._scan += 1
        for part in (self.formation, self.messages, self._addresses, self.settings):
            part.reset()

    # --- upwards ----------------------------------------------------------------------------------

    def handle(self, event: LinkEvent, now: Monotonic) -> Sequence[Effect]:
        """Take an event of the air."""
        if self.core.up:
            match event:
                case Packet():
                    self.messages.packet(event)
                case Joined():
                    self.messages.announced(event)
                case SendFailed():
                    self.messages.failed(event)
        return ()

    def wake(self, now: Monotonic) -> Sequence[Effect]:
        """Nothing is ever due here."""
        return ()

    # --- what belongs to no part ------------------------------------------------------------------

    def handlers(self) -> Handlers:
        """The commands answered here."""
        accepted = dict.fromkeys(ACCEPTED, _accept)
        return {
            **accepted,
            "addEndpoint": self._add_endpoint,
            "setManufacturerCode": self._set_manufacturer,
            "startScan": self._start_scan,
            "stopScan": self._stop_scan,
            "readCounters": self._read_counters,
            "readAndClearCounters": self._clear_counters,
            "setRadioPower": self._set_power,
            "getLogicalChannel": lambda values: {"channel": self._channel},
            "getRadioParameters": self._radio,
            "customFrame": lambda values: {"status": EmberStatus.FAIL, "reply": b""},
            "getXncpInfo": lambda values: {
                "status": EmberStatus.FAIL,
                "manufacturer": 0,
                "version": 0,
            },
            "getLibraryStatus": lambda values: {"value": 0},
            "getRandomNumber": self._draw,
            "setSourceRouteDiscoveryMode": lambda values: {"remaining": 0},
            "getSourceRouteTableFilledSize": lambda values: {"size": 0},
            "getSourceRouteTableTotalSize": lambda values: {"size": 16},
            "getPhyInterfaceCount": lambda values: {"count": 1},
            "neighborCount": lambda values: {"count": 0},
            "getNeighbor": lambda values: NO_NEIGHBOUR,
            "getRouteTableEntry": lambda values: {
                "status": EmberStatus.INVALID_INDEX,
                "entry": bytes(8),
            },
            "echo": lambda values: {"data": values["data"]},
        }

    def _add_endpoint(self, values: FieldValues) -> Mapping[str, Any]:
        """Endpoints are added before the network runs, and are gone with a reset."""
        inputs, outputs, clusters = values["inputs"], values["outputs"], values["clusters"]
        if self.core.up:
            return {"status": EmberStatus.INVALID_STATE}
        if len(clusters) < 2 * (inputs + outputs):
            return {"status": EmberStatus.INVALID_PARAMETER}
        numbers = unpack_from(f"<{inputs + outputs}H", clusters)
        self.core.endpoints[values["endpoint"]] = SimpleDescriptor(
            values["endpoint"],
            values["profile"],
            values["device"],
            values["version"],
            numbers[:inputs],
            numbers[inputs:],
        )
        return {"status": EmberStatus.OK}

    def _set_manufacturer(self, values: FieldValues) -> Mapping[str, Any]:
        self.core.manufacturer_code = values["code"]
        return {"status": EmberStatus.OK}

    @property
    def _channel(self) -> int:
        parameters = self.core.memory.parameters
        return parameters.channel if parameters is not None else CHANNELS[0]

    def _set_power(self, values: FieldValues) -> Mapping[str, Any]:
        memory = self.core.memory
        if memory.parameters is not None:
            memory.parameters = memory.parameters._replace(tx_power=values["power"] & 0xFF)
        return {"status": EmberStatus.OK}

    def _radio(self, _: FieldValues) -> Mapping[str, Any]:
        return {"status": EmberStatus.OK, "power": 8, "page": 0, "channel": self._channel}

    def _draw(self, _: FieldValues) -> Mapping[str, Any]:
        return {"status": EmberStatus.OK, "value": self._random.getrandbits(16)}

    def _read_counters(self, _: FieldValues) -> Mapping[str, Any]:
        counters = [count & 0xFFFF for count in self.core.counters]
        return {"counters": pack(f"<{len(counters)}H", *counters)}

    def _clear_counters(self, values: FieldValues) -> Mapping[str, Any]:
        counters = self._read_counters(values)
        self.core.counters[:] = [0] * COUNTERS
        return counters

    # --- scans ------------------------------------------------------------------------------------

    def _start_scan(self, values: FieldValues) -> Mapping[str, Any]:
        """Listen on each channel in turn; nobody but us is ever found."""
        if values["type"] not in (ENERGY_SCAN, ACTIVE_SCAN):
            return {"status": EmberStatus.INVALID_PARAMETER}
        self._scan += 1
        dwell = (2 ** min(values["duration"], 14) + 1) * SUPERFRAME
        channels = [channel for channel in CHANNELS if values["channels"] >> channel & 1]
        for number, channel in enumerate(channels, 1):
            if values["type"] == ENERGY_SCAN:
                measured = partial(self._say_energy, self._scan, channel)
                self.core.later(number * dwell, measured)
        finished = partial(self._say_scanned, self._scan)
        self.core.later((len(channels) + 0.5) * dwell, finished)
        return {"status": EmberStatus.OK}

    def _say_energy(self, scan: int, channel: int, now: float) -> None:
        if scan == self._scan:
            busy = self.core.up and channel == self._channel
            level = BUSY if busy else QUIET + channel * 7 % 10
            self.core.say("energyScanResultHandler", channel=channel, rssi=level)

    def _say_scanned(self, scan: int, now: float) -> None:
        if scan == self._scan:
            self.core.say("scanCompleteHandler", channel=0, status=EmberStatus.OK)

    def _stop_scan(self, _: FieldValues) -> Mapping[str, Any]:
        self._scan += 1
        return {"status": EmberStatus.OK}


# What is taken without anything coming of it: there are no routes, bindings or Green Power here.
ACCEPTED = (
    "nop",
    "callback",
    "delayTest",
    "setConcentrator",
    "clearBindingTable",
    "clearBindingTableOnLeave",
    "gpClearProxyTable",
    "gpSinkTableClearAll",
    "sendManyToOneRouteRequest",
    "setChildData",
    "setRadioIeee802154CcaMode",
    "setSourceRoute",
    "writeNodeData",
    "resetNode",
)
NO_NEIGHBOUR = {
    "status": EmberStatus.INVALID_INDEX,
    "nwk": 0xFFFF,
    "lqi": 0,
    "in_cost": 0,
    "out_cost": 0,
    "age": 0,
    "eui64": 0,
}


def _accept(_: FieldValues) -> Mapping[str, Any]:
    return {"status": EmberStatus.OK}
