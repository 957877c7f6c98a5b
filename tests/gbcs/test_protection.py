"""Who must have made a message, leg by leg, and every way to pretend."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs import compose
from ota_engine.gbcs.certificates import Certificate, KeyUse, Role
from ota_engine.gbcs.codes import USE_CASES, Category, Cra, MessageCode
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.mac import compute_mac
from ota_engine.gbcs.payloads import ActivationOutcome
from ota_engine.gbcs.protection import (
    DEFAULT_POLICY,
    LEGS,
    Leg,
    MacKey,
    authenticate,
    check,
    leg_of,
    protect,
    seal,
    sign,
)
from ota_engine.gbcs.verification import CheckResult, Verification
from tests.gbcs.parties import (
    BROKER,
    ESME,
    HCALCS,
    NOW,
    PPMID,
    SECOND_SUPPLIER,
    SUPPLIER,
    VERSION,
    WAN_PROVIDER,
    all_messages,
    bare_command,
    cs06,
    cs08,
    ecs52,
    everyone,
    files,
    without,
)

NAMES = sorted(all_messages())
VALID, INVALID, ABSENT, NO_KEY = (
    CheckResult.VALID,
    CheckResult.INVALID,
    CheckResult.ABSENT,
    CheckResult.NO_KEY,
)


def mac_by(party: int, message: Message) -> Message:
    """MAC a message with a party's key instead of the right one."""
    secret = everyone().shared_secret(party, message.recipient)
    assert secret is not None
    return message._replace(mac=compute_mac(secret, message))


def refused(message: Message, keys: Keystore, because: str, now: datetime = NOW) -> None:
    with pytest.raises(PeerError, match=because) as caught:
        authenticate(message, keys, now=now)
    assert caught.value.status == 0x7E


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_believed_by_who_holds_the_keys(name: str) -> None:
    message = parse(serialise(all_messages()[name]))
    authenticate(message, everyone(), now=NOW)
    assert INVALID not in check(message, everyone())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CS06 now", Verification(VALID, VALID)),
        ("CS06 outcome", Verification(VALID, ABSENT)),
        ("CS08", Verification(ABSENT, VALID)),
        ("CS08 answer", Verification(ABSENT, VALID)),
        ("ECS52", Verification(ABSENT, VALID)),
        ("ECS52 answer", Verification(ABSENT, VALID)),
        ("CCS08", Verification(VALID, ABSENT)),
        ("0x00CA", Verification(VALID, ABSENT)),
    ],
)
def test_what_each_leg_carries(name: str, expected: Verification) -> None:
    assert check(all_messages()[name], everyone()) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_anywhere_is_never_believed(name: str) -> None:
    octets = serialise(all_messages()[name])
    keys = everyone()
    for at in range(len(octets) * 8):
        flipped = bytearray(octets)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(PeerError):
            authenticate(parse(bytes(flipped)), keys, now=NOW)


@given(st.data())
def test_flipping_one_bit_of_the_hash_breaks_signature_and_mac(data: st.DataObject) -> None:
    octets = bytearray(serialise(cs06()))
    at = octets.index(b"\x04\x20") + 2 + data.draw(st.integers(0, 31))
    octets[at] ^= 1 << data.draw(st.integers(0, 7))
    assert check(parse(bytes(octets)), everyone()) == Verification(INVALID, INVALID)


def test_a_mac_of_the_suppliers_key_instead_of_the_brokers() -> None:
    forged = mac_by(SUPPLIER, cs06())
    assert check(forged, everyone()) == Verification(VALID, INVALID)
    refused(forged, everyone(), "the MAC is not that of broker and device")


def test_a_mac_for_another_device() -> None:
    secret = everyone().shared_secret(BROKER, ESME)
    assert secret is not None
    message = cs06()
    refused(message._replace(mac=compute_mac(secret, message)), everyone(), "MAC")


def test_the_command_of_another_supplier_to_a_device_that_does_not_know_him() -> None:
    command = compose.activate_firmware(
        bytes(32), originator=SECOND_SUPPLIER, recipient=HCALCS, counter=1
    )
    device = without(f"{SECOND_SUPPLIER:016x}")
    refused(protect(command, everyone()), device, "no certificate")


