"""The devices of a hub: who they are, how they are reached, what they said of themselves.

Those somebody named are remembered for good, in the store, too; of strangers only so many, the
longest unheard is forgotten. Knows no image and no order.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.events import (
    ALL_ENDPOINTS,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    Joined,
    Packet,
)
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.hub.kernel.happenings import DeviceForgotten, FirmwareTold
from ota_engine.hub.kernel.output import Output
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.hub.kernel.radio import Radio
from ota_engine.records import DeviceRecord, FirmwareRecord, FirmwareSource
from ota_engine.times import LONG_AGO, Monotonic, Utc
from ota_engine.zcl.basic import PRIMARY_SOURCE, PowerSource

UNKNOWN_ADDRESS = 0xFFFE  # network address of a device not seen yet
BLOCK_RESPONSE_OVERHEAD = 17  # octets: ZCL header 3, Image Block Response 14
MOST_FIRMWARES = 16  # of one device that are remembered though nobody has an image for them
SOURCE_ROUTE_OVERHEAD = 2  # octets, plus 2 for every relay

_new = tuple.__new__  # what a NamedTuple's own constructor calls, without its argument parsing


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


class Client(NamedTuple):
    """Where an OTA client of a device lives, as far as is known."""

    endpoint: int
    profile: int


#: What a firmware is called by: manufacturer code and image type.
Target: TypeAlias = tuple[int, int]

#: Fields a ``Device`` and its ``DeviceRecord`` share under one name.
RECORDED = (
    "network_address",
    "endpoint",
    "profile",
    "channel",
    "relays",
    "sleepy",
    "cluster_revision",
    "power_source",
    "period_unit_ms",
    "block_limit",
    "model",
    "maker",
)


class Firmware(NamedTuple):
    """What a device says of one of its firmwares; never put together from the words of several.

    Attributes:
        manufacturer_code: whose firmware it is.
        image_type: which of its firmwares.
        endpoint: where its OTA client lives, ``ALL_ENDPOINTS`` while that is not known.
        profile: of that client's frames, 0 while that is not known.
        file_version: that it runs, 0xFFFFFFFF when it does not know itself.
        hardware_version: as its queries tell it, None if they never did.
        source: how it was first told like this.
        since_utc: when it was first told like this.
        told_at: when it was told last in this run, minus infinity if never.
    """

    manufacturer_code: int
    image_type: int
    endpoint: int
    profile: int
    file_version: int
    hardware_version: int | None
    source: FirmwareSource
    since_utc: Utc
    told_at: Monotonic = LONG_AGO

    @property
    def target(self) -> Target:
        """What it is called by."""
        return self.manufacturer_code, self.image_type


_NO_TARGETS: Final[frozenset[Target]] = frozenset()  # one for all, as most have none


class Device:
    """What is known of one device: the fields of ``DeviceRecord``, and what only this run knows.

    Attributes:
        carries: the largest block the link takes to it, octets.
        route: how its OTA packets come: network address, endpoints, profile, cluster as in ``Packet``.
        reply_to: the same turned round: the first fields of a reply.
        firmwares: what it said of each of its firmwares, by manufacturer code and image type.
    """

    __slots__ = (
        "block_limit",
        "carries",
        "channel",
        "cluster_revision",
        "endpoint",
        "eui64",
        "firmwares",
        "maker",
        "model",
        "network_address",
        "period_unit_ms",
        "power_source",
        "profile",
        "relays",
        "reply_to",
        "route",
        "sleepy",
        "unsaved",
    )

    def __init__(self, eui64: Eui64) -> None:
        self.eui64 = eui64
        self.network_address = UNKNOWN_ADDRESS
        self.endpoint = ALL_ENDPOINTS
        self.profile = 0
        self.channel = 0
        self.relays = 0
        self.sleepy = False
        self.cluster_revision: int | None = None
        self.power_source: int | None = None
        self.period_unit_ms: int | None = None
        self.block_limit: int | None = None
        self.model: str | None = None
        self.maker: str | None = None
        self.carries = 0
        self.route: tuple[int, ...] = ()
        self.reply_to: tuple[int, ...] = (eui64, OTA_SERVER_ENDPOINT, ALL_ENDPOINTS, 0, 0)
        self.firmwares: dict[Target, Firmware] = {}
        self.unsaved = _NO_TARGETS  # firmwares whose rows are to be written

    def describes(self, **facts: int | None) -> bool:
        """Take what it says of itself; returns whether something is new."""
        before = [getattr(self, name) for name in facts]
        for name, value in facts.items():
            setattr(self, name, value)
        return before != [*facts.values()]

    def named(self, model: str | None, maker: str | None) -> None:
        """It said which model it is and who made it; an empty name says that it tells none."""
        self.model, self.maker = model, maker

    def repeated(self, firmware: Firmware, now: Monotonic) -> None:
        """It said of one of its firmwares what it said before."""
        self.firmwares[firmware[:2]] = _new(Firmware, (*firmware[:-1], now))

    def told(self, firmware: Firmware) -> bool:
        """Take what it says of one of its firmwares; returns whether that has to be written."""
        target = firmware[:2]
        before = self.firmwares.get(target)
        if before is not None and firmware[:-3] == before[:-3]:
            firmware = _new(Firmware, before[:-1] + firmware[-1:])  # as long as it says the same
        else:
            self.unsaved |= {target}
        self.firmwares[target] = firmware
        return target in self.unsaved

    def clients(self, target: Target | None = None) -> list[Client]:
        """Where its OTA clients are: that of one firmware if it is known, else all that are."""
        firmware = self.firmwares.get(target) if target is not None else None
        if firmware is not None and firmware.endpoint != ALL_ENDPOINTS:
            return [Client(firmware.endpoint, firmware.profile)]
        known = [Client(self.endpoint, self.profile)]
        known += [Client(one.endpoint, one.profile) for one in self.firmwares.values()]
        found = [client for client in dict.fromkeys(known) if client.endpoint != ALL_ENDPOINTS]
        return found or known[:1]

    @property
    def has_client(self) -> bool:
        """Whether a client is known to live where its frames go by default."""
        for firmware in self.firmwares.values():
            if firmware.endpoint == self.endpoint:
                return True
        return not self.firmwares

    def client(self, target: Target) -> Client:
        """Where the OTA client of one firmware is, or any of the device while that is not known."""
        return self.clients(target)[0]

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

    def restore(self, record: FirmwareRecord) -> None:
        """Thaw one of its firmwares after a restart."""
        firmware = Firmware(*(getattr(record, name) for name in Firmware._fields[:-1]))
        self.firmwares[firmware.target] = firmware

    def records(self, last_seen_utc: Utc) -> list[DeviceRecord | FirmwareRecord]:
        """Freeze for the store, with those of its firmwares that are new."""
        records: list[DeviceRecord | FirmwareRecord] = [
            DeviceRecord(
                device=self.eui64,
                last_seen_utc=last_seen_utc,
                **{name: getattr(self, name) for name in RECORDED},
            )
        ]
        records += [
            FirmwareRecord(self.eui64, *self.firmwares[target][:-1])
            for target in sorted(self.unsaved)
        ]
        self.unsaved = _NO_TARGETS
        return records


class Devices:
    """Every device that was heard or named.

    Args:
        records: those that an earlier run remembered.
        firmwares: what these said then.
        output: takes their rows.
        clock: says when they were written.
        radio: how much a frame carries.
        happen: told of firmwares, and of a stranger that is forgotten.
        strangers: how many devices nobody named are remembered.
        profile: of unicasts to a device that has not said which it speaks.
        block_size: octets no block may be larger than, None for no such bound.
    """

    def __init__(
        self,
        records: Iterable[DeviceRecord],
        firmwares: Iterable[FirmwareRecord],
        output: Output,
        clock: WallClock,
        radio: Radio,
        happen: Callable[[DeviceForgotten | FirmwareTold], None],
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
        self._listened = LONG_AGO  # since when the first word of every firmware is news
        self._profile = profile
        self._block_size = block_size
        self._remembered = {record.device: Device.restored(record) for record in records}
        self._strangers: OrderedDict[Eui64, Device] = OrderedDict()
        for record in firmwares:
            device = self._remembered.get(record.device)
            if device is not None:
                device.restore(record)
        self.measure_all()

    def __iter__(self) -> Iterator[Device]:
        """Those that are remembered for good, in the order they were named."""
        return iter(self._remembered.values())

    def known(self) -> Iterator[Device]:
        """All of them: those that are remembered for good, then strangers."""
        yield from self._remembered.values()
        yield from self._strangers.values()

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

    def remember_at(self, eui64: Eui64, now: Monotonic) -> None:
        """Remember a device for good, and have it written if that is new."""
        if eui64 not in self._remembered:
            self.touch(self.remember(eui64), now)

    def touch(self, device: Device, now: Monotonic) -> None:
        """Have what is known of a device written, if it is one we remember."""
        if device.eui64 in self._remembered:
            for record in device.records(self._clock.utc(now)):
                self._output.persist(record)

    def told(
        self,
        device: Device,
        target: Target,
        client: Client,
        version: int,
        hardware: int | None,
        source: FirmwareSource,
        now: Monotonic,
        *,
        wanted: bool,
    ) -> None:
        """Take what a device says of one of its firmwares; have it written and said if it is new.

        Args:
            device: whose.
            target: which of its firmwares.
            client: where the word came from.
            version: that it runs.
            hardware: version of the hardware, None if it did not tell: then the last told holds.
            source: how it was told.
            now: monotonic seconds.
            wanted: there is an image for it. Of others only ``MOST_FIRMWARES`` are kept.
        """
        before = device.firmwares.get(target)
        if hardware is None and before is not None:
            hardware = before.hardware_version
        same = before is not None and before[2:6] == (*client, version, hardware)
        if before is not None and same and before.told_at > self._listened and not device.unsaved:
            device.repeated(before, now)  # as most do most of the time
            return
        utc = self._clock.utc(now)
        word = (*target, *client, version, hardware, source, utc, now)
        if before is None and not wanted and len(device.firmwares) >= MOST_FIRMWARES:
            self._output.count("firmware_not_remembered")
        elif device.told(_new(Firmware, word)):
            self.measure(device)
            self.touch(device, now)
        if (
            before is None
            or (before.file_version, before.hardware_version) != (version, hardware)
            or before.told_at <= self._listened
        ):
            self._happen(_new(FirmwareTold, (device.eui64, *target, version, hardware)))

    def listen(self, now: Monotonic) -> None:
        """From now on somebody cares: the next word of every firmware is news, whatever it says."""
        self._listened = now

    # --- how much a frame carries ----------------------------------------------------------------

    def measure(self, device: Device) -> None:
        """Work out the largest block the link carries to a device.

        The smallest of: the link's payload less the response's own octets and the source route,
        the operator's cap, the vendor's cap, and what was learned from failures. The operator's
        does not count for clients that take no block shorter than they ask for.
        """
        limits = [self._radio.max_payload - BLOCK_RESPONSE_OVERHEAD - device.source_route]
        quirks = [quirk_for(*target) for target in device.firmwares]
        whole = any(quirk.whole_blocks for quirk in quirks)
        caps = [quirk.block_cap for quirk in quirks]
        caps += [None if whole else self._block_size, device.block_limit]
        limits += [value for value in caps if value]
        device.carries = max(1, min(limits))

    def limit(self, device: Device, octets: int, now: Monotonic) -> None:
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
