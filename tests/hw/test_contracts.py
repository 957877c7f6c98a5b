"""What we rely on in zigpy, bellows and trio-asyncio, so that a new version cannot change it unseen.

Each test names one thing hw uses. When one fails after an upgrade, read hw/application.py,
hw/session.py and hw/island.py against the new version before changing the test.
"""

import asyncio
import importlib
import inspect
from collections import Counter
from pathlib import Path
from typing import Any

import bellows.ash
import bellows.ezsp
import bellows.types
import bellows.uart
import bellows.zigbee.application
import pytest
import trio
import zigpy.application
import zigpy.types as t
from bellows.exception import StackAlreadyRunning
from zigpy.exceptions import DeliveryError
from zigpy.zdo.types import SimpleDescriptor

from hw.application import OtaApplication, ota_application
from hw.island import AT_ONCE, open_island
from hw.libraries import LIBRARIES, Library, load_controller
from hw.packets import to_ours, to_zigpy, unicast_address
from hw.settings import CONCURRENCY, parse_link
from images.eui64 import Eui64
from ota_engine.errors import LinkError
from ota_engine.events import Packet

DEVICE = Eui64(0x025A_0000_0000_0001)
NWK: Any = t.NWK  # untyped in zigpy
ADDRESS: t.NWK = NWK(0x1234)
BELLOWS = bellows.zigbee.application.ControllerApplication
ZIGPY = zigpy.application.ControllerApplication


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


class Radio(ZIGPY):
    """The smallest radio library there can be: it keeps what zigpy wants sent."""

    def __init__(self, config: dict[str, object]) -> None:
        super().__init__(config)
        self.sent: list[t.ZigbeePacket] = []
        self.endpoints: list[SimpleDescriptor] = []
        self.full: set[int] = set()  # endpoints for which there is no room
        self.refusal: Exception = StackAlreadyRunning()

    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        self.sent.append(packet)

    async def add_endpoint(self, descriptor: SimpleDescriptor) -> None:
        if int(descriptor.endpoint) in self.full:
            raise self.refusal
        self.endpoints.append(descriptor)

    async def connect(self) -> None: ...
    async def disconnect(self) -> None: ...
    async def force_remove(self, dev: object) -> None: ...
    async def load_network_info(self, *, load_devices: bool = False) -> None: ...
    async def permit_ncp(self, time_s: int = 60) -> None: ...
    async def permit_with_link_key(
        self, node: object, link_key: object, time_s: int = 60
    ) -> None: ...
    async def reset_network_info(self) -> None: ...
    async def start_network(self) -> None: ...
    async def write_network_info(self, *, network_info: object, node_info: object) -> None: ...