def test_the_signature_of_another_supplier_in_the_first_ones_name() -> None:
    signer = everyone().signer(SECOND_SUPPLIER)
    assert signer is not None
    keys = Keystore.read(files())
    keys.add_signer(SUPPLIER, signer)
    forged = protect(bare_command(), keys)
    assert check(forged, everyone()) == Verification(INVALID, VALID)
    refused(forged, everyone(), "the signature is not that of")


def test_a_response_with_the_signature_of_another_device() -> None:
    answer = compose.response(cs06(), ActivationOutcome(0, VERSION), compose.device_time(NOW))
    by_another = sign(answer._replace(originator=PPMID), everyone())
    refused(by_another._replace(originator=HCALCS), everyone(), "signature")


def test_a_command_reflected_as_its_own_response() -> None:
    refused(cs06()._replace(cra=Cra.RESPONSE, mac=None), everyone(), "is none")


def test_an_unsigned_critical_command() -> None:
    unsigned = seal(bare_command()._replace(signature=b""), everyone())
    assert check(unsigned, everyone()) == Verification(ABSENT, VALID)
    refused(unsigned, everyone(), "not signed")


def test_a_critical_command_without_its_mac() -> None:
    refused(cs06()._replace(mac=None), everyone(), "has no MAC")


def test_a_signed_message_where_none_may_be() -> None:
    refused(sign(cs08(), everyone()), everyone(), "must not be")


def test_a_response_with_a_mac_where_none_may_be() -> None:
    answer = all_messages()["CS06 outcome"]
    refused(seal(answer, everyone()), everyone(), "must not")


def test_a_supplier_who_poses_as_a_device() -> None:
    answer = all_messages()["CS06 outcome"]._replace(originator=SUPPLIER)
    refused(sign(answer, everyone()), everyone(), "is none")


def test_a_device_that_poses_as_a_supplier() -> None:
    command = sign(bare_command()._replace(originator=PPMID), everyone())
    refused(mac_by(BROKER, command), everyone(), "no role")


def test_the_broker_may_not_activate_though_its_certificate_is_good() -> None:
    command = bare_command()._replace(originator=BROKER)
    refused(protect(command, everyone()), everyone(), "no role")


def test_the_wan_provider_may_activate_unless_the_policy_says_otherwise() -> None:
    command = protect(bare_command()._replace(originator=WAN_PROVIDER), everyone())
    authenticate(command, everyone(), now=NOW)
    suppliers: dict[int, frozenset[Role]] = {
        MessageCode.ACTIVATE_FIRMWARE: frozenset((Role.SUPPLIER,))
    }
    with pytest.raises(PeerError, match="no role"):
        authenticate(
            command, everyone(), now=NOW, policy=DEFAULT_POLICY._replace(originators=suppliers)
        )


@pytest.mark.parametrize("party", [SUPPLIER, BROKER])
@pytest.mark.parametrize("days", [-30, 365 * 11])
def test_a_certificate_outside_its_validity(party: int, days: int) -> None:
    command = cs06() if party == SUPPLIER else cs08()
    refused(command, everyone(), "not valid at", NOW + timedelta(days=days))


def test_an_expired_broker_behind_a_valid_supplier() -> None:
    keys = Keystore.read(files())
    held = keys.certificate(BROKER, KeyUse.AGREEMENT)
    assert held is not None
    expired = held._replace(not_after=NOW - timedelta(seconds=1))
    keys.add_certificate(BROKER, KeyUse.AGREEMENT, expired)
    refused(cs06(), keys, "not valid at")


def test_a_device_without_a_clock_does_not_judge_validity() -> None:
    keys = Keystore.read(files())
    held = keys.certificate(SUPPLIER, KeyUse.SIGNING)
    assert held is not None
    expired = held._replace(not_after=datetime(2000, 1, 1, tzinfo=UTC))
    keys.add_certificate(SUPPLIER, KeyUse.SIGNING, expired)
    authenticate(cs06(), keys)


