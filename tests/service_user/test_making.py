"""Requests made from what a user wants: who is asked in which form, and what is refused at once."""

import hashlib
from itertools import pairwise

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from images.building import ImageSpec, build
from images.eui64 import Eui64, format_eui64
from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.requests import (
    CANCELLATION,
    DSP,
    MOST_COUNTER,
    DeviceDetails,
    DevicePrenotification,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.duis.variants import VARIANTS
from ota_engine.duis.writing import write_request
from ota_engine.errors import LocalError
from ota_engine.service_user.counting import MOST_GBCS_COUNTER, chosen_counter, next_counter
from ota_engine.service_user.device_lists import read_device_lines, require_possible
from ota_engine.service_user.forms import FORMS, Wishes, body_of, device_of
from ota_engine.service_user.making import SupplierCredentials, made_request
from ota_engine.times import Utc
from tests.gbcs import parties
from tests.service_user.parties import COUNTER, DIGEST, DISPLAY, NOW, SWITCH, USER

IMAGE = build(
    b"firmware" * 40,
    ImageSpec(manufacturer_code=0x121D, image_type=0x86, file_version=0x0101_0000, layout="gb"),
)
LATER = Utc(1_800_000_000.0)


def credentials() -> SupplierCredentials:
    files = parties.files()
    signing, agreement, issuing = (
        x509.load_pem_x509_certificate(files[name])
        for name in (f"{USER:016x}-ds.pem", f"{USER:016x}-ka.pem", "issuing.pem")
    )
    return SupplierCredentials(signing, agreement, (issuing,))


ONE = Wishes(devices=(SWITCH,))
FILLED = {
    "11.1": ONE._replace(image=IMAGE),
    "11.2": ONE._replace(at_utc=LATER),
    "11.3": ONE._replace(hash=DIGEST, at_utc=LATER),
    "11.4": Wishes(devices=(DISPLAY, SWITCH), image=IMAGE, version="0101"),
    "8.2": ONE,
    "8.4": ONE._replace(status="Pending"),
    "12.2": ONE._replace(device_type="HCALCS", manufacturer="Acme", model="X1"),
    "3.2": ONE._replace(since_utc=NOW),
    "6.23": ONE._replace(credentials=credentials(), mpxn="1234567890123", at_utc=LATER),
}


@pytest.mark.parametrize("service", FORMS)
def test_every_request_that_is_made_is_read_again_as_it_was_meant(service: str) -> None:
    wishes = FILLED[service]
    body = body_of(service, wishes, COUNTER)
    made = made_request(USER, COUNTER, body, device_of(service, wishes))
    read = read_request(parse_document(write_document(write_request(made))))
    assert read == made
    assert read.header.command_variant in VARIANTS[service].command_variants
    target = DSP if VARIANTS[service].dcc_only else SWITCH
    assert read.header.request_id == (USER, target, COUNTER)


@pytest.mark.parametrize(
    ("service", "wishes", "body"),
    [
        ("11.1", FILLED["11.1"], UpdateFirmware(IMAGE, "01010000", (SWITCH,))),
        ("11.4", FILLED["11.4"], UpdateFirmware(IMAGE, "0101", (DISPLAY, SWITCH), ppmid=True)),
        ("11.2", ONE, ReadFirmwareVersion()),
        ("11.3", ONE._replace(hash=DIGEST), FirmwareActivation(DIGEST)),
        ("11.3", ONE._replace(hash=DIGEST, cancel=True), FirmwareActivation(DIGEST, CANCELLATION)),
        ("8.2", Wishes(mpxn="1"), ReadInventory(mpxn="1")),
        ("8.2", Wishes(uprn="7"), ReadInventory(uprn="7")),
        (
            "8.2",
            Wishes(post_code="AB1 2CD", address="1"),
            ReadInventory(post_code="AB1 2CD", address="1"),
        ),
        ("8.4", ONE._replace(delete=True), UpdateInventory(SWITCH, delete=True)),
        (
            "8.4",
            ONE._replace(export_mpan="1234567890123"),
            UpdateInventory(SWITCH, meter_point=("ExportMPAN", "1234567890123")),
        ),
        (
            "8.4",
            ONE._replace(version="01010000"),
            UpdateInventory(SWITCH, details=DeviceDetails(firmware_version="01010000")),
        ),
        ("12.2", FILLED["12.2"], DevicePrenotification(SWITCH, "Acme", "X1", "HCALCS")),
    ],
)
def test_wishes_become_the_body_they_are_for(service: str, wishes: Wishes, body: object) -> None:
    assert body_of(service, wishes, COUNTER) == body


def test_the_hash_of_an_activation_is_that_of_the_image_in_the_file() -> None:
    body = body_of("11.3", ONE._replace(image=IMAGE), COUNTER)
    assert isinstance(body, FirmwareActivation)
    assert body.hash == hashlib.sha256(b"firmware" * 40).digest()


def test_a_time_within_a_second_is_the_next_whole_one_as_messages_have_no_other() -> None:
    body = body_of("11.3", ONE._replace(hash=DIGEST, at_utc=Utc(NOW + 0.25)), COUNTER)
    assert body == FirmwareActivation(DIGEST, Utc(NOW + 1))


def test_a_change_of_supplier_names_the_counter_as_its_floor() -> None:
    body = body_of("6.23", FILLED["6.23"], COUNTER)
    assert isinstance(body, OtherRequest)
    assert body.fields[0] == ("SupplierFloorSeqNumber", str(COUNTER))


@pytest.mark.parametrize(
    ("service", "wishes", "said"),
    [
        ("99", ONE, "'99' is no service made here: one of 11.1, "),
        ("11.2", ONE._replace(hash=DIGEST), "11.2 has no place for --hash: leave it out"),
        ("11.1", ONE, "11.1 brings an image: name its file with --image"),
        ("11.1", Wishes(image=IMAGE), "for which devices?"),
        ("11.1", ONE._replace(image=b"no image"), "the image is no OTA file"),
        ("11.1", Wishes(devices=(SWITCH, SWITCH), image=IMAGE), "is named twice: leave one out"),
        ("11.1", ONE._replace(image=bytes(10_240_001)), "the image has 10,240,001 octets"),
        ("11.3", ONE, "11.3 names an image"),
        ("11.3", ONE._replace(hash=DIGEST, image=IMAGE), "11.3 names an image"),
        ("11.3", ONE._replace(hash=DIGEST, at_utc=NOW, cancel=True), "leave out --at"),
        ("8.2", Wishes(), "8.2 shows one home"),
        ("8.2", Wishes(post_code="AB1 2CD"), "8.2 shows one home"),
        ("8.2", ONE._replace(mpxn="1"), "8.2 shows one home"),
        ("8.4", ONE, "8.4 changes one thing of a device"),
        ("8.4", ONE._replace(delete=True, status="Pending"), "8.4 changes one thing"),
        ("8.4", Wishes(delete=True), "8.4 is about one device: name it with --device"),
        ("8.4", Wishes(devices=(SWITCH, DISPLAY), delete=True), "several are named"),
        ("12.2", ONE, "12.2 tells what will be installed: give --device-type"),
        ("3.2", ONE, "3.2 hides what was before a time: give it with --since"),
        ("6.23", ONE, "6.23 puts a gaining supplier's certificates into a meter"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    service: str, wishes: Wishes, said: str
) -> None:
    with pytest.raises(LocalError) as refused:
        body_of(service, wishes, COUNTER)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_request_to_a_device_needs_one() -> None:
    with pytest.raises(LocalError, match=r"11\.2 is for a device: name it with --device"):
        made_request(USER, COUNTER, ReadFirmwareVersion())


# --- counters -------------------------------------------------------------------------------------


@given(
    st.integers(0, MOST_GBCS_COUNTER - 100),
    st.lists(st.floats(0, 1e10, allow_nan=False), max_size=20),
)
def test_counters_only_ever_grow_whatever_the_clock_does(highest: int, clock: list[float]) -> None:
    given_out = [highest]
    for utc in clock:
        given_out.append(next_counter(given_out[-1], Utc(utc)))
    assert all(earlier < later for earlier, later in pairwise(given_out))


def test_a_counter_is_the_time_in_milliseconds_where_that_is_free() -> None:
    assert next_counter(5, NOW) == int(NOW * 1000)
    assert next_counter(int(NOW * 1000), NOW) == int(NOW * 1000) + 1


def test_a_counter_beyond_what_a_message_holds_spoils_no_later_one() -> None:
    assert chosen_counter(MOST_COUNTER, 7) == 7
    assert chosen_counter(1000, 7) == 1000
    assert chosen_counter(3, 7) == 7
    for text in (0, MOST_COUNTER + 1):
        with pytest.raises(LocalError, match="is no originator counter"):
            chosen_counter(text, 7)
    with pytest.raises(LocalError, match="no originator counter is left"):
        next_counter(MOST_GBCS_COUNTER, NOW)


# --- lists ----------------------------------------------------------------------------------------


def test_a_list_of_devices_is_read_as_people_keep_it() -> None:
    text = f"\ufeffDevice,where\n# of the pilot\n{format_eui64(SWITCH)},hall\n\n{DISPLAY:016x}\n"
    assert read_device_lines(text) == ((SWITCH, DISPLAY), ())


def test_every_bad_line_of_a_list_is_named_with_its_number() -> None:
    text = f'{SWITCH:016x}\nnothing\n{SWITCH:016x}\n"open\nEUI64\n'
    found = read_device_lines(text)
    assert found.devices == (SWITCH,)
    assert [bad.number for bad in found.bad] == [2, 3, 4, 5]
    assert "stands in line 1 already" in found.bad[1].reason


@given(st.text(max_size=200))
def test_any_text_is_a_list_of_devices_with_bad_lines_or_without(text: str) -> None:
    found = read_device_lines(text)
    assert len(found.bad) <= len(text.splitlines())
    assert all(bad.reason.isprintable() for bad in found.bad)


def test_more_devices_than_one_request_names_are_refused() -> None:
    many = tuple(Eui64(number) for number in range(50_001))
    require_possible(many[:-1])
    with pytest.raises(LocalError, match="one request names 50,000 at most"):
        require_possible(many)
