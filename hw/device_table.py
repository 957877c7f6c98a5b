"""The devices of a network and what was heard of them; turns zigpy's news into events.

Knows zigpy's devices; decides nothing and sends nothing.
"""

from typing import TypeAlias

import trio
import zigpy.device

from hw.application import RadioListener
from hw.inbox import LIMIT, Inbox
from hw.packets import to_ours
from hw.session import RadioSession
from images.eui64 import Eui64
from ota_engine.events import OTA_UPGRADE_CLUSTER, SPOKEN_ON, Joined, Left, Packet
from ota_engine.link.contract import ClientEndpoint, NodeInfo
from ota_engine.times import LONG_AGO, Monotonic

CHANNEL = 0  # a radio has one medium; the engine numbers them

EarlyEvents: TypeAlias = Packet | Joined | Left


class DeviceTable(RadioListener):
    """The devices of the network and what was heard of them; turns news of zigpy into events."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._early: list[EarlyEvents] | None = []  # heard before LinkUp; None: the link is up
        self._session: RadioSession | None = None
        self._heard: dict[Eui64, tuple[int, Monotonic]] = {}  # link quality, when
        self._sleepy: dict[Eui64, bool] = {}  # as announced
        self._told: set[tuple[Eui64, int]] = set()  # joins the engine knows of

    def begin(self, session: RadioSession) -> None:
        """Listen to a new session; what is heard waits until the link is up."""
        self._session = session
        session.app.add_listener(self)

    def open(self, now: Monotonic) -> None:
        """The link is up: hand over what was heard so far, as if it were heard now."""
        early, self._early = self._early or [], None
        for event in early:
            self._inbox.put(event._replace(time=now))

    def close(self) -> None:
        """The link is down."""
        self._early = []

    def _put(self, event: EarlyEvents) -> None:
        if self._early is None:
            self._inbox.put(event)
        elif len(self._early) < LIMIT:
            self._early.append(event)

    def nodes(self) -> dict[Eui64, NodeInfo]:
        """Every device but the radio itself."""
        if self._session is None:
            return {}
        app = self._session.app
        return {
            eui64: self._node(eui64, device)
            for device in app.devices.values()
            if isinstance(device, zigpy.device.ZigbeeDevice)
            and (eui64 := to_ours(device.ieee)) != to_ours(app.state.node_info.ieee)
        }

    def _node(self, eui64: Eui64, device: zigpy.device.ZigbeeDevice) -> NodeInfo:
        quality, heard = self._heard.get(eui64, (device.lqi or 0, LONG_AGO))
        return NodeInfo(
            network_address=int(device.nwk),
            sleepy=self._is_sleepy(eui64, device),
            link_quality=quality,
            relays=len(device.relays or ()),
            last_seen=heard,
            clients=_ota_clients(device),
            device_ids=_device_ids(device),
        )

    def _is_sleepy(self, eui64: Eui64, device: zigpy.device.ZigbeeDevice) -> bool:
        descriptor = device.node_desc
        if descriptor is not None:
            return not descriptor.is_receiver_on_when_idle
        return self._sleepy.get(eui64, False)

    # --- RadioListener -------------------------------------------------------------------------------------

    def packet(self, packet: Packet) -> None:
        """A frame for the engine arrived."""
        self._heard[packet.source] = (packet.link_quality, packet.time)
        self._put(packet)

    def announced(self, device: Eui64, network_address: int, *, sleepy: bool) -> None:
        """A device announced itself."""
        self._sleepy[device] = sleepy
        self._joined(device, network_address, sleepy)

    # --- zigpy's listener ------------------------------------------------------------------------

    def device_initialized(self, device: zigpy.device.BaseDevice) -> None:
        """An interview ended; the device may have joined without an announcement we heard."""
        if not isinstance(device, zigpy.device.ZigbeeDevice) or not device.nwk:
            return
        eui64 = to_ours(device.ieee)
        if (eui64, int(device.nwk)) not in self._told:
            self._joined(eui64, int(device.nwk), self._is_sleepy(eui64, device))

    def device_left(self, device: zigpy.device.BaseDevice) -> None:
        """A device left the network."""
        self._gone(device)

    def device_removed(self, device: zigpy.device.BaseDevice) -> None:
        """A device was told to leave; zigpy forgets it, and its leaving with it."""
        self._gone(device)

    def _gone(self, device: zigpy.device.BaseDevice) -> None:
        self._told.discard((to_ours(device.ieee), int(device.nwk)))
        self._put(Left(to_ours(device.ieee), Monotonic(trio.current_time())))

    def _joined(self, device: Eui64, network_address: int, sleepy: bool) -> None:
        now = Monotonic(trio.current_time())
        node = self.nodes().get(device)
        relays = 0 if node is None else node.relays
        self._told.add((device, network_address))
        self._put(Joined(device, network_address, sleepy, CHANNEL, relays, now))


def _ota_clients(device: zigpy.device.ZigbeeDevice) -> tuple[ClientEndpoint, ...]:
    """Every OTA client its simple descriptors tell of, by endpoint; none before the interview."""
    return tuple(
        sorted(
            _client(int(endpoint.endpoint_id), int(endpoint.profile_id))
            for endpoint in device.non_zdo_endpoints
            if OTA_UPGRADE_CLUSTER in endpoint.out_clusters and endpoint.profile_id
        )
    )


def _device_ids(device: zigpy.device.ZigbeeDevice) -> frozenset[int]:
    """What the endpoints of its OTA clients say that it is."""
    return frozenset(
        int(endpoint.device_type)
        for endpoint in device.non_zdo_endpoints
        if OTA_UPGRADE_CLUSTER in endpoint.out_clusters and endpoint.device_type is not None
    )


def _client(endpoint: int, profile: int) -> ClientEndpoint:
    return ClientEndpoint(endpoint, SPOKEN_ON.get(profile, profile))