def test_a_devices_certificate_never_ends() -> None:
    answer = all_messages()["CS06 outcome"]
    authenticate(answer, everyone(), now=datetime(9999, 12, 31, tzinfo=UTC))


def test_a_bare_key_is_believed_only_when_the_policy_says_so() -> None:
    keys = Keystore.read(files())
    held = keys.verifying_key(HCALCS)
    assert held is not None
    keys.add_certificate(HCALCS, KeyUse.SIGNING, Certificate(held))
    answer = all_messages()["CS06 outcome"]
    refused(answer, keys, "without a certificate")
    authenticate(answer, keys, now=NOW, policy=DEFAULT_POLICY._replace(trust_bare_keys=True))


def test_a_use_case_nobody_knows_is_not_believed() -> None:
    message = cs06()
    information = message.other_information._replace(message_code=0x0062)
    refused(message._replace(other_information=information), everyone(), "none we authenticate")


def test_without_keys_nothing_is_said_about_them() -> None:
    assert check(cs06(), Keystore()) == Verification(NO_KEY, NO_KEY)
    assert check(bare_command(), Keystore()) == Verification(ABSENT, ABSENT)


def test_the_listed_secrets_of_a_pair_serve_like_its_keys() -> None:
    secret = everyone().shared_secret(BROKER, HCALCS)
    assert secret is not None
    keys = without(".key")
    assert check(cs06(), keys) == Verification(VALID, NO_KEY)
    keys.add_secret(HCALCS, BROKER, secret)
    assert check(cs06(), keys) == Verification(VALID, VALID)


def only_secrets() -> Keystore:
    keys = Keystore()
    for device in (HCALCS, PPMID, ESME):
        for party in (SUPPLIER, BROKER):
            secret = everyone().shared_secret(party, device)
            assert secret is not None
            keys.add_secret(party, device, secret)
    return keys


@pytest.mark.parametrize("message", [cs06(), cs08(), ecs52()])
def test_secrets_without_certificates_still_tell_the_broker(message: Message) -> None:
    assert check(message, only_secrets()).mac is VALID


def test_secrets_without_certificates_never_take_the_supplier_for_the_broker() -> None:
    assert check(mac_by(SUPPLIER, cs06()), only_secrets()).mac is INVALID


def test_a_device_may_command_another_without_a_broker_between() -> None:
    command = bare_command()._replace(originator=PPMID, signature=b"")
    assert check(seal(command, everyone()), everyone()).mac is VALID


@pytest.mark.parametrize("device", [HCALCS, BROKER])
def test_either_private_key_of_a_pair_makes_the_same_mac(device: int) -> None:
    assert check(cs06(), without(f"{device:016x}-ka.key")) == Verification(VALID, VALID)


def test_a_message_cannot_be_signed_without_the_key() -> None:
    with pytest.raises(LocalError, match="no signing key"):
        sign(bare_command(), without(".key"))


def test_a_message_cannot_be_sealed_without_the_key() -> None:
    with pytest.raises(LocalError, match="no key pair"):
        seal(sign(bare_command(), everyone()), without("-ka.key"))


def test_a_message_of_no_known_use_case_is_not_protected() -> None:
    message = bare_command()
    information = message.other_information._replace(message_code=0x0062)
    with pytest.raises(LocalError, match="no rule"):
        protect(message._replace(other_information=information), everyone())


def test_the_same_message_is_protected_the_same_way_every_time() -> None:
    assert protect(bare_command(), everyone()) == protect(bare_command(), everyone())


def test_every_use_case_has_a_leg_for_each_kind_it_has() -> None:
    for code, use_case in USE_CASES.items():
        commands = use_case.category in {Category.CRITICAL_COMMAND, Category.NON_CRITICAL_COMMAND}
        for cra in (Cra.COMMAND, Cra.RESPONSE) if commands else (Cra.ALERT,):
            message = bare_command()
            information = message.other_information._replace(message_code=code)
            assert leg_of(message._replace(cra=cra, other_information=information)) is not None


def test_no_leg_is_left_without_protection() -> None:
    assert Leg(False, MacKey.NONE) not in LEGS.values()
