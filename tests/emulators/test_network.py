from math import inf
from random import Random

import pytest

from emulators.air import radio
from emulators.air.network import Network
from emulators.air.radio import Conditions
from emulators.air.station import Placement
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    BROADCAST_ALL,
    BROADCAST_RX_ON,
    Joined,
    LinkDown,
    LinkUp,
    Packet,
    SendFailed,
    SendStatus,
)
from ota_engine.times import Monotonic
from tests.emulators.air import Echo, Server, Silent, network, request, response

LINK_UP = LinkUp("sim", Eui64(0xC0), 82, False, Monotonic(0.0))


def failures(server: Server) -> list[int]:
    return [event.status for event in server.heard if isinstance(event, SendFailed)]


def packets(server: Server) -> list[Packet]:
    return [event for event in server.heard if isinstance(event, Packet)]


def test_a_frame_arrives_when_its_last_octet_does() -> None:
    node = Silent()
    net, server = network(node)
    net.perform(node.eui64, [request()], Monotonic(10.0))
    net.run(11.0)
    way = radio.path(0)
    (packet,) = packets(server)
    assert 10.0 + way.up[17] <= packet.time <= 10.0 + way.up[17] + 7 * radio.BACKOFF_UNIT
    ((heard, _),) = node.received
    assert packet.time + way.down[65] <= heard


def test_one_device_fills_the_channel_to_the_ceiling_of_its_frames() -> None:
    node = Echo(ack=True)
    net, _ = network(node, server=Server(ack=True))
    net.run(120.0)
    assert len(node.received) / 120 == pytest.approx(radio.block_ceiling(48), rel=0.01)


def test_eight_devices_share_one_channel_without_exceeding_it() -> None:
    nodes = [Echo(number, ack=True) for number in range(1, 9)]
    net, _ = network(*nodes, server=Server(ack=True))
    net.run(120.0)
    blocks = [len(node.received) for node in nodes]
    assert sum(blocks) / 120 == pytest.approx(radio.block_ceiling(48), rel=0.01)
    assert max(blocks) - min(blocks) <= 1


def test_channels_do_not_disturb_each_other() -> None:
    net = Network(Random(5), channels=2)
    net.attach(Server())
    nodes = [Echo(1), Echo(2)]
    for channel, node in enumerate(nodes):
        net.add(node, Placement(channel=channel))
        net.power_on(node.eui64, Monotonic(0.0))
    net.run(60.0)
    alone = radio.block_ceiling(48, request_ack=False, response_ack=False)
    assert [len(node.received) / 60 for node in nodes] == pytest.approx([alone, alone], rel=0.02)


def test_hops_divide_the_rate() -> None:
    near, far = Echo(), Echo()
    for node, relays in ((near, 0), (far, 2)):
        net, _ = network(node, placement=Placement(relays=relays))
        net.run(60.0)
    assert len(far.received) < len(near.received) / 3


def test_an_announcement_tells_where_the_node_is() -> None:
    node = Silent(0x1234, sleepy=True)
    net, server = network(node, placement=Placement(relays=2))
    net.run(1.0)
    (joined,) = server.heard
    assert isinstance(joined, Joined)
    assert (joined.device, joined.network_address) == (0x1234, 0x1234)
    assert (joined.sleepy, joined.channel, joined.relays) == (True, 0, 2)


def test_notes_reach_the_journal_and_not_the_air() -> None:
    notes: list[tuple[int, str, float]] = []
    net = Network(
        Random(1), on_note=lambda device, note, now: notes.append((device, note.kind, now))
    )
    net.add(Silent())
    net.power_on(Eui64(1), Monotonic(4.0))
    assert notes == [(1, "on", 4.0)]


@pytest.mark.parametrize(("length", "fits"), [(82, True), (83, False)])
def test_a_frame_longer_than_the_link_carries_fails_at_once(length: int, fits: bool) -> None:
    node = Silent()
    net, server = network(node)
    net.submit(
        net.attach(server, beside=True), [response(1, bytes(length), ack=True)], Monotonic(1.0)
    )
    net.run(2.0)
    assert failures(server) == ([] if fits else [SendStatus.MESSAGE_TOO_LONG])
    assert len(node.received) == fits


def test_relays_shorten_what_fits() -> None:
    node = Silent()
    net, server = network(node, placement=Placement(relays=2))
    net.submit(net.attach(server, beside=True), [response(1, bytes(77))], Monotonic(1.0))
    net.run(2.0)
    assert failures(server) == [SendStatus.MESSAGE_TOO_LONG]


def test_an_unknown_destination_is_reported() -> None:
    net, server = network(Silent())
    net.submit(net.attach(server, beside=True), [response(99)], Monotonic(1.0))
    net.run(2.0)
    assert failures(server) == [SendStatus.NO_SUCH_DEVICE]


def test_an_unacknowledged_frame_to_a_silent_node_vanishes() -> None:
    net, server = network(Silent())
    net.power_off(Eui64(1))
    net.submit(net.attach(server, beside=True), [response(1)], Monotonic(1.0))
    net.run(60.0)
    assert failures(server) == []
    assert net.counters().exhausted == 1


