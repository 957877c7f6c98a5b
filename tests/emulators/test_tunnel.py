"""Hub and devices tunnel to each other over the emulated air: mains and sleepy, calm and rough."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.air.radio import Conditions, max_payload
from emulators.air.station import Placement
from emulators.node import NodeAction, Note, Transmit
from ota_engine.events import SMART_ENERGY, TUNNELING_CLUSTER, Send
from ota_engine.hub.tunnel import TunnelSettings
from ota_engine.times import Monotonic
from ota_engine.zcl import general, tunnel
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.tunnel import TunnelStatus
from tests.hub.tunnel.home import ROOM, Home, Talker, message
from tests.tiers import examples

ROUGH = Conditions(loss=0.1, corruption=0.1, duplication=0.1, reordering=0.1)
FIVE = [message(300, seed=seed) for seed in range(5)]


def sent_to(home: Home, kind: type[object]) -> int:
    """How many commands of one kind the hub sent."""
    return sum(isinstance(_read(send), kind) for send in home.hub.sent)


def _read(send: Send) -> tunnel.TunnelCommand | general.GeneralCommand:
    header = parse_header(send.payload)
    payload = send.payload[header.length :]
    if header.cluster_specific:
        return tunnel.decode(header.command, payload, from_server=header.from_server)
    return general.decode(header.command, payload)


# --- calm air -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sleepy", [False, True], ids=["mains", "sleepy"])
def test_a_message_of_300_octets_goes_there_and_back(sleepy: bool) -> None:
    talker = Talker(sleepy=sleepy, echo=True)
    home = Home(talker)
    home.run(2.0)
    home.to(talker, message(300), token=7)
    home.run(30.0)
    assert talker.received == home.hub.received == [message(300)]
    assert home.hub.delivered == [7]
    assert not home.hub.tunnels.counters
    assert not talker.tunnel.counters


def test_a_mains_device_answers_through_the_hubs_tunnel() -> None:
    talker = Talker(echo=True)
    home = Home(talker)
    home.run(2.0)
    home.to(talker, message(300))
    home.run(5.0)
    assert home.hub.received == [message(300)]
    assert sent_to(home, tunnel.RequestTunnelResponse) == 0


def test_a_mains_device_opens_a_tunnel_for_what_nobody_asked_for() -> None:
    talker = Talker()
    home = Home(talker)
    home.run(2.0)
    home.up(talker, message(300))
    home.run(5.0)
    assert home.hub.received == [message(300)]
    assert talker.notes == [Note("message sent", {})]


def test_a_sleepy_device_fetches_all_that_waits_in_the_order_it_came() -> None:
    talker = Talker(sleepy=True, get_every=60.0)
    home = Home(talker)
    for token, octets in enumerate(FIVE):
        home.to(talker, octets, token)
    home.run(59.0)
    assert talker.received == FIVE
    assert home.hub.delivered == [0, 1, 2, 3, 4]


def test_a_sleepy_device_is_sent_nothing_it_did_not_ask_for() -> None:
    talker = Talker(sleepy=True, get_every=1000.0)
    home = Home(talker)
    home.run(30.0)
    before = len(home.hub.sent)
    home.to(talker, message(300))
    home.run(600.0)
    assert len(home.hub.sent) == before
    home.run(600.0)
    assert talker.received == [message(300)]


@pytest.mark.parametrize("relays", [0, 3, 5])
def test_pieces_fit_a_way_with_relays(relays: int) -> None:
    talker = Talker(echo=True)
    home = Home(talker, placement=Placement(relays=relays, router=1))
    home.run(2.0)
    home.to(talker, message(300), room=max_payload(relays))
    home.run(10.0)
    assert talker.received == home.hub.received == [message(300)]
    assert home.network.counters().oversized == 0


def test_a_room_that_was_too_large_is_found_out() -> None:
    talker = Talker()
    home = Home(talker)
    home.run(2.0)
    home.to(talker, message(300), token=3, room=ROOM + 10)
    home.run(30.0)
    assert home.network.counters().oversized == 1
    assert talker.received == [message(300)]
    assert home.hub.delivered == [3]


def test_a_hundred_devices_are_served_within_the_time_of_the_air() -> None:
    talkers = [Talker(number, echo=True) for number in range(100)]
    home = Home(*talkers)
    home.run(2.0)
    for token, talker in enumerate(talkers):
        home.to(talker, message(40, seed=token), token)
    home.run(60.0)
    assert sorted(home.hub.delivered) == [*range(100)]
    assert Counter(home.hub.received) == Counter(message(40, seed=seed) for seed in range(100))
    assert home.network.counters().congested == 0


# --- rough air ------------------------------------------------------------------------------------


@examples(40)
@given(seed=st.integers(0, 2**32), sleepy=st.booleans())
def test_rough_air_loses_and_spoils_no_message(seed: int, sleepy: bool) -> None:
    talker = Talker(sleepy=sleepy, echo=True)
    home = Home(talker, conditions=ROUGH, seed=seed)
    home.run(2.0)
    for token, octets in enumerate(FIVE):
        home.to(talker, octets, token)
    home.run(1200.0)
    given_up = {token for token, _ in home.hub.undelivered}
    assert sorted({*home.hub.delivered} | given_up) == [0, 1, 2, 3, 4]
    assert set(talker.received) <= set(FIVE)
    assert set(home.hub.received) <= set(talker.received)
    for token in home.hub.delivered:
        assert FIVE[token] in talker.received


@examples(25)
@given(seed=st.integers(0, 2**32), sleepy=st.booleans())
def test_garbled_frames_stop_nobody(seed: int, sleepy: bool) -> None:
    """Octets changed on the way are not the tunnel's to find; that it goes on afterwards is."""
    talker = Talker(sleepy=sleepy)
    home = Home(talker, conditions=Conditions(garbling=0.3), seed=seed)
    home.run(2.0)
    for token, octets in enumerate(FIVE):
        home.to(talker, octets, token)
    home.run(600.0)
    home.network.media[0].change(Conditions())
    home.run(400.0)
    last = message(100, seed=99)
    for _ in range(2):  # the first may be taken for the rest of one that was cut short
        home.to(talker, last, 99)
        home.run(200.0)
    assert last in talker.received


