"""Certificates that sign XML, read: whose, in which role, since when; trusts none.

They are not the certificates that sign GBCS messages. A user's has role 135, the DSP's 137; both are
written as hexadecimal digits in the organisational unit, or in older ones as decimal digits.
"""

from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from images.certificate_file import load_certificate
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.times import Utc

XML_SIGN: Final = 135
DSP_XML_SIGN: Final = 137
MOST_CERTIFICATE_OCTETS: Final = 8192
_EUI64_OCTETS: Final = 8
_WRITTEN: Final = {"87": XML_SIGN, "135": XML_SIGN, "89": DSP_XML_SIGN, "137": DSP_XML_SIGN}


class XmlSigner(NamedTuple):
    """Who signs with a certificate's key.

    Attributes:
        eui: whose.
        role: remote party role; 135 a user's for XML, 137 the DSP's, others are for other purposes.
        serial: of the certificate: documents name it by this.
        issuer: of the certificate, as documents write it.
        not_before: first second of its validity.
        not_after: last second of its validity.
    """

    eui: Eui64
    role: int
    serial: int
    issuer: str
    not_before: Utc
    not_after: Utc

    def valid_at(self, moment: Utc) -> bool:
        """Whether a moment lies within the validity."""
        return self.not_before <= moment <= self.not_after


def load_xml_certificate(octets: bytes) -> x509.Certificate:
    """Load a certificate, PEM or DER.

    Raises:
        LocalError: it is none.
    """
    if len(octets) > MOST_CERTIFICATE_OCTETS:
        raise LocalError("too long for a certificate")
    try:
        return load_certificate(octets)
    except ValueError:
        raise LocalError("not a certificate: give an X.509 certificate, PEM or DER") from None


def read_signer(certificate: x509.Certificate) -> XmlSigner:
    """Read who signs with it.

    Raises:
        LocalError: it is of another profile; the text says why.
    """
    try:
        signing_key(certificate)
        return XmlSigner(
            _eui(certificate.subject),
            _role(certificate.subject),
            certificate.serial_number,
            certificate.issuer.rfc4514_string(),
            Utc(certificate.not_valid_before_utc.timestamp()),
            Utc(certificate.not_valid_after_utc.timestamp()),
        )
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise LocalError(f"not a certificate that signs XML: {reason}") from None


def signing_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Its public key.

    Raises:
        ValueError: it is not on P-256, or not for signatures.
    """
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("its key is not on P-256")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return key
    if not usage.digital_signature:
        raise ValueError("its key is not for signatures")
    return key


def _eui(subject: x509.Name) -> Eui64:
    for attribute in subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        value = attribute.value
        # A BIT STRING: its first octet counts unused bits, and is zero.
        if isinstance(value, bytes) and len(value) == 1 + _EUI64_OCTETS and value[0] == 0:
            return Eui64(int.from_bytes(value[1:]))
    raise ValueError("its subject has no unique identifier of eight octets")


def _role(subject: x509.Name) -> int:
    units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if len(units) != 1:
        raise ValueError("its subject has not one organisational unit")
    text = str(units[0].value)
    return _WRITTEN[text] if text in _WRITTEN else int(text, 16)
