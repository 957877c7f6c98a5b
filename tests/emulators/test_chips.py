"""Devices with several chips: each has its own file, client and flash, on one endpoint or several."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.chargeable import Chargeable
from emulators.home.memory import dump_home, read_home_memory, recall_home
from emulators.ncp.device_object import Identity
from emulators.node import NEVER, Note, Transmit
from emulators.platform.spec import AnswersFor, ChipSpec, ClientOptions, DeviceSpec
from images import ImageSpec, build
from ota_engine.errors import LocalError
from ota_engine.events import BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, SMART_ENERGY, Send
from ota_engine.times import Monotonic
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import decoded

MAKER = 0x128B
MAIN, RADIO = 0x0109, 0x010A  # image types of two chips of one maker
VERSION, NEW = 0x0100, 0x0200
HOUR = 3600.0


def spec(
    *,
    endpoint: int | None = None,
    version: int = VERSION,
    answers_for: AnswersFor = AnswersFor.FIRST,
    options: ClientOptions | None = None,
    takes_turns: bool = False,
) -> DeviceSpec:
    """A display with a radio of its own firmware, at another endpoint if one is given."""
    return replace(
        kinds.IHD.specimen(0),
        manufacturer_code=MAKER,
        image_type=MAIN,
        file_version=VERSION,
        hardware_version=1,
        chips=(ChipSpec(RADIO, version, hardware_version=2, endpoint=endpoint, options=options),),
        answers_for=answers_for,
        takes_turns=takes_turns,
    )


def image(image_type: int, version: int = NEW, octets: int = 9_000) -> bytes:
    what = ImageSpec(
        manufacturer_code=MAKER, image_type=image_type, file_version=version, integrity=True
    )
    return build(Random(image_type).randbytes(octets), what)


class Server:
    """A server by the book for one device: it answers what it is asked, under the same number."""

    def __init__(self, what: DeviceSpec, files: Iterable[bytes] = ()) -> None:
        self.device = DeviceAssembly().build(what)
        self.now = Monotonic(0.0)
        self.files = {name_of(content): content for content in files}
        self.reach = 1 << 32  # blocks from this octet on are not answered
        self.waiting: deque[Transmit] = deque()
        self.noted: list[str] = []
        self.asked: list[tuple[int, ota.OtaCommand | general.GeneralCommand]] = []
        self.reports: list[tuple[int, general.ReportAttributes]] = []

    def start(self) -> None:
        self.take(self.device.power_on(self.now))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.device.wake_at <= end:
            self.now = Monotonic(max(self.now, self.device.wake_at))
            self.take(self.device.wake(self.now))
        self.now = end

    def take(self, actions: Iterable[object]) -> None:
        """Hear what the device sends, and all it sends in answer to the answers."""
        actions = list(actions)
        self.noted += [action.kind for action in actions if isinstance(action, Note)]
        busy = bool(self.waiting)
        self.waiting += (
            action
            for action in actions
            if isinstance(action, Transmit) and action.cluster == OTA_UPGRADE_CLUSTER
        )
        while self.waiting and not busy:
            self.heard(self.waiting[0])
            self.waiting.popleft()

    def heard(self, frame: Transmit) -> None:
        command = decoded(frame)
        if isinstance(command, general.ReportAttributes):
            self.reports.append((frame.source_endpoint, command))
            return
        self.asked.append((frame.source_endpoint, command))
        answer = self.answer(command)
        if answer is not None:
            self.say(
                answer, to=frame.source_endpoint, sequence=parse_header(frame.payload).sequence
            )

    def answer(self, command: object) -> ota.OtaCommand | None:
        match command:
            case ota.QueryNextImageRequest():
                return self.offer(command)
            case ota.ImageBlockRequest() if command.file_offset < self.reach:
                name = (command.manufacturer_code, command.image_type)
                start, length = command.file_offset, command.maximum_data_size
                data = self.files[name][start : start + length]
                return ota.ImageBlockResponse(0, *name, command.file_version, start, data)
            case ota.UpgradeEndRequest(Status.SUCCESS, int(maker), int(image_type), int(version)):
                return ota.UpgradeEndResponse(maker, image_type, version, 0, 0)
        return None

    def offer(self, query: ota.QueryNextImageRequest) -> ota.OtaCommand:
        name = (query.manufacturer_code, query.image_type)
        if name not in self.files or query.current_file_version == NEW:
            return ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
        return ota.QueryNextImageResponse(0, *name, NEW, len(self.files[name]))

    def say(self, command: ota.OtaCommand, *, to: int = 1, sequence: int = 200) -> None:
        frame = cluster_frame(
            ota.command_of(command), sequence, ota.encode(command), from_server=True
        )
        self.send(frame, to)

    def send(self, frame: bytes, to: int, cluster: int = OTA_UPGRADE_CLUSTER) -> None:
        send = Send(self.device.eui64, 10, to, SMART_ENERGY, cluster, frame, True, False, 0, 0)
        self.take(self.device.receive(send, self.now))

    def read(self, *attributes: int, at: int = 1) -> list[list[int | None]]:
        """Read attributes, and give their values for every endpoint that answers."""
        payload = general.encode(general.ReadAttributes(attributes))
        self.asked.clear()
        self.send(general_frame(general.READ_ATTRIBUTES, 9, payload, from_server=True), at)
        return [
            [record.value for record in command.records]
            for _, command in self.asked
            if isinstance(command, general.ReadAttributesResponse)
        ]

    def queries(self) -> list[tuple[int, int, int, int | None]]:
        """Endpoint, image type, version and hardware of every query so far."""
        return [
            (at, asked.image_type, asked.current_file_version, asked.hardware_version)
            for at, asked in self.asked
            if isinstance(asked, ota.QueryNextImageRequest)
        ]


def name_of(content: bytes) -> tuple[int, int]:
    maker = int.from_bytes(content[10:12], "little")
    return maker, int.from_bytes(content[12:14], "little")


def both(server: Server) -> list[int]:
    return [chip.client.version for chip in server.device.chips]


# --- asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [None, 2])
def test_each_chip_asks_for_its_own_file_in_turn(endpoint: int | None) -> None:
    server = Server(spec(endpoint=endpoint))
    server.start()
    server.run(HOUR)
    queries = server.queries()
    assert set(queries) == {(1, MAIN, VERSION, 1), (endpoint or 1, RADIO, VERSION, 2)}
    types = [image_type for _, image_type, _, _ in queries]
    assert len(types) > 20
    assert all(one != other for one, other in pairwise(types))


@pytest.mark.parametrize("endpoint", [None, 2])
def test_a_chip_that_is_offered_nothing_does_not_keep_the_other_from_its_file(
    endpoint: int | None,
) -> None:
    server = Server(spec(endpoint=endpoint), [image(RADIO)])
    server.start()
    server.run(HOUR)
    assert both(server) == [VERSION, NEW]


@pytest.mark.parametrize("endpoint", [None, 2])
def test_both_chips_take_their_files_at_the_same_time(endpoint: int | None) -> None:
    server = Server(spec(endpoint=endpoint), [image(MAIN), image(RADIO)])
    server.start()
    server.run(HOUR)
    assert both(server) == [NEW, NEW]
    for chip, image_type in zip(server.device.chips, (MAIN, RADIO), strict=True):
        running = chip.flash.metadata.running[0]
        assert running.identity == (MAKER, image_type, NEW)
        assert running.size == len(image(image_type))


def test_the_answer_to_a_query_is_for_the_chip_that_asked_whatever_it_names() -> None:
    server = Server(spec())
    server.start()
    queried = [chip.client for chip in server.device.chips]
    while not any(client.state is ClientState.QUERYING for client in queried):
        actions = server.device.wake(server.device.wake_at)
        (query,) = (each for each in actions if isinstance(each, Transmit))
    command = decoded(query)
    assert isinstance(command, ota.QueryNextImageRequest)
    other = MAIN if command.image_type == RADIO else RADIO
    offer = ota.QueryNextImageResponse(0, MAKER, other, NEW, 1000)
    server.say(offer, sequence=query.payload[1])
    assert {client.state for client in queried} == {ClientState.IDLE}


def test_a_notify_that_names_a_chip_has_that_chip_ask_and_any_other_has_all_ask() -> None:
    server = Server(spec())
    server.start()
    server.say(ota.ImageNotify(2, 100, MAKER, RADIO))
    assert [image_type for _, image_type, _, _ in server.queries()] == [RADIO]
    server.asked.clear()
    server.say(ota.ImageNotify(0, 100))
    assert {image_type for _, image_type, _, _ in server.queries()} == {MAIN, RADIO}


def test_chips_that_take_turns_download_one_after_the_other() -> None:
    server = Server(spec(takes_turns=True), [image(MAIN), image(RADIO)])
    server.start()
    server.reach = 5_000
    server.run(30.0)
    states = [chip.client.state for chip in server.device.chips]
    assert sorted(state.value for state in states) == ["downloading", "idle"]
    server.say(ota.ImageNotify(0, 100))
    assert [chip.client.state for chip in server.device.chips] == states
    server.reach = 1 << 32
    server.run(HOUR)
    assert both(server) == [NEW, NEW]


def test_of_chips_that_take_turns_a_notify_has_one_ask_after_the_other() -> None:
    server = Server(spec(takes_turns=True))
    server.start()
    server.say(ota.ImageNotify(0, 100))
    assert len(server.queries()) == 1
    server.run(20.0)
    assert {image_type for _, image_type, _, _ in server.queries()} == {MAIN, RADIO}


# --- telling --------------------------------------------------------------------------------------

TOLD = (Attribute.CURRENT_FILE_VERSION, Attribute.MANUFACTURER_ID, Attribute.IMAGE_TYPE_ID)


def test_after_a_start_every_chip_reports_its_version_and_whose_it_is() -> None:
    server = Server(spec(endpoint=2, version=0x0150))
    server.start()
    told = [(at, [record.value for record in report.records]) for at, report in server.reports]
    assert told == [(1, [VERSION, MAKER, MAIN]), (2, [0x0150, MAKER, RADIO])]


def test_chips_with_one_version_in_common_are_told_apart_by_their_image_type_alone() -> None:
    server = Server(spec())
    server.start()
    told = [[record.value for record in report.records] for _, report in server.reports]
    assert told == [[VERSION, MAKER, MAIN], [VERSION, MAKER, RADIO]]


def test_a_chip_that_hides_what_it_is_reports_a_bare_version() -> None:
    server = Server(spec(options=ClientOptions(hides_identity=True)))
    server.start()
    told = [[record.value for record in report.records] for _, report in server.reports]
    assert told == [[VERSION, MAKER, MAIN], [VERSION]]


def test_a_device_with_one_chip_reports_its_version_alone() -> None:
    server = Server(replace(spec(), chips=()))
    server.start()
    (report,) = (report for _, report in server.reports)
    assert [record.attribute for record in report.records] == [Attribute.CURRENT_FILE_VERSION]


def test_on_one_endpoint_the_first_chip_is_read_or_each_in_its_turn() -> None:
    first, alternating = (Server(spec(version=0x0150, answers_for=habit)) for habit in AnswersFor)
    for server in (first, alternating):
        server.start()
    main, radio = [VERSION, MAKER, MAIN], [0x0150, MAKER, RADIO]
    assert [first.read(*TOLD) for _ in range(3)] == [[main], [main], [main]]
    assert [alternating.read(*TOLD) for _ in range(3)] == [[main], [radio], [main]]


def test_on_several_endpoints_each_chip_is_read_at_its_own() -> None:
    server = Server(spec(endpoint=2, version=0x0150))
    server.start()
    assert server.read(*TOLD, at=1) == [[VERSION, MAKER, MAIN]]
    assert server.read(*TOLD, at=2) == [[0x0150, MAKER, RADIO]]
    assert server.read(*TOLD, at=0xFF) == [[VERSION, MAKER, MAIN], [0x0150, MAKER, RADIO]]
    assert server.read(*TOLD, at=3) == []


def test_the_device_object_describes_every_endpoint_and_tunnels_end_at_the_first() -> None:
    one, two = Identity.of(spec(endpoint=2)).endpoints
    assert (one.endpoint, two.endpoint) == (1, 2)
    assert OTA_UPGRADE_CLUSTER in one.outputs and OTA_UPGRADE_CLUSTER in two.outputs
    assert len(one.inputs) == 2
    assert two.inputs == (BASIC_CLUSTER,)
    assert DeviceAssembly().build(spec(endpoint=2)).clients == (
        (1, SMART_ENERGY),
        (2, SMART_ENERGY),
    )
    assert DeviceAssembly().build(spec()).clients == ((1, SMART_ENERGY),)


# --- power and flash ------------------------------------------------------------------------------


def test_a_power_cut_costs_each_chip_no_more_than_its_open_sector() -> None:
    server = Server(spec(), [image(MAIN), image(RADIO)])
    server.start()
    server.reach = 5_000
    server.run(10.0)
    assert {chip.client.state for chip in server.device.chips} == {ClientState.DOWNLOADING}
    server.take(server.device.crash(server.now))
    assert server.device.wake_at == NEVER
    server.asked.clear()
    server.start()
    blocks = [asked for _, asked in server.asked if isinstance(asked, ota.ImageBlockRequest)]
    first = {asked.image_type: asked.file_offset for asked in reversed(blocks)}
    assert first == {MAIN: 4096, RADIO: 4096}
    server.reach = 1 << 32
    server.run(HOUR)
    assert both(server) == [NEW, NEW]


def test_a_chip_whose_self_test_fails_falls_back_alone() -> None:
    failing = ClientOptions(self_test_fails=True)
    server = Server(spec(options=failing), [image(MAIN, octets=500), image(RADIO, octets=500)])
    server.start()
    server.run(60.0)
    assert "self-test failed" in server.noted
    assert both(server) == [NEW, VERSION]


def test_what_each_chip_holds_outlives_the_home() -> None:
    server = Server(spec(), [image(RADIO)])
    server.start()
    server.run(HOUR)
    kept = read_home_memory(dump_home([server.device]))
    again = DeviceAssembly().build(spec())
    recall_home(kept, [again])
    assert [chip.client.version for chip in again.chips] == [VERSION, NEW]
    changed = DeviceAssembly().build(replace(spec(), chips=(ChipSpec(RADIO, VERSION + 1),)))
    recall_home(kept, [changed])
    assert [chip.client.version for chip in changed.chips] == [VERSION, VERSION + 1]


def test_off_the_mains_no_chip_downloads() -> None:
    what = replace(spec(), kind=kinds.PPMID, battery=True)
    server = Server(what, [image(MAIN), image(RADIO)])
    server.start()
    server.run(HOUR)
    assert both(server) == [VERSION, VERSION]
    assert isinstance(server.device, Chargeable)
    server.take(server.device.set_mains(True, server.now))
    server.run(HOUR)
    assert both(server) == [NEW, NEW]


# --- anything -------------------------------------------------------------------------------------

makers, types = st.sampled_from([MAKER, 0xFFFF, 1]), st.sampled_from([MAIN, RADIO, 0xFFFF, 1])
versions = st.sampled_from([VERSION, NEW, 0xFFFF_FFFF])
named = (makers, types, versions)


def block(maker: int, image_type: int, version: int) -> ota.ImageBlockResponse:
    return ota.ImageBlockResponse(0, maker, image_type, version, 0, bytes(63))


commands: st.SearchStrategy[ota.OtaCommand] = st.one_of(
    st.builds(ota.ImageNotify, st.just(3), st.just(100), *named),
    st.builds(ota.QueryNextImageResponse, st.just(0), *named, st.just(9_000)),
    st.just(ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)),
    st.builds(block, *named),
    st.builds(ota.UpgradeEndResponse, *named, st.just(0), st.just(0)),
)
said = st.tuples(commands, st.integers(1, 8), st.sampled_from([1, 2, 0xFF]), st.floats(0, 400))


@given(st.lists(said, max_size=20), st.sampled_from([None, 2]))
def test_whatever_a_server_says_no_chip_runs_what_was_not_sent(
    saying: list[tuple[ota.OtaCommand, int, int, float]], endpoint: int | None
) -> None:
    server = Server(spec(endpoint=endpoint))
    server.start()
    for command, sequence, to, seconds in saying:
        server.say(command, to=to, sequence=sequence)
        server.run(seconds)
    assert both(server) == [VERSION, VERSION]


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_octets_leave_both_chips_able_to_take_their_files(frames: list[bytes]) -> None:
    server = Server(spec(), [image(MAIN, octets=100), image(RADIO, octets=100)])
    server.start()
    for frame in frames:
        server.send(frame, 1)
    server.run(HOUR)
    assert both(server) == [NEW, NEW]


# --- what cannot be -------------------------------------------------------------------------------


def test_two_chips_cannot_take_the_same_files() -> None:
    with pytest.raises(LocalError, match="manufacturer 0x128B and image type 0x0109"):
        replace(spec(), chips=(ChipSpec(MAIN, VERSION),))


@pytest.mark.parametrize("kind", [kinds.HCALCS, kinds.ESME, kinds.GSME], ids=str)
def test_a_commanded_device_has_one_firmware(kind: kinds.DeviceKind) -> None:
    with pytest.raises(LocalError, match="one firmware of a device"):
        DeviceAssembly().build(replace(spec(), kind=kind))
