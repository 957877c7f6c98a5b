"""Faults of the list, met by the engine: floods, clocks, restarts, a second server, odd networks."""

import json
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.events import LinkUp, Packet
from ota_engine.hub.delivery.commands import ConfirmClock
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.records import Activation, SessionState
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.hot import encode_block_request, encode_query_next_image_request
from ota_engine.zcl.ota import (
    Command,
    ImageBlockRequest,
    QueryNextImageRequest,
    UpgradeEndRequest,
    encode,
)
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    NEW,
    NOBODY,
    OLD,
    OWN,
    UTC,
    WAIT_FOR_EVER,
    Client,
    Desk,
    decoded,
    image,
    offered,
    ready,
    told,
)
from tests.tiers import examples

DAY = 86_400.0

# --- 9: duplicated, late, lost ------------------------------------------------------------------------

SMALL = image(600)
STORY = [
    encode_query_next_image_request(1, QueryNextImageRequest(0, 0x121D, 0x0084, OLD)),
    *(
        encode_block_request(2 + number, ImageBlockRequest(0, 0x121D, 0x0084, NEW, offset, 50))
        for number, offset in enumerate(range(0, 600, 50))
    ),
    cluster_frame(6, 20, encode(UpgradeEndRequest(0, 0x121D, 0x0084, NEW)), from_server=False),
]


def told_with_repeats(repeats: list[tuple[int, int]]) -> Desk:
    """The story of a download, some frames of which come again up to five frames later."""
    desk, client = ready(of=SMALL)
    script = [(float(at), frame) for at, frame in enumerate(STORY)]
    script += [(at + late + 0.5, STORY[at]) for at, late in repeats]
    for _, frame in sorted(script, key=lambda line: line[0]):
        desk.wait(0.03)
        client.raw(frame)
    client.join()
    client.report(NEW)
    return desk


def history(desk: Desk) -> tuple[object, ...]:
    return desk.state(), desk.outcomes(), desk.status().offset, desk.status().attempt


@given(st.lists(st.tuples(st.integers(0, len(STORY) - 1), st.integers(0, 5)), max_size=25))
@examples(40)
def test_fault_09_repeated_and_late_frames_change_nothing_in_the_end(
    repeats: list[tuple[int, int]],
) -> None:
    assert history(told_with_repeats(repeats)) == history(told_with_repeats([]))


@pytest.mark.parametrize("seed", range(25))
def test_fault_09_a_client_on_a_lossy_network_gets_its_image_and_one_outcome(seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201 - what to repeat a failure with
    rng = Random(seed)
    desk, client = ready(of=SMALL)
    client.query()
    got = bytearray()
    while len(got) < 600:
        desk.wait(rng.choice((0.02, 0.5, 3.0)))
        for _ in range(rng.choice((0, 1, 1, 2))):  # lost on its way here, or repeated
            data = client.block(len(got))
        if rng.random() < 0.7:  # else lost on its way back
            data = client.block(len(got))
            got += data
    assert bytes(got) == SMALL.data
    for _ in range(rng.randint(1, 4)):
        client.end()
        desk.wait(5.0)
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert [kind for kind, _, _ in desk.outcomes()] == ["transfer", "activation"]


# --- 13: many sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize("flood", [20_000, pytest.param(100_000, marks=pytest.mark.heavy)])
def test_fault_13_a_flood_of_addresses_is_forgotten_oldest_first(flood: int) -> None:
    desk, client = ready(DeliveryConfig(strangers=1000))
    frame = encode_query_next_image_request(1, QueryNextImageRequest(0, 0x121D, 0x0084, OLD))
    devices = desk.engine.kernel.devices
    handle = desk.engine.handle
    records = 0
    for number in range(flood):
        source = Eui64(0x0A00_0000_0000_0000 + number)
        effects = handle(
            Packet(source, 1, 1, 10, 0x0109, 0x0019, 0, frame, 0, Monotonic(0.0)), Monotonic(0.0)
        )
        records += len(effects) - 1
    assert len(devices) == len(desk.engine.delivery.transfers.peers) == 1001
    assert devices.get(Eui64(0x0A00_0000_0000_0000 + flood - 1001)) is None
    assert devices.get(Eui64(0x0A00_0000_0000_0000 + flood - 1000)) is not None
    assert [device.eui64 for device in devices] == [client.eui64]
    assert records == 0
    assert len(desk.engine.kernel.deadlines) < 10
    assert client.query() == offered(client.image)


def test_fault_13_a_flood_of_addresses_asking_for_blocks_does_not_fill_the_audit_trail() -> None:
    desk, client = ready()
    for number in range(2000):
        Client(desk, Eui64(0x0A00_0000_0000_0000 + number)).ask(0)
    assert len(desk.audits()) < 20
    client.block(0)


# --- 15: queries for ever -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "assigned",
    [None, pytest.param("refused", marks=pytest.mark.heavy), "offered"],
)
def test_fault_15_a_day_of_queries_every_second_writes_next_to_nothing(
    assigned: str | None,
) -> None:
    desk, client = ready() if assigned else (Desk(), None)
    client = client or Client(desk)
    frame = encode_query_next_image_request(
        1,
        QueryNextImageRequest(0, 0x121D, 0x0084, OLD if assigned == "offered" else NEW + 1),
    )
    lines = 0
    for _ in range(int(DAY)):
        desk.now += 1.0
        packet = client.frame(frame)
        for effect in desk.engine.handle(packet, desk.now):
            lines += type(effect).__name__ == "Persist"
        if desk.engine.next_wake <= desk.now:
            for effect in desk.engine.wake(desk.now):
                lines += type(effect).__name__ == "Persist"
    assert lines <= 20
    assert len(desk.engine.kernel.deadlines) < 10


