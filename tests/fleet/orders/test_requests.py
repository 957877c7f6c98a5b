"""Whose requests are served, and that each is served once."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    RequestId,
    UpdateFirmware,
)
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.orders.events import SmkiRole, WebService
from ota_engine.fleet.orders.rows import (
    DeviceCommand,
    DeviceOrder,
    OrderRules,
    ServiceInbox,
    ServiceUser,
)
from ota_engine.fleet.port import Verb
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    GAS,
    OWN,
    Street,
    content_of,
    device,
    ordered_image,
)

HCALCS = device(DUAL, "HCALCS")
ORDER = UpdateFirmware(b"", "0002012F", (HCALCS,))
SEEN = ReadInventory(device=HCALCS)


def test_a_certificate_that_is_not_for_signing_documents_is_refused() -> None:
    street = Street()
    answer = street.ask_duis(ELEC, "8.2", SEEN, role=SmkiRole.OTHER)
    assert answer.response.code == "E42"
    assert street.rows(ServiceInbox) == []


def test_a_request_signed_by_another_than_its_user_is_refused_and_uses_up_nothing() -> None:
    street = Street()
    answer = street.ask_duis(ELEC, "11.1", ORDER, counter=5, signer=GAS, image=ordered_image())
    assert answer.response.code == "E41"
    assert answer.request == ""
    answer = street.ask_duis(ELEC, "11.1", ORDER, counter=5, image=ordered_image())
    assert answer.response.code == "I99"


def test_somebody_who_is_no_user_is_refused() -> None:
    street = Street()
    assert street.ask_duis(Eui64(1), "8.2", SEEN).response.code == "E1"


def test_a_user_that_is_not_served_now_is_refused() -> None:
    street = Street()
    street.put(replace(street.row(ServiceUser, user=ELEC), active=False))
    assert street.ask_duis(ELEC, "8.2", SEEN).response.code == "E3"


@pytest.mark.parametrize("role", [role for role in UserRole if role.value not in ("IS", "GS")])
def test_only_suppliers_of_import_and_gas_order_and_activate(role: UserRole) -> None:
    street = Street()
    street.put(replace(street.row(ServiceUser, user=ELEC), role=role))
    assert street.order(ELEC, HCALCS).code == "E2"
    assert street.order(ELEC, device(DUAL, "PPMID"), ppmid=True).code == "E2"
    assert street.draft(ELEC, HCALCS, 1).response.code == "E2"
    assert street.ask_duis(ELEC, "8.2", SEEN).response.code == "I0"


@pytest.mark.parametrize("role", UserRole)
def test_users_of_every_role_read_versions_of_devices_that_they_may_see(role: UserRole) -> None:
    street = Street()
    row = street.row(ServiceUser, user=ELEC)
    street.put(replace(row, role=role, regions=("North",)))
    assert street.read_version(ELEC, HCALCS, 1).code == "I99"


@pytest.mark.parametrize("command_variant", [1, 2, 3, 4, 5, 6, 7])
def test_a_command_variant_that_the_service_has_not_is_refused(command_variant: int) -> None:
    street = Street()
    answer = street.ask_duis(
        ELEC, "11.1", ORDER, command_variant=command_variant, image=ordered_image()
    )
    assert answer.response.code == "E12"
    assert street.rows(ServiceInbox) == []


@pytest.mark.parametrize("service", [WebService.SEND, WebService.TRANSFORM])
def test_a_request_that_was_posted_to_the_wrong_place_is_refused_and_may_come_again(
    service: WebService,
) -> None:
    street = Street()
    answer = street.ask_duis(ELEC, "8.2", SEEN, counter=9, service=service)
    assert answer.response.code == "E13"
    assert street.ask_duis(ELEC, "8.2", SEEN, counter=9).response.code == "I0"


def test_a_service_that_is_not_served_is_refused() -> None:
    street = Street()
    body = OtherRequest("ReadSchedule")
    assert street.ask_duis(ELEC, "5.2", body).response.code == "E47"


def test_what_only_the_dcc_serves_is_asked_of_no_device() -> None:
    street = Street()
    answer = street.ask_duis(ELEC, "11.1", ORDER, target=HCALCS, image=ordered_image())
    assert answer.response.code == "E43"


def test_the_same_request_again_gets_the_same_answer_and_does_nothing() -> None:
    street = Street()
    event = street.request(ELEC, "11.1", ORDER, image=ordered_image())
    (first,) = street.desk.answer([event], street.utc)
    street.pass_time(3_600)
    (second,) = street.desk.answer([event], street.utc)
    assert first == second
    assert len(street.rows(DeviceOrder)) == 1
    assert len(street.told(Verb.ASSIGN)) == 1


def test_the_same_request_twice_in_one_commit_is_served_once() -> None:
    street = Street()
    event = street.request(ELEC, "11.1", ORDER, image=ordered_image())
    first, second = street.desk.answer([event, event], street.utc)
    assert first == second
    street.pass_time(1)
    assert len(street.rows(DeviceOrder)) == 1


def test_a_request_id_that_was_used_for_another_request_is_refused() -> None:
    street = Street()
    assert street.read_version(ELEC, HCALCS, 10).code == "I99"
    other = device(OWN, "HCALCS")
    answer = street.ask_duis(
        ELEC,
        "11.2",
        ReadFirmwareVersion(),
        command_variant=1,
        target=HCALCS,
        counter=10,
        digest="another",
    )
    assert answer.response.code == "E44"
    assert street.read_version(ELEC, other, 10).code == "I99"  # its id names the device, too


def test_one_request_id_serves_both_halves_of_an_activation() -> None:
    street = Street()
    _, response = street.activate(ELEC, HCALCS, 1_000)
    assert response.code == "I99"
    assert {row.command_variant for row in street.rows(ServiceInbox)} == {4, 5}


def test_a_second_draft_under_the_same_id_is_refused_though_the_first_was_sent() -> None:
    street = Street()
    street.activate(ELEC, HCALCS, 1_000)
    other = street.draft(ELEC, HCALCS, 1_000, at=None)
    assert other.response.code == "I0"  # the same document: the same answer
    assert street.draft(ELEC, HCALCS, 1_000, at=street.utc).response.code == "E44"
    assert len(street.rows(DeviceCommand)) == 1


def test_a_refusal_is_kept_and_given_again_too() -> None:
    street = Street()
    event = street.request(ELEC, "11.1", replace(ORDER, devices=(Eui64(7),)), image=ordered_image())
    (first,) = street.desk.answer([event], street.utc)
    (second,) = street.desk.answer([event], street.utc)
    assert first == second
    assert first.response.code == "E110103"
    assert len(street.rows(ServiceInbox)) == 1


def test_an_acknowledgement_names_the_request_and_the_service_alone() -> None:
    street = Street()
    response = street.order(ELEC, HCALCS)
    assert response.response_id is None
    assert response.request_id is not None
    assert response.request_id.originator == ELEC
    assert content_of(response) is None


@pytest.mark.parametrize("version", ["5.1", "5.3", "5.4"])
def test_answers_and_alerts_are_written_in_the_version_of_the_users_requests(version: str) -> None:
    street = Street()
    event = street.request(ELEC, "11.1", ORDER, image=ordered_image())
    event = replace(event, request=replace(event.request, schema_version=version))
    (answer,) = street.desk.answer([event], street.utc)
    assert answer.response.schema_version == version
    assert street.row(ServiceUser, user=ELEC).schema_version == version


def test_codes_may_be_set_for_a_fleet() -> None:
    street = Street()
    street.put(OrderRules(codes=(("no-such-user", "E40"),)))
    assert street.ask_duis(Eui64(1), "8.2", SEEN).response.code == "E40"


def test_every_request_leaves_a_line_in_the_trail() -> None:
    street = Street()
    street.order(ELEC, HCALCS, counter=77)
    with street.store.reading():
        lines = [row.record for row in street.store.trail()]
    (line,) = [one for one in lines if one.action == "11.1"]
    assert line.subject.endswith(":77")
    assert '"answer":"I99"' in line.detail


# --- asking a device ----------------------------------------------------------------------------


def test_a_reading_is_asked_of_the_device_on_behalf_of_its_user() -> None:
    street = Street()
    assert street.read_version(ELEC, HCALCS, 12).code == "I99"
    (told,) = street.told(Verb.READ)
    assert (told.user, told.counter, told.device) == (ELEC, 12, HCALCS)
    assert told.campaign == f"sr/{RequestId(ELEC, HCALCS, 12).text}"
