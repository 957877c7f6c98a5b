"""Makes certificates of the GBCS profiles, for tests; knows no files, draws no keys.

Policies, key identifiers of eight octets and who is named where follow the live profiles; the
policy's and the hardware's object identifiers are arcs for documentation, so that nothing made here
can be taken for a certificate of the real infrastructure.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type  # the public API has no BIT STRING in a name
from cryptography.x509.oid import NameOID

from ota_engine.gbcs.certificates import (
    HARDWARE_MODULE_NAME,
    KeyUse,
    Role,
    hardware_module_name,
)

FOREVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # a device's certificate never ends
TEST_POLICY: Final = x509.ObjectIdentifier("2.999.1")  # joint-iso-itu-t example
TEST_HARDWARE: Final = "2.999.2"


class Authority(NamedTuple):
    """Whoever signs certificates.

    Attributes:
        name: its subject.
        key: its private key.
    """

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


class Validity(NamedTuple):
    """From when until when."""

    start: datetime
    end: datetime


def authority_name(common_name: str, role: Role) -> x509.Name:
    """Name a root or issuing authority."""
    return x509.Name(
        (
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        )
    )


def issue_authority(
    issuer: Authority, subject: Authority, serial: int, validity: Validity
) -> x509.Certificate:
    """Certify an authority; itself, when issuer and subject are one."""
    builder = _builder(issuer, subject.key.public_key(), serial, validity)
    builder = builder.subject_name(subject.name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(certificates=True), critical=True)
    return _signed(builder, issuer)


def issue_organisation(
    issuer: Authority,
    public_key: ec.EllipticCurvePublicKey,
    serial: int,
    validity: Validity,
    *,
    eui64: int,
    role: Role,
    name: str,
    use: KeyUse,
) -> x509.Certificate:
    """Certify one key of a party: its EUI-64 in the subject, its role as organisational unit."""
    identifier = x509.NameAttribute(
        NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + eui64.to_bytes(8), _type=_ASN1Type.BitString
    )
    subject = x509.Name(
        (
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"),
            identifier,
        )
    )
    builder = _builder(issuer, public_key, serial, validity).subject_name(subject)
    return _signed(builder.add_extension(_usage_for(use), critical=True), issuer)


def issue_device(
    issuer: Authority,
    public_key: ec.EllipticCurvePublicKey,
    serial: int,
    start: datetime,
    *,
    eui64: int,
    use: KeyUse,
) -> x509.Certificate:
    """Certify one key of a device: no subject, its EUI-64 in a critical alternative name."""
    builder = _builder(issuer, public_key, serial, Validity(start, FOREVER))
    builder = builder.subject_name(x509.Name(()))
    module = x509.OtherName(HARDWARE_MODULE_NAME, hardware_module_name(TEST_HARDWARE, eui64))
    builder = builder.add_extension(x509.SubjectAlternativeName((module,)), critical=True)
    return _signed(builder.add_extension(_usage_for(use), critical=True), issuer)


def key_identifier(key: ec.EllipticCurvePublicKey) -> bytes:
    """Name a key in eight octets: 0100, then the last 60 bits of SHA-1 (RFC 5280, 4.2.1.2 (2))."""
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    tail = hashlib.sha1(point, usedforsecurity=False).digest()[-8:]
    return bytes((0x40 | tail[0] & 0x0F,)) + tail[1:]


def _builder(
    issuer: Authority, key: ec.EllipticCurvePublicKey, serial: int, validity: Validity
) -> x509.CertificateBuilder:
    policy = x509.PolicyInformation(TEST_POLICY, None)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer.name)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(key)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(key_identifier(issuer.key.public_key()), None, None),
            critical=False,
        )
        .add_extension(x509.CertificatePolicies((policy,)), critical=True)
    )


def _signed(builder: x509.CertificateBuilder, issuer: Authority) -> x509.Certificate:
    return builder.sign(issuer.key, SHA256())


def _usage_for(use: KeyUse) -> x509.KeyUsage:
    return _usage(signing=use is KeyUse.SIGNING, agreement=use is KeyUse.AGREEMENT)


def _usage(
    *, signing: bool = False, agreement: bool = False, certificates: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
