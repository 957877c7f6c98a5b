"""Asking a device what it is, with nothing offered to it."""

from images.eui64 import Eui64
from ota_engine.events import BASIC_CLUSTER, HOME_AUTOMATION, OTA_UPGRADE_CLUSTER, SMART_ENERGY
from ota_engine.hub.delivery.commands import Inquire
from ota_engine.records import FirmwareSource, SessionState
from ota_engine.zcl import general
from ota_engine.zcl.general import AttributeRecord
from ota_engine.zcl.ota import Attribute
from tests.hub.delivery.desk import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    OLD,
    Client,
    Desk,
    ready,
)

WAITS_FOR_COMMAND = 6  # ImageUpgradeStatus: waiting to upgrade via external event


def say_identity(client: Client, code: int, kind: int, version: int) -> None:
    values = (
        (Attribute.CURRENT_FILE_VERSION, general.UINT32, version),
        (Attribute.MANUFACTURER_ID, general.UINT16, code),
        (Attribute.IMAGE_TYPE_ID, general.UINT16, kind),
    )
    records = tuple(AttributeRecord(name, 0, form, value) for name, form, value in values)
    client.say_general(general.ReadAttributesResponse(records))


def test_it_goes_where_the_radio_says_the_client_is() -> None:
    desk = Desk()
    frames = desk.give(Inquire(DEVICE, 5, HOME_AUTOMATION))
    assert {(frame.destination_endpoint, frame.profile) for frame in frames} == {
        (5, HOME_AUTOMATION)
    }
    assert [frame.cluster for frame in frames] == [OTA_UPGRADE_CLUSTER, BASIC_CLUSTER]


def test_where_the_client_is_not_known_every_endpoint_is_asked_on_both_profiles() -> None:
    desk = Desk()
    frames = desk.give(Inquire(DEVICE))
    assert [(frame.destination_endpoint, frame.profile) for frame in frames] == [
        (0xFF, SMART_ENERGY),
        (0xFF, HOME_AUTOMATION),
    ]


def test_a_device_is_asked_where_it_was_heard_and_where_the_radio_says() -> None:
    desk = Desk()
    Client(desk, endpoint=3).query(OLD)
    frames = desk.give(Inquire(DEVICE, 5, HOME_AUTOMATION))
    asked = {(frame.destination_endpoint, frame.profile) for frame in frames}
    assert asked == {(3, SMART_ENERGY), (5, HOME_AUTOMATION)}


def test_the_answer_tells_whose_firmware_it_runs() -> None:
    desk = Desk()
    desk.give(Inquire(DEVICE, 1, SMART_ENERGY))
    desk.wait(2.0)
    say_identity(Client(desk), MANUFACTURER, IMAGE_TYPE, OLD)
    seen = desk.engine.device(DEVICE)
    assert seen is not None
    (told,) = seen.firmwares
    assert told.target == (MANUFACTURER, IMAGE_TYPE)
    assert (told.file_version, told.source) == (OLD, FirmwareSource.ATTRIBUTES)
    assert seen.told_at == desk.now


def test_an_unknown_identity_is_no_identity() -> None:
    desk = Desk()
    desk.give(Inquire(DEVICE, 1, SMART_ENERGY))
    say_identity(Client(desk), 0xFFFF, 0xFFFF, OLD)
    seen = desk.engine.device(DEVICE)
    assert seen is not None
    assert seen.firmwares == ()


def test_a_query_tells_the_same() -> None:
    desk = Desk()
    desk.wait(3.0)
    Client(desk).query(OLD, hardware=0x0100)
    seen = desk.engine.device(DEVICE)
    assert seen is not None
    (told,) = seen.firmwares
    assert (told.manufacturer_code, told.hardware_version) == (MANUFACTURER, 0x0100)
    assert (told.source, seen.told_at) == (FirmwareSource.QUERY, desk.now)


def test_of_a_device_never_heard_nothing_is_known() -> None:
    assert Desk().engine.device(Eui64(1)) is None


def test_what_it_said_is_remembered_but_not_as_said_in_this_run() -> None:
    desk = Desk()
    desk.give(Inquire(DEVICE, 1, SMART_ENERGY))
    say_identity(Client(desk), MANUFACTURER, IMAGE_TYPE, OLD)
    desk.restart()
    seen = desk.engine.device(DEVICE)
    assert seen is not None
    assert [firmware.file_version for firmware in seen.firmwares] == [OLD]
    assert seen.told_at == float("-inf")


def test_the_audit_trail_names_who_asked() -> None:
    desk = Desk()
    desk.give(Inquire(DEVICE, actor="a person"))
    assert [(row.actor, row.action) for row in desk.audits()] == [("a person", "inquire")]


def test_a_device_that_parks_the_image_for_a_command_says_so_when_asked() -> None:
    desk, client = ready()
    client.query()
    client.download()
    client.report(OLD, WAITS_FOR_COMMAND)
    assert desk.state() is SessionState.AWAITING_COMMAND
    assert [(kind, verdict) for kind, verdict, _ in desk.outcomes()] == [("transfer", "succeeded")]


def test_one_that_has_not_all_of_it_does_not_hold_it_whatever_it_says() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    client.report(OLD, WAITS_FOR_COMMAND)
    assert desk.state() is SessionState.DOWNLOADING


def test_a_parked_image_that_runs_in_the_end_is_an_update() -> None:
    desk, client = ready()
    client.query()
    client.download()
    client.report(OLD, WAITS_FOR_COMMAND)
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
