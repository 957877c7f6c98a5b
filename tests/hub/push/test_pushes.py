"""A push inside the engine: what a device tells leads to what it is given, within the same call."""

from dataclasses import replace
from typing import Any

import pytest

from images.catalogue import ImageStatus, Terms
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import BASIC_CLUSTER, Send
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.push.commands import BeginPush, ResumePush, StopPush
from ota_engine.hub.push.course import MORE_WITHIN
from ota_engine.hub.push.verdict import PushVerdict
from ota_engine.records import (
    Activation,
    ImageRecord,
    ImageTerms,
    Override,
    PushRecord,
    PushState,
    SessionState,
    Term,
    VersionPolicy,
)
from ota_engine.times import Utc
from ota_engine.zcl import general
from ota_engine.zcl.basic import BasicAttribute
from ota_engine.zcl.commands import Attribute
from ota_engine.zcl.general import AttributeRecord
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    NOBODY,
    OLD,
    UTC,
    Desk,
    image,
    offered,
    wish,
)
from tests.hub.delivery.desk import Client as Device

OTHER = Eui64(DEVICE + 1)


def begin(*images: ImageRecord, **more: Any) -> BeginPush:
    wanted: dict[str, Any] = {
        "devices": (DEVICE,),
        "everyone": False,
        "policy": VersionPolicy.UPGRADE,
        "activation": Activation.IMMEDIATE,
        "clients": {DEVICE: Client(1, 0x0109)},
    }
    return BeginPush(images, **(wanted | more))


def pushing(*images: ImageRecord, **more: Any) -> tuple[Desk, Device]:
    """A desk with a device on the network, and a push that has just begun."""
    desk = Desk()
    device = Device(desk, of=images[0])
    device.join()
    desk.give(begin(*images, **more))
    desk.wait(0.0)
    return desk, device


def tell(device: Device, version: int = OLD, kind: int = IMAGE_TYPE) -> list[object]:
    """Answer what it runs, with its identity."""
    records = (
        AttributeRecord(Attribute.CURRENT_FILE_VERSION, 0, general.UINT32, version),
        AttributeRecord(Attribute.MANUFACTURER_ID, 0, general.UINT16, MANUFACTURER),
        AttributeRecord(Attribute.IMAGE_TYPE_ID, 0, general.UINT16, kind),
    )
    return device.say_general(general.ReadAttributesResponse(records))


def tell_model(device: Device, model: bytes | None) -> None:
    if model is None:
        named = AttributeRecord(BasicAttribute.MODEL_IDENTIFIER, Status.UNSUPPORTED_ATTRIBUTE)
    else:
        named = AttributeRecord(
            BasicAttribute.MODEL_IDENTIFIER, 0, general.CHARACTER_STRING, None, string=model
        )
    maker = AttributeRecord(
        BasicAttribute.MANUFACTURER_NAME, 0, general.CHARACTER_STRING, None, b"Maker\0\0"
    )
    device.say_general(general.ReadAttributesResponse((maker, named)), BASIC_CLUSTER)


def last(desk: Desk) -> PushRecord:
    return desk.store.pushes()[-1]


def verdicts(desk: Desk) -> list[PushVerdict | None]:
    return [standing.verdict for standing in desk.engine.pushes.standings(desk.now)]


def sessions(desk: Desk) -> list[SessionStatus]:
    return desk.engine.status()


def questions(frames: list[Send]) -> list[int]:
    return [frame.cluster for frame in frames]


# --- choosing -------------------------------------------------------------------------------------


def test_a_device_is_asked_at_once_and_assigned_what_fits_when_it_has_told() -> None:
    new = image()
    desk, device = pushing(new)
    assert desk.to() != []
    tell(device)
    assert [session.sha256 for session in sessions(desk)] == [new.sha256]


def test_a_query_that_tells_all_is_answered_with_the_image_it_leads_to() -> None:
    new = image()
    _, device = pushing(new)
    assert device.query() == offered(new)


@pytest.mark.parametrize("turned", [False, True])
def test_hardware_told_in_a_query_leads_to_the_image_for_it_before_the_query_is_answered(
    turned: bool,
) -> None:
    mine = image(version=NEW, hardware=(0x0100, 0x01FF))
    newer = image(version=NEW + 1, hardware=(0x0200, 0x02FF))
    files = (newer, mine) if turned else (mine, newer)
    desk, device = pushing(*files)
    tell(device)
    assert [session.sha256 for session in sessions(desk)] == [newer.sha256]
    assert device.query(OLD, hardware=0x0101) == offered(mine)
    assert [session.sha256 for session in sessions(desk)] == [mine.sha256]


def test_a_device_that_is_no_ones_business_is_not_touched() -> None:
    desk, _ = pushing(image())
    stranger = Device(desk, OTHER)
    stranger.join()
    assert stranger.query() == NOBODY
    assert desk.to(OTHER)[:-1] == []


