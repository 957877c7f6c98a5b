"""What a shell relies on: the order of effects, the next wake, and views that change nothing."""

from collections.abc import Iterable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    TUNNELING_CLUSTER,
    ClockObserved,
    Effect,
    Joined,
    Left,
    LinkDown,
    LinkEvent,
    LinkUp,
    Notify,
    Packet,
    Persist,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.hub.delivery.commands import AddImage, Assign, Pause
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.hub.kernel.happenings import FirmwareTold, Refused, Wanted
from ota_engine.records import OutcomeKind, OutcomeRecord, Record, SessionState
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.ota import UpgradeEndRequest, encode
from ota_engine.zcl.status import Status
from tests.hub.activation.desk import ready as with_keys
from tests.hub.activation.desk import security
from tests.hub.activation.test_hub import ready as with_hub
from tests.hub.delivery.desk import DEVICE, NEW, OWN, UTC, Client, Desk, image, offered, ready, wish

NEWER = image(version=NEW + 1)


def test_an_idle_engine_asks_for_nothing() -> None:
    engine = Engine()
    assert engine.next_wake == inf
    assert engine.wake(Monotonic(1e9)) == []
    assert engine.status() == []
    assert engine.link_down == "no link yet"


def test_nothing_is_sent_before_there_is_a_link() -> None:
    engine = Engine()
    engine.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    engine.handle(AddImage(image(), "test"), Monotonic(0.0))
    engine.handle(Assign(wish(image()), "test"), Monotonic(0.0))
    assert not [effect for effect in engine.wake(Monotonic(100.0)) if isinstance(effect, Send)]
    engine.handle(LinkUp("test", OWN, 82, False, Monotonic(100.0)), Monotonic(100.0))
    assert engine.link_down is None
    assert engine.next_wake <= 100.0


def test_rows_come_before_the_frames_that_tell_of_them_and_the_nudge_comes_last() -> None:
    desk, client = ready()
    client.query()
    client.download()
    effects = desk.engine.handle(
        client.frame(bytes.fromhex("011506001d128400") + NEW.to_bytes(4, "little")), desk.now
    )
    assert [type(effect) for effect in effects] == [Persist, Send, Notify]


class Chronicle(Desk):
    """A desk that keeps what its engine is given, and when."""

    def __init__(self) -> None:
        self.given: list[tuple[Monotonic, LinkEvent | ClockObserved | EngineRequest]] = []
        super().__init__(DeliveryConfig(flush_every=1.0))

    def give(self, event: LinkEvent | ClockObserved | EngineRequest) -> list[Send]:
        timed = event if isinstance(event, EngineRequest) else event._replace(time=self.now)
        self.given.append((self.now, timed))
        return super().give(timed)


def a_busy_hour() -> Chronicle:
    """Two devices at once, a lost radio, a frame that fails, silence, rejoins and ill-formed frames."""
    desk = Chronicle()
    first, second = Client(desk), Client(desk, Eui64(DEVICE + 1))
    for client in (first, second):
        desk.assign(client.image, client.eui64)
        client.join()
        client.query()
    for offset in range(0, 500, 50):
        desk.wait(0.02)
        first.block(offset)
        second.block(offset)
    frame = desk.to(first.eui64)[-1]
    desk.give(SendFailed(frame, SendStatus.DELIVERY_FAILED, desk.now))
    first.raw(b"\x01")
    desk.give(LinkDown("test", "pulled", desk.now))
    desk.wait(30.0)
    desk.bring_up()
    first.download(500)
    first.end()
    desk.wait(1800.0)  # the other one is silent
    first.join()
    first.query(NEW)
    desk.give(Left(second.eui64, desk.now))
    second.join()
    second.finish()
    desk.wait(1800.0)
    return desk


BUSY_HOUR = a_busy_hour().given


def told_one_by_one() -> list[Effect]:
    engine, effects = Engine(DeliveryConfig(flush_every=1.0)), list[Effect]()
    for now, event in BUSY_HOUR:
        while engine.next_wake <= now:
            effects += engine.wake(engine.next_wake)
        effects += engine.handle(event, now)
    return effects


