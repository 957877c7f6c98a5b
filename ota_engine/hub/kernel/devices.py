"""The devices of a hub: who they are, how they are reached, what they said of themselves.

Those somebody named are remembered for good, in the store, too; of strangers only so many, the
longest unheard is forgotten. Knows no image and no order.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.events import (
    ALL_ENDPOINTS,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    Joined,
    Packet,
)
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.hub.kernel.happenings import DeviceForgotten
from ota_engine.hub.kernel.output import Output
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.hub.kernel.radio import Radio
from ota_engine.records import DeviceRecord
from ota_engine.zcl.basic import PRIMARY_SOURCE, PowerSource

UNKNOWN_ADDRESS = 0xFFFE  # network address of a device not seen yet
BLOCK_RESPONSE_OVERHEAD = 17  # octets: ZCL header 3, Image Block Response 14
SOURCE_ROUTE_OVERHEAD = 2  # octets, plus 2 for every relay


class Route(NamedTuple):
    """How a device is reached.

    Attributes:
        endpoint: of its client, until it shows another.
        profile: of its frames.
        sleepy: it fetches its messages.
        room: octets of the largest ZCL frame to it.
    """

    endpoint: int
    profile: int
    sleepy: bool
    room: int


#: Fields a ``Device`` and its ``DeviceRecord`` share under one name.
RECORDED = (
    "network_address",
    "endpoint",
    "profile",
    "channel",
    "relays",
    "sleepy",
    "manufacturer_code",
    "image_type",
    "file_version",
    "hardware_version",
    "cluster_revision",
    "power_source",
    "period_unit_ms",
    "block_limit",
    "model",
    "maker",
)


class Device:
    """What is known of one device: the fields of ``DeviceRecord``, and what only this run knows.

    Attributes:
        carries: the largest block the link takes to it, octets.
        route: how its OTA packets come: network address, endpoints, profile, cluster as in ``Packet``.
        reply_to: the same turned round: the first fields of a reply.
        last_heard: monotonic seconds, 0 when it was not heard in this run.
        told_at: when it last said which version it runs, minus infinity if never in this run.
    """

    __slots__ = (
        "block_limit",
        "carries",
        "channel",
        "cluster_revision",
        "endpoint",
        "eui64",
        "file_version",
        "hardware_version",
        "image_type",
        "last_heard",
        "maker",
        "manufacturer_code",
        "model",
        "network_address",
        "period_unit_ms",
        "power_source",
        "profile",
        "relays",
        "reply_to",
        "route",
        "sleepy",
        "told_at",
    )

    def __init__(self, eui64: Eui64) -> None:
        self.eui64 = eui64
        self.network_address = UNKNOWN_ADDRESS
        self.endpoint = ALL_ENDPOINTS
        self.profile = 0
        self.channel = 0
        self.relays = 0
        self.sleepy = False
        self.manufacturer_code: int | None = None
        self.image_type: int | None = None
        self.file_version: int | None = None
        self.hardware_version: int | None = None
        self.cluster_revision: int | None = None
        self.power_source: int | None = None
        self.period_unit_ms: int | None = None
        self.block_limit: int | None = None
        self.model: str | None = None
        self.maker: str | None = None
        self.carries = 0
        self.route: tuple[int, ...] = ()
        self.reply_to = (eui64, OTA_SERVER_ENDPOINT, ALL_ENDPOINTS, 0, 0)
        self.last_heard = 0.0
        self.told_at = -inf

    def describes(self, **facts: int | None) -> bool:
        """Take what it says of itself; returns whether something is new."""
        before = [getattr(self, name) for name in facts]
        for name, value in facts.items():
            setattr(self, name, value)
        return before != [*facts.values()]

    def named(self, model: str | None, maker: str | None) -> None:
        """It said which model it is and who made it; an empty name says that it tells none."""
        self.model, self.maker = model, maker

    def told(self, version: int | None, now: float) -> None:
        """It said which version it runs."""
        self.file_version, self.told_at = version, now

    @property
    def seen(self) -> bool:
        """Whether it was ever seen on the network."""
        return self.network_address != UNKNOWN_ADDRESS

    @property
    def on_battery(self) -> bool:
        """Whether it says that it lives on its battery now."""
        return (
            self.power_source is not None
            and self.power_source & PRIMARY_SOURCE == PowerSource.BATTERY
        )

    @property
    def source_route(self) -> int:
        """Octets that the source route to it takes from every frame."""
        return SOURCE_ROUTE_OVERHEAD * (1 + self.relays) if self.relays else 0

    def heard(self, route: tuple[int, ...], now: float) -> bool:
        """Note that it was heard; returns whether it came the way it came before."""
        self.last_heard = now
        return route == self.route

    def came_by(self, packet: Packet, *, known: bool) -> None:
        """Learn the way of a packet, and the way back if it is one of its OTA client.

        Args:
            packet: of the device.
            known: it is remembered for good; a stranger is to be met anew with every packet.
        """
        self.network_address = packet.network_address
        if packet.cluster == OTA_UPGRADE_CLUSTER:
            self.route = packet[1:6] if known else ()
            self.reply_to = (
                self.eui64,
                packet.destination_endpoint,
                packet.source_endpoint,
                packet.profile,
                packet.cluster,
            )

    def announced(self, event: Joined) -> bool:
        """Learn where it joined; returns whether that is another place than before."""
        where = (event.network_address, event.sleepy, event.channel, event.relays)
        before = (self.network_address, self.sleepy, self.channel, self.relays)
        self.network_address, self.sleepy, self.channel, self.relays = where
        return where != before

    def lives_at(self, endpoint: int, profile: int) -> bool:
        """Learn where its client is; returns whether that is new."""
        if (self.endpoint, self.profile) == (endpoint, profile):
            return False
        self.endpoint, self.profile = endpoint, profile
        return True

    @classmethod
    def restored(cls, record: DeviceRecord) -> "Device":
        """Thaw after a restart."""
        device = cls(record.device)
        for name in RECORDED:
            setattr(device, name, getattr(record, name))
        return device

    def record(self, last_seen_utc: float) -> DeviceRecord:
        """Freeze for the store."""
        return DeviceRecord(
            device=self.eui64,
            last_seen_utc=last_seen_utc,
            **{name: getattr(self, name) for name in RECORDED},
        )


class Devices:
    """Every device that was heard or named.

    Args:
        records: those that an earlier run remembered.
        output: takes their rows.
        clock: says when they were written.
        radio: how much a frame carries.
        happen: told of a stranger that is forgotten.
        strangers: how many devices nobody named are remembered.
        profile: of unicasts to a device that has not said which it speaks.
        block_size: octets no block may be larger than, None for no such bound.
    """

    def __init__(
        self,
        records: Iterable[DeviceRecord],
        output: Output,
        clock: WallClock,
        radio: Radio,
        happen: Callable[[DeviceForgotten], None],
        *,
        strangers: int,
        profile: int,
        block_size: int | None,
    ) -> None:
        self._output = output
        self._clock = clock
        self._radio = radio
        self._happen = happen
        self._most_strangers = strangers
        self._profile = profile
        self._block_size = block_size
        self._remembered = {record.device: Device.restored(record) for record in records}
        self._strangers: OrderedDict[Eui64, Device] = OrderedDict()
        self.measure_all()

    def __iter__(self) -> Iterator[Device]:
        """Those that are remembered for good, in the order they were named."""
        return iter(self._remembered.values())

    def __len__(self) -> int:
        """How many devices are known, strangers included."""
        return len(self._remembered) + len(self._strangers)

    def get(self, device: Eui64) -> Device | None:
        """Look a device up."""
        return self._remembered.get(device) or self._strangers.get(device)

    def remembers(self, device: Eui64) -> bool:
        """Whether a device is remembered for good."""
        return device in self._remembered

    def meet(self, eui64: Eui64) -> Device:
        """Find or make a device that is heard; a stranger, unless somebody named it before."""
        device = self._remembered.get(eui64)
        if device is not None:
            return device
        device = self._strangers.get(eui64)
        if device is not None:
            self._strangers.move_to_end(eui64)
            return device
        device = self._strangers[eui64] = Device(eui64)
        self.measure(device)
        if len(self._strangers) > self._most_strangers:
            forgotten, _ = self._strangers.popitem(last=False)
            self._happen(DeviceForgotten(forgotten))
        return device

    def remember(self, eui64: Eui64) -> Device:
        """Find or make a device that is remembered for good, because somebody named it."""
        device = self._remembered.get(eui64)
        if device is None:
            device = self._strangers.pop(eui64, None) or Device(eui64)
            self._remembered[eui64] = device
            self.measure(device)
        return device

    def remember_at(self, eui64: Eui64, now: float) -> None:
        """Remember a device for good, and have it written if that is new."""
        if eui64 not in self._remembered:
            self.touch(self.remember(eui64), now)

    def touch(self, device: Device, now: float) -> None:
        """Have what is known of a device written, if it is one we remember."""
        if device.eui64 in self._remembered:
            self._output.persist(device.record(self._clock.utc(now)))

    # --- how much a frame carries ----------------------------------------------------------------

    def measure(self, device: Device) -> None:
        """Work out the largest block the link carries to a device.

        The smallest of: the link's payload less the response's own octets and the source route,
        the operator's cap, the vendor's cap, and what was learned from failures.
        """
        limits = [self._radio.max_payload - BLOCK_RESPONSE_OVERHEAD - device.source_route]
        cap = quirk_for(device.manufacturer_code or 0, device.image_type or 0).block_cap
        limits += [value for value in (self._block_size, device.block_limit, cap) if value]
        device.carries = max(1, min(limits))

    def limit(self, device: Device, octets: int, now: float) -> None:
        """Send a device no block larger than this, because larger ones do not arrive."""
        device.block_limit = octets
        self.measure(device)
        self.touch(device, now)

    def measure_all(self) -> None:
        """Measure every remembered device, because the radio is another."""
        for device in self._remembered.values():
            self.measure(device)

    def room(self, device: Device) -> int:
        """Octets of the largest ZCL frame to a device, as far as is known or was learned."""
        room = self._radio.max_payload - device.source_route
        if device.block_limit is None:
            return room
        return min(room, device.block_limit + BLOCK_RESPONSE_OVERHEAD)

    def profile_of(self, device: Device) -> int:
        """The profile a device is spoken to on."""
        return device.profile or self._profile

    def route(self, eui64: Eui64) -> Route | None:
        """How a device is reached; None for one that was never seen."""
        device = self.get(eui64)
        if device is None or not device.seen:
            return None
        return Route(device.endpoint, self.profile_of(device), device.sleepy, self.room(device))
