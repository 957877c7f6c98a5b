"""The hub's end: who is spoken to when, what is bounded, and what is told of every message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    SMART_ENERGY,
    TUNNELING_CLUSTER,
    Packet,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.hub.tunnel import (
    MessageDelivered,
    MessageReceived,
    MessageUndelivered,
    Route,
    TunnelEvent,
    TunnelSettings,
)
from ota_engine.hub.tunnel.bounds import LAST_NUMBER, TunnelNumbers
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.tunnel import TransferStatus, TunnelStatus
from tests.hub.tunnel.alone import LoneTunnels
from tests.hub.tunnel.home import ROOM, message

DEVICE = Eui64(0xA5)
ROUTE = Route(1, SMART_ENERGY, sleepy=False, room=ROOM)
SLEEPY = ROUTE._replace(sleepy=True)
SETTINGS = TunnelSettings()


def packet(frame: bytes, device: Eui64 = DEVICE, endpoint: int = 1) -> Packet:
    return Packet(
        device, 0x1234, endpoint, 10, SMART_ENERGY, TUNNELING_CLUSTER, 1, frame, 200, Monotonic(0.0)
    )


def from_client(record: tunnel.TunnelCommand, sequence: int = 1) -> bytes:
    number = tunnel.command_of(record, from_server=False)
    payload = tunnel.encode(record, from_server=False)
    return cluster_frame(
        number, sequence, payload, from_server=False, disable_default_response=False
    )


def from_server(record: tunnel.TunnelCommand, sequence: int = 1) -> bytes:
    number = tunnel.command_of(record, from_server=True)
    payload = tunnel.encode(record, from_server=True)
    return cluster_frame(number, sequence, payload, from_server=True)


def read(send: Send) -> tunnel.TunnelCommand | general.GeneralCommand:
    header = parse_header(send.payload)
    payload = send.payload[header.length :]
    if header.cluster_specific:
        return tunnel.decode(header.command, payload, from_server=header.from_server)
    return general.decode(header.command, payload)


class Desk:
    """A hub whose devices answer what the test says."""

    def __init__(self, settings: TunnelSettings = SETTINGS) -> None:
        self.hub = LoneTunnels(settings)
        self.now = Monotonic(0.0)

    def send(
        self, octets: bytes, token: int = 1, device: int = DEVICE, route: Route = ROUTE
    ) -> None:
        self.hub.send(Eui64(device), route, octets, token, self.now)

    def hear(self, frame: bytes, device: int = DEVICE) -> None:
        self.hub.receive(packet(frame, Eui64(device)), self.now)

    def said(self) -> list[Send]:
        return self.hub.drain()[0]

    def events(self) -> list[TunnelEvent]:
        return self.hub.drain()[1]

    def open(self, device: int = DEVICE, sequence: int = 1) -> int:
        """A device opens a tunnel; its number."""
        self.said()
        self.hear(from_client(tunnel.RequestTunnel(6, 0xFFFF, False, 1500), sequence), device)
        (answer,) = self.said()
        response = read(answer)
        assert isinstance(response, tunnel.RequestTunnelResponse)
        assert response.status == TunnelStatus.SUCCESS
        return response.tunnel

    def acknowledge(self, send: Send) -> None:
        """A device answers a frame of ours as it should."""
        header = parse_header(send.payload)
        record = read(send)
        if isinstance(record, tunnel.RequestTunnel):
            answer = tunnel.RequestTunnelResponse(7, TunnelStatus.SUCCESS, 1500)
            self.hear(from_server(answer, header.sequence), send.destination)
        elif isinstance(record, tunnel.TransferData):
            payload = general.encode(general.DefaultResponse(header.command, 0))
            frame = general_frame(
                general.DEFAULT_RESPONSE,
                header.sequence,
                payload,
                from_server=not header.from_server,
            )
            self.hear(frame, send.destination)

    def answer_all(self) -> list[TunnelEvent]:
        """Devices answer until there is nothing left to answer."""
        events: list[TunnelEvent] = []
        while True:
            frames, happened = self.hub.drain()
            events += happened
            if not frames:
                return events
            for frame in frames:
                self.acknowledge(frame)

    def wake(self, times: int = 1) -> None:
        for _ in range(times):
            self.now = self.hub.next_wake
            self.hub.wake(self.now)


def outcome(events: list[TunnelEvent]) -> list[tuple[int, str | None]]:
    found: list[tuple[int, str | None]] = []
    for event in events:
        if isinstance(event, MessageDelivered):
            found.append((event.token, None))
        elif isinstance(event, MessageUndelivered):
            found.append((event.token, event.reason))
    return found


# --- frames ---------------------------------------------------------------------------------------


def test_the_first_frame_to_a_mains_device_asks_for_a_tunnel() -> None:
    desk = Desk()
    desk.send(message())
    (frame,) = desk.said()
    assert read(frame) == tunnel.RequestTunnel(6, 0xFFFF, False, SETTINGS.transfer_size)
    assert frame[:5] == (DEVICE, OTA_SERVER_ENDPOINT, 1, SMART_ENERGY, TUNNELING_CLUSTER)
    assert (frame.ack, frame.sleepy) == (True, False)


def test_a_put_stands_before_the_first_piece_and_no_other() -> None:
    desk = Desk()
    desk.send(message(300))
    pieces = []
    while frames := desk.said():
        for frame in frames:
            record = read(frame)
            if isinstance(record, tunnel.TransferData):
                assert len(frame.payload) <= ROOM
                pieces.append(record.data)
            desk.acknowledge(frame)
    assert len(pieces) > 4
    assert b"".join(pieces) == b"\x03" + message(300)


def test_the_tunnel_stays_open_for_the_next_message() -> None:
    desk = Desk()
    desk.send(message(20), 1)
    desk.answer_all()
    desk.send(message(20, seed=1), 2)
    assert isinstance(read(desk.said()[0]), tunnel.TransferData)


def test_an_answer_goes_to_the_endpoint_that_asked() -> None:
    desk = Desk()
    ask = packet(from_client(tunnel.GetSupportedTunnelProtocols(0)), endpoint=5)
    desk.hub.receive(ask._replace(profile=0x0104), Monotonic(0.0))
    (answer,) = desk.said()
    assert (answer.destination_endpoint, answer.profile) == (5, 0x0104)


@pytest.mark.parametrize(
    "octets", [b"", b"hello", message()[:40], message()[:-1], message() + b"\x00"]
)
def test_what_is_no_whole_message_is_not_taken(octets: bytes) -> None:
    with pytest.raises(LocalError, match="GBCS message"):
        Desk().send(octets)


# --- devices that sleep ---------------------------------------------------------------------------


def test_a_sleepy_device_is_left_alone_until_it_asks() -> None:
    desk = Desk()
    desk.send(message(20), route=SLEEPY)
    assert desk.said() == []


def test_a_get_is_answered_with_the_oldest_message_and_how_many_wait_besides() -> None:
    desk = Desk()
    for token in range(3):
        desk.send(message(20, seed=token), token, route=SLEEPY)
    number = desk.open()
    events: list[TunnelEvent] = []
    firsts = []
    for sequence in range(2, 6):
        desk.hear(from_client(tunnel.TransferData(number, b"\x01"), sequence))
        acknowledgement, answer = desk.said()
        assert read(acknowledgement) == general.DefaultResponse(2, 0)
        record = read(answer)
        assert isinstance(record, tunnel.TransferData)
        assert record.tunnel == number
        firsts.append(record.data[:2])
        desk.acknowledge(answer)
        events += desk.answer_all()
    assert firsts == [b"\x02\x02", b"\x02\x01", b"\x02\x00", b"\x02\x00"]
    assert outcome(events) == [(0, None), (1, None), (2, None)]


def test_nothing_to_fetch_is_told_in_two_octets() -> None:
    desk = Desk()
    number = desk.open()
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 2))
    _, answer = desk.said()
    assert read(answer) == tunnel.TransferData(number, b"\x02\x00")


def test_a_message_whose_device_falls_silent_waits_for_the_next_get() -> None:
    desk = Desk()
    desk.send(message(300), 4, route=SLEEPY)
    number = desk.open()
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 2))
    desk.wake(SETTINGS.tries)
    frames, events = desk.hub.drain()
    assert outcome(events) == []
    assert read(frames[-1]) == tunnel.TunnelClosureNotification(number)
    number = desk.open(sequence=3)
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 4))
    assert outcome(desk.answer_all()) == [(4, None)]


def test_a_message_nobody_fetches_is_not_delivered_in_the_end() -> None:
    desk = Desk()
    desk.send(message(20), 4, route=SLEEPY)
    assert desk.hub.next_wake == SETTINGS.fetch
    desk.wake()
    assert outcome(desk.events()) == [(4, "the device did not fetch it in time")]


def test_a_message_that_waits_can_be_withdrawn() -> None:
    desk = Desk()
    desk.send(message(20), 4, route=SLEEPY)
    desk.send(message(20, seed=1), 5, route=SLEEPY)
    desk.hub.withdraw(DEVICE, 4, desk.now)
    desk.hub.withdraw(Eui64(0xDD), 5, desk.now)
    assert outcome(desk.events()) == [(4, "it was withdrawn")]
    number = desk.open()
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 2))
    assert outcome(desk.answer_all()) == [(5, None)]


def test_a_message_under_way_cannot_be_withdrawn() -> None:
    desk = Desk()
    desk.send(message(20), 4)
    desk.hub.withdraw(DEVICE, 4, desk.now)
    assert outcome(desk.answer_all()) == [(4, None)]


def test_a_message_under_way_is_not_given_up_for_its_age() -> None:
    desk = Desk(TunnelSettings(fetch=5.0))
    desk.send(message(20), 4, route=SLEEPY)
    number = desk.open()
    desk.now = Monotonic(4.9)
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 2))
    desk.now = Monotonic(6.0)
    desk.hub.wake(desk.now)
    assert desk.hub.next_wake > desk.now
    assert outcome(desk.answer_all()) == [(4, None)]


# --- what can go wrong ----------------------------------------------------------------------------


def test_a_device_that_leaves_has_not_got_its_messages() -> None:
    desk = Desk()
    for token in range(3):
        desk.send(message(20, seed=token), token)
    desk.hub.left(DEVICE, Monotonic(5.0))
    assert outcome(desk.events()) == [(token, "the device left") for token in range(3)]
    desk.hub.wake(Monotonic(1e6))
    assert desk.hub.drain() == ([], [])


def test_a_device_that_leaves_before_its_turn_leaves_the_turn_to_others() -> None:
    desk = Desk(TunnelSettings(conversations=1))
    for device in range(3):
        desk.send(message(20), device, device)
    desk.hub.left(Eui64(1), Monotonic(0.0))
    assert sorted(outcome(desk.answer_all())) == [(0, None), (1, "the device left"), (2, None)]


def test_without_a_radio_only_what_waits_to_be_fetched_stays() -> None:
    desk = Desk()
    desk.send(message(20), 1)
    desk.send(message(20), 2, device=0xB1, route=SLEEPY)
    desk.hub.link_down(Monotonic(1.0))
    assert outcome(desk.events()) == [(1, "the radio is gone")]
    number = desk.open(0xB1)
    desk.hear(from_client(tunnel.TransferData(number, b"\x01"), 2), 0xB1)
    assert outcome(desk.answer_all()) == [(2, None)]


def test_a_device_that_joined_again_is_asked_for_a_fresh_tunnel() -> None:
    desk = Desk()
    desk.send(message(20), 1)
    desk.answer_all()
    desk.hub.joined(DEVICE, Monotonic(2.0))
    desk.send(message(20, seed=1), 2)
    assert isinstance(read(desk.said()[0]), tunnel.RequestTunnel)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (SendStatus.DELIVERY_FAILED, "the device is out of reach"),
        (SendStatus.NO_SUCH_DEVICE, "the radio knows no such device"),
        (SendStatus.BUSY, "the radio has too much to send"),
        (0x42, "the radio says status 0x42"),
        (SendStatus.MESSAGE_TOO_LONG, "the frame is too long for the radio"),
    ],
)
def test_a_frame_the_radio_cannot_bring_ends_the_message_in_the_end(
    status: int, reason: str
) -> None:
    desk = Desk()
    desk.send(message(20), 1)
    for _ in range(SETTINGS.tries):
        frames, events = desk.hub.drain()
        for frame in frames:
            desk.hub.failed(SendFailed(frame, status, desk.now), desk.now)
        if outcome(events):
            break
        if desk.hub.next_wake < float("inf"):
            desk.wake()
    assert outcome(events + desk.events()) == [(1, reason)]


def test_a_failure_of_a_device_nobody_speaks_to_means_nothing() -> None:
    desk = Desk()
    frame = Send(DEVICE, 10, 1, SMART_ENERGY, TUNNELING_CLUSTER, b"\x01\x02\x03", True, False, 0, 0)
    desk.hub.failed(SendFailed(frame, SendStatus.DELIVERY_FAILED, Monotonic(0.0)), Monotonic(0.0))
    assert desk.hub.drain() == ([], [])


def test_data_through_another_devices_tunnel_is_refused() -> None:
    desk = Desk()
    number = desk.open()
    piece = tunnel.TransferData(number, b"\x03" + message(20))
    desk.hear(from_client(piece), 0xB1)
    (answer,) = desk.said()
    assert read(answer) == tunnel.TransferDataError(number, TransferStatus.WRONG_DEVICE)


def test_a_hub_that_restarted_knows_no_tunnel_and_says_so() -> None:
    desk = Desk()
    desk.hear(from_client(tunnel.TransferData(5, b"\x03" + message(20))))
    (answer,) = desk.said()
    assert read(answer) == tunnel.TransferDataError(5, TransferStatus.NO_SUCH_TUNNEL)


# --- bounds ---------------------------------------------------------------------------------------


def test_so_many_devices_are_spoken_to_at_once_and_the_next_when_one_is_done() -> None:
    desk = Desk(TunnelSettings(conversations=2))
    for device in range(5):
        desk.send(message(20), device, device)
    first = desk.said()
    assert [frame.destination for frame in first] == [0, 1]
    desk.acknowledge(first[0])
    for _ in range(2):
        (piece,) = desk.said()
        assert piece.destination == 0
        desk.acknowledge(piece)
    (next_first,), events = desk.hub.drain()
    assert (next_first.destination, outcome(events)) == (2, [(0, None)])
    desk.acknowledge(next_first)
    for frame in first[1:]:
        desk.acknowledge(frame)
    assert sorted(outcome(desk.answer_all())) == [(device, None) for device in range(1, 5)]


def test_so_many_messages_wait_for_one_device() -> None:
    desk = Desk(TunnelSettings(queue=2))
    for token in range(4):
        desk.send(message(20, seed=token), token, route=SLEEPY)
    full = "2 messages wait for this device already"
    assert outcome(desk.events()) == [(2, full), (3, full)]


def test_so_many_octets_wait_for_all_devices_together() -> None:
    size = len(message(20))
    desk = Desk(TunnelSettings(held=2 * size))
    for device in range(3):
        desk.send(message(20), device, device, SLEEPY)
    assert outcome(desk.events()) == [(2, "too many octets wait for all devices together")]
    desk.hub.left(Eui64(0), Monotonic(0.0))
    desk.events()
    desk.send(message(20), 9, 9, SLEEPY)
    assert outcome(desk.events()) == []


def test_so_many_tunnels_are_open_at_once() -> None:
    desk = Desk(TunnelSettings(tunnels=2))
    desk.open(1)
    desk.open(2)
    request = from_client(tunnel.RequestTunnel(6, 0xFFFF, False, 1500))
    desk.hear(request, 3)
    (answer,) = desk.said()
    assert read(answer) == tunnel.RequestTunnelResponse(
        0xFFFF, TunnelStatus.NO_MORE_TUNNEL_IDS, 1500
    )


def test_numbers_of_tunnels_come_back_late_and_never_while_they_are_taken() -> None:
    numbers = TunnelNumbers(10)
    assert numbers.assign(1) == 1
    for _ in range(LAST_NUMBER - 1):
        number = numbers.assign(2)
        assert number is not None
        assert number != 1
        numbers.free(number)
    assert numbers.assign(3) == 2


def test_a_room_too_small_for_a_piece_is_told_at_once() -> None:
    desk = Desk()
    desk.send(message(20), 3, route=ROUTE._replace(room=20))
    assert outcome(desk.events()) == [(3, "no piece of it fits a frame")]


def test_a_device_that_floods_is_heard_in_part_and_the_others_wholly() -> None:
    desk = Desk(TunnelSettings(rate=10.0, burst=20))
    number, other = desk.open(1), desk.open(2)
    for sequence in range(200):
        desk.now = Monotonic(sequence / 100.0)
        desk.hear(from_client(tunnel.TransferData(number, b"\x01"), sequence), 1)
    assert 19 <= 200 - desk.hub.counters["frame_over_rate"] <= 40
    desk.said()
    desk.hear(from_client(tunnel.TransferData(other, b"\x03" + message(20))), 2)
    assert [event.device for event in desk.events()] == [2]


def test_a_flood_from_ever_new_addresses_is_heard_in_part() -> None:
    desk = Desk(TunnelSettings(strangers=100.0))
    for device in range(10_000):
        desk.hear(b"\x01\x02\x42\x00", device)
    assert len(desk.said()) == 100


def test_strangers_that_say_nothing_of_use_are_not_remembered() -> None:
    desk = Desk()
    for device in range(500):
        desk.hear(b"\x01\x02\x42\x00", device)
    assert len(desk.said()) == 500
    assert not desk.hub._peers


def test_tunnels_nobody_uses_are_closed_and_their_devices_forgotten() -> None:
    desk = Desk(TunnelSettings(unused=10_000))
    number = desk.open()
    for _ in range(20):
        if desk.hub.next_wake < float("inf"):
            desk.wake()
    (closure,) = desk.said()
    assert read(closure) == tunnel.TunnelClosureNotification(number)
    assert not desk.hub._peers


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.binary(max_size=60)
            | st.builds(
                lambda number, data, sequence: from_client(
                    tunnel.TransferData(number, data), sequence
                ),
                st.integers(0, 5),
                st.binary(max_size=40) | st.just(b"\x03" + message(10)),
                st.integers(0, 255),
            ),
        ),
        max_size=40,
    )
)
def test_no_octets_of_any_device_raise_or_stay(frames: list[tuple[int, bytes]]) -> None:
    desk = Desk()
    for device in range(2):
        desk.open(device)
        desk.send(message(50), device, device)
    desk.said()
    for device, frame in frames:
        desk.hear(frame, device)
        for said in desk.said():
            assert len(said.payload) <= ROOM
    for device in range(4):
        desk.hub.left(Eui64(device), Monotonic(0.0))
    assert not desk.hub._peers
    assert desk.hub._allowance.left == SETTINGS.held


def test_the_last_acknowledgement_is_drained_with_its_message() -> None:
    desk = Desk()
    number = desk.open()
    desk.hear(from_client(tunnel.TransferData(number, b"\x03" + message(20)), 2))
    (acknowledgement,), (event,) = desk.hub.drain()
    assert read(acknowledgement) == general.DefaultResponse(2, 0)
    assert isinstance(event, MessageReceived)


def test_a_message_is_told_with_its_device_and_time() -> None:
    desk = Desk()
    number = desk.open()
    desk.now = Monotonic(42.0)
    desk.hear(from_client(tunnel.TransferData(number, b"\x03" + message(20)), 2))
    assert desk.events() == [MessageReceived(DEVICE, message(20), Monotonic(42.0))]