class Notebook:
    """Writes down what the engine would be told."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.joins: list[tuple[Eui64, int, bool]] = []

    def packet(self, packet: Packet) -> None:
        self.packets.append(packet)

    def announced(self, device: Eui64, network_address: int, *, sleepy: bool) -> None:
        self.joins.append((device, network_address, sleepy))


def make_radio() -> tuple[OtaApplication, Radio, Notebook]:
    app = ota_application(Radio)(parse_link("ezsp:///dev/null").zigpy_config())
    assert isinstance(app, Radio)
    notebook = Notebook()
    app.listener = notebook
    return app, app, notebook


def incoming(frame: str, *, cluster: int = 0x0019, profile: int = 0x0109) -> t.ZigbeePacket:
    zdo = profile == 0
    fields: dict[str, Any] = {
        "src_ep": 0 if zdo else 1,
        "dst_ep": 0 if zdo else 10,
        "tsn": 7,
        "profile_id": profile,
        "cluster_id": cluster,
        "data": t.SerializableBytes(bytes.fromhex(frame)),
        "lqi": 180,
    }
    return t.ZigbeePacket(src=unicast_address(ADDRESS), dst=unicast_address(NWK(0)), **fields)


def outgoing(frame: str, *, cluster: int = 0x0019, profile: int = 0x0109) -> t.ZigbeePacket:
    packet = incoming(frame, cluster=cluster, profile=profile)
    assert packet.src is not None
    return packet.replace(src=packet.dst, dst=packet.src)


# --- the four hooks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hook",
    ["packet_received", "send_packet", "register_endpoints", "get_device_with_address"],
)
def test_zigpy_has_the_methods_we_put_ourselves_before(hook: str) -> None:
    ours, theirs = getattr(OtaApplication, hook), getattr(ZIGPY, hook)
    assert parameters(ours) == parameters(theirs)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


def test_bellows_receives_through_the_hook_and_sends_by_it() -> None:
    assert "self.packet_received(" in inspect.getsource(BELLOWS._handle_frame)
    assert parameters(BELLOWS.send_packet) == ["self", "packet"]
    assert BELLOWS.packet_received is ZIGPY.packet_received
    assert "self.register_endpoints()" in inspect.getsource(BELLOWS.connect)


def test_our_hooks_come_before_those_of_the_radio_library() -> None:
    mixed = ota_application(BELLOWS)
    order = mixed.__mro__
    assert order.index(OtaApplication) < order.index(BELLOWS) < order.index(ZIGPY)
    assert not inspect.isabstract(mixed)


async def test_a_client_command_of_the_ota_cluster_goes_past_zigpy() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, notebook = make_radio()

        async def hear() -> None:
            app.add_device(to_zigpy(DEVICE), ADDRESS)
            app.packet_received(incoming("0107 01 00 1d12 8400 01000000"))

        await island.run(hear())
    (packet,) = notebook.packets
    assert (packet.source, packet.network_address, packet.link_quality) == (DEVICE, ADDRESS, 180)
    assert packet.payload == bytes.fromhex("010701001d12840001000000")
    assert not radio.sent


async def test_whatever_comes_through_a_tunnel_goes_past_zigpy() -> None:
    frames = ["0107 02 0100 03", "1907 00 0100 00 dc05", "1807 0b 02 00"]
    async with open_island(lambda *_: None) as island:
        app, radio, notebook = make_radio()

        async def hear() -> None:
            app.add_device(to_zigpy(DEVICE), ADDRESS)
            for frame in frames:
                app.packet_received(incoming(frame, cluster=0x0704))

        await island.run(hear())
    assert [packet.payload for packet in notebook.packets] == [*map(bytes.fromhex, frames)]
    assert not radio.sent


async def test_zigpy_is_left_to_find_out_who_an_unknown_sender_is() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, notebook = make_radio()

        async def hear() -> None:
            app.packet_received(incoming("0107 01 00 1d12 8400 01000000"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        await island.run(hear())
    assert not notebook.packets
    assert [packet.cluster_id for packet in radio.sent] == [0x0001]  # IEEE_addr_req
    assert app.counters["unknown_sender"] == 1


async def test_an_announcement_reaches_zigpy_and_the_engine() -> None:
    async with open_island(lambda *_: None) as island:
        app, _, notebook = make_radio()
        frame = "07" + "3412" + DEVICE.to_bytes(8, "little").hex() + "80"

        async def hear() -> None:
            app.packet_received(incoming(frame, cluster=0x0013, profile=0))

        await island.run(hear())
        assert to_zigpy(DEVICE) in app.devices
    assert notebook.joins == [(DEVICE, ADDRESS, True)]


async def test_zigpys_own_notify_is_silenced_and_ours_is_not() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        notify = outgoing("0907 00 00 64")
        await island.run(app.send_packet(notify))
        assert not radio.sent
        assert app.counters == Counter(silenced=1)
        await island.run(app.send_ours(notify))
        assert radio.sent == [notify]


async def test_zigpys_interview_over_the_ota_cluster_is_not_silenced() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        read = outgoing("0807 00 0200")
        await island.run(app.send_packet(read))
    assert radio.sent == [read]


def test_bellows_sends_to_a_device_it_does_not_know_without_asking_the_ncp_about_it() -> None:
    source = inspect.getsource(BELLOWS.send_packet)
    lookup, _, rest = source.partition("device = self.get_device_with_address(packet.dst)")
    assert "async with" not in lookup
    assert "await" not in lookup
    assert rest.lstrip().startswith("except (KeyError, ValueError):\n            device = None")
    asked = "if device is not None:\n                                await self._ezsp.set_extended"
    assert asked in rest


async def test_only_a_settled_address_hides_its_device() -> None:
    async with open_island(lambda *_: None):
        app, _, _ = make_radio()
        app.add_device(to_zigpy(DEVICE), ADDRESS)
        assert to_ours(app.get_device_with_address(unicast_address(ADDRESS)).ieee) == DEVICE
        with pytest.raises(KeyError):
            app.get_device_with_address(unicast_address(ADDRESS, settled=True))


async def test_a_device_that_looks_for_its_server_gets_our_answer_and_not_zigpys() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()

        async def hear() -> None:
            app.add_device(to_zigpy(DEVICE), ADDRESS)
            app.packet_received(incoming("2a 0000 0901 01 1900 00", cluster=6, profile=0))
            while not radio.sent:  # noqa: ASYNC110 - it wakes nobody
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)  # for what zigpy would answer

        await island.run(hear())
    (answer,) = radio.sent
    assert answer.cluster_id == 0x8006
    assert answer.data.serialize() == bytes.fromhex("2a000000010a")


async def test_our_endpoint_is_registered_beside_zigpys() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        await island.run(app.register_endpoints())
    found: dict[int, tuple[Any, ...]] = {
        int(e.endpoint): (e.profile, e.device_type, list(e.input_clusters)) for e in radio.endpoints
    }
    assert found[10] == (0x0109, 0x0500, [0x0000, 0x0019, 0x0704, 0x0708])
    (ours,) = [e for e in radio.endpoints if e.endpoint == 10]
    assert list(ours.output_clusters) == [0x0704]
    profile, _, servers = found[1]
    assert profile == 0x0104
    assert 0x0019 in servers


async def test_endpoints_that_clients_insist_on_serve_images_to_home_automation() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        app.asked_endpoints = (13, 1)
        await island.run(app.register_endpoints())
    found: dict[int, tuple[Any, ...]] = {
        int(e.endpoint): (int(e.profile), 0x0019 in e.input_clusters) for e in radio.endpoints
    }
    assert found[13] == found[47] == found[1] == (0x0104, True)
    assert len(found) == len(radio.endpoints)


async def test_a_radio_without_room_for_an_endpoint_nobody_asked_for_serves_without_it() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        radio.full = {47}
        await island.run(app.register_endpoints())
    assert 10 in {int(e.endpoint) for e in radio.endpoints}
    assert app.counters["endpoint 47 refused"] == 1


@pytest.mark.parametrize("lost", [TimeoutError(), AttributeError("send_data")], ids=repr)
async def test_a_radio_lost_over_an_endpoint_is_lost_and_not_full(lost: Exception) -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        radio.full, radio.refusal = {47}, lost
        with pytest.raises(type(lost)):
            await island.run(app.register_endpoints())


async def test_a_radio_without_room_for_an_endpoint_of_the_link_says_so() -> None:
    async with open_island(lambda *_: None) as island:
        app, radio, _ = make_radio()
        app.asked_endpoints, radio.full = (13,), {13}
        with pytest.raises(LinkError, match="no room for endpoint 13; take it out of endpoints="):
            await island.run(app.register_endpoints())


# --- what zigpy does on its own, and must not ---------------------------------------------------


def test_our_configuration_is_taken_word_for_word(tmp_path: Path) -> None:
    config = BELLOWS.SCHEMA(parse_link("ezsp:///dev/null", tmp_path).zigpy_config(channel=20))
    assert config["use_thread"] is False
    assert config["database_path"] == str(tmp_path / "network.db")
    assert config["network"]["channel"] == 20
    assert config["backup_enabled"] is config["topology_scan_enabled"] is False
    assert config["ota"]["enabled"] is config["ota"]["broadcast_enabled"] is False
    assert config["experimental"]["concurrency"] == {
        t.PacketPriority[name.upper()]: share for name, share in CONCURRENCY.items()
    }


def test_the_schema_is_not_idempotent_so_it_gets_a_plain_dict() -> None:
    assert type(parse_link("ezsp:///dev/null").zigpy_config()) is dict


# --- what we take from bellows beyond zigpy's interface -----------------------------------------


def test_bellows_keeps_ezsp_where_we_look_for_it() -> None:
    assert "self._ezsp = bellows.ezsp.EZSP(" in inspect.getsource(BELLOWS.connect)
    assert isinstance(bellows.ezsp.EZSP.ezsp_version, property)
    assert set(range(13, 20)) - {15} <= set(bellows.ezsp.EZSP._BY_VERSION)


@pytest.mark.parametrize("version", [13, 14, 16, 17, 18, 19])
def test_every_version_can_be_asked_for_its_longest_payload(version: int) -> None:
    number, asked, told = bellows.ezsp.EZSP._BY_VERSION[version].COMMANDS["maximumPayloadLength"]
    assert (number, list(asked), list(told)) == (0x33, [], ["apsLength"])


def test_losses_reach_listeners_as_connection_lost() -> None:
    assert 'listener_event("connection_lost", exc)' in inspect.getsource(ZIGPY.connection_lost)
    source = inspect.getsource(bellows.ezsp.EZSP)
    assert "self._application.connection_lost(exc)" in source
    assert "self.connection_lost(NcpFailure(code=code))" in source


def test_a_frame_that_is_not_taken_raises_delivery_error_with_its_status() -> None:
    assert DeliveryError("", bellows.types.sl_Status.MESSAGE_TOO_LONG).status == 0x38
    source = inspect.getsource(BELLOWS.send_packet)
    assert 'DeliveryError(\n                        f"Failed to enqueue message' in source


def test_a_radio_without_a_network_says_so() -> None:
    assert "raise NetworkNotFormed" in inspect.getsource(BELLOWS._ensure_network_running)


def test_a_pinned_channel_keeps_forming_from_starting_the_network() -> None:
    source = inspect.getsource(ZIGPY.form_network)
    before, _, _ = source.partition("await self.start_network()")
    assert before.rstrip().endswith("try:")
    assert "elif channel is None and not fast:" in before


# --- trio-asyncio ---------------------------------------------------------------------------------


async def test_exceptions_nobody_awaits_are_recorded_and_end_nothing() -> None:
    seen: list[str] = []

    def record(error: BaseException | None, message: str) -> None:
        seen.append(type(error).__name__)

    async def fail() -> None:
        raise ValueError("in the background")

    async def leave_behind() -> None:
        task = asyncio.ensure_future(fail())
        asyncio.get_running_loop().call_soon(int, "no number")
        await asyncio.sleep(0.01)
        del task

    async with open_island(record) as island:
        await island.run(leave_behind())
    assert "ValueError" in seen


class Turns(trio.abc.Instrument):
    """Counts how often trio asks the system for news."""

    def __init__(self) -> None:
        self.taken = 0

    def before_io_wait(self, timeout: float) -> None:
        self.taken += 1


async def test_callbacks_that_are_ready_together_share_a_turn_of_trio() -> None:
    turns, ran = Turns(), 0

    async def burst() -> None:
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        def one() -> None:
            nonlocal ran
            ran += 1
            if ran == AT_ONCE:
                done.set()

        trio.lowlevel.add_instrument(turns)
        for _ in range(AT_ONCE):
            loop.call_soon(one)
        await done.wait()
        trio.lowlevel.remove_instrument(turns)

    async with open_island(lambda error, message: None) as island:
        await island.run(burst())
    assert ran == AT_ONCE
    assert turns.taken < AT_ONCE / 4


async def test_callbacks_without_end_leave_trio_its_turn() -> None:
    goes_on = True

    def again(loop: asyncio.AbstractEventLoop) -> None:
        if goes_on:
            loop.call_soon(again, loop)

    async def begin() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(again, loop)

    async with open_island(lambda error, message: None) as island:
        await island.run(begin())
        for _ in range(10):
            await trio.sleep(0.001)
        goes_on = False


async def test_leaving_the_island_ends_what_was_started_on_it() -> None:
    ended: list[bool] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async def start() -> None:
        app_tasks.append(asyncio.ensure_future(linger()))
        await asyncio.sleep(0)

    app_tasks: list[asyncio.Future[None]] = []
    async with open_island(lambda *_: None) as island:
        await island.run(start())
    assert ended == [True]


async def test_cancelling_in_trio_cancels_in_asyncio() -> None:
    async with open_island(lambda *_: None) as island:
        with trio.move_on_after(0.01) as scope:
            await island.run(asyncio.sleep(3600))
    assert scope.cancelled_caught


# --- identities, and the other radio libraries ---------------------------------------------------


def test_identities_survive_the_way_to_zigpy_and_back() -> None:
    assert str(to_zigpy(DEVICE)) == "02:5a:00:00:00:00:00:01"
    assert to_ours(to_zigpy(DEVICE)) == DEVICE


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=lambda library: library.scheme)
def test_every_radio_library_takes_our_hooks(library: Library) -> None:
    if not library.proven:
        pytest.importorskip(library.module, reason=f"pip install 'zota[{library.extra}]'")
    controller = load_controller(library)
    mixed = ota_application(controller)
    assert not inspect.isabstract(mixed)
    assert parameters(controller.send_packet) == ["self", "packet"]
    assert controller.packet_received is ZIGPY.packet_received
    package = Path(str(importlib.import_module(library.module).__file__)).parent
    sources = "".join(path.read_text() for path in package.rglob("*.py"))
    assert "packet_received(" in sources