# --- restarts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sleepy", [False, True], ids=["mains", "sleepy"])
@pytest.mark.parametrize("after", [0.005, 0.02, 0.05, 0.1, 1.0, 1.2, 2.0, 5.0])
def test_a_hub_that_restarts_amid_a_message_is_sent_it_anew(after: float, sleepy: bool) -> None:
    talker = Talker(sleepy=sleepy, get_every=5.0)
    home = Home(talker)
    home.run(3.0)
    home.up(talker, message(300))
    home.run(after)
    got = home.hub.received
    home.new_hub()
    home.run(120.0)
    assert got + home.hub.received in ([message(300)], [message(300)] * 2)
    assert talker.tunnel.waiting == 0
    home.to(talker, message(50))
    home.run(60.0)
    assert talker.received == [message(50)]


@pytest.mark.parametrize("sleepy", [False, True], ids=["mains", "sleepy"])
@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.06, 0.1, 1.0, 1.5, 3.0, 5.2])
def test_a_device_that_restarts_amid_a_message_gets_it_anew(after: float, sleepy: bool) -> None:
    talker = Talker(sleepy=sleepy, get_every=5.0)
    home = Home(talker)
    home.run(3.0)
    home.to(talker, message(300), token=7)
    home.run(after)
    home.network.power_off(talker.eui64)
    home.run(2.0)
    home.network.power_on(talker.eui64, Monotonic(home.now))
    home.run(120.0)
    assert home.hub.delivered == [7]
    assert talker.received in ([message(300)], [message(300)] * 2)


def test_a_device_that_is_off_has_not_got_its_message() -> None:
    talker = Talker()
    home = Home(talker)
    home.run(2.0)
    home.network.power_off(talker.eui64)
    home.to(talker, message(300), token=7)
    home.run(300.0)
    assert home.hub.undelivered == [(7, "the device is out of reach")]
    assert talker.received == []


