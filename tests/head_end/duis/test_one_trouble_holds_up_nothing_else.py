"""What goes wrong at one place, or changes under way, spoils nothing else and leaves nothing behind."""

import threading
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from ota_engine.duis.requests import RequestId
from ota_engine.fleet.fleet import Due
from ota_engine.fleet.orders.rows import CommandState, DeviceCommand
from ota_engine.fleet.port import HubOutcome
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis import outbox, writer
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.intake import Intake
from ota_engine.head_end.duis.outbox import DocumentCourier
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.times import Utc
from tests.fleet.rollout import HOUR
from tests.gateway.street import STEP_S, Street
from tests.head_end.duis.lab import EAST, HCALCS, PPMID, START, Lab, signed, told, update
from tests.head_end.duis.test_outbox import mailbox, registered, states, versions

ANSWER_S: Final = 60.0  # more than any machine takes until an image is kept


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def images(lab: Lab) -> list[Path]:
    return list(lab.state.glob("images/*"))


# --- the outbox ---------------------------------------------------------------------------------


async def test_documents_follow_their_user_to_a_new_endpoint_while_they_are_brought(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AT_ONCE", 1)
    async with mailbox() as old, mailbox() as new:
        registered(lab, EAST, old.url)
        lab.put(told(1), told(2), told(3))
        with lab.desk() as (desk, _):
            courier = DocumentCourier(
                DeskRoom(desk),
                UserEndpoint,
                clock=lambda: START,
                report=print,
                watch=lambda document, answer: registered(lab, EAST, new.url),
            )
            await courier.drain()
            await courier.drain()
        assert versions(old.posts) == ["00000001"]
        assert versions(new.posts) == ["00000002", "00000003"]


async def test_a_clock_that_is_set_back_leaves_no_user_alone(lab: Lab) -> None:
    clock = [START]
    async with mailbox() as box:
        box.statuses = [503]
        registered(lab, EAST, box.url)
        lab.put(told(1))
        with lab.desk() as (desk, _):
            courier = DocumentCourier(
                DeskRoom(desk),
                partial(UserEndpoint, timeout=60.0),
                clock=lambda: clock[0],
                report=print,
            )
            await courier.drain()
            await courier.drain()
            assert states(lab) == ["waiting"], "it is left alone for a while"
            clock[0] = Utc(START - 86_400.0)
            await courier.drain()
    assert states(lab) == ["delivered"]


# --- hubs, and what is due ----------------------------------------------------------------------


async def test_a_word_of_a_hub_at_which_we_fail_holds_up_no_other_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = FleetDesk.handle

    def faulty(desk: FleetDesk, events: Any, utc: Utc) -> Any:
        if any(isinstance(one, HubOutcome) and one.home == "h1" for one in events):
            raise ZeroDivisionError("by us")
        return handle(desk, events, utc)

    street = Street(2)
    street.roll_out("c1", "ppmid-1")
    street.settle_in()
    monkeypatch.setattr(FleetDesk, "handle", faulty)
    until = street.utc + 4 * HOUR
    while street.utc < until:
        try:
            await street.live(STEP_S)
        except ZeroDivisionError:
            street.deliver()
    assert street.state("h2") == "activated"
    assert street.state("h1") != "activated"
    assert street.lived["h1"].outcomes(), "nothing of it is settled: it is said again"
    assert street.lived["h2"].outcomes() == ()


async def test_a_row_at_which_we_fail_at_its_time_holds_up_no_other_row(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = FleetDesk.handle
    names = {}
    for device in (PPMID, HCALCS):
        asked = RequestId(EAST, device, 5)
        names[device] = f"sr/{asked.text}"
        lab.put(
            DeviceCommand(
                names[device],
                asked.text,
                "11.2",
                EAST,
                device,
                "h1",
                CommandState.DATED,
                START,
                "5.4",
                5,
                1.0,
                due_utc=1.0,
            )
        )

    def faulty(desk: FleetDesk, events: Any, utc: Utc) -> Any:
        if any(
            isinstance(one, Due) and getattr(one.row, "name", "") == names[PPMID] for one in events
        ):
            raise ZeroDivisionError("by us")
        return handle(desk, events, utc)

    monkeypatch.setattr(FleetDesk, "handle", faulty)
    async with lab.serving() as client:
        await client.logged("trouble")
        assert "ZeroDivisionError: by us" in str(client.logs)
    states = {row.name: row.state for row in lab.rows(DeviceCommand)}
    assert states[names[PPMID]] is CommandState.DATED
    assert states[names[HCALCS]] is not CommandState.DATED


# --- images -------------------------------------------------------------------------------------


async def test_an_image_of_a_post_that_was_given_up_under_way_does_not_stay(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    take, kept, go = Intake.take, threading.Event(), threading.Event()

    def slow(intake: Intake, *what: Any) -> Any:
        taken = take(intake, *what)
        kept.set()
        go.wait(60.0)
        return taken

    async def give_up() -> None:
        await trio.to_thread.run_sync(kept.wait)
        mock_clock.jump(ANSWER_S)

    monkeypatch.setattr(Intake, "take", slow)
    mock_clock.rate = 1.0
    async with lab.serving(answer_s=ANSWER_S) as client, trio.open_nursery() as nursery:
        nursery.start_soon(give_up)
        assert await client.code(signed(update(PPMID))) == "503"
        assert len(images(lab)) == 1
        go.set()
        while images(lab):  # noqa: ASYNC110 - a thread that nobody waits for wakes nobody
            await trio.sleep(0.02)


async def test_an_image_of_a_post_that_is_given_up_stays_where_an_order_names_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, taken = Intake.take, threading.Event()

    def watched(intake: Intake, *what: Any) -> Any:
        found = take(intake, *what)
        taken.set()
        return found

    async with lab.serving() as client:
        assert await client.code(signed(update(PPMID))) == "I99"
        monkeypatch.setattr(Intake, "take", watched)
        monkeypatch.setattr(writer, "MOST_WAITING", 0)
        assert await client.code(signed(update(HCALCS))) == "503"
    assert taken.is_set()
    assert len(images(lab)) == 1


async def test_an_image_of_a_post_that_finds_no_place_in_the_queue_does_not_stay(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    async with lab.serving() as client:
        assert await client.code(signed(update(PPMID))) == "503"
    assert images(lab) == []
