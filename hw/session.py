"""One life of one radio, from opening its port to losing it; speaks asyncio through an island.

Knows zigpy's controllers; does not try again, and knows no engine.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import trio
import zigpy.types as t
from zigpy.config.defaults import CONF_MAX_CONCURRENT_REQUESTS_DEFAULT
from zigpy.exceptions import NetworkNotFormed

from hw.application import OtaApplication, RadioListener, ota_application
from hw.emberznet import is_supported, longest_payload, protocol
from hw.failures import loss, opening_failure, send_failure
from hw.island import Island, RecordTrouble, open_island
from hw.libraries import load_controller
from hw.packets import broadcast_address, to_ours, to_packet, to_zigpy, unicast_address
from hw.peer import RESET, Manner, manner
from hw.port import check_port
from hw.remembered import SeenNetwork, require_same
from hw.settings import RadioSettings
from images.airtime import APS_SECURITY_OCTETS
from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LinkError, LocalError
from ota_engine.events import Send, SendStatus
from ota_engine.link.contract import LinkDownError, SendFailedError
from ota_engine.wall_clock import this_machine

PLAIN_PAYLOAD = 82  # octets of ZCL in a frame without APS encryption (facts: NWK security only)
CLOSING = 5.0  # seconds a radio may take to close before it is left alone
LOOK_AGAIN = 0.05  # seconds
SCAN_EXPONENT = 2  # of an energy scan: (2^n + 1) * 15.36 ms per channel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RadioFacts:
    """What a radio says of itself; None where its library has no such word.

    ``protocol`` is the version of EZSP. ``max_payload`` is octets of ZCL to a neighbour.
    """

    eui64: Eui64
    pan_id: int
    extended_pan_id: Eui64
    channel: int
    network_address: int
    manufacturer: str | None
    model: str | None
    firmware: str | None
    protocol: int | None
    max_payload: int
    in_flight: int


class RadioSession:
    """An open radio. ``lost`` is set, with ``reason``, when it went away.

    Every method raises ``LinkError`` with one line that says what to do, unless it says otherwise.
    """

    def __init__(self, island: Island, app: OtaApplication, settings: RadioSettings) -> None:
        self.settings = settings
        self.app = app
        self.lost = trio.Event()
        self.reason = ""
        self._island = island
        self._connected = False
        self._longest = PLAIN_PAYLOAD
        self._sending: set[trio.CancelScope] = set()
        app.add_listener(self)  # zigpy calls ``connection_lost``

    @property
    def counters(self) -> Mapping[str, int]:
        """What was kept from zigpy or from the air."""
        return self.app.counters

    @property
    def protocol(self) -> int | None:
        """The version of EZSP the radio speaks; None for other radios."""
        return protocol(self.app)

    def connection_lost(self, error: BaseException | None) -> None:
        """The radio library lost its port, or its radio restarted: every frame under way is lost."""
        if self.lost.is_set():
            return
        self.reason = loss(error)
        self.lost.set()
        for scope in tuple(self._sending):
            scope.cancel()

    async def connect(self) -> None:
        """Talk to the radio and see that its library supports it; touches no network."""
        check_port(self.settings)
        try:
            await self._island.run(self.app.connect())
        except LinkError as error:
            raise LinkError(f"{self.settings.url}: {error}") from error
        except Exception as error:
            peer = await self._peer()
            raise opening_failure(error, self.settings, connected=False, peer=peer) from error
        self._connected = True
        if not is_supported(self.app):
            raise LinkError(
                f"{self.settings.url}: its firmware speaks EZSP {self.protocol}, which bellows does"
                " not; flash another firmware, or upgrade bellows"
            )

    async def start(self) -> None:
        """Take the formed network up, if it is the one that the state folder has served."""
        state = self.settings.state
        if state is not None:
            await self.load()
            require_same(self.settings.url, state, self._network())
        await self._do(self.app.initialize(auto_form=False))

    def _network(self) -> SeenNetwork:
        node, network = self.app.state.node_info, self.app.state.network_info
        return SeenNetwork(
            to_ours(network.extended_pan_id),
            int(network.pan_id),
            int(network.channel),
            to_ours(node.ieee),
            this_machine(),
        )

    async def load(self) -> None:
        """Read the formed network without serving it."""
        await self._do(self.app.load_network_info(load_devices=False))

    async def has_network(self) -> bool:
        """Read the network the radio has formed, if there is one."""
        try:
            await self._island.run(self.app.load_network_info(load_devices=False))
        except NetworkNotFormed:
            return False
        except Exception as error:
            raise opening_failure(error, self.settings, connected=True) from error
        return True

    async def form(self) -> None:
        """Form a network on the channel of the configuration, in place of any that is there."""
        await self._do(self.app.form_network())

    async def forget(self) -> None:
        """Leave the network for good."""
        await self._do(self.app.reset_network_info())

    async def permit(self, seconds: int) -> None:
        """Let devices join."""
        await self._do(self.app.permit(seconds))

    async def settle(self) -> None:
        """Wait until every device that joined has been interviewed, or has failed to be."""
        while any(getattr(d, "initializing", False) for d in self.app.devices.values()):  # noqa: ASYNC110 - zigpy has no event for it
            await trio.sleep(LOOK_AGAIN)

    async def dismiss(self, device: Eui64) -> None:
        """Tell a device to leave."""
        ieee = to_zigpy(device)
        if ieee not in self.app.devices:
            raise LinkError(f"{format_eui64(device)}: no such device; run: zota radio devices")
        await self._do(self.app.remove(ieee))
        while ieee in self.app.devices:  # noqa: ASYNC110 - zigpy asks in the background
            await trio.sleep(LOOK_AGAIN)

    async def energy(self) -> dict[int, float]:
        """Measure the energy on every channel, 0 to 255."""
        found = await self._do(
            self.app.energy_scan(t.Channels.ALL_CHANNELS, SCAN_EXPONENT, count=1)
        )
        return {int(channel): float(value) for channel, value in found.items()}

    async def facts(self) -> RadioFacts:
        """Sum the radio up."""
        node, network = self.app.state.node_info, self.app.state.network_info
        return RadioFacts(
            to_ours(node.ieee),
            int(network.pan_id),
            to_ours(network.extended_pan_id),
            int(network.channel),
            int(node.nwk),
            node.manufacturer,
            node.model,
            node.version,
            self.protocol,
            await self.max_payload(),
            CONF_MAX_CONCURRENT_REQUESTS_DEFAULT,
        )

    async def send(self, frame: Send) -> None:
        """Send one frame of the engine.

        Raises:
            SendFailedError: it was not delivered.
            LinkDownError: the radio is gone.
        """
        if self.lost.is_set():
            raise LinkDownError(self.reason)
        if len(frame.payload) > self._longest:
            # bellows would repeat what does not fit into a serial frame until it gives the NCP up
            raise SendFailedError(SendStatus.MESSAGE_TOO_LONG)
        packet = self._packet(frame)
        with trio.CancelScope() as scope:
            self._sending.add(scope)
            try:
                await self._island.run(self.app.send_ours(packet))
            except Exception as error:
                self.app.counters[type(error).__name__] += 1
                raise self._sending_failure(error) from error
            finally:
                self._sending.discard(scope)
        if scope.cancelled_caught:
            raise LinkDownError(self.reason)

    async def close(self) -> None:
        """Close port and database; a radio that does not let go is left to the island's end."""
        with trio.move_on_after(CLOSING) as patience:
            patience.shield = True
            try:
                await self._island.run(self.app.shutdown())
            except Exception as error:  # noqa: BLE001 - the island's end closes what is left
                self.app.counters[f"shutdown {type(error).__name__}"] += 1

    # --- within ----------------------------------------------------------------------------------

    async def _peer(self) -> Manner:
        """Ask what listens at a TCP address why it is no radio to the library."""
        if not self.settings.tcp:
            return Manner.UNREACHABLE
        question = RESET if self.settings.library.speaks_ash else b""
        found = await manner(self.settings.port, question)
        return found if question or found is Manner.HANGS_UP else Manner.UNREACHABLE

    async def _do(self, coroutine: Any) -> Any:
        try:
            return await self._island.run(coroutine)
        except Exception as error:
            raise opening_failure(error, self.settings, connected=self._connected) from error

    def _sending_failure(self, error: Exception) -> SendFailedError | LinkDownError:
        return LinkDownError(self.reason) if self.lost.is_set() else send_failure(error)

    def _packet(self, frame: Send) -> t.ZigbeePacket:
        destination = broadcast_address(frame.destination)
        if destination is None:
            known = self.app.devices.get(to_zigpy(frame.destination))
            if known is None:
                raise SendFailedError(SendStatus.NO_SUCH_DEVICE)
            destination = unicast_address(known.nwk, settled=not frame.sleepy)
        return to_packet(
            frame,
            self.app.state.node_info.nwk,
            destination,
            aps_security=self.settings.aps_security,
        )

    async def max_payload(self) -> int:
        """Ask for the largest ZCL frame, or say what the standard leaves."""
        overhead = APS_SECURITY_OCTETS if self.settings.aps_security else 0
        try:
            octets = await longest_payload(self.app, self._island)
        except Exception as error:  # noqa: BLE001 - old firmware answers in many ways; counted
            self.app.counters[f"maximumPayloadLength {type(error).__name__}"] += 1
            octets = None
        self._longest = (octets or PLAIN_PAYLOAD) - overhead
        return self._longest


