"""Forms a network, leaves it, and tells who is in it; each opens the radio for that alone.

Knows the order in which these have to be done; what each does is ``hw.session``'s to know.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

import zigpy.device

from hw.packets import to_ours
from hw.port import lock_port
from hw.remembered import NETWORK_NAME
from hw.session import RadioFacts, RadioSession, visit
from hw.settings import DATABASE_NAME, RadioSettings
from images.eui64 import Eui64
from ota_engine.errors import LinkError, LocalError
from ota_engine.events import OTA_UPGRADE_CLUSTER

CHANNELS = range(11, 27)  # IEEE 802.15.4, 2.4 GHz


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of the network as the network database has it; None where it is not known yet.

    ``last_seen_utc`` is seconds since 1970-01-01; ``ota_client`` whether it takes images.
    """

    eui64: Eui64
    network_address: int
    manufacturer: str | None
    model: str | None
    sleepy: bool | None
    ota_client: bool | None
    last_seen_utc: float | None


async def form(settings: RadioSettings, channel: int, *, force: bool) -> RadioFacts:
    """Form a network on a channel, and start it to see that it works.

    The channel is always given: without one zigpy scans for one and starts the network twice over,
    and then every packet is handled twice. For the same reason the radio is closed in between.

    Raises:
        LinkError: the radio cannot be used.
        LocalError: there is no such channel, or a network exists and ``force`` is not set.
    """
    if channel not in CHANNELS:
        raise LocalError(f"channel {channel}: there are {CHANNELS[0]} to {CHANNELS[-1]}")
    with lock_port(settings):
        apart = replace(settings, state=None)
        existing = await visit(apart, _formed)
        if existing is not None and not force:
            raise LocalError(
                f"{settings.url}: the radio has a network already (PAN {existing.pan_id:04X},"
                f" channel {existing.channel}); --force replaces it, and every device has to join"
                " again"
            )
        _put_aside(settings)
        await visit(apart, _form, channel=channel)
        return await visit(settings, _start)


async def leave(settings: RadioSettings) -> None:
    """Have the radio forget its network.

    Raises:
        LinkError: the radio cannot be used, or there is no network.
    """

    async def forget(session: RadioSession) -> None:
        await session.connect()
        await session.load()
        await session.forget()

    with lock_port(settings):
        await visit(replace(settings, state=None), forget)
        _put_aside(settings)


async def dismiss(settings: RadioSettings, device: Eui64) -> None:
    """Tell one device to leave the network.

    Raises:
        LinkError: the radio cannot be used, or the device is not known.
    """

    async def send_away(session: RadioSession) -> None:
        await session.connect()
        await session.start()
        await session.dismiss(device)

    with lock_port(settings):
        await visit(settings, send_away)


async def known_devices(settings: RadioSettings) -> list[KnownDevice]:
    """List the devices in the network database; the radio is not touched.

    Raises:
        LinkError: there is no database, or it is damaged.
    """
    if settings.database is None or not settings.database.exists():
        raise LinkError(f"{settings.database}: no network database; form a network first")

    async def read(session: RadioSession) -> list[KnownDevice]:
        return sorted(
            (
                _known(device)
                for device in session.app.devices.values()
                if isinstance(device, zigpy.device.ZigbeeDevice) and device.nwk
            ),
            key=lambda device: device.eui64,
        )

    return await visit(settings, read)


async def _formed(session: RadioSession) -> RadioFacts | None:
    await session.connect()
    return await session.facts() if await session.has_network() else None


async def _form(session: RadioSession) -> None:
    await session.connect()
    await session.form()


async def _start(session: RadioSession) -> RadioFacts:
    await session.connect()
    await session.start()
    return await session.facts()


def _known(device: zigpy.device.ZigbeeDevice) -> KnownDevice:
    descriptor, endpoints = device.node_desc, device.non_zdo_endpoints
    return KnownDevice(
        eui64=to_ours(device.ieee),
        network_address=int(device.nwk),
        manufacturer=device.manufacturer,
        model=device.model,
        sleepy=None if descriptor is None else not descriptor.is_receiver_on_when_idle,
        ota_client=any(OTA_UPGRADE_CLUSTER in e.out_clusters for e in endpoints)
        if endpoints
        else None,
        last_seen_utc=device.last_seen,
    )


def _put_aside(settings: RadioSettings) -> None:
    """Keep what a folder has of a network that is no more, out of the way of the next one."""
    if settings.state is None:
        return
    for name, suffix in (
        *((DATABASE_NAME, end) for end in ("", "-wal", "-shm")),
        (NETWORK_NAME, ""),
    ):
        with suppress(FileNotFoundError):
            path = settings.state / f"{name}{suffix}"
            path.replace(path.with_name(f"{name}.old{suffix}"))
