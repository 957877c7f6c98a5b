"""Every attack of a command on its way to a device: nothing happens, and the journal says why."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.devices import kinds
from emulators.gbcs.unit import SecurityUnit
from ota_engine.gbcs import compose
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.gbcs.envelope import Message, OtherInformation, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.meters import VersionRequest
from ota_engine.gbcs.payloads import ActivationOutcome, CommandAccepted, ReadVersion
from ota_engine.gbcs.pki import ORGANISATIONS, Organisation, make_pki
from ota_engine.gbcs.protection import protect
from tests.emulators.gbcs.attacks import ATTACKS, UNCARRIED, Attack
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


@pytest.mark.parametrize(
    "attack", [*ATTACKS.values(), *UNCARRIED.values()], ids=[*ATTACKS, *UNCARRIED]
)
def test_an_attack_is_refused_and_uses_nothing_up(attack: Attack) -> None:
    device = unit()
    refusal(device.receive(attack(HASH, 1000), HOLDING, 0.0))
    untouched(device)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("wrong supplier", "no certificate"),
        ("broker as originator", "role"),
        ("forged signature", "signature"),
        ("MAC by the supplier's key", "MAC"),
        ("no MAC", "no MAC"),
        ("no signature", "not signed"),
        ("for another device", "it is for"),
        ("an alert", "takes commands"),
        ("another counter inside", "1001"),
        ("a leap second", "DER"),
    ],
)
def test_the_journal_says_what_was_wrong(name: str, why: str) -> None:
    assert why in refusal(unit().receive(ATTACKS[name](HASH, 1000), HOLDING, 0.0))


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
    device = unit(kinds.PPMID)
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
