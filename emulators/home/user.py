"""What the user of a home does: plugs devices in and pulls their triggers, by the network's agenda.

Pure. Knows which devices of a roster want it and when, and what meters are told; knows nothing of servers or real time.
"""

from collections.abc import Iterable, Mapping
from functools import partial

from emulators.air.network import Network
from emulators.client.table import ClientState
from emulators.devices.chargeable import Chargeable
from emulators.devices.commanded import Commanded
from emulators.devices.device import EmulatedDevice
from emulators.home.roster import Announcement, RosterEntry
from emulators.node import Node
from emulators.premises.words import AT_ONCE, YEAR_2000, ToldChange
from ota_engine.times import Monotonic

ROUND = 1.0  # seconds between two looks at a device that may hold an image
HOLDING = frozenset({ClientState.EXTERNAL, ClientState.WAITING_TO_UPGRADE})


def schedule_user_actions(
    network: Network, entries: Iterable[RosterEntry], devices: Mapping[int, Node] | None = None
) -> None:
    """Have a user look after these devices from the network's present on, and suppliers tell meters.

    Args:
        network: where they are; all of them have been added.
        entries: the roster. Those without ``plug_in_after`` and ``trigger_after`` need nothing.
        devices: the devices by EUI-64, where the network's nodes are not they themselves.
    """
    now = network.agenda.now
    for entry in entries:
        eui64 = entry.spec.eui64
        node = network.stations[eui64].node if devices is None else devices[eui64]
        if entry.plug_in_after is not None and isinstance(node, Chargeable):
            network.agenda.at(now + entry.plug_in_after, partial(_plug_in, network, node))
        if isinstance(node, EmulatedDevice):
            for news in entry.announces:
                network.agenda.at(now + news.after, partial(_announce, network, node, news))
        if entry.trigger_after is None or not isinstance(node, Commanded):
            continue
        if node.security is None:  # one with keys waits for CS06
            _Watch(network, node, entry.trigger_after).look_again(now)


def _plug_in(network: Network, device: Chargeable, now: Monotonic) -> None:
    network.perform(device.eui64, device.set_mains(True, now), now)


def _announce(network: Network, meter: EmulatedDevice, news: Announcement, now: Monotonic) -> None:
    """Have a meter tell of a change; one that does not know the date tells of it for now."""
    utc = meter.clock.utc(now)
    at_once = news.within is None or utc is None
    told = ToldChange(
        news.subject,
        news.provider,
        news.event,
        0,
        AT_ONCE if at_once else int((utc or 0.0) + (news.within or 0.0) - YEAR_2000),
        news.control,
        news.proposed,
    )
    network.perform(meter.eui64, meter.announce(told, now), now)


class _Watch:
    """Looks at one load switch every second and pulls its trigger when it has held long enough."""

    def __init__(self, network: Network, device: Commanded, patience: float) -> None:
        self._network = network
        self._device = device
        self._patience = patience
        self._since: float | None = None

    def look_again(self, now: Monotonic) -> None:
        self._network.agenda.at(now + ROUND, self._look)

    def _look(self, now: Monotonic) -> None:
        if self._device.client.state not in HOLDING:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is not None and now - self._since >= self._patience:
            self._since = None
            self._network.perform(self._device.eui64, self._device.activate_locally(now), now)
        self.look_again(now)