# --- 18: a set time over a restart --------------------------------------------------------------------


def test_fault_18_a_set_time_that_passes_while_the_engine_is_down_fires_once() -> None:
    due = UTC + 7200.0
    desk, client = ready(activation=Activation.AT, at=due)
    client.finish()
    desk.wait(due - UTC - 1.0 - desk.now)
    assert desk.state() is SessionState.SCHEDULED
    desk.sent.clear()
    desk.restart(after=3601.0)
    released = [frame for frame in desk.to() if frame.payload[2] == Command.UPGRADE_END_RESPONSE]
    assert [decoded(frame) for frame in released] == [told(0, client.image)]
    assert desk.state() is SessionState.RESTARTING
    desk.sent.clear()
    desk.restart(after=5.0)
    desk.wait(600.0)
    assert not [frame for frame in desk.to() if frame.payload[2] == 7]
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED


def test_fault_18_a_set_time_still_to_come_is_kept_over_a_restart() -> None:
    desk, client = ready(activation=Activation.AT, at=UTC + 7200.0)
    client.finish()
    desk.restart(after=1000.0)
    desk.wait(6000.0)
    assert desk.state() is SessionState.SCHEDULED
    desk.wait(300.0)
    assert desk.state() is SessionState.RESTARTING


# --- 19: the wall clock ---------------------------------------------------------------------------------


def scheduled(at: float) -> tuple[Desk, Client]:
    desk, client = ready(activation=Activation.AT, at=at)
    client.finish()
    return desk, client


def step_clock(desk: Desk, seconds: float) -> None:
    desk.utc_offset += seconds
    desk.tell_time()


def test_fault_19_a_clock_that_steps_back_holds_activations_until_it_has_caught_up() -> None:
    desk, client = scheduled(UTC + 600.0)
    step_clock(desk, -DAY)
    assert desk.state() is SessionState.SCHEDULED
    assert "stepped back 86400 s" in desk.status().reason
    assert client.end() == told(WAIT_FOR_EVER, client.image)
    desk.wait(DAY - 100.0)
    assert desk.state() is SessionState.SCHEDULED
    desk.wait(1000.0)
    assert desk.state() is SessionState.RESTARTING


def test_fault_19_a_clock_that_leaps_forward_starts_nothing_until_it_has_settled() -> None:
    desk, _ = scheduled(UTC + 7200.0)
    step_clock(desk, DAY)
    assert desk.state() is SessionState.SCHEDULED
    assert "stepped forward 86400 s" in desk.status().reason
    desk.wait(601.0)
    assert desk.state() is SessionState.RESTARTING


def test_fault_19_a_leap_forward_that_is_taken_back_holds_nothing() -> None:
    desk, _ = scheduled(UTC + 7200.0)
    step_clock(desk, DAY)
    desk.wait(60.0)
    step_clock(desk, -DAY)
    assert "holds the image until" in desk.status().reason
    desk.wait(7200.0)
    assert desk.state() is SessionState.RESTARTING


def test_fault_19_a_person_may_vouch_for_the_clock() -> None:
    desk, _ = scheduled(UTC + 7200.0)
    step_clock(desk, DAY)
    desk.give(ConfirmClock("test"))
    assert desk.state() is SessionState.RESTARTING


def test_fault_19_a_small_step_moves_the_countdown_the_device_was_given() -> None:
    desk, client = scheduled(UTC + 1800.0)
    desk.wait(100.0 - desk.now)
    desk.sent.clear()
    step_clock(desk, 600.0)
    (frame,) = desk.to()
    assert decoded(frame) == told(1100, client.image)


