"""A home goes to another gateway while orders, commands and announcements of it are under way."""

from hashlib import sha256

from ota_engine.duis.requests import OtherRequest
from ota_engine.fleet.gateways.acts import AdmitGateway, MoveHomes
from ota_engine.fleet.gateways.moving import HomeReleased
from ota_engine.fleet.inventory.registration import TenancyTold
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.orders.rows import CommandState, DeliveryState, DeviceCommand, DeviceOrder
from ota_engine.fleet.port import HubWord, Instruction, InstructionState, InstructionTaken, Verb
from ota_engine.times import Utc
from tests.fleet.orders.street import DUAL, ELEC, WANTED, Street, device

HCALCS = device(DUAL, "HCALCS")
OTHER = "another"


def take_all(street: Street) -> None:
    waiting = street.rows(Instruction, state=InstructionState.WAITING)
    street.desk.handle([InstructionTaken(one.key) for one in waiting], street.utc)


def move(street: Street) -> list[Instruction]:
    """Let the home go to another gateway; gives what that is told."""
    source = street.row(Home, home=DUAL).gateway
    code = sha256(b"code").hexdigest()
    street.decide("olive", AdmitGateway(OTHER, code, street.utc + 60.0))
    street.decide("olive", MoveHomes(OTHER, (DUAL,)))
    street.happen(HomeReleased(DUAL, source))
    return street.rows(Instruction, gateway=OTHER, state=InstructionState.WAITING)


def test_an_order_that_is_under_way_is_told_to_the_other_gateway_and_ends_there() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    name = street.row(DeviceOrder).name
    take_all(street)
    told = move(street)
    assert [(one.verb, one.device) for one in told] == [(Verb.ASSIGN, HCALCS)]
    assert street.row(DeviceOrder).gateway == OTHER
    take_all(street)
    street.hub_says(HubWord.TRANSFERRED, HCALCS, name)
    assert street.row(DeviceOrder).state is not DeliveryState.ORDERED


def test_an_order_that_has_ended_is_told_to_nobody_again() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    name = street.row(DeviceOrder).name
    take_all(street)
    street.hub_says(HubWord.TRANSFERRED, HCALCS, name)
    street.hub_says(HubWord.ACTIVATED, HCALCS, name, version=WANTED)
    assert [one for one in move(street) if one.campaign == name] == []


def test_a_question_that_is_not_answered_is_told_to_the_other_gateway() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 1000)
    take_all(street)
    assert street.row(DeviceCommand).state is CommandState.SENT
    assert [one.verb for one in move(street)] == [Verb.READ]


def test_a_command_is_told_with_its_octets_and_the_device_refuses_it_if_it_has_had_it() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    street.hub_says(HubWord.TRANSFERRED, HCALCS, street.row(DeviceOrder).name)
    octets, _ = street.activate(ELEC, HCALCS, 1000)
    take_all(street)
    (told,) = [one for one in move(street) if one.verb is Verb.COMMAND]
    assert told.command == octets


def test_a_change_of_tenancy_is_told_to_the_other_gateway_while_it_is_to_come() -> None:
    street = Street()
    street.happen(TenancyTold(DUAL, Utc(street.utc - 60.0)))
    take_all(street)
    assert move(street) == [], "its home network has been told"
    street = Street()
    answer = street.ask_duis(
        ELEC,
        "3.2",
        OtherRequest(
            "RestrictAccessForChangeOfTenancy",
            None,
            (("RestrictionDateTime", "2027-01-20T00:00:00.00Z"),),
        ),
        command_variant=1,
        target=device(DUAL, "ESME"),
    )
    assert answer.response.code == "I99"
    take_all(street)
    assert [one.verb for one in move(street)] == [Verb.TENANCY]
