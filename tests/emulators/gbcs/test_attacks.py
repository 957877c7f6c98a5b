"""Every attack of a command on its way to a device: nothing happens, and the journal says why."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from emulators.device_spec import DeviceKind
from emulators.gbcs.unit import SecurityUnit
from ota_engine.gbcs import compose
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.gbcs.envelope import Message, OtherInformation, grouping, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.mac import compute_mac
from ota_engine.gbcs.meters import VersionRequest
from ota_engine.gbcs.payloads import ActivationOutcome, CommandAccepted, ReadVersion
from ota_engine.gbcs.pki import ORGANISATIONS, Organisation, make_pki
from ota_engine.gbcs.protection import protect, sign
from tests.emulators.gbcs.units import (
    EMPTY,
    HOLDING,
    START,
    UPDATED,
    anchors,
    command,
    powered_again,
    refusal,
    told,
    unit,
    verified,
)
from tests.gbcs.parties import (
    BROKER,
    ESME,
    HASH,
    HCALCS,
    NOW,
    SECOND_SUPPLIER,
    SUPPLIER,
    VERSION,
    WAN_PROVIDER,
    bare_command,
    everyone,
    key_maker,
)

VALID = command()
LATER = START + timedelta(hours=1)


def untouched(device: SecurityUnit) -> None:
    """A device that refused a command obeys the next one, also with the same counter."""
    assert device.memory.order is None and device.memory.begun is None
    assert device.receive(VALID, HOLDING, 1.0).activate


def protected(message: Message) -> bytes:
    return serialise(protect(message, everyone()))


# --- octets ---------------------------------------------------------------------------------------


def test_a_flipped_bit_anywhere_is_refused() -> None:
    device = unit()
    for bit in range(8 * len(VALID)):
        octets = bytearray(VALID)
        octets[bit // 8] ^= 1 << bit % 8
        refusal(device.receive(bytes(octets), HOLDING, 0.0))
    untouched(device)


@given(length=st.integers(0, len(VALID) - 1))
def test_a_truncated_command_is_refused(length: int) -> None:
    refusal(unit().receive(VALID[:length], HOLDING, 0.0))


@given(tail=st.binary(min_size=1, max_size=300))
def test_octets_behind_a_command_are_refused(tail: bytes) -> None:
    refusal(unit().receive(VALID + tail, HOLDING, 0.0))


@given(octets=st.binary(max_size=400))
def test_any_octets_are_refused(octets: bytes) -> None:
    refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_message_of_sixty_five_thousand_octets_is_refused() -> None:
    refusal(unit().receive(VALID + bytes(70_000), HOLDING, 0.0))


# --- who commands ---------------------------------------------------------------------------------


def test_a_supplier_the_device_does_not_have_is_refused() -> None:
    device = unit()
    why = refusal(device.receive(command(supplier=SECOND_SUPPLIER), HOLDING, 0.0))
    assert "no certificate" in why
    untouched(device)


@pytest.mark.parametrize("party", [BROKER, WAN_PROVIDER])
def test_a_party_of_the_wrong_role_is_refused(party: int) -> None:
    why = refusal(unit().receive(command(supplier=party), HOLDING, 0.0))
    assert "role" in why or "no certificate" in why


def test_another_suppliers_signature_under_the_suppliers_name_is_refused() -> None:
    keys, stranger = everyone(), everyone().signer(SECOND_SUPPLIER)
    assert stranger is not None
    forger = keys.held_by(SUPPLIER, (BROKER, HCALCS))
    forger.add_signer(SUPPLIER, stranger)
    forged = sign(bare_command(), forger)
    secret = keys.shared_secret(BROKER, HCALCS)
    assert secret is not None
    octets = serialise(forged._replace(mac=compute_mac(secret, forged)))
    assert "signature" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_signature_in_der_instead_of_two_numbers_is_refused() -> None:
    valid = parse(VALID)
    assert valid.signature is not None
    r, s = (int.from_bytes(valid.signature[at : at + 32]) for at in (0, 32))
    der = encode_dss_signature(r, s)
    octets = grouping(valid) + len(der).to_bytes(1) + der
    assert "no signature field" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_signature_of_zeros_is_refused() -> None:
    unsigned = sign(bare_command(), everyone())._replace(signature=bytes(64))
    secret = everyone().shared_secret(BROKER, HCALCS)
    assert secret is not None
    octets = serialise(unsigned._replace(mac=compute_mac(secret, unsigned)))
    assert "signature" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_mac_made_with_the_suppliers_key_is_refused() -> None:
    signed = sign(bare_command(), everyone())
    secret = everyone().shared_secret(SUPPLIER, HCALCS)
    assert secret is not None
    device = unit()
    octets = serialise(signed._replace(mac=compute_mac(secret, signed)))
    assert "MAC" in refusal(device.receive(octets, HOLDING, 0.0))
    untouched(device)


def test_a_command_that_the_broker_never_saw_is_refused() -> None:
    octets = serialise(sign(bare_command(), everyone()))
    assert "no MAC" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_command_that_is_not_signed_is_refused() -> None:
    bare = bare_command()._replace(signature=b"")
    secret = everyone().shared_secret(BROKER, HCALCS)
    assert secret is not None
    octets = serialise(bare._replace(mac=compute_mac(secret, bare)))
    assert "not signed" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_message_for_another_device_is_refused() -> None:
    why = refusal(unit().receive(command(recipient=ESME), HOLDING, 0.0))
    assert "it is for" in why


@pytest.mark.parametrize("cra", [Cra.RESPONSE, Cra.ALERT])
def test_what_is_no_command_is_refused(cra: Cra) -> None:
    octets = serialise(parse(VALID)._replace(cra=cra))
    assert "takes commands" in refusal(unit().receive(octets, HOLDING, 0.0))


def test_a_use_case_of_other_devices_is_refused() -> None:
    asked = compose.command(
        MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        VersionRequest(7),
        originator=SUPPLIER,
        recipient=HCALCS,
        counter=7,
    )
    assert "0059" in refusal(unit().receive(protected(asked), HOLDING, 0.0))


def test_a_ppmid_knows_no_cs06() -> None:
    device = unit(DeviceKind.PPMID)
    assert "0012" in refusal(device.receive(VALID, HOLDING, 0.0))


# --- certificates ---------------------------------------------------------------------------------


def pki(now: datetime, organisations: tuple[Organisation, ...] = ORGANISATIONS) -> Keystore:
    keys = key_maker(9)
    files = make_pki(now, lambda: next(keys), organisations=organisations)
    return Keystore.read({file.name: file.octets for file in files})


def test_an_expired_certificate_is_refused_by_a_device_that_knows_the_date() -> None:
    old = pki(NOW - timedelta(days=365 * 11))
    octets = command(keys=old)
    assert "not valid" in refusal(unit(keys=old).receive(octets, HOLDING, 0.0))


def test_an_expired_certificate_is_believed_by_a_device_without_the_date() -> None:
    old = pki(NOW - timedelta(days=365 * 11))
    assert unit(keys=old, clock=None).receive(command(keys=old), HOLDING, 0.0).activate


def test_a_certificate_of_another_role_in_the_suppliers_place_is_refused() -> None:
    roles = tuple(
        party._replace(role=Role.NETWORK_OPERATOR) if party.eui64 == SUPPLIER else party
        for party in ORGANISATIONS
    )
    wrong = pki(NOW, roles)
    device = unit()
    device.hand_over(anchors().handed_over(SUPPLIER, wrong))
    assert "role" in refusal(device.receive(command(keys=wrong), HOLDING, 0.0))


# --- counters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("counter", [0, 1, 998, 999])
def test_a_stale_counter_is_refused(counter: int) -> None:
    device = unit()
    device.receive(command(999), EMPTY, 0.0)
    assert "replay" in refusal(device.receive(command(counter), HOLDING, 1.0))


def test_the_largest_counter_is_the_last() -> None:
    device = unit()
    assert told(device.receive(command(MAX_COUNTER), EMPTY, 0.0)) == [ActivationOutcome(1, VERSION)]
    refusal(device.receive(command(MAX_COUNTER), HOLDING, 1.0))
    refusal(device.receive(command(1), HOLDING, 2.0))


@given(counter=st.integers(MAX_COUNTER + 1, (1 << 64) - 1))
def test_a_counter_beyond_the_largest_is_refused(counter: int) -> None:
    bare = Message(
        Cra.COMMAND,
        counter,
        BROKER,
        HCALCS,
        OtherInformation(MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION, SUPPLIER, 1),
        b"\x05\x00",
    )
    device = unit()
    refusal(device.receive(protected(bare), HOLDING, 0.0))
    assert device.receive(read(1), HOLDING, 0.0).messages


def read(counter: int) -> bytes:
    return protected(
        compose.command(
            MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
            ReadVersion(),
            originator=BROKER,
            recipient=HCALCS,
            counter=counter,
            party=SUPPLIER,
            party_counter=1,
        )
    )


def test_the_counter_inside_must_be_that_of_the_header() -> None:
    inside = compose.activate_firmware(HASH, originator=SUPPLIER, recipient=HCALCS, counter=2000)
    device = unit()
    why = refusal(device.receive(protected(inside._replace(counter=1000)), HOLDING, 0.0))
    assert "2000" in why and "1000" in why
    untouched(device)


def test_a_replay_after_a_power_cut_is_refused() -> None:
    device = unit()
    device.receive(VALID, HOLDING, 0.0)
    device = powered_again(device)
    assert told(device.booted(UPDATED, 5.0))
    refusal(device.receive(VALID, HOLDING, 6.0))


def test_a_replay_of_an_order_for_later_orders_it_no_second_time() -> None:
    device = unit()
    order = command(at=LATER)
    device.receive(order, HOLDING, 0.0)
    assert device.wake(HOLDING, 3600.0).activate
    device = powered_again(device)
    assert device.booted(UPDATED, 3605.0).messages
    refusal(device.receive(order, HOLDING, 3700.0))
    assert not device.wake(HOLDING, 1e6).activate


def test_the_read_of_a_version_is_not_answered_twice() -> None:
    device = unit()
    assert device.receive(read(5), EMPTY, 0.0).messages
    assert "replay" in refusal(device.receive(read(5), EMPTY, 1.0))


def test_counters_of_one_originator_are_not_those_of_another() -> None:
    device = unit()
    device.receive(command(9000), EMPTY, 0.0)
    assert device.receive(read(5), EMPTY, 1.0).messages


# --- images ---------------------------------------------------------------------------------------


def test_the_hash_of_another_image_activates_nothing_and_uses_up_the_counter() -> None:
    device = unit()
    octets = command(digest=bytes(32))
    assert told(device.receive(octets, HOLDING, 0.0)) == [ActivationOutcome(2, VERSION)]
    refusal(device.receive(octets, HOLDING, 1.0))


def test_the_hash_is_looked_at_last() -> None:
    """A forged command learns nothing of what the device holds."""
    octets = bytearray(command(digest=bytes(32)))
    octets[-1] ^= 1
    assert "MAC" in refusal(unit().receive(bytes(octets), HOLDING, 0.0))


# --- payloads -------------------------------------------------------------------------------------

NOT_DER: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda der: der[:-1],
    "with octets behind": lambda der: der + b"\x00",
    "of another tag": lambda der: b"\x31" + der[1:],
    "nested": lambda der: b"\x30" + bytes((len(der),)) + der,
    "nested a hundred times": lambda der: b"\x30\x80" * 100 + der,
    "with an indefinite length": lambda der: b"\x30\x80" + der[2:] + b"\x00\x00",
    "with a length in two octets": lambda der: b"\x30\x81" + der[1:],
    "empty": lambda der: b"",
    "oversized": lambda der: der + bytes(2000),
    "a leap second": lambda der: _later(der, b"20260301023060Z"),
    "a thirteenth month": lambda der: _later(der, b"20261301023000Z"),
    "a fraction of a second": lambda der: _later(der, b"20260301023000.5Z"),
    "a local time": lambda der: _later(der, b"20260301023000"),
}


def _later(der: bytes, time: bytes) -> bytes:
    content = der[2:] + b"\x18" + bytes((len(time),)) + time
    return b"\x30" + bytes((len(content),)) + content


@pytest.mark.parametrize("spoil", NOT_DER.values(), ids=NOT_DER.keys())
def test_a_payload_that_is_not_the_der_of_cs06_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    bare = bare_command()
    device = unit()
    refusal(device.receive(protected(bare._replace(payload=spoil(bare.payload))), HOLDING, 0.0))
    untouched(device)


@given(payload=st.binary(max_size=80))
def test_any_payload_of_the_supplier_is_obeyed_or_refused(payload: bytes) -> None:
    device = unit()
    device.receive(protected(bare_command()._replace(payload=payload)), HOLDING, 0.0)
    assert device.receive(command(1001), HOLDING, 1.0).activate


# --- change of supplier ---------------------------------------------------------------------------


def test_after_a_change_of_supplier_the_old_ones_commands_fail() -> None:
    device = unit()
    device.hand_over(device.anchors.handed_over(SECOND_SUPPLIER, everyone()))
    assert "no certificate" in refusal(device.receive(VALID, HOLDING, 0.0))
    assert device.receive(command(1, supplier=SECOND_SUPPLIER), HOLDING, 1.0).activate


def test_after_a_change_of_supplier_the_new_one_is_answered() -> None:
    device = unit()
    device.hand_over(device.anchors.handed_over(SECOND_SUPPLIER, everyone()))
    ((answer, said),) = verified(device.receive(command(1, supplier=SECOND_SUPPLIER), EMPTY, 1.0))
    assert (answer.recipient, said) == (SECOND_SUPPLIER, ActivationOutcome(1, VERSION))


def test_a_change_of_supplier_drops_what_the_old_one_ordered_for_later() -> None:
    device = unit()
    assert told(device.receive(command(at=LATER), HOLDING, 0.0)) == [CommandAccepted()]
    device.hand_over(device.anchors.handed_over(SECOND_SUPPLIER, everyone()))
    assert not device.wake(HOLDING, 1e6).activate


def test_the_supplier_that_comes_back_must_not_repeat_its_counters() -> None:
    device = unit()
    device.receive(VALID, EMPTY, 0.0)
    for supplier in (SECOND_SUPPLIER, SUPPLIER):
        device.hand_over(device.anchors.handed_over(supplier, everyone()))
    assert "replay" in refusal(device.receive(VALID, HOLDING, 1.0))


def test_a_device_holds_nobody_elses_keys() -> None:
    held = anchors().keys
    assert [held.signer(party) for party in (SUPPLIER, BROKER, ESME)] == [None] * 3
    assert held.certificate(SECOND_SUPPLIER, KeyUse.SIGNING) is None