def test_it_is_over_when_the_device_has_had_its_say_and_that_is_a_row() -> None:
    new = image()
    desk, device = pushing(new)
    tell(device)
    device.finish()
    assert last(desk).state is PushState.RUNNING
    desk.wait(20.0)
    device.join()
    device.report(NEW)
    tell(device, NEW)
    assert verdicts(desk) == [PushVerdict.UPDATED]
    ended = last(desk)
    assert (ended.state, ended.ended_utc is None) == (PushState.ENDED, False)
    (target,) = [one for one in desk.store.push_targets(1) if one.sha256]
    assert (target.device, target.image_type, target.verdict) == (DEVICE, IMAGE_TYPE, "updated")


def test_nothing_looks_at_the_engine_while_nothing_happens() -> None:
    desk, device = pushing(image())
    tell(device)
    device.query()
    device.download(until=100)
    due = desk.engine.next_wake
    assert due > desk.now + 10.0, "somebody polls"


def test_both_chips_of_a_device_are_given_their_own_file() -> None:
    a, b = image(), image(image_type=IMAGE_TYPE + 1, seed=2)
    desk, device = pushing(a, b)
    tell(device)
    tell(device, kind=IMAGE_TYPE + 1)
    assert {session.sha256 for session in sessions(desk)} == {a.sha256, b.sha256}


def test_a_device_that_shows_no_chip_for_a_file_is_not_waited_for_for_ever() -> None:
    current, nobodys = image(version=OLD), image(image_type=0x0999, seed=2)
    desk, device = pushing(current, nobodys)
    tell(device)
    assert last(desk).state is PushState.RUNNING
    desk.wait(MORE_WITHIN)
    assert last(desk).state is PushState.ENDED
    assert verdicts(desk) == [PushVerdict.CURRENT]


# --- terms ----------------------------------------------------------------------------------------


def terms(of: ImageRecord, **more: Any) -> ImageTerms:
    return ImageTerms(of.sha256, ImageStatus.APPROVED, Terms(**more))


def test_a_model_that_counts_is_asked_for_and_awaited() -> None:
    new = image()
    desk, device = pushing(new, terms=(terms(new, models=("LAMP-1",)),))
    tell(device)
    assert sessions(desk) == []
    tell_model(device, b"LAMP-1\0\0\0")
    assert [session.sha256 for session in sessions(desk)] == [new.sha256]
    assert desk.store.load().devices[0].model == "LAMP-1"
    assert desk.store.load().devices[0].maker == "Maker"


def test_a_device_that_tells_no_model_is_of_none_that_counts() -> None:
    new = image()
    desk, device = pushing(new, terms=(terms(new, models=("LAMP-1",)),))
    tell(device)
    tell_model(device, None)
    assert verdicts(desk) == [PushVerdict.REFUSED]
    assert sessions(desk) == []


def test_terms_hold_for_an_assignment_that_no_push_made() -> None:
    new = image()
    desk = Desk()
    device = Device(desk, of=new)
    device.join()
    desk.give(AddImage(new, "test", terms(new, models=("LAMP-1",))))
    desk.give(Assign(wish(new), "test"))
    assert device.query() == NOBODY
    assert desk.state() is SessionState.ASSIGNED
    assert BASIC_CLUSTER in questions(desk.to())
    tell_model(device, b"LAMP-1")
    assert device.query() == offered(new)


def test_terms_outlive_a_restart_and_an_image_added_again_without_them() -> None:
    new = image()
    stated = terms(new, models=("LAMP-1",))
    desk, device = pushing(new, terms=(stated,))
    desk.restart()
    desk.give(AddImage(new, "test"))
    assert desk.engine.terms(new.sha256) == stated
    desk.give(Assign(wish(new), "test"))
    tell_model(device, b"SHADE-2")
    assert device.query() == NOBODY
    assert desk.state() is SessionState.FAILED


def test_an_override_without_a_reason_is_refused() -> None:
    desk = Desk()
    with pytest.raises(LocalError, match="give a reason"):
        desk.give(begin(image(), overrides=(Override(Term.MODEL, " "),)))


# --- the next push, and the end of one ------------------------------------------------------------


def test_what_a_new_push_supersedes_is_told_of_like_every_other_discard() -> None:
    old, new = image(), image(version=NEW + 1)
    desk, device = pushing(old)
    tell(device)
    device.query()
    device.download(until=100)
    desk.give(begin(new))
    assert desk.engine.pushes.withdrawn == 1
    assert desk.outcomes() == [("transfer", "failed", "a new push begins")]
    assert sessions(desk) == []
    assert [audit.action for audit in desk.audits()].count("withdraw") == 1
    assert [push.state for push in desk.store.pushes()] == [PushState.STOPPED, PushState.RUNNING]


