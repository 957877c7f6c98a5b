"""WAIT_FOR_DATA (ZCL 11.13.8): pause, queue, duty cycle, and clients that do not listen."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.hub.delivery.commands import Abort, Pause, Resume
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.pacing import Places
from ota_engine.records import Activation, SessionState
from ota_engine.times import Monotonic
from ota_engine.zcl.ota import ImageBlockResponse
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import DEVICE, WAIT_FOR_EVER, Client, Desk, image, ready, told
from tests.tiers import examples

ONE_PLACE = DeliveryConfig(concurrency=1)


def waits(answer: object) -> int:
    """The seconds a client is told to wait, which are always given in the relative form."""
    assert isinstance(answer, ImageBlockResponse)
    assert answer.status == Status.WAIT_FOR_DATA
    assert answer.current_time == 0
    assert answer.minimum_block_period is None
    assert answer.request_time is not None
    assert answer.request_time >= 1
    return answer.request_time


def served(answer: object) -> bool:
    return isinstance(answer, ImageBlockResponse) and answer.status == Status.SUCCESS


def crowd(count: int, config: DeliveryConfig) -> tuple[Desk, list[Client]]:
    desk = Desk(config)
    clients = [Client(desk, Eui64(DEVICE + number)) for number in range(count)]
    for client in clients:
        client.join()
        desk.assign(client.image, client.eui64)
        client.query()
    return desk, clients


# --- pause and resume ------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", [DEVICE, None])
def test_a_paused_device_is_told_to_wait_and_shown_why(whom: Eui64 | None) -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Pause(whom, "too hot", "test"))
    assert waits(client.ask(50)) == 600
    assert desk.state() is SessionState.PAUSED
    assert desk.status().reason == "too hot"
    assert desk.status().since == desk.now


def test_a_resumed_device_is_served_at_once_where_it_left_off() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    desk.give(Pause(DEVICE, "too hot", "test"))
    client.ask(500)
    desk.give(Resume(DEVICE, "test"))
    assert desk.state() is SessionState.STALLED
    assert "resumed" in desk.status().reason
    client.download(start=500)
    assert desk.state() is SessionState.VERIFYING


def test_a_pause_outlives_the_engine() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Pause(DEVICE, "too hot", "test"))
    desk.restart()
    assert desk.state() is SessionState.PAUSED
    waits(client.ask(50))
    desk.give(Resume(DEVICE, "test"))
    assert served(client.ask(50))


def test_pausing_all_holds_devices_assigned_later_too() -> None:
    desk = Desk()
    desk.give(Pause(None, "freeze", "test"))
    client = Client(desk)
    desk.assign(client.image)
    client.query()
    waits(client.ask(0))
    assert desk.state() is SessionState.PAUSED
    desk.give(Resume(None, "test"))
    assert served(client.ask(0))


def test_resuming_one_device_does_not_undo_a_pause_of_all() -> None:
    desk, client = ready()
    desk.give(Pause(None, "freeze", "test"))
    desk.give(Resume(DEVICE, "test"))
    waits(client.ask(0))


def test_a_paused_device_is_not_let_activate_and_is_released_by_the_resume() -> None:
    desk, client = ready()
    client.query()
    client.download()
    desk.give(Pause(None, "freeze", "test"))
    assert client.end() == told(WAIT_FOR_EVER, client.image)
    assert desk.state() is SessionState.HELD
    assert desk.status().reason == "freeze"
    desk.restart()
    assert client.end() == told(WAIT_FOR_EVER, client.image)
    (frame, *_) = desk.give(Resume(None, "test"))
    assert desk.state() is SessionState.RESTARTING
    assert frame.payload[3:] == bytes.fromhex("1d128400000200000000000000000000")


def test_a_pause_stops_a_countdown_and_the_resume_starts_it_again() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=600)
    client.finish()
    (frame,) = desk.give(Pause(DEVICE, "freeze", "test"))
    assert frame.payload[-4:] == b"\xff\xff\xff\xff"
    desk.wait(100.0)
    desk.sent.clear()
    desk.give(Resume(DEVICE, "test"))
    assert desk.sent[0][1].payload[-4:] == (500).to_bytes(4, "little")
    assert desk.state() is SessionState.SCHEDULED


# --- the queue for places ----------------------------------------------------------------------------


def test_no_more_downloads_are_active_than_there_are_places() -> None:
    desk, clients = crowd(5, DeliveryConfig(concurrency=2))
    answers = [client.ask(0) for client in clients]
    assert [served(answer) for answer in answers] == [True, True, False, False, False]
    states = [desk.state(client.eui64) for client in clients]
    assert states.count(SessionState.DOWNLOADING) == 2
    assert states.count(SessionState.QUEUED) == 3
    assert desk.status(clients[4].eui64).reason == "waits for one of 2 places on the channel"


def test_places_are_counted_per_channel() -> None:
    desk = Desk(ONE_PLACE)
    for number in range(3):
        client = Client(desk, Eui64(DEVICE + number), channel=number)
        client.join()
        desk.assign(client.image, client.eui64)
        assert served(client.ask(0))


def test_the_first_in_the_queue_gets_the_place_though_others_ask_sooner() -> None:
    desk, (active, first, second) = crowd(3, ONE_PLACE)
    active.block(0)
    due = desk.now + waits(first.ask(0))
    desk.wait(1.0)
    waits(second.ask(0))
    desk.give(Abort(active.eui64, "stop", "test"))
    desk.wait(due - desk.now - 0.5)
    newcomer = Client(desk, Eui64(DEVICE + 9))
    newcomer.join()
    desk.assign(newcomer.image, newcomer.eui64)
    waits(newcomer.ask(0))
    desk.wait(0.5)
    assert served(first.ask(0))


def test_a_place_is_not_kept_for_a_device_that_does_not_come_back() -> None:
    desk, (active, gone, other) = crowd(3, ONE_PLACE)
    active.block(0)
    waits(gone.ask(0))
    waits(other.ask(0))
    desk.give(Abort(active.eui64, "stop", "test"))
    desk.wait(60.0)
    assert served(other.ask(0))


def test_a_stalled_download_gives_its_place_to_the_next() -> None:
    desk, (stalled, other) = crowd(2, ONE_PLACE)
    stalled.block(0)
    for _ in range(30):
        answer = other.ask(0)
        if served(answer):
            break
        desk.wait(waits(answer))
    assert desk.state(other.eui64) is SessionState.DOWNLOADING
    assert desk.state(stalled.eui64) is SessionState.STALLED


def test_a_finished_download_gives_its_place_while_it_verifies() -> None:
    desk, (first, second) = crowd(2, ONE_PLACE)
    first.download()
    assert desk.state(first.eui64) is SessionState.VERIFYING
    assert served(second.ask(0))


@given(
    arrivals=st.lists(st.floats(0.0, 200.0), min_size=2, max_size=12),
    places=st.integers(1, 3),
    lag=st.floats(0.0, 2.0),
)
@examples(60)
def test_everybody_is_served_in_the_end_and_nobody_much_out_of_turn(
    arrivals: list[float], places: int, lag: float
) -> None:
    holds = 20.0  # seconds a download takes
    line = Places(places, expected_time=60.0)
    agenda = sorted((at, Eui64(number)) for number, at in enumerate(arrivals))
    queue = list(agenda)
    came: dict[Eui64, float] = {device: at for at, device in agenda}
    got: dict[Eui64, float] = {}
    while queue:
        queue.sort()
        now, device = queue.pop(0)
        for other, since in got.items():
            if since + holds <= now:
                line.leave(other, Monotonic(since + holds), finished=True)
        if line.ask(device, Monotonic(now)):
            got[device] = now
            assert line.active <= places
        else:
            queue.append((now + line.wait_for(device, Monotonic(now), 600.0) + lag, device))
        assert now < 3600.0, "somebody starves"
    assert len(got) == len(arrivals)
    for device, at in got.items():
        earlier = [other for other in came if came[other] < came[device]]
        bound = (len(earlier) / places + 1) * (holds + Places.NEAR + lag) + 600.0
        assert at - came[device] <= bound


def test_newcomers_that_always_ask_at_the_lucky_moment_cannot_starve_the_head() -> None:
    line = Places(1)
    assert line.ask(Eui64(1), Monotonic(0.0))
    assert not line.ask(Eui64(2), Monotonic(0.0))
    back = line.wait_for(Eui64(2), Monotonic(0.0), 600.0)
    now = 0.0
    for number in range(3, 50):
        line.leave(Eui64(1), Monotonic(now))
        assert not line.ask(Eui64(number), Monotonic(now))
        line.wait_for(Eui64(number), Monotonic(now), 600.0)
        now += back / 50
    assert line.ask(Eui64(2), Monotonic(back))


# --- duty cycle -------------------------------------------------------------------------------------


def test_over_its_air_budget_a_download_is_told_to_wait_and_then_goes_on() -> None:
    desk, client = ready(DeliveryConfig(channel_share=0.01), image(8000))
    client.query()
    offset = waited = 0
    while offset < 8000:
        answer = client.ask(offset)
        if served(answer):
            offset += 50
        else:
            seconds = waits(answer)
            waited += seconds
            desk.wait(seconds)
        desk.wait(0.02)
    air = 160 * 0.0197  # seconds of one block's exchange
    assert (air - 1.0) / 0.01 * 0.8 <= waited <= air / 0.01 * 1.3


def test_the_air_budget_is_shared_evenly_among_downloads_in_step() -> None:
    desk, clients = crowd(4, DeliveryConfig(channel_share=0.1))
    big = image(100_000)
    for client in clients:
        client.image = big
        desk.assign(big, client.eui64)
    blocks = {client.eui64: 0 for client in clients}
    due = {client.eui64: desk.now + 0.01 * number for number, client in enumerate(clients)}
    while desk.now < 300.0:
        client = min(clients, key=lambda one: due[one.eui64])
        desk.wait(max(0.0, due[client.eui64] - desk.now))
        answer = client.ask(blocks[client.eui64] * 50)
        if served(answer):
            blocks[client.eui64] += 1
            due[client.eui64] = desk.now + 0.02
        else:
            due[client.eui64] = desk.now + waits(answer)
    assert sum(blocks.values()) * 0.0197 <= 0.1 * 300.0 * 1.1 + 1.0
    assert min(blocks.values()) >= 0.6 * max(blocks.values())


# --- clients that do not listen ----------------------------------------------------------------------


def test_a_client_that_asks_before_its_time_gets_no_block_but_is_told_the_rest() -> None:
    desk, (active, impatient) = crowd(2, ONE_PLACE)
    active.block(0)
    seconds = waits(impatient.ask(0))
    desk.wait(2.0)
    desk.give(Abort(active.eui64, "stop", "test"))
    assert waits(impatient.ask(0)) == seconds - 2
    desk.wait(seconds - 2.0)
    assert served(impatient.ask(0))


def test_a_client_that_retries_every_half_second_in_spite_of_its_wait_is_served_in_time() -> None:
    desk, (active, impatient) = crowd(2, ONE_PLACE)
    active.block(0)
    impatient.ask(0)
    desk.give(Abort(active.eui64, "stop", "test"))
    began = desk.now
    while not served(impatient.ask(0)):
        desk.wait(0.5)
        assert desk.now < began + Places.NEAR + 1.0


def flood(desk: Desk, client: Client, requests: int, spacing: float) -> int:
    """Ask and ask; returns how many blocks came."""
    rng = Random(1)
    blocks = 0
    for _ in range(requests):
        desk.wait(spacing)
        blocks += served(client.ask(rng.randrange(1000)))
    return blocks


def test_a_client_faster_than_its_rate_is_slowed_and_then_hardly_answered() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    blocks = flood(desk, client, 20_000, 0.0005)  # 2,000 a second for 10 s
    assert blocks <= 200 + 3 * 10
    answered = len(desk.to())
    assert answered <= 200 + 4 * 10 + 10
    assert desk.engine.counters["block_dropped"] > 15_000


def test_fault_12_one_abuser_among_100_neither_starves_them_nor_grows_memory() -> None:
    desk, (abuser, *others) = crowd(101, DeliveryConfig(concurrency=101))
    abuser.block(0)
    for step in range(20):
        for client in others:
            client.block(step * 50)  # every request of an honest device is answered with its block
            for _ in range(5):
                abuser.ask(0)
        desk.wait(0.5)
    assert {desk.state(client.eui64) for client in others} == {SessionState.VERIFYING}
    to_abuser = len(desk.to(abuser.eui64))
    assert to_abuser <= 300  # of 10,000 requests
    assert len(desk.engine.kernel.deadlines) < 500
    assert len(desk.store.events()) < 1000


def test_asking_twice_is_one_place() -> None:
    line = Places(1)
    assert line.ask(Eui64(1), Monotonic(0.0))
    assert line.ask(Eui64(1), Monotonic(1.0))
    assert line.active == 1
