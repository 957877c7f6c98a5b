"""Certificates of the GBCS profiles, read; knows whose they are and what for, trusts none.

A device's certificate has no subject: its EUI-64 is the serial number of the hardware module named
in a critical alternative name. An organisation's has its EUI-64 as unique identifier and its role
as organisational unit. Either serves signing or key agreement, never both.
"""

from datetime import datetime
from enum import Enum, IntEnum
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509.oid import NameOID

from images.certificate_file import load_certificate
from ota_engine.errors import LocalError

HARDWARE_MODULE_NAME: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")  # RFC 4108
EUI64_BYTES: Final = 8
MAX_CERTIFICATE_BYTES: Final = 8192
_LONGEST: Final = 120  # characters of what a library says
_PUBLIC_KEY_LABEL: Final = b"-----BEGIN PUBLIC KEY-----"
_UNREADABLE: Final = (
    ValueError,
    TypeError,  # cryptography's answer to a name whose BIT STRING has another identifier
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


class Role(IntEnum):
    """What an organisation may be (remote party roles of GBCS, written as hexadecimal OU)."""

    ROOT = 0
    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_COS = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    XML_SIGN = 135  # a Service User's key that signs what is said to the DCC
    DSP_XML_SIGN = 137  # the DCC's key that signs what is said to Service Users


class KeyUse(Enum):
    """What a key is for; the end of its file's name."""

    SIGNING = "ds"
    AGREEMENT = "ka"


class Certificate(NamedTuple):
    """One certificate, or a bare public key of which nothing else is known.

    Attributes:
        public_key: P-256.
        eui64: whose, None for a bare key.
        is_device: of the device profile.
        role: an organisation's; None for a device, a bare key, or a role without a name here.
        use: what the key is for, None for a bare key.
        name: common name, empty without one.
        not_before: start of validity, UTC, None for a bare key.
        not_after: end of validity, UTC, None for a bare key.
    """

    public_key: ec.EllipticCurvePublicKey
    eui64: int | None = None
    is_device: bool = False
    role: Role | None = None
    use: KeyUse | None = None
    name: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None

    def valid_at(self, moment: datetime) -> bool:
        """Whether a moment lies within the validity; a bare key has none."""
        if self.not_before is None or self.not_after is None:
            return False
        return self.not_before <= moment <= self.not_after


@asn1.sequence
class _HardwareModuleName:
    hardware_type: x509.ObjectIdentifier
    serial_number: bytes


def hardware_module_name(hardware_type: str, eui64: int) -> bytes:
    """Write the DER of a device's name (RFC 4108, HardwareModuleName)."""
    return asn1.encode_der(
        _HardwareModuleName(
            hardware_type=x509.ObjectIdentifier(hardware_type),
            serial_number=eui64.to_bytes(EUI64_BYTES),
        )
    )


def read_certificate(octets: bytes) -> Certificate:
    """Read a certificate, PEM or DER, or a bare public key, PEM.

    Raises:
        LocalError: it is neither, or of no GBCS profile; the text says why.
    """
    if len(octets) > MAX_CERTIFICATE_BYTES:
        raise LocalError("too long for a certificate of GBCS")
    try:
        if _PUBLIC_KEY_LABEL in octets:
            return Certificate(_p256(load_pem_public_key(octets)))
        return _read(load_certificate(octets))
    except _UNREADABLE as error:
        raise LocalError(f"not a certificate of GBCS: {_first_line(error)}") from None


def _read(found: x509.Certificate) -> Certificate:
    device = _device(found)
    organisation = None if device is not None else _organisation(found.subject)
    if device is None and organisation is None:
        raise ValueError("neither a device's alternative name nor an organisation's identifier")
    return Certificate(
        public_key=_p256(found.public_key()),
        eui64=device if device is not None else organisation,
        is_device=device is not None,
        role=_role(found.subject) if device is None else None,
        use=_use(found),
        name=_text(found.subject, NameOID.COMMON_NAME),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
    )


def _device(found: x509.Certificate) -> int | None:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    for name in names.get_values_for_type(x509.OtherName):
        if name.type_id == HARDWARE_MODULE_NAME:
            serial = asn1.decode_der(_HardwareModuleName, name.value).serial_number
            if len(serial) != EUI64_BYTES:
                raise ValueError("the device's serial number is not an EUI-64")
            return int.from_bytes(serial)
    return None


def _organisation(subject: x509.Name) -> int | None:
    for attribute in subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        value = attribute.value
        # A BIT STRING: its first octet counts unused bits, and is zero.
        if isinstance(value, bytes) and len(value) == 1 + EUI64_BYTES and value[0] == 0:
            return int.from_bytes(value[1:])
    return None


def _role(subject: x509.Name) -> Role | None:
    try:
        return Role(int(_text(subject, NameOID.ORGANIZATIONAL_UNIT_NAME), 16))
    except ValueError:
        return None


def _use(found: x509.Certificate) -> KeyUse | None:
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    if usage.digital_signature == usage.key_agreement:
        return None
    return KeyUse.SIGNING if usage.digital_signature else KeyUse.AGREEMENT


def _text(subject: x509.Name, kind: x509.ObjectIdentifier) -> str:
    found = subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def _p256(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("its key is not on P-256")
    return key


def _first_line(error: Exception) -> str:
    said = (str(error).splitlines() or ["unreadable"])[0]
    return ascii(said[:_LONGEST])[1:-1]  # it may quote all that was read