def test_an_acknowledged_frame_to_a_silent_node_fails_after_four_tries() -> None:
    net, server = network(Silent())
    net.power_off(Eui64(1))
    net.submit(net.attach(server, beside=True), [response(1, ack=True)], Monotonic(1.0))
    net.run(60.0)
    (failed,) = [event for event in server.heard if isinstance(event, SendFailed)]
    assert failed.status == SendStatus.DELIVERY_FAILED
    assert failed.time == pytest.approx(1.0 + 4 * radio.APS_ACK_WAIT, abs=0.2)
    assert net.counters().exhausted == 4


def test_a_lost_request_is_repeated_by_the_aps_when_it_wants_an_acknowledgement() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(loss=0.5))
    for second in range(0, 1000, 10):
        net.agenda.at(second, lambda now: net.perform(node.eui64, [request(ack=True)], now))
    net.run(1000.0)
    assert len(packets(server)) > 85  # 1 - 0.5^4 of 100, not half of them


def test_a_lost_request_without_acknowledgement_stays_lost() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(loss=1.0))
    net.perform(node.eui64, [request()], Monotonic(0.0))
    net.run(60.0)
    assert packets(server) == []


def test_duplicates_arrive_twice() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(duplication=1.0))
    net.perform(node.eui64, [request()], Monotonic(0.0))
    net.run(1.0)
    assert len(packets(server)) == 2
    assert len(node.received) == 4  # each copy was answered, each answer doubled


def test_reordered_frames_overtake_each_other() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(reordering=0.5), server=Server(answer=False))
    sent = [bytes([number]) * 17 for number in range(50)]
    for number, payload in enumerate(sent):
        net.run(number * 0.05)
        net.perform(node.eui64, [request(payload)], net.agenda.now)
    net.run(10.0)
    arrived = [packet.payload for packet in packets(server)]
    assert sorted(arrived) == sent
    assert arrived != sent


def test_garbled_frames_arrive_changed() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(garbling=1.0), server=Server(answer=False))
    net.perform(node.eui64, [request()], Monotonic(0.0))
    net.run(1.0)
    (packet,) = packets(server)
    assert len(packet.payload) == 17
    assert net.counters().garbled == 2  # the announcement has no octets of ours to change


def test_corrupted_frames_are_removed_by_the_frame_check() -> None:
    node = Silent()
    net, server = network(node, conditions=Conditions(corruption=1.0))
    net.perform(node.eui64, [request()], Monotonic(0.0))
    net.run(1.0)
    assert packets(server) == []
    assert net.counters().exhausted == 2


def test_a_saturated_channel_turns_frames_away() -> None:
    node = Silent()
    net, server = network(node)
    net.submit(net.attach(server, beside=True), [response(1) for _ in range(1000)], Monotonic(1.0))
    net.run(10.0)
    assert 100 < len(node.received) < 400
    assert set(failures(server)) == {SendStatus.BUSY}
    assert net.counters().congested + len(node.received) == 1000


def test_the_sleepy_childs_frame_waits_for_its_poll() -> None:
    node = Silent(sleepy=True)
    net, server = network(node, placement=Placement(poll=4.0, fast_poll=0.5))
    net.run(100.0)
    net.submit(net.attach(server, beside=True), [response(1)], Monotonic(100.0))
    net.run(110.0)
    ((heard, _),) = node.received
    phase = (1 % 997) / 997 * 4.0
    assert 100.0 <= heard <= 104.1
    assert (heard - phase) % 4.0 < 0.02


def test_a_sleepy_child_polls_fast_after_it_asked() -> None:
    node = Silent(sleepy=True)
    net, _ = network(node, placement=Placement(poll=7.5, fast_poll=0.5))
    net.run(100.0)
    net.perform(node.eui64, [request()], Monotonic(100.0))
    net.run(110.0)
    ((heard, _),) = node.received
    assert heard == pytest.approx(100.5, abs=0.02)


def test_the_parent_drops_what_its_child_does_not_fetch_in_time() -> None:
    node = Silent(sleepy=True)
    net, server = network(node, placement=Placement(poll=60.0))
    net.run(100.0)
    net.submit(net.attach(server, beside=True), [response(1, ack=True)], Monotonic(110.0))
    net.run(200.0)
    assert node.received == []
    assert failures(server) == [SendStatus.DELIVERY_FAILED]
    assert net.counters().expired == 1


@pytest.mark.parametrize(("address", "sleepers"), [(BROADCAST_ALL, 1), (BROADCAST_RX_ON, 0)])
def test_broadcasts_reach_everyone_or_only_who_listens(address: Eui64, sleepers: int) -> None:
    awake, asleep = Silent(1), Silent(2, sleepy=True)
    net, server = network(awake, asleep)
    net.submit(net.attach(server, beside=True), [response(address)], Monotonic(1.0))
    net.run(20.0)
    assert (len(awake.received), len(asleep.received)) == (1, sleepers)