async def visit(
    settings: RadioSettings,
    work: Callable[[RadioSession], Awaitable[T]],
    *,
    listener: RadioListener | None = None,
    record: RecordTrouble = lambda error, message: None,
    channel: int | None = None,
) -> T:
    """Give a radio one life: an asyncio loop and a session, for as long as ``work`` takes.

    Args:
        settings: which radio.
        work: what to do with it; it connects.
        listener: told of what is heard.
        record: told of exceptions that the radio library let fall.
        channel: to form a network on.

    Raises:
        LinkError: as ``work``, or the database cannot be used.
        LocalError: the radio library is not installed.
    """
    done: list[T] = []
    failure: LinkError | LocalError | None = None
    async with open_island(record) as island:
        # Raised through the island, the error would come out wrapped in groups.
        try:
            async with open_session(island, settings, listener, channel=channel) as session:
                done.append(await work(session))
        except (LinkError, LocalError) as error:
            failure = error
    if failure is not None:
        raise failure
    return done[0]


@asynccontextmanager
async def open_session(
    island: Island,
    settings: RadioSettings,
    listener: RadioListener | None = None,
    *,
    channel: int | None = None,
) -> AsyncIterator[RadioSession]:
    """Make a radio's controller and load its network database; ``connect`` opens the port.

    Raises:
        LinkError: the database cannot be used.
        LocalError: the radio library is not installed.
    """
    controller = ota_application(load_controller(settings.library))

    async def make() -> OtaApplication:
        if settings.state is not None:
            settings.state.mkdir(parents=True, exist_ok=True)
        app = await controller.new(settings.zigpy_config(channel), start_radio=False)
        assert isinstance(app, OtaApplication)  # noqa: S101 - zigpy types it as its base
        app.asked_endpoints = settings.endpoints
        return app

    try:
        app = await island.run(make())
    except Exception as error:
        raise opening_failure(error, settings, connected=False) from error
    if listener is not None:
        app.listener = listener
    session = RadioSession(island, app, settings)
    try:
        yield session
    finally:
        await session.close()