def test_a_device_forgets_its_messages_without_power() -> None:
    talker = Talker(sleepy=True, get_every=1000.0)
    home = Home(talker)
    home.run(0.5)
    home.up(talker, message(300))
    assert talker.tunnel.waiting == 1
    talker.tunnel.power_off()
    assert (talker.tunnel.waiting, talker.wake_at) == (0, float("inf"))


def test_a_hub_that_is_gone_is_asked_again_when_it_is_back() -> None:
    talker = Talker(sleepy=True, get_every=20.0)
    home = Home(talker)
    home.run(5.0)
    home.network.detach(home.port)
    home.run(300.0)
    home.new_hub()
    home.to(talker, message(300))
    home.run(200.0)
    assert talker.received == [message(300)]


def test_a_get_that_is_taken_but_never_answered_is_asked_again_through_a_fresh_tunnel() -> None:
    talker = Talker(sleepy=True, get_every=5.0)
    talker.power_on(0.0)
    requests = 0
    for _ in range(12):
        now = talker.wake_at
        for action in talker.wake(now):
            requests += _answered_but_not_served(talker, action, now)
        if requests == 2:
            break
    assert requests == 2
    assert talker.tunnel.counters["get_unanswered"] == 1


def _answered_but_not_served(talker: Talker, action: NodeAction, now: float) -> int:
    """A hub that opens tunnels and acknowledges data, and does nothing else; counts requests."""
    if not isinstance(action, Transmit):
        return 0
    header = parse_header(action.payload)
    if header.command == 0x00:
        answer = tunnel.encode(tunnel.RequestTunnelResponse(7, 0, 1500), from_server=True)
        frame = cluster_frame(0x00, header.sequence, answer, from_server=True)
    else:
        answer = general.encode(general.DefaultResponse(header.command, 0))
        frame = general_frame(general.DEFAULT_RESPONSE, header.sequence, answer, from_server=True)
    send = Send(talker.eui64, 10, 1, SMART_ENERGY, TUNNELING_CLUSTER, frame, True, True, 0, 0)
    more = talker.receive(send, now)
    return (header.command == 0x00) + sum(
        _answered_but_not_served(talker, next_action, now) for next_action in more
    )


def test_a_message_that_comes_slowly_is_waited_for() -> None:
    """Each piece takes a poll of its own, and all of them longer than an answer to a get may."""
    talker = Talker(sleepy=True, get_every=5.0)
    slow = Placement(poll=7.0, fast_poll=5.0)
    home = Home(talker, placement=slow)
    home.to(talker, message(1000))
    home.run(300.0)
    assert talker.received == [message(1000)]
    assert talker.tunnel.counters["get_unanswered"] == 0


# --- devices that will not ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [TunnelStatus.BUSY, TunnelStatus.NO_MORE_TUNNEL_IDS])
def test_a_busy_device_gets_its_message_when_it_has_time(status: TunnelStatus) -> None:
    talker = Talker()
    home = Home(talker)
    talker.tunnel.refuse(status)
    home.run(2.0)
    home.to(talker, message(300), token=7)
    home.run(15.0)
    assert home.hub.delivered == []
    assert home.hub.undelivered == []
    talker.tunnel.refuse(None)
    home.run(15.0)
    assert home.hub.delivered == [7]


def test_a_device_that_stays_busy_has_not_got_its_message_and_stays_so_over_a_restart() -> None:
    talker = Talker()
    home = Home(talker)
    talker.tunnel.refuse(TunnelStatus.BUSY)
    home.network.power_on(talker.eui64, Monotonic(0.0))
    home.run(2.0)
    home.to(talker, message(300), token=7)
    home.run(120.0)
    assert home.hub.undelivered == [(7, "the device has no tunnel free")]


def test_a_hub_without_room_puts_a_device_off() -> None:
    """The device keeps its message until it is taken."""
    first, second = Talker(0), Talker(1)
    home = Home(first, second, settings=TunnelSettings(tunnels=1))
    home.run(2.0)
    home.up(first, message(100))
    home.run(5.0)
    home.up(second, message(100, seed=1))
    home.run(5.0)
    assert home.hub.received == [message(100)]
    assert second.tunnel.waiting == 1
    home.new_hub()
    home.run(60.0)
    assert home.hub.received == [message(100, seed=1)]
