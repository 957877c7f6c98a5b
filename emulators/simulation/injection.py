"""Turns the switches a fault plan names: devices, air, routers, coordinator, engine, clock.

Knows how each fault is done and undone; draws nothing, so a plan gives the same run every time.
Faults may overlap: what two of them broke works again when the second is over.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from emulators.air.network import Network
from emulators.air.port import Coordinator, Port
from emulators.devices.chargeable import Chargeable
from emulators.devices.device import EmulatedDevice
from emulators.node import Note, Transmit
from emulators.simulation.faults import AIR, Fault, FaultKind, FaultPlan, weather
from emulators.simulation.host import Host, SteppingClock
from emulators.simulation.journal import Journal
from images.eui64 import Eui64
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.times import Monotonic
from ota_engine.zcl.hot import encode_block_request
from ota_engine.zcl.ota import ImageBlockRequest

RESET_TIME = 0.5  # seconds without power
UNKNOWN_FILE = 0x0BAD_F00D  # the version a flooding device asks blocks of
FLOOD_OFFSETS = 4096  # octets between two of its requests


class FaultInjector:
    """Does to one simulation what its plan says.

    Args:
        plan: what goes wrong.
        network: nodes and air.
        devices: the nodes that can be struck.
        host: the engine's life.
        wall: the clock that may step.
        journal: where every fault is noted when it strikes.
        second_server: makes the server that turns up beside ours.
        started: told of every engine that is started after a kill.
    """

    def __init__(
        self,
        plan: FaultPlan,
        network: Network,
        devices: Mapping[Eui64, EmulatedDevice],
        host: Host,
        wall: SteppingClock,
        journal: Journal,
        second_server: Callable[[Monotonic], Coordinator],
        started: Callable[[Monotonic], None],
    ) -> None:
        self.struck: Counter[FaultKind] = Counter()
        self._plan = plan
        self._network = network
        self._devices = devices
        self._host = host
        self._wall = wall
        self._journal = journal
        self._second_server = second_server
        self._started = started
        self._broken: Counter[object] = Counter()
        self._disturbed: dict[int, list[Fault]] = {}
        self._torn: dict[Eui64, float] = {}

    def schedule(self) -> None:
        """Put the whole plan into the agenda."""
        for fault in self._plan.faults:
            self._network.agenda.at(fault.at, partial(self._strike, fault))

    def dark(self, device: Eui64) -> bool:
        """Whether a fault holds a device without power."""
        return self._broken[device] > 0

    def noticed(self, device: Eui64, note: Note, now: Monotonic) -> None:
        """A device lost power in the middle of a write: bring it back when its time has come."""
        seconds = self._torn.pop(device, None) if note.kind == "power lost" else None
        if seconds is not None and "while" in note.detail:
            self._break(device)
            self._network.power_off(device)
            self._network.agenda.at(now + seconds, partial(self._restore_power, device))
        elif seconds is not None:
            self._torn[device] = seconds

    def _strike(self, fault: Fault, now: Monotonic) -> None:
        if fault.device and fault.device not in self._devices:
            return  # a plan made for a larger neighbourhood
        if fault.channel >= len(self._network.media):
            return  # likewise
        self.struck[fault.kind] += 1
        device = Eui64(fault.device) if fault.device else None
        self._journal.write(now, "fault", fault.kind.value, fault.describe(), device)
        _STRIKES[fault.kind](self, fault, now)

    def _later(self, fault: Fault, now: Monotonic, undo: Callable[[Monotonic], None]) -> None:
        self._network.agenda.at(now + fault.seconds, undo)

    def _break(self, thing: object) -> bool:
        """Count a thing as broken once more; True when it was whole."""
        self._broken[thing] += 1
        return self._broken[thing] == 1

    def _mend(self, thing: object) -> bool:
        """Take one break back; True when the thing is whole again."""
        self._broken[thing] -= 1
        return self._broken[thing] == 0

    # --- devices ---------------------------------------------------------------------------------

    def _cut_power(self, fault: Fault, now: Monotonic) -> None:
        device = self._devices[Eui64(fault.device)]
        if self._break(device.eui64):
            self._network.perform(device.eui64, device.crash(now), now)
            self._network.power_off(device.eui64)
        seconds = fault.seconds if fault.kind is FaultKind.POWER_CUT else RESET_TIME
        self._network.agenda.at(now + seconds, partial(self._restore_power, device.eui64))

    def _restore_power(self, device: Eui64, now: Monotonic) -> None:
        if self._mend(device):
            self._network.power_on(device, now)

    def _tear_write(self, fault: Fault, now: Monotonic) -> None:
        device = self._devices[Eui64(fault.device)]
        device.flash.power_fails_at(device.flash.writes + int(fault.amount))
        self._torn[device.eui64] = fault.seconds

    def _unplug_from_mains(self, fault: Fault, now: Monotonic) -> None:
        self._set_mains(Eui64(fault.device), False, now)
        self._later(fault, now, partial(self._set_mains, Eui64(fault.device), True))

    def _set_mains(self, eui64: Eui64, on_mains: bool, now: Monotonic) -> None:
        device = self._devices[eui64]
        if isinstance(device, Chargeable):
            self._network.perform(eui64, device.set_mains(on_mains, now), now)

    def _flood(self, fault: Fault, now: Monotonic) -> None:
        end = now + fault.seconds
        self._flood_on(fault, 0, end, now)

    def _flood_on(self, fault: Fault, sent: int, end: float, now: Monotonic) -> None:
        """Send the next frame of a flood: a block request for a file that nobody offered."""
        device = self._devices[Eui64(fault.device)]
        spec = device.spec
        if now >= end or fault.amount <= 0:
            return
        request = ImageBlockRequest(
            0,
            spec.manufacturer_code,
            spec.image_type,
            UNKNOWN_FILE,
            sent * FLOOD_OFFSETS & 0xFFFFFFFF,
            48,
        )
        frame = encode_block_request(sent & 0xFF, request)
        if not self._broken[device.eui64]:
            transmit = Transmit(
                spec.endpoint,
                spec.server_endpoint,
                spec.spoken_profile,
                OTA_UPGRADE_CLUSTER,
                frame,
                False,
            )
            self._network.perform(device.eui64, (transmit,), now)
        again = partial(self._flood_on, fault, sent + 1, end)
        self._network.agenda.at(now + 1.0 / fault.amount, again)

    # --- the air ---------------------------------------------------------------------------------

    def _disturb(self, fault: Fault, now: Monotonic) -> None:
        self._disturbed.setdefault(fault.channel, []).append(fault)
        self._refresh(fault.channel)
        self._later(fault, now, partial(self._calm, fault))

    def _calm(self, fault: Fault, now: Monotonic) -> None:
        self._disturbed[fault.channel].remove(fault)
        self._refresh(fault.channel)

    def _refresh(self, channel: int) -> None:
        air = weather(self._plan.air, self._disturbed[channel])
        self._network.media[channel].change(air)

    def _break_router(self, fault: Fault, now: Monotonic) -> None:
        router = (fault.channel, fault.router)
        if self._break(router):
            self._network.reach(*router, False)
        self._later(fault, now, partial(self._mend_router, router))

    def _mend_router(self, router: tuple[int, int], now: Monotonic) -> None:
        if self._mend(router):
            self._network.reach(*router, True)

    # --- our side --------------------------------------------------------------------------------

    def _unplug(self, fault: Fault, now: Monotonic) -> None:
        if self._break("link"):
            self._network.link_down("unplugged", now)
        self._later(fault, now, self._plug_in)

    def _plug_in(self, now: Monotonic) -> None:
        if self._mend("link"):
            self._network.link_up(self._host.link_up(now), now)

    def _kill_engine(self, fault: Fault, now: Monotonic) -> None:
        if self._break("engine"):
            self._host.kill()
        self._later(fault, now, self._start_engine)

    def _start_engine(self, now: Monotonic) -> None:
        if self._mend("engine"):
            self._host.start(now)
            self._started(now)

    def _step_clock(self, fault: Fault, now: Monotonic) -> None:
        self._wall.step(fault.amount)

    def _step_device_clock(self, fault: Fault, now: Monotonic) -> None:
        device = self._devices[Eui64(fault.device)]
        device.step_clock(fault.amount)
        self._network.perform(device.eui64, (), now)  # its alarm may be earlier now

    def _bring_second_server(self, fault: Fault, now: Monotonic) -> None:
        """Every other device turns to a server that offers another release, then back."""
        port = self._network.attach(self._second_server(now), beside=True)
        self._network.tell(port, self._host.link_up(now), now)
        strays = list(self._devices)[::2]
        for device in strays:
            self._network.choose(device, port)
        self._later(fault, now, partial(self._lose_second_server, port, strays))

    def _lose_second_server(self, port: Port, strays: list[Eui64], now: Monotonic) -> None:
        self._network.detach(port)
        for device in strays:
            self._network.choose(device, None)


_STRIKES: dict[FaultKind, Callable[[FaultInjector, Fault, Monotonic], None]] = {
    FaultKind.POWER_CUT: FaultInjector._cut_power,
    FaultKind.RESET: FaultInjector._cut_power,
    FaultKind.TORN_WRITE: FaultInjector._tear_write,
    FaultKind.ON_BATTERY: FaultInjector._unplug_from_mains,
    FaultKind.FLOOD: FaultInjector._flood,
    FaultKind.ROUTER_OUTAGE: FaultInjector._break_router,
    FaultKind.LINK_OUTAGE: FaultInjector._unplug,
    FaultKind.ENGINE_KILL: FaultInjector._kill_engine,
    FaultKind.CLOCK_STEP: FaultInjector._step_clock,
    FaultKind.DEVICE_CLOCK_STEP: FaultInjector._step_device_clock,
    FaultKind.SECOND_SERVER: FaultInjector._bring_second_server,
    **dict.fromkeys(AIR, FaultInjector._disturb),
}
