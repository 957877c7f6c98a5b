"""Certificates of both profiles, made and read, and folders of keys with something wrong in them."""

import json
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import Certificate, KeyUse, Role, read_certificate
from ota_engine.gbcs.issuing import FOREVER
from ota_engine.gbcs.keystore import SECRETS_FILE, Keystore
from ota_engine.gbcs.pki import DEVICES, ORGANISATIONS, XML_ROLES
from ota_engine.gbcs.signature import PrivateKey
from tests.gbcs.parties import (
    BROKER,
    HCALCS,
    NOW,
    SEED,
    SUPPLIER,
    everyone,
    files,
    key_maker,
    pki_files,
)


def certificate(name: str) -> Certificate:
    return read_certificate(files()[name])


@pytest.mark.parametrize("use", KeyUse)
def test_a_device_is_named_by_its_hardware_module(use: KeyUse) -> None:
    found = certificate(f"{HCALCS:016x}-{use.value}.pem")
    assert (found.eui64, found.is_device, found.role, found.use) == (HCALCS, True, None, use)
    assert found.not_after == FOREVER


@pytest.mark.parametrize("use", KeyUse)
def test_an_organisation_is_named_by_its_identifier_and_role(use: KeyUse) -> None:
    found = certificate(f"{SUPPLIER:016x}-{use.value}.pem")
    assert (found.eui64, found.is_device, found.use) == (SUPPLIER, False, use)
    assert (found.role, found.name) == (Role.SUPPLIER, "supplier")


def test_a_devices_profile_octet_for_octet_where_it_matters() -> None:
    found = x509.load_pem_x509_certificate(files()[f"{HCALCS:016x}-ds.pem"])
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert not list(found.subject)
    (name,) = names.value.get_values_for_type(x509.OtherName)
    assert name.value.endswith(b"\x04\x08" + HCALCS.to_bytes(8))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_agreement
    assert found.extensions.get_extension_for_class(x509.CertificatePolicies).critical
    key = found.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert len(key) == 8 and key[0] >> 4 == 4


def test_an_organisations_identifier_is_a_bit_string() -> None:
    found = x509.load_pem_x509_certificate(files()[f"{SUPPLIER:016x}-ka.pem"])
    assert b"\x03\x09\x00" + SUPPLIER.to_bytes(8) in found.subject.public_bytes()


def test_every_certificate_is_issued_by_the_issuing_authority_and_that_by_the_root() -> None:
    root, issuing = (
        x509.load_pem_x509_certificate(files()[f"{name}.pem"]) for name in ("root", "issuing")
    )
    issuing.verify_directly_issued_by(root)
    for file in pki_files():
        if file.name.endswith(("-ds.pem", "-ka.pem")):
            x509.load_pem_x509_certificate(file.octets).verify_directly_issued_by(issuing)


def test_everyone_has_certificates_of_both_uses_with_serials_never_reused() -> None:
    serials = [
        x509.load_pem_x509_certificate(file.octets).serial_number
        for file in pki_files()
        if file.name.endswith(".pem")
    ]
    signers_of_xml = sum(party.role in XML_ROLES for party in ORGANISATIONS)
    wanted = 2 + 2 * len(ORGANISATIONS + DEVICES) + signers_of_xml
    assert len(set(serials)) == len(serials) == wanted
    for party in ORGANISATIONS + DEVICES:
        for use in KeyUse:
            held = everyone().certificate(party.eui64, use)
            assert held is not None
            private = PrivateKey.load(files()[f"{party.eui64:016x}-{use.value}.key"])
            assert private.public_key() == held.public_key


def test_only_private_keys_are_secret() -> None:
    for file in pki_files():
        assert file.secret is file.name.endswith(".key")
        assert file.secret is (b"PRIVATE KEY" in file.octets)


def test_the_index_names_everyone() -> None:
    rows = json.loads(files()["parties.json"])
    assert [row["name"] for row in rows] == [one.name for one in ORGANISATIONS + DEVICES]


def test_a_certificate_is_read_from_der_too() -> None:
    pem = files()[f"{SUPPLIER:016x}-ds.pem"]
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert read_certificate(der) == read_certificate(pem)


def test_what_a_library_says_of_a_certificate_is_not_told_at_any_length() -> None:
    pem = files()[f"{SUPPLIER:016x}-ds.pem"]
    spoilt = pem.replace(b"-----END CERTIFICATE", b"-----END " + b"CERT\x7f" * 400)
    with pytest.raises(LocalError, match="not a certificate of GBCS") as refused:
        read_certificate(spoilt)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 300


def bare_key(eui64: int, use: KeyUse) -> bytes:
    held = everyone().certificate(eui64, use)
    assert held is not None
    return held.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_bare_public_key_is_taken_for_whom_its_file_names() -> None:
    name = f"{SUPPLIER:016x}-ds.pem"
    keys = Keystore.read({name: bare_key(SUPPLIER, KeyUse.SIGNING)})
    assert keys.verifying_key(SUPPLIER) == everyone().verifying_key(SUPPLIER)
    assert keys.parties(Role.SUPPLIER) == ()


def test_a_certificate_of_another_party_under_a_files_name_is_left_out() -> None:
    name = f"{BROKER:016x}-ka.pem"
    keys = Keystore.read({name: files()[f"{SUPPLIER:016x}-ka.pem"]})
    assert keys.certificate(BROKER, KeyUse.AGREEMENT) is None
    (finding,) = keys.findings
    assert finding.name == name and "90-B3-D5-1F-40-01-00-00" in finding.reason