@pytest.mark.parametrize("jump", [-30 * DAY, -3600.0, 3600.0, 30 * DAY])
def test_fault_19_durations_do_not_follow_the_wall_clock(jump: float) -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.wait(60.0)
    step_clock(desk, jump)
    desk.wait(59.0)
    assert desk.state() is SessionState.DOWNLOADING
    desk.wait(2.0)
    assert desk.state() is SessionState.STALLED
    assert desk.status().reason == "not heard for 120 s"


def test_fault_19_a_leap_day_is_a_day_like_any_other() -> None:
    desk = Desk(up=False)
    desk.utc_offset = Utc(1_835_222_400.0)  # 2028-02-27 00:00:00 UTC
    desk.bring_up()
    client = Client(desk)
    client.join()
    midday_of_1_march = desk.utc_offset + 3.5 * DAY
    desk.assign(client.image, activation=Activation.AT, at=midday_of_1_march)
    client.finish()
    assert "2028-03-01 12:00:00 UTC" in desk.status().reason
    desk.wait(3.5 * DAY - 10.0 - desk.now)
    assert desk.state() is SessionState.SCHEDULED
    desk.wait(10.1)
    assert desk.state() is SessionState.RESTARTING


def test_fault_19_a_clock_behind_what_was_written_is_noticed_at_the_start() -> None:
    desk, _ = scheduled(UTC + 600.0)
    desk.utc_offset -= DAY
    desk.restart(after=700.0)
    assert desk.state() is SessionState.SCHEDULED
    assert "stepped back" in desk.status().reason


def test_fault_19_before_the_clock_is_read_nothing_is_activated() -> None:
    desk, client = scheduled(UTC + 600.0)
    desk.now += 5000.0
    desk.engine = Engine(desk.config, desk.store.load())
    desk.give(LinkUp("test", OWN, 82, False, desk.now))
    assert client.end() == told(WAIT_FOR_EVER, client.image)
    assert desk.status().reason == "the wall clock has not been read yet"
    desk.tell_time()
    assert desk.state() is SessionState.RESTARTING


# --- 26: a second server --------------------------------------------------------------------------------


def test_fault_26_a_device_that_turns_to_another_server_gets_no_mixed_image() -> None:
    here, client = ready(of=image(1000, seed=1))
    there, other = ready(of=image(1000, version=NEW + 1, seed=2))
    client.query()
    client.download(until=500)
    # At the other server it may ask on for the file it has begun, and is refused it.
    stray = Client(there, of=client.image)
    assert stray.ask(500) == DefaultResponse(Command.IMAGE_BLOCK_REQUEST, Status.NO_IMAGE_AVAILABLE)
    assert other.query() == offered(other.image)
    other.download()
    other.end()
    # Here it is seen to have stopped, and then to run what was never served here.
    here.wait(200.0)
    assert here.state() is SessionState.STALLED
    assert client.query(NEW + 1) == NOBODY
    assert here.state() is SessionState.FAILED
    assert "downgrade" in here.status().reason


def test_fault_26_two_servers_with_the_same_image_serve_the_same_octets() -> None:
    _, client = ready()
    there, other = ready()
    client.query()
    client.download(until=500)
    other.download(start=500)
    assert isinstance(other.end(), type(told(0, client.image)))
    assert there.state() is SessionState.RESTARTING
    assert client.end() == DefaultResponse(Command.UPGRADE_END_REQUEST, Status.ABORT)


def test_fault_26_an_update_by_somebody_else_is_not_claimed_as_ours() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert desk.status().reason == "the device already runs it"
    assert desk.outcomes() == []


# --- the journal --------------------------------------------------------------------------------------


def test_the_journal_tells_every_state_in_order_and_ends_in_the_one_that_is() -> None:
    desk, client = ready()
    client.finish()
    desk.restart()
    client.join()
    client.report(NEW)
    states = [json.loads(event.detail) for event in desk.events("session")]
    for before, after in pairwise(states):
        assert after["before"] == before["state"]
    assert states[-1]["state"] == desk.state()
    assert [state["state"] for state in states] == [
        "offered",
        "downloading",
        "verifying",
        "restarting",
        "updated",
    ]


def test_the_same_story_writes_the_same_journal() -> None:
    first, second = told_with_repeats([(1, 2)]), told_with_repeats([(1, 2)])
    assert first.events() == second.events()
    assert first.audits() == second.audits()
    assert [frame for _, frame in first.sent] == [frame for _, frame in second.sent]