def test_a_broken_router_cuts_off_who_is_behind_it() -> None:
    before, behind = Silent(1), Silent(2)
    net, server = network(before)
    net.add(behind, Placement(relays=1, router=7))
    net.power_on(behind.eui64, Monotonic(0.0))
    net.run(1.0)
    net.reach(0, 7, False)
    net.submit(net.attach(server, beside=True), [response(1), response(2)], Monotonic(1.0))
    net.perform(behind.eui64, [request()], Monotonic(1.0))
    net.run(2.0)
    net.reach(0, 7, True)
    net.submit(net.attach(server, beside=True), [response(2)], Monotonic(3.0))
    net.run(4.0)
    assert (len(before.received), len(behind.received)) == (1, 1)
    assert packets(server) == []


def test_nothing_passes_while_the_coordinator_is_unplugged() -> None:
    node = Silent()
    net, server = network(node)
    net.run(1.0)
    port = net.attach(Server(), beside=True)
    net.link_down("unplugged", Monotonic(1.0))
    net.submit(port, [response(1)], Monotonic(1.5))
    net.perform(node.eui64, [request()], Monotonic(1.5))
    net.run(2.0)
    net.link_up(LINK_UP, Monotonic(3.0))
    assert [type(event) for event in server.heard] == [Joined, LinkDown, LinkUp]
    other = port.coordinator
    assert isinstance(other, Server)
    assert failures(other) == [SendStatus.LINK_DOWN]
    assert node.received == []


def test_a_node_turns_to_the_server_it_chose() -> None:
    faithful, stray = Silent(1), Silent(2)
    net, first = network(faithful, stray)
    second = Server()
    port = net.attach(second, beside=True)
    net.choose(stray.eui64, port)
    for node in (faithful, stray):
        net.perform(node.eui64, [request()], Monotonic(1.0))
    net.run(2.0)
    assert [packet.source for packet in packets(first)] == [1]
    assert [packet.source for packet in packets(second)] == [2]
    assert len(stray.received) == 1


def test_an_announcement_reaches_every_server() -> None:
    net, first = network(Silent())
    second = Server()
    net.attach(second, beside=True)
    net.run(1.0)
    assert [type(event) for event in first.heard + second.heard] == [Joined, Joined]


def test_a_detached_server_hears_nothing_more() -> None:
    node = Silent()
    net, _ = network(node)
    second = Server()
    port = net.attach(second)
    net.detach(port)
    second.next_wake = Monotonic(3.0)
    net.perform(node.eui64, [request()], Monotonic(1.0))
    net.run(10.0)
    assert (second.heard, second.woken) == ([], [])


def test_the_server_is_woken_when_it_asked_to_be() -> None:
    server = Server()
    server.next_wake = Monotonic(5.0)
    net, _ = network(server=server)
    net.run(4.9)
    assert server.woken == []
    net.run(10.0)
    assert server.woken == [5.0]


def test_a_node_that_moves_its_alarm_is_woken_at_the_new_time_only() -> None:
    woken: list[float] = []

    class Mover(Silent):
        def wake(self, now: float) -> tuple[()]:
            if now > 0:
                woken.append(now)
                self.wake_at = inf
            return ()

    node = Mover()
    net, _ = network(node)
    node.wake_at = 5.0
    net.perform(node.eui64, [], Monotonic(1.0))
    node.wake_at = 9.0
    net.perform(node.eui64, [], Monotonic(1.0))
    net.run(8.0)
    node.wake_at = 8.5
    net.perform(node.eui64, [], Monotonic(8.0))
    net.run(20.0)
    assert woken == [8.5]


def test_moving_alarms_does_not_fill_the_agenda() -> None:
    node = Echo()
    net, _ = network(node)
    net.run(300.0)
    assert len(node.received) > 10_000
    assert len(net.agenda) < 8


def test_a_node_without_power_neither_hears_nor_wakes() -> None:
    node = Echo()
    net, server = network(node)
    net.run(1.0)
    heard = len(node.received)
    net.power_off(node.eui64)
    net.run(1.5)  # what was in the air arrives
    told = len(server.heard)
    net.run(20.0)
    assert (len(node.received), len(server.heard)) == (heard, told)


def test_two_nodes_cannot_share_an_identity() -> None:
    net, _ = network(Silent())
    with pytest.raises(LocalError, match="00-00-00-00-00-00-00-01"):
        net.add(Silent())


def test_a_channel_that_is_not_there_is_refused() -> None:
    net, _ = network()
    with pytest.raises(LocalError, match="channel 3"):
        net.add(Silent(), Placement(channel=3))


def test_aps_counters_run_on_and_wrap() -> None:
    node = Echo()
    net, server = network(node)
    net.run(10.0)
    counters = [packet.aps_counter for packet in packets(server)]
    assert counters[:300] == [number & 0xFF for number in range(1, 301)]


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_history(seed: int) -> None:
    histories = []
    air = Conditions(loss=0.05, corruption=0.1, duplication=0.05, reordering=0.05, garbling=0.02)
    for _ in range(2):
        nodes = [Echo(number, sleepy=number % 3 == 0) for number in range(1, 9)]
        net, server = network(*nodes, conditions=air, seed=seed)
        net.run(60.0)
        histories.append((server.heard, [node.received for node in nodes]))
    assert histories[0] == histories[1]
