"""Orders of people: carried out, audited, or refused in one line that says what to do."""

import json

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import SMART_ENERGY, LinkDown
from ota_engine.hub.delivery.commands import (
    Abort,
    AddImage,
    ApplyNow,
    Assign,
    ConfirmClock,
    NotifyBroadcast,
    NotifyDevice,
    OperatorCommand,
    Pause,
    Resume,
    Withdraw,
)
from ota_engine.records import AuditRecord, SessionState
from tests.hub.delivery.desk import DEVICE, Client, Desk, image, offered, ready, variant, wish

STRANGER = Eui64(DEVICE + 7)
NASTY = "line\nbreak \x1b[31mred\x1b[0m \u202e" + "x" * 10_000


def made_by(desk: Desk, actor: str) -> list[AuditRecord]:
    return [row for row in desk.audits() if row.actor == actor]


@pytest.mark.parametrize(
    ("order", "action", "subject"),
    [
        (AddImage(image(5), "ann"), "add image", image(5).sha256),
        (Pause(None, "why", "ann"), "pause", "all devices"),
        (Pause(DEVICE, "why", "ann"), "pause", "00-DB-12-34-56-78-90-A0"),
        (Resume(None, "ann"), "resume", "all devices"),
        (Abort(DEVICE, "why", "ann"), "abort", "00-DB-12-34-56-78-90-A0"),
        (ApplyNow(DEVICE, "ann"), "release", "00-DB-12-34-56-78-90-A0"),
        (Withdraw(DEVICE, image().sha256, "ann"), "withdraw", "00-DB-12-34-56-78-90-A0"),
        (Assign(wish(image()), "ann"), "assign", "00-DB-12-34-56-78-90-A0"),
        (NotifyDevice(DEVICE, actor="ann"), "notify", "00-DB-12-34-56-78-90-A0"),
        (NotifyBroadcast(SMART_ENERGY, 0, 50, None, actor="ann"), "notify", "all devices"),
        (ConfirmClock("ann"), "confirm clock", "wall clock"),
    ],
)
def test_every_order_leaves_a_row_that_names_who_and_what(
    order: OperatorCommand, action: str, subject: str
) -> None:
    desk, _ = ready()
    desk.give(order)
    (row,) = made_by(desk, "ann")
    assert (row.action, row.subject) == (action, subject)
    assert desk.store.verify_audit() is None


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        (Assign(wish(image(77)), "t"), "add it first"),
        (Withdraw(STRANGER, image().sha256, "t"), "is not known"),
        (Withdraw(DEVICE, "0" * 64, "t"), "is not assigned that image"),
        (Pause(STRANGER, "why", "t"), "is not known"),
        (Resume(STRANGER, "t"), "is not known"),
        (Abort(STRANGER, "why", "t"), "is not known"),
        (ApplyNow(STRANGER, "t"), "is not known"),
        (NotifyDevice(STRANGER), "is not known"),
    ],
)
def test_an_order_that_names_nothing_there_is_refused_and_changes_nothing(
    order: OperatorCommand, complaint: str
) -> None:
    desk, _ = ready()
    before, audits = desk.store.load(), desk.audits()
    with pytest.raises(LocalError, match=complaint) as refusal:
        desk.give(order)
    assert "\n" not in str(refusal.value)
    desk.tell_time()
    assert desk.store.load() == before
    assert desk.audits() == audits


def test_nothing_can_be_aborted_or_released_where_nothing_is_assigned() -> None:
    desk, client = ready()
    desk.give(Withdraw(DEVICE, client.image.sha256, "t"))
    for order in (Abort(DEVICE, "why", "t"), ApplyNow(DEVICE, "t")):
        with pytest.raises(LocalError, match="nothing assigned"):
            desk.give(order)


def test_an_image_added_twice_is_one_image() -> None:
    desk = Desk()
    desk.add(image(), image())
    assert len(desk.store.load().images) == 1


def test_a_newer_image_of_the_type_replaces_the_assignment() -> None:
    old, new = image(version=0x200), image(version=0x300)
    desk, client = ready(of=old)
    client.query()
    client.block(0)
    desk.assign(new)
    (assignment,) = desk.store.load().assignments
    assert assignment.sha256 == new.sha256
    assert client.query() == offered(new)
    assert [session.sha256 for session in desk.store.load().sessions] == [new.sha256]


def test_an_image_of_another_type_is_assigned_beside_the_first() -> None:
    desk, _ = ready()
    desk.assign(image(image_type=0x0085))
    assert len(desk.store.load().assignments) == 2


def test_an_aborted_image_assigned_anew_begins_anew() -> None:
    desk, client = ready()
    client.query()
    desk.give(Abort(DEVICE, "why", "t"))
    desk.assign(client.image)
    assert desk.state() is SessionState.ASSIGNED
    assert client.query() == offered(client.image)


def test_an_image_assigned_again_in_mid_download_goes_on() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    desk.assign(client.image)
    assert desk.state() is SessionState.DOWNLOADING
    client.download(start=500)
    assert desk.state() is SessionState.VERIFYING


def test_fault_36_what_people_type_is_bounded_and_printable_wherever_it_is_kept() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Pause(DEVICE, NASTY, NASTY))
    assert len(desk.status().reason) <= 200
    assert desk.status().reason.isprintable()
    row = desk.audits()[-1]
    assert len(row.actor) <= 200
    assert row.actor.isprintable()
    assert json.loads(row.detail)["reason"] == desk.status().reason


def test_fault_36_what_a_radio_says_of_its_death_is_bounded_and_printable() -> None:
    desk, client = ready()
    client.query()
    desk.give(LinkDown(NASTY, NASTY, desk.now))
    assert desk.status().reason.isprintable()
    assert len(desk.status().reason) <= 300
    event = desk.events("link down")[-1]
    assert event.detail.isascii()
    assert event.detail.isprintable()
    assert all(len(value) <= 200 for value in json.loads(event.detail).values())


def test_fault_36_names_of_images_are_bounded_in_the_trail() -> None:
    desk = Desk()
    desk.add(variant(image(), name=NASTY))
    (row,) = made_by(desk, "test")
    assert len(row.detail) < 1000
    assert row.detail.isprintable()


def test_fault_36_ten_thousand_models_do_not_make_ten_thousand_counters() -> None:
    desk = Desk()
    for number in range(10_000):
        Client(desk, Eui64(number + 1), of=image(10, image_type=number & 0xFFFF)).query()
    assert len(desk.engine.counters) < 50
    assert desk.store.events() == desk.events("link up")
