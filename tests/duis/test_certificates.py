"""Certificates that sign XML: whose, in which role, until when; others are refused in one line."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from ota_engine.duis.certificates import (
    DSP_XML_SIGN,
    XML_SIGN,
    load_xml_certificate,
    read_signer,
)
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import Role
from ota_engine.times import Utc
from tests.duis.signers import DATA, DSP, NOW, SERIAL, USER, key, needs_samples, signer


def test_a_certificate_says_whose_it_is_and_what_for() -> None:
    found = read_signer(signer().certificate)
    assert (found.eui, found.role, found.serial, found.issuer) == (
        USER,
        XML_SIGN,
        SERIAL,
        "CN=Z1,OU=07",
    )
    assert read_signer(signer(DSP, Role.DSP_XML_SIGN).certificate).role == DSP_XML_SIGN
    assert read_signer(signer(role=Role.SUPPLIER).certificate).role == Role.SUPPLIER


def test_a_certificate_is_valid_between_its_days_and_not_a_second_outside() -> None:
    found = read_signer(signer().certificate)
    assert found.valid_at(Utc(NOW.timestamp()))
    assert found.valid_at(found.not_before) and found.valid_at(found.not_after)
    assert not found.valid_at(Utc(found.not_before - 1))
    assert not found.valid_at(Utc(found.not_after + 1))
    assert not read_signer(signer(days=-300).certificate).valid_at(Utc(NOW.timestamp()))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_certificate_is_loaded_in_either_form(encoding: Encoding) -> None:
    octets = signer().certificate.public_bytes(encoding)
    assert load_xml_certificate(octets) == signer().certificate


@pytest.mark.parametrize(
    "octets", [b"", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\n", b"a" * 9000]
)
def test_what_is_no_certificate_is_refused_in_one_line(octets: bytes) -> None:
    with pytest.raises(LocalError) as caught:
        load_xml_certificate(octets)
    assert "\n" not in str(caught.value)


IDENTIFIER = x509.NameAttribute(
    NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + USER.to_bytes(8), _type=_ASN1Type.BitString
)
SHORT = x509.NameAttribute(
    NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + USER.to_bytes(8)[:7], _type=_ASN1Type.BitString
)


def unit(text: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, text)


def certificate(*subject: x509.NameAttribute[Any], usage: str = "", curve: ec.EllipticCurve | None = None) -> x509.Certificate:  # fmt: skip
    own = ec.generate_private_key(curve or ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([unit("07")]))
        .subject_name(x509.Name(subject))
        .public_key(own.public_key())
        .serial_number(SERIAL)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    if usage:
        given = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = builder.add_extension(x509.KeyUsage(**{**given, usage: True}), critical=True)
    return builder.sign(key(0), SHA256())


@pytest.mark.parametrize(
    ("written", "role"),
    [("87", 135), ("135", 135), ("89", 137), ("137", 137), ("02", 2), ("7F", 127)],
)
def test_a_role_is_read_in_hexadecimal_or_as_older_certificates_have_it(
    written: str, role: int
) -> None:
    assert read_signer(certificate(unit(written), IDENTIFIER)).role == role


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (certificate(unit("87")), "no unique identifier"),
        (certificate(unit("87"), SHORT), "no unique identifier"),
        (certificate(IDENTIFIER), "not one organisational unit"),
        (certificate(unit("87"), unit("02"), IDENTIFIER), "not one organisational unit"),
        (certificate(unit("supplier"), IDENTIFIER), "not a certificate that signs XML"),
        (certificate(unit("87"), IDENTIFIER, usage="key_agreement"), "not for signatures"),
        (certificate(unit("87"), IDENTIFIER, curve=ec.SECP384R1()), "not on P-256"),
    ],
    ids=["no identity", "short identity", "no role", "two roles", "odd role", "use", "curve"],
)
def test_a_certificate_of_another_profile_is_refused_in_one_line(
    wrong: x509.Certificate, said: str
) -> None:
    with pytest.raises(LocalError, match=said) as caught:
        read_signer(wrong)
    assert "\n" not in str(caught.value)


@needs_samples
def test_real_certificates_are_read_the_old_and_the_new() -> None:
    folder = DATA / "keystore-xml"
    found = {
        path.name: read_signer(load_xml_certificate(path.read_bytes())) for path in folder.iterdir()
    }
    assert {signer_.role for name, signer_ in found.items() if "user" not in name} == {135, 137}
    assert {signer_.issuer for signer_ in found.values()} == {"CN=Z1,OU=07"}
    old = found["dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1.pem"]
    new = found["Z1-accessControlBroker-dSPXmlSign.pem"]
    assert (old.eui, old.role) == (new.eui, new.role) == (DSP, DSP_XML_SIGN)