def test_a_device_that_holds_its_image_is_left_to_run_it() -> None:
    old = image()
    desk, device = pushing(old, activation=Activation.WAIT)
    tell(device)
    device.finish()
    assert desk.state() is SessionState.HELD
    desk.give(begin(image(version=NEW + 1)))
    assert desk.engine.pushes.withdrawn == 0
    assert desk.status(of=old).state is SessionState.HELD


@pytest.mark.parametrize("by_query", [True, False])
def test_to_install_again_what_a_device_has_just_come_to_run_is_a_delivery_of_its_own(
    by_query: bool,
) -> None:
    """The word that confirms its activation is also the one by which the new push chooses."""
    new = image()
    desk, device = pushing(new, activation=Activation.EXTERNAL)
    tell(device)
    device.finish()
    desk.wait(60.0)
    assert verdicts(desk) == [PushVerdict.AWAITING]
    desk.give(begin(new, activation=Activation.EXTERNAL, policy=VersionPolicy.REINSTALL))
    desk.wait(0.0)
    if not by_query:
        tell(device, NEW)
    assert device.query(NEW) == offered(new)
    assert desk.outcomes()[-1] == ("activation", "succeeded", "activated by a command")
    device.download()
    device.end()
    assert desk.state() is SessionState.AWAITING_COMMAND
    desk.wait(60.0)
    assert verdicts(desk) == [PushVerdict.AWAITING]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_was_set_back_makes_no_earlier_delivery_one_of_this_push(
    *, restarted: bool
) -> None:
    """Else it would end at once as updated, and give the device nothing."""
    new = image()
    desk, device = pushing(new, activation=Activation.EXTERNAL)
    tell(device)
    device.finish()
    tell(device, NEW)
    assert verdicts(desk) == [PushVerdict.UPDATED]
    desk.utc_offset = Utc(desk.utc_offset - 30.0)
    desk.restart() if restarted else desk.tell_time()
    desk.give(begin(new, activation=Activation.EXTERNAL, policy=VersionPolicy.REINSTALL))
    desk.wait(0.0)
    assert verdicts(desk) == [None]
    assert device.query(NEW) == offered(new)
    device.download()
    device.end()
    if restarted:  # in mid push, too, what it gave before is its own
        desk.restart()
        desk.give(ResumePush({DEVICE: Client(1, 0x0109)}))
    desk.wait(60.0)
    assert verdicts(desk) == [PushVerdict.AWAITING]
    assert [(kind, how) for kind, how, _ in desk.outcomes()] == [
        ("transfer", "succeeded"),
        ("activation", "succeeded"),
        ("transfer", "succeeded"),
    ]


def test_a_device_that_runs_what_it_ran_is_current_though_a_part_of_the_image_was_served() -> None:
    """A person takes the reinstall back in mid download."""
    new = image()
    desk, device = pushing(new, policy=VersionPolicy.REINSTALL)
    assert device.query(NEW) == offered(new)
    device.download(until=500)
    desk.give(Assign(replace(wish(new), created_utc=Utc(UTC + desk.now)), "test"))
    tell(device, NEW)
    assert verdicts(desk) == [PushVerdict.CURRENT]


def test_a_push_can_be_stopped() -> None:
    desk, device = pushing(image())
    tell(device)
    desk.give(StopPush("test"))
    assert sessions(desk) == []
    assert last(desk).state is PushState.STOPPED
    with pytest.raises(LocalError, match="no push is under way"):
        desk.give(StopPush("test"))


def test_an_interrupted_push_goes_on_with_its_own_deliveries() -> None:
    new = image()
    desk, device = pushing(new)
    tell(device)
    device.query()
    device.download(until=200)
    desk.restart(after=60.0)
    desk.give(ResumePush({DEVICE: Client(1, 0x0109)}))
    device.join()
    assert device.query() == offered(new)
    device.download(200)
    device.end()
    desk.wait(20.0)
    device.join()
    device.report(NEW)
    tell(device, NEW)
    assert verdicts(desk) == [PushVerdict.UPDATED]
    assert last(desk).state is PushState.ENDED
    with pytest.raises(LocalError, match="the last push has ended"):
        desk.give(ResumePush())


def test_there_is_nothing_to_resume_where_nothing_was_begun() -> None:
    with pytest.raises(LocalError, match="no push was begun here"):
        Desk().give(ResumePush())


def test_a_dry_run_assigns_nothing_and_withdraws_nothing() -> None:
    old, new = image(), image(version=NEW + 1)
    desk, device = pushing(old)
    tell(device)
    desk.give(begin(new, dry=True))
    desk.wait(0.0)
    tell(device)
    assert [session.sha256 for session in sessions(desk)] == [old.sha256]
    assert verdicts(desk) == [PushVerdict.WOULD]
