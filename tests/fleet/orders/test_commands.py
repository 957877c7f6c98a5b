"""Activations (11.3): drafted, signed by their user alone, passed on as they are, answered."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import CANCELLATION, RequestId
from ota_engine.duis.responses import (
    FutureDatedAlert,
    GbcsPayload,
    PreCommand,
    SuspensionChange,
)
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Variant
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    OriginatorCounter,
    UserDocument,
)
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import CANCELLATION_TIME, activation_of
from ota_engine.times import Utc
from tests.fleet.orders import messages
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    HASH,
    OWN,
    WANTED,
    Street,
    content_of,
    device,
)

HCALCS = device(DUAL, "HCALCS")
NAME = f"sr/{RequestId(ELEC, HCALCS, 1_000).text}"


def sent(at: Utc | None = None) -> tuple[Street, bytes]:
    """A street with one activation on its way."""
    street = Street()
    command, response = street.activate(ELEC, HCALCS, 1_000, at)
    assert response.code == "I99"
    return street, command


def command_state(street: Street, name: str = NAME) -> CommandState:
    return street.row(DeviceCommand, name=name).state


def test_a_request_is_transformed_into_the_command_that_its_user_is_to_sign() -> None:
    street = Street()
    response = street.draft(ELEC, HCALCS, 1_000).response
    assert response.code == "I0"
    assert response.response_id == RequestId(HCALCS, ELEC, 1_000)
    draft = content_of(response)
    assert isinstance(draft, PreCommand)
    assert draft.gbcs_version == "4.2"
    assert draft.payload[-1:] == b"\x00"
    message = parse(draft.payload)
    assert (message.cra, message.counter) == (Cra.COMMAND, 1_000)
    assert (message.originator, message.recipient) == (ELEC, HCALCS)
    order = activation_of(message)
    assert order.manufacturer_image_hash == HASH
    assert order.execution_time is None
    assert street.told(Verb.COMMAND) == []


def test_an_execution_time_with_a_fraction_is_that_second_in_the_command() -> None:
    street = Street()
    at = Utc(street.utc + 60.75)
    command, response = street.activate(ELEC, HCALCS, 1_000, at)
    assert response.code == "I99"
    time = activation_of(parse(command)).execution_time
    assert time is not None
    assert time.timestamp() == int(at)


def test_a_command_passes_on_exactly_as_its_user_has_signed_it() -> None:
    street, command = sent()
    (told,) = street.told(Verb.COMMAND)
    assert told.command == command
    assert (told.campaign, told.device, told.user, told.counter) == (NAME, HCALCS, ELEC, 1_000)
    assert command_state(street) is CommandState.SENT


def test_the_answer_of_a_device_reaches_its_user_as_it_came() -> None:
    street, command = sent()
    octets = messages.activated(command, WANTED)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=octets)
    (document,) = street.documents()
    assert document.code == "I0"
    assert document.request_id == RequestId(ELEC, HCALCS, 1_000)
    assert document.response_id == RequestId(HCALCS, ELEC, 1_000)
    assert content_of(document) == GbcsPayload(octets)
    assert command_state(street) is CommandState.DONE
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED


def test_an_activation_ends_the_order_that_brought_the_image() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    street.hub_says(HubWord.TRANSFERRED, HCALCS, street.row(DeviceOrder).name)
    command, _ = street.activate(ELEC, HCALCS, 1_000)
    octets = messages.activated(command, WANTED)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=octets)
    assert street.row(DeviceOrder).state is DeliveryState.RUNNING


def test_a_device_that_has_not_done_it_says_so_to_its_user() -> None:
    street, command = sent()
    octets = messages.activated(command, 0x0001_0000, code=2)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=octets)
    assert content_of(street.documents(ELEC)[0]) == GbcsPayload(octets)
    assert command_state(street) is CommandState.FAILED


def test_a_dated_activation_is_answered_twice_under_the_same_request() -> None:
    at = Utc(1_800_100_000.0)
    street, command = sent(at)
    assert activation_of(parse(command)).execution_time is not None
    first = messages.accepted(command)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=first)
    assert command_state(street) is CommandState.ACCEPTED
    street.pass_time(300_000)
    assert command_state(street) is CommandState.UNANSWERED  # its time is long over
    assert "E30" in [one.code for one in street.documents(ELEC)]
    assert street.row(InstalledDevice, device=HCALCS).status is InventoryStatus.SUSPENDED
    street = Street()
    command, _ = street.activate(ELEC, HCALCS, 1_000, at)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=first)
    street.pass_time(101_000)
    last = messages.executed(command, WANTED, 2_000)
    street.hub_says(HubWord.ALERT, HCALCS, NAME, message=last)
    told, alerted = street.documents(ELEC)
    assert content_of(told) == GbcsPayload(first)
    assert content_of(alerted) == FutureDatedAlert(0x8F66, last)
    assert told.request_id == alerted.request_id
    assert command_state(street) is CommandState.DONE
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED


def test_a_dated_activation_that_was_not_actioned_fails() -> None:
    street, command = sent(Utc(1_800_100_000.0))
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=messages.accepted(command))
    octets = messages.executed(command, 0x0001_0000, 2_000, code=1)
    street.hub_says(HubWord.ALERT, HCALCS, NAME, message=octets)
    assert content_of(street.documents(ELEC)[-1]) == FutureDatedAlert(0x8F67, octets)
    assert command_state(street) is CommandState.FAILED


def test_a_dated_activation_is_cancelled_by_a_command_of_its_own() -> None:
    street, command = sent(Utc(1_800_100_000.0))
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=messages.accepted(command))
    cancel, response = street.activate(ELEC, HCALCS, 1_001, CANCELLATION)
    assert response.code == "I99"
    assert activation_of(parse(cancel)).execution_time == CANCELLATION_TIME
    name = f"sr/{RequestId(ELEC, HCALCS, 1_001).text}"
    street.hub_says(HubWord.ANSWERED, HCALCS, name, message=messages.accepted(cancel))
    assert command_state(street, name) is CommandState.DONE
    assert command_state(street) is CommandState.CANCELLED
    street.pass_time(300_000)
    assert command_state(street) is CommandState.CANCELLED


def test_a_later_dated_activation_takes_the_place_of_an_earlier_one() -> None:
    street, command = sent(Utc(1_800_100_000.0))
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=messages.accepted(command))
    later, _ = street.activate(ELEC, HCALCS, 1_001, Utc(1_800_200_000.0))
    name = f"sr/{RequestId(ELEC, HCALCS, 1_001).text}"
    street.hub_says(HubWord.ANSWERED, HCALCS, name, message=messages.accepted(later))
    assert command_state(street, name) is CommandState.ACCEPTED
    assert command_state(street) is CommandState.CANCELLED


# --- what is refused ----------------------------------------------------------------------------


def test_a_command_without_a_draft_is_refused() -> None:
    street = Street()
    assert street.send(ELEC, HCALCS, 1_000, bytes(140)).code == "E46"
    assert street.told(Verb.COMMAND) == []


@pytest.mark.parametrize("at", [0, 5, 20, 40, 60, -66, -65])
def test_a_command_that_is_not_the_draft_is_refused(at: int) -> None:
    street = Street()
    draft = content_of(street.draft(ELEC, HCALCS, 1_000).response)
    octets = bytearray(draft.payload[:-1] + b"\x40" + bytes(64))
    octets[at] ^= 1
    assert street.send(ELEC, HCALCS, 1_000, bytes(octets)).code == "E46"
    assert street.told(Verb.COMMAND) == []


def test_a_command_that_nobody_signed_is_refused() -> None:
    street = Street()
    draft = content_of(street.draft(ELEC, HCALCS, 1_000).response)
    for octets in (draft.payload, draft.payload[:-1], draft.payload + bytes(64)):
        street = Street()
        street.draft(ELEC, HCALCS, 1_000)
        assert street.send(ELEC, HCALCS, 1_000, octets).code == "E46"


def test_a_command_of_another_time_than_its_draft_is_refused() -> None:
    street = Street()
    draft = content_of(street.draft(ELEC, HCALCS, 1_000).response)
    signed = draft.payload[:-1] + b"\x40" + bytes(64)
    assert street.send(ELEC, HCALCS, 1_000, signed, Utc(1_800_100_000.0)).code == "E46"


def test_an_execution_time_that_has_passed_is_refused() -> None:
    street = Street()
    assert street.draft(ELEC, HCALCS, 1_000, Utc(street.utc - 1)).response.code == "E43"


def test_a_draft_whose_time_has_come_before_it_was_signed_is_refused() -> None:
    street = Street()
    at = Utc(street.utc + 60)
    draft = content_of(street.draft(ELEC, HCALCS, 1_000, at).response)
    street.pass_time(61)
    signed = draft.payload[:-1] + b"\x40" + bytes(64)
    assert street.send(ELEC, HCALCS, 1_000, signed, at).code == "E43"


def test_a_counter_that_the_device_has_seen_is_refused_before_sending() -> None:
    street, _ = sent()
    assert street.draft(ELEC, HCALCS, 999).response.code == "E45"
    assert street.draft(ELEC, HCALCS, 1_001).response.code == "I0"
    assert len(street.told(Verb.COMMAND)) == 1


def test_a_counter_that_has_no_place_in_a_message_is_refused() -> None:
    assert Street().draft(ELEC, HCALCS, 2**63).response.code == "E45"


def test_a_counter_that_a_device_shows_counts_though_it_was_never_sent_from_here() -> None:
    street = Street()
    octets = messages.version_read(HCALCS, ELEC, 5_000, 0x0001_0000)
    street.hub_says(HubWord.ANSWERED, HCALCS, "sr/unknown", message=octets)
    assert street.row(OriginatorCounter, device=HCALCS, user=ELEC).highest == 5_000
    assert street.draft(ELEC, HCALCS, 4_999).response.code == "E45"


def test_counters_are_kept_by_device_and_by_user() -> None:
    street, _ = sent()
    assert street.draft(ELEC, device(OWN, "HCALCS"), 7).response.code == "I0"
    assert street.draft(GAS, HCALCS, 7).response.code == "I0"


def test_two_drafts_may_be_sent_in_the_order_of_their_counters_only() -> None:
    street = Street()
    commands = {}
    for counter in (1_000, 1_001):
        draft = content_of(street.draft(ELEC, HCALCS, counter).response)
        commands[counter] = draft.payload[:-1] + b"\x40" + bytes(64)
    assert street.send(ELEC, HCALCS, 1_001, commands[1_001]).code == "I99"
    assert street.send(ELEC, HCALCS, 1_000, commands[1_000]).code == "E45"


@pytest.mark.parametrize("kind", ["PPMID", "CHF", "IHD"])
def test_a_device_that_takes_no_signed_order_is_of_the_wrong_type(kind: str) -> None:
    assert Street().draft(ELEC, device(DUAL, kind), 1_000).response.code == "E11"


def test_only_who_answers_for_a_device_activates_it() -> None:
    street = Street()
    assert street.draft(ELEC, device(FAR, "HCALCS"), 1).response.code == "E4"
    assert street.draft(ELEC, device(DUAL, "GSME"), 1).response.code == "E4"
    assert street.draft(ELEC, Eui64(0x00DB_FFFF_0000_0000), 1).response.code == "E19"


def test_a_smets1_device_is_out_of_scope() -> None:
    street = Street()
    street.put(Variant("hcalcs-s1", "HCALCS", "Maker", "Old", "1", smets=1))
    row = street.row(InstalledDevice, device=HCALCS)
    street.put(replace(row, variant="hcalcs-s1"))
    assert street.draft(ELEC, HCALCS, 1_000).response.code == "E47"
    assert street.read_version(ELEC, HCALCS, 1_000).code == "E47"


def test_a_device_that_is_not_commissioned_takes_no_command() -> None:
    street = Street()
    row = street.row(InstalledDevice, device=HCALCS)
    street.put(replace(row, status=InventoryStatus.PENDING))
    assert street.draft(ELEC, HCALCS, 1_000).response.code == "E5"


# --- silence ------------------------------------------------------------------------------------


def status(street: Street) -> InventoryStatus:
    return street.row(InstalledDevice, device=HCALCS).status


def suspensions(street: Street, user: Eui64) -> list[bool]:
    return [one.suspended for one in street.alerts(user) if isinstance(one, SuspensionChange)]


def test_a_device_that_does_not_answer_an_activation_is_suspended_and_that_is_told() -> None:
    street, _ = sent()
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    assert command_state(street) is CommandState.UNANSWERED
    assert status(street) is InventoryStatus.SUSPENDED
    assert suspensions(street, ELEC) == [True]
    assert suspensions(street, GAS) == [True]
    assert "E21" in [one.code for one in street.documents(ELEC)]


def test_a_command_of_which_nobody_says_anything_is_unanswered_in_the_end() -> None:
    street, _ = sent()
    street.pass_time(172_801)
    assert command_state(street) is CommandState.UNANSWERED
    assert "E21" in [one.code for one in street.documents(ELEC)]
    assert status(street) is InventoryStatus.SUSPENDED


def test_a_late_answer_restores_a_suspended_device() -> None:
    street, command = sent()
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    street.pass_time(60)
    octets = messages.activated(command, WANTED)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=octets)
    assert status(street) is InventoryStatus.COMMISSIONED
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED
    assert suspensions(street, GAS) == [True, False]
    assert command_state(street) is CommandState.DONE
    assert GbcsPayload(octets) in [content_of(one) for one in street.documents(ELEC)]


def test_a_suspended_device_may_be_asked_what_it_runs_and_its_answer_restores_it() -> None:
    street, _ = sent()
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    assert street.read_version(GAS, HCALCS, 50).code == "I99"
    name = f"sr/{RequestId(GAS, HCALCS, 50).text}"
    street.pass_time(60)
    octets = messages.version_read(HCALCS, GAS, 50, WANTED)
    street.hub_says(HubWord.ANSWERED, HCALCS, name, message=octets)
    assert status(street) is InventoryStatus.COMMISSIONED
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED


def test_a_repeated_activation_restores_a_suspended_device() -> None:
    street, _ = sent()
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    command, response = street.activate(ELEC, HCALCS, 1_001)
    assert response.code == "I99"
    name = f"sr/{RequestId(ELEC, HCALCS, 1_001).text}"
    street.hub_says(HubWord.ANSWERED, HCALCS, name, message=messages.activated(command, WANTED))
    assert status(street) is InventoryStatus.COMMISSIONED


def test_a_suspended_device_gets_no_order_of_firmware() -> None:
    street, _ = sent()
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    response = street.order(ELEC, HCALCS)
    assert content_of(response).not_commissioned == (HCALCS,)


def test_a_command_that_the_hub_does_not_pass_on_is_told_and_suspends_nothing() -> None:
    street, _ = sent()
    street.hub_says(HubWord.REFUSED, HCALCS, NAME, reason="the counter is too low")
    assert [one.code for one in street.documents(ELEC)] == ["E20"]
    assert status(street) is InventoryStatus.COMMISSIONED
    assert command_state(street) is CommandState.FAILED


def test_words_that_come_twice_are_told_once() -> None:
    street, command = sent()
    said = [
        street.hub_says(HubWord.UNANSWERED, HCALCS, NAME),
        street.hub_says(
            HubWord.ANSWERED, HCALCS, NAME, message=messages.activated(command, WANTED)
        ),
    ]
    before = street.rows(UserDocument)
    street.happen(*said, *reversed(said))
    assert street.rows(UserDocument) == before
