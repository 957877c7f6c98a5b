"""The published figures of one CS06, computed step by step from its parts."""

import pytest

from images.eui64 import parse_eui64
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import Message, serialise
from ota_engine.gbcs.mac import (
    additional_data,
    compute_mac,
    derive_key,
    initialisation_vector,
    other_info,
    verify_mac,
)

SUPPLIER = parse_eui64("90B3D51F30010000")
ESME = parse_eui64("00DB1234567890A0")
SECRET = bytes.fromhex("ed342441df01551a6beaff3b54adc981f4c6a7e71dff4c3e1cc80b3c9f4e5ac0")
HASH = bytes.fromhex("AA758690730934FF0685" * 2 + "657788990011223344556677")
# ECDSA is random, so the signature is the one thing that cannot be computed again.
SIGNATURE = bytes.fromhex(
    "AF91963AB479BFC2CC602FD2CB9A313898D2A4837F938C21BAF6E1185979ABAA"
    "FE5D8E343AF3D7D099ED6156C8739083639612FCDA4755A2FE32751F5003A920"
)
COMMAND = (
    bytes.fromhex(
        "DD000000000000819C1100000000DF090100000000000003E80890B3D51F30010000"
        "0800DB1234567890A0000200122830260420"
    )
    + HASH
    + bytes.fromhex("020203E840")
    + SIGNATURE
    + bytes.fromhex("9F872C379F4FE0E370440625")
)


@pytest.fixture
def command() -> Message:
    pre_command = activate_firmware(HASH, originator=SUPPLIER, recipient=ESME, counter=1000)
    return pre_command._replace(signature=SIGNATURE)


def test_the_key_is_bound_to_titles_kind_and_counter(command: Message) -> None:
    assert other_info(command).hex() == (
        "6085740608030090b3d51f30010000090100000000000003e800db1234567890a0"
    )


def test_the_key_is_the_first_half_of_one_sha256(command: Message) -> None:
    assert derive_key(SECRET, command).hex() == "ec1d51bd8f8bf0cdd2314cf396cc12c0"


def test_the_vector_is_the_originator_and_a_zero_counter(command: Message) -> None:
    assert initialisation_vector(command).hex() == "90b3d51f3001000000000000"


def test_the_data_begins_with_six_octets_of_the_empty_header(command: Message) -> None:
    data = additional_data(command)
    assert len(data) == 145
    assert data.startswith(bytes.fromhex("110000000000DF"))


def test_the_mac_is_the_published_one(command: Message) -> None:
    mac = compute_mac(SECRET, command)
    assert mac.hex() == "9f872c379f4fe0e370440625"
    assert verify_mac(SECRET, command._replace(mac=mac))


def test_the_whole_command_is_rebuilt_octet_for_octet(command: Message) -> None:
    assert serialise(command._replace(mac=compute_mac(SECRET, command))) == COMMAND


def test_the_key_of_a_response_is_another(command: Message) -> None:
    assert derive_key(SECRET, command._replace(cra=Cra.RESPONSE)) != derive_key(SECRET, command)