def told_in_batches(ends: set[int]) -> list[list[Effect]]:
    """What comes of the same, given in batches; one ends behind every event that ``ends`` counts."""
    engine, told = Engine(DeliveryConfig(flush_every=1.0)), list[list[Effect]]()
    batch: list[LinkEvent] = []
    for number, (now, event) in enumerate(BUSY_HOUR):
        if isinstance(event, LinkEvent):
            batch.append(event)
            if number not in ends:
                continue
        told.append(engine.handle_batch(batch))
        batch = []
        if not isinstance(event, LinkEvent):
            told[-1] += engine.wake(now) if engine.next_wake <= now else []
            told[-1] += engine.handle(event, now)
    return [*told, engine.handle_batch(batch)]


def rows_and_frames(effects: Iterable[Effect]) -> tuple[list[Record], list[Send]]:
    rows: list[Record] = []
    frames: list[Send] = []
    for effect in effects:
        if isinstance(effect, Persist):
            rows += effect.records
        elif isinstance(effect, Send):
            frames.append(effect)
    return rows, frames


@given(st.sets(st.integers(0, len(BUSY_HOUR))))
def test_events_in_batches_lead_to_the_rows_and_frames_of_the_same_events_one_by_one(
    ends: set[int],
) -> None:
    told = told_in_batches(ends)
    assert rows_and_frames(effect for effects in told for effect in effects) == rows_and_frames(
        told_one_by_one()
    )


def test_of_a_batch_all_rows_come_before_all_frames_and_one_nudge_comes_last() -> None:
    (*_, effects) = told_in_batches(set())
    kinds = [type(effect) for effect in effects]
    assert kinds == [Persist, *[Send] * (len(kinds) - 2), Notify]
    assert len(kinds) > 20


def test_no_effect_is_handed_out_twice() -> None:
    desk, _ = ready()
    first = desk.engine.handle(Pause(DEVICE, "why", "test"), desk.now)
    assert [type(effect) for effect in first] == [Persist]
    second = desk.engine.handle(ClockObserved(Utc(desk.now + UTC), desk.now), desk.now)
    assert second == []
    assert len(first) == 1  # nor added to behind the shell's back


def test_waking_too_early_does_no_harm() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    before = desk.status()
    for _ in range(100):
        assert desk.engine.wake(desk.now) == [] or desk.now == 0.0
    assert desk.status() == before


def test_waking_at_next_wake_always_comes_to_an_end() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    wakes = 0
    while desk.engine.next_wake < desk.now + 86_400.0:
        desk.engine.wake(desk.engine.next_wake)
        wakes += 1
        assert wakes < 200


def test_a_refused_order_leaves_nothing_behind() -> None:
    desk, _ = ready()
    with pytest.raises(LocalError):
        desk.engine.handle(Pause(Eui64(1), "why", "test"), desk.now)
    assert desk.engine.handle(ClockObserved(Utc(desk.now + UTC), desk.now), desk.now) == []


def test_a_device_is_viewed_as_it_described_itself() -> None:
    desk, client = ready()
    assert desk.engine.device(Eui64(1)) is None
    client.query(0x0123, hardware=0x0405)
    view = desk.engine.device(DEVICE)
    assert view is not None
    (firmware,) = view.firmwares
    assert (firmware.file_version, firmware.hardware_version, firmware.endpoint) == (
        0x0123,
        0x0405,
        1,
    )
    assert view.endpoint == 1


def test_an_image_is_looked_up_by_its_hash() -> None:
    desk, client = ready()
    assert desk.engine.image(client.image.sha256) == client.image
    assert desk.engine.image("0" * 64) is None


def test_an_engine_takes_over_what_the_one_before_it_knew() -> None:
    desk, client = ready()
    client.query()
    client.download(until=400)
    before = desk.status()
    desk.restart()
    after = desk.status()
    assert (after.state, after.version_before) == (SessionState.STALLED, before.version_before)
    assert after.sha256 == before.sha256


