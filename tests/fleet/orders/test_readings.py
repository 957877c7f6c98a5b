"""Reading versions (11.2), now and at a time that the DCC keeps."""

from ota_engine.duis.requests import CANCELLATION, RequestId
from ota_engine.duis.responses import GbcsPayload, VersionMismatch
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.rows import CommandState, DeviceCommand
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.orders import messages
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    NETWORK,
    OLD,
    WANTED,
    Street,
    content_of,
    device,
)

HCALCS = device(DUAL, "HCALCS")
NAME = f"sr/{RequestId(ELEC, HCALCS, 12).text}"
LATER = Utc(1_800_010_000.0)


def answered(street: Street, version: int = OLD) -> bytes:
    octets = messages.version_read(HCALCS, ELEC, 12, version)
    street.hub_says(HubWord.ANSWERED, HCALCS, NAME, message=octets)
    return octets


def test_the_answer_of_a_device_reaches_who_asked_as_it_came() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12)
    octets = answered(street)
    (document,) = street.documents()
    assert content_of(document) == GbcsPayload(octets)
    assert document.request_id == RequestId(ELEC, HCALCS, 12)
    assert street.row(DeviceCommand).state is CommandState.DONE


def test_a_version_that_nobody_expected_is_told_to_all_responsible_suppliers() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12)
    street.pass_time(60)
    answered(street, WANTED)
    told = VersionMismatch(HCALCS, "HCALCS", f"{OLD:08X}", f"{WANTED:08X}")
    assert street.alerts(ELEC) == [told]
    assert street.alerts(GAS) == [told]
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED


def test_a_dated_reading_is_asked_at_its_time() -> None:
    street = Street()
    assert street.read_version(ELEC, HCALCS, 12, LATER).code == "I99"
    assert street.row(DeviceCommand).state is CommandState.DATED
    street.pass_time(LATER - street.utc - 1)
    assert street.told(Verb.READ) == []
    street.pass_time(2)
    assert len(street.told(Verb.READ)) == 1
    assert street.row(DeviceCommand).state is CommandState.SENT


def test_a_dated_reading_is_cancelled_by_another_request() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12, LATER)
    assert street.read_version(GAS, HCALCS, 13, CANCELLATION).code == "E43"  # not its own
    assert street.read_version(ELEC, HCALCS, 13, CANCELLATION).code == "I99"
    street.pass_time(20_000)
    assert street.told(Verb.READ) == []
    assert street.row(DeviceCommand).state is CommandState.CANCELLED


def test_a_dated_reading_of_a_home_that_is_the_users_no_longer_is_taken_back_and_told() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12, LATER)
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", street.utc))
    street.pass_time(20_000)
    assert street.told(Verb.READ) == []
    assert [one.code for one in street.documents(ELEC)] == ["E4"]
    assert street.row(DeviceCommand).state is CommandState.WITHDRAWN


def test_a_reading_that_nobody_answers_is_told_and_suspends_nothing() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12)
    street.hub_says(HubWord.UNANSWERED, HCALCS, NAME)
    assert [one.code for one in street.documents(ELEC)] == ["E21"]
    assert street.row(InstalledDevice, device=HCALCS).status == "Commissioned"
    answered(street)
    assert sorted(one.code for one in street.documents(ELEC)) == ["E21", "I0"]


def test_a_network_operator_reads_in_its_regions_and_nowhere_else() -> None:
    street = Street()
    assert street.read_version(NETWORK, HCALCS, 1).code == "I99"
    assert street.read_version(ELEC, device(FAR, "HCALCS"), 1).code == "E4"


def test_an_ihd_does_not_say_what_it_runs() -> None:
    assert Street().read_version(ELEC, device(DUAL, "IHD"), 1).code == "E11"
