"""Rule 8: change of supplier during deployment, two suppliers of a home, one party with two ids, clocks.

Source: the users' requirements (002), Technical Architecture and Business Architecture Sub-Committee.
"""

from ota_engine.fleet.calendar.consent import GiveConsent, RequireConsent
from ota_engine.fleet.calendar.rows import EntryKind, HomeDiary, HomeStep
from ota_engine.fleet.calendar.slots import ChooseSlots, SetWindow
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.parties.rows import Fuel, PartyId
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.head_end.imports import EstateImport
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.imports.lists import KEY, home, octets
from tests.fleet.town import Town

ACTIVATION = HomeStep.ACTIVATION


def notified(*suppliers: str) -> Town:
    town = Town()
    town.home("h1", *suppliers)
    town.campaign()
    town.deliver()
    return town


def test_the_gaining_supplier_is_told_and_its_own_seven_days_run() -> None:
    town = notified("east")
    town.pass_time(6 * DAY)
    town.change_supplier("h1", "west")
    (told,) = town.notices(NoticeKind.GAINED)
    assert (told.party, told.text) == ("west", "home h1 is yours now, and planned in c1")
    town.pass_time(2 * DAY)
    assert town.member("h1").reason == "notice has not reached west"
    town.deliver("west")
    town.pass_time(6.9 * DAY)
    assert town.member("h1").reason == "notice to west is running"
    town.pass_time(1.2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_supplier_that_answered_for_the_other_fuel_knows_already() -> None:
    town = notified("east", "west")
    town.pass_time(6 * DAY)
    town.change_supplier("h1", "west", fuels=[Fuel.ELECTRICITY])
    assert town.notices(NoticeKind.GAINED) == []
    town.pass_time(3.1 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_the_losing_suppliers_time_counts_no_more_and_it_can_choose_none() -> None:
    town = notified("east")
    town.decide("olive", SetWindow("c1", ACTIVATION, BEGIN + 20 * DAY, BEGIN + 40 * DAY))
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", BEGIN + 35 * DAY),)))
    town.pass_time(7.5 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    town.change_supplier("h1", "west")
    town.deliver("west")
    again = ChooseSlots("c1", ACTIVATION, (("h1", BEGIN + 36 * DAY),))
    assert "does not answer for home h1" in town.refused("eve", again)
    town.decide("will", ChooseSlots("c1", ACTIVATION, (("h1", BEGIN + 25 * DAY),)))
    town.pass_time(20 * DAY)
    (told,) = [told for told in town.instructions() if told.verb is Verb.ACTIVATE]
    assert told.at_utc == BEGIN + 25 * DAY


def test_a_change_that_is_told_ahead_keeps_the_home_free_around_it() -> None:
    town = notified("east")
    change = Utc(BEGIN + 7.5 * DAY)
    for fuel in Fuel:
        town.happen(SupplierTold("h1", fuel, "west", change))
    town.pass_time(7.2 * DAY)
    assert town.member("h1").reason == f"calendar: {EntryKind.SUPPLIER_CHANGE}"


def test_a_change_that_does_not_come_keeps_nothing_free() -> None:
    town = notified("east")
    change = Utc(BEGIN + 7.5 * DAY)
    town.happen(SupplierTold("h1", Fuel.GAS, "west", change))
    town.happen(SupplierTold("h1", Fuel.GAS, "west", change, withdrawn=True))
    assert town.row(HomeDiary, home="h1").entries == ()
    town.pass_time(7.2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_party_of_two_ids_in_one_home_is_told_once_asked_once_and_gains_nothing() -> None:
    town = Town()
    town.put(PartyId("EAST-E", "east", PartyRole.ELECTRICITY_SUPPLIER))
    town.put(PartyId("EAST-G", "east", PartyRole.GAS_SUPPLIER))
    lines = ["home,region,gateway,electricity,gas", "ref-1,North,gw,EAST-E,EAST-G"]
    EstateImport(town.desk, KEY, ImportKind.HOMES, print).run(octets(lines), "olive", town.utc)
    town.device(home(1))
    town.decide("olive", RequireConsent("hub-1", BEGIN + 90 * DAY, "plan"))
    town.campaign()
    assert town.row(Home, home=home(1)).suppliers == ("east",)
    assert len(town.notices(NoticeKind.AVAILABLE, party="east")) == 1
    town.deliver()
    town.decide("eve", GiveConsent("c1"))
    town.change_supplier(home(1), "east")
    assert town.notices(NoticeKind.GAINED) == []
    town.pass_time(7.2 * DAY)
    assert town.member(home(1)).state is MemberState.OFFERED


def test_a_home_that_changes_twice_runs_the_notice_of_the_last_supplier() -> None:
    town = notified("east")
    town.pass_time(DAY)
    town.change_supplier("h1", "west")
    town.pass_time(DAY)
    town.change_supplier("h1", "north")
    town.deliver("west")
    town.pass_time(20 * DAY)
    assert town.member("h1").reason == "notice has not reached north"


def test_a_gaining_supplier_that_is_not_reached_is_told_of_to_the_operator() -> None:
    town = notified("east")
    town.change_supplier("h1", "west")
    town.pass_time(4 * DAY)
    texts = [told.text for told in town.notices(NoticeKind.LATE, party="dcc")]
    assert texts == ["west was to take the notice in time, and has not"]


def test_a_supplier_that_gains_a_home_of_no_campaign_is_not_told_of_any() -> None:
    town = Town()
    town.home("h1", "east")
    town.change_supplier("h1", "west")
    assert town.notices() == []