def test_a_device_that_only_joined_is_no_assignment() -> None:
    desk = Desk()
    desk.give(Joined(DEVICE, 0x1234, False, 0, 0, Monotonic(0.0)))
    assert desk.engine.status() == []
    answer = Client(desk).query()
    assert answer[0] == Status.NO_IMAGE_AVAILABLE  # type: ignore[index] # a NamedTuple


# --- with keys ------------------------------------------------------------------------------------


def test_tunnel_frames_are_nobodys_without_keys() -> None:
    desk, client = ready()
    client.raw(bytes.fromhex("010100"), TUNNELING_CLUSTER)
    assert desk.engine.counters == {"foreign_cluster": 1}


def test_a_cluster_nobody_serves_is_counted_with_keys_too() -> None:
    desk = Desk(up=False)
    desk.engine = Engine(security=security())
    desk.bring_up()
    Client(desk).raw(bytes.fromhex("010100"), 0x0700)
    assert desk.engine.counters["foreign_cluster"] == 1


def test_waking_an_engine_with_orders_at_next_wake_always_comes_to_an_end() -> None:
    desk, client = with_keys()
    client.deaf = True
    desk.activate(at=3600.0)
    wakes = 0
    while (due := desk.engine.next_wake) < 2 * 86_400.0:
        desk.engine.wake(due)
        wakes += 1
        assert wakes < 2000
    assert desk.engine.order(1) is not None


def test_a_refused_request_leaves_nothing_behind() -> None:
    desk, _ = with_keys()
    with pytest.raises(LocalError):
        desk.activate(digest=b"short")
    desk.batches.clear()
    desk.tell_time()
    assert desk.batches == []


def test_what_the_tunnels_count_is_shown_beside_the_rest() -> None:
    desk, client = with_keys()
    frame = Packet(client.eui64, 0x1001, 1, 10, 0x0109, TUNNELING_CLUSTER, 1, b"", 200, desk.now)
    desk.receive(frame)
    assert desk.engine.counters["tunnel_frame_without_header"] == 1


# --- between the parts ----------------------------------------------------------------------------


def test_what_follows_from_a_happening_is_done_before_what_happened_after_it() -> None:
    """A part that hears of a firmware may still choose what the query by which it was told gets."""
    desk, client = ready()
    desk.add(NEWER)
    kernel = desk.engine.kernel

    def choose(_: FirmwareTold, __: float) -> None:
        kernel.happen(Wanted(Assign(wish(NEWER), "a part")))

    desk.engine._takers[FirmwareTold] += (choose,)
    assert client.query() == offered(NEWER)
    assert kernel.happenings == []


def test_what_a_part_wants_and_may_not_have_is_refused_in_one_line_and_raises_nothing() -> None:
    desk, _ = ready()
    heard: list[Refused] = []
    desk.engine._takers[Refused] = (lambda refused, _: heard.append(refused),)
    wanted = Pause(Eui64(1), "why", "a part")
    desk.engine.kernel.happen(Wanted(wanted))
    desk.tell_time()
    assert [(one.request, "is not known" in one.reason) for one in heard] == [(wanted, True)]


def test_the_rows_of_all_parts_are_one_commit() -> None:
    desk, client = with_hub()
    client.query()
    client.download()
    key = (client.image.manufacturer_code, client.image.image_type, client.image.file_version)
    end = cluster_frame(0x06, 9, encode(UpgradeEndRequest(Status.SUCCESS, *key)), from_server=False)
    effects = desk.engine.handle(client.frame(end), desk.now)
    assert [type(effect) for effect in effects] == [Persist, Send, Notify]
    rows = effects[0]
    assert isinstance(rows, Persist)
    kinds = [row.kind for row in rows.records if isinstance(row, OutcomeRecord)]
    assert sorted(kinds) == [OutcomeKind.ALERT, OutcomeKind.TRANSFER]