def test_a_certificate_for_another_use_is_left_out() -> None:
    name = f"{SUPPLIER:016x}-ds.pem"
    keys = Keystore.read({name: files()[f"{SUPPLIER:016x}-ka.pem"]})
    assert keys.verifying_key(SUPPLIER) is None
    assert "key usage" in keys.findings[0].reason


def test_an_authoritys_certificate_is_of_neither_profile() -> None:
    with pytest.raises(LocalError, match="neither"):
        read_certificate(files()["root.pem"])


def test_a_key_on_another_curve_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(LocalError, match="P-256"):
        read_certificate(public)
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(LocalError, match="P-256"):
        PrivateKey.load(private)


def test_a_key_that_is_no_elliptic_curve_key_is_refused() -> None:
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(LocalError, match="P-256"):
        PrivateKey.load(private)


def test_an_encrypted_key_says_so() -> None:
    private = next(key_maker()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    )
    with pytest.raises(LocalError, match="passphrase"):
        PrivateKey.load(private)


def test_a_key_does_not_show_itself() -> None:
    assert repr(PrivateKey(next(key_maker()))) == "PrivateKey(...)"


@given(st.binary(max_size=200))
@example(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
@example(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
@example(bytes(10_000))
def test_any_octets_are_a_certificate_or_a_local_error(octets: bytes) -> None:
    with pytest.raises(LocalError):
        read_certificate(octets)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_certificate_is_read_or_a_local_error(at: int, change: int) -> None:
    pem = files()[f"{HCALCS:016x}-ds.pem"]
    der = bytearray(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    der[at % len(der)] ^= change
    try:
        found = read_certificate(bytes(der))
    except LocalError:
        return
    assert found.public_key.curve.name == "secp256r1"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"{}",
        b"[1]",
        b"[{}]",
        b"\xff",
        b'[{"party": "1", "device": "2", "z": "00"}]',
        b'[{"party": "90B3D51F30010000", "device": "00DB1234567890A0", "z": "00"}]',
        b'[{"party": 5, "device": "00DB1234567890A0", "z": "' + b"00" * 32 + b'"}]',
        b"[" * 100_000,
    ],
)
def test_shared_secrets_that_are_no_such_list_are_left_out(octets: bytes) -> None:
    keys = Keystore.read({SECRETS_FILE: octets, **files()})
    assert [finding.name for finding in keys.findings] == [SECRETS_FILE]


def test_shared_secrets_are_found_either_way_round() -> None:
    row = {"party": "90B3D51F30010000", "device": "00DB1234567890A0", "z": "ab" * 32}
    keys = Keystore.read({SECRETS_FILE: json.dumps([row]).encode()})
    for pair in (
        (0x90B3D51F30010000, 0x00DB1234567890A0),
        (0x00DB1234567890A0, 0x90B3D51F30010000),
    ):
        assert keys.shared_secret(*pair) == b"\xab" * 32


def test_file_names_of_other_kinds_are_ignored() -> None:
    keys = Keystore.read({"README.md": b"x", "root.pem": b"x", "xml-0000000000000001-ds.pem": b"x"})
    assert keys.findings == []


def test_upper_case_file_names_are_the_same() -> None:
    name = f"{SUPPLIER:016X}-DS.PEM"
    keys = Keystore.read({name: files()[f"{SUPPLIER:016x}-ds.pem"]})
    assert keys.verifying_key(SUPPLIER) is not None


def test_the_same_keys_make_the_same_parties() -> None:
    assert everyone().parties(Role.SUPPLIER) == tuple(sorted(everyone().parties(Role.SUPPLIER)))
    assert everyone().parties(Role.ACCESS_CONTROL_BROKER) == (BROKER,)
    assert everyone().is_device(HCALCS) and not everyone().is_device(BROKER)


def test_validity_includes_its_ends() -> None:
    held = certificate(f"{SUPPLIER:016x}-ds.pem")
    assert held.not_before is not None and held.not_after is not None
    assert held.valid_at(held.not_before) and held.valid_at(held.not_after)
    assert held.valid_at(NOW) and not held.valid_at(datetime(2000, 1, 1, tzinfo=UTC))
    assert not Certificate(held.public_key).valid_at(NOW)


def test_a_secret_is_computed_anew_when_a_key_changes() -> None:
    keys = Keystore.read(files())
    before = keys.shared_secret(BROKER, HCALCS)
    assert keys.shared_secret(HCALCS, BROKER) == before is not None
    keys.add_agreement(BROKER, PrivateKey(next(key_maker(SEED + 1))))
    keys.add_agreement(HCALCS, PrivateKey.load(files()[f"{HCALCS:016x}-ka.key"]))
    assert keys.shared_secret(BROKER, HCALCS) not in {None, before}


def test_a_name_with_a_bit_string_under_another_identifier_is_a_local_error() -> None:
    pem = next(one.octets for one in pki_files() if one.name == f"{SUPPLIER:016x}-ds.pem")
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert der.count(b"\x06\x03\x55\x04\x2d") == 1  # the unique identifier of a party
    with pytest.raises(LocalError, match="not a certificate of GBCS"):
        read_certificate(der.replace(b"\x06\x03\x55\x04\x2d", b"\x06\x03\x55\x04\x2e"))
