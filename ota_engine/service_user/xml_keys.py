"""Keys that sign DUIS documents, and certificates that verify them; opens no file.

They lie in a key folder beside those of GBCS and are none of them: the same EUI-64 has one key for its
commands and another for its documents.
"""

import hashlib
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.certificates import (
    DSP_XML_SIGN,
    XmlSigner,
    load_xml_certificate,
    read_signer,
)
from ota_engine.duis.documents import SIGNATURE_TAG, parse_document
from ota_engine.duis.reading import read_response
from ota_engine.duis.refusals import SignatureRefused
from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.signing import sign_document, signature_of, verify_document
from ota_engine.errors import LocalError
from ota_engine.gbcs.verification import CheckResult
from ota_engine.times import Utc
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from cryptography import x509

XML_KEY_NAME: Final = re.compile(r"([0-9a-f]{16})-xml\.(pem|key)", re.IGNORECASE)


class XmlKeyFinding(NamedTuple):
    """A file that was left out, and why."""

    name: str
    reason: str


class CheckedDocument(NamedTuple):
    """A response that was read, and what its signature is worth.

    Attributes:
        response: what was signed, or what is there where nothing is.
        signature: VALID, ABSENT, or NO_KEY where no certificate at hand is the signer's.
        reason: why it is not valid.
        octets_digest: SHA-256 of the document as it came, hexadecimal.
        words_digest: SHA-256 of all of it but the signature, hexadecimal.
    """

    response: ServiceResponse
    signature: CheckResult
    reason: str
    octets_digest: str
    words_digest: str


class XmlKeys:
    """Keys by EUI-64 for signing, certificates by serial number for verifying."""

    def __init__(self) -> None:
        self._keys: dict[Eui64, ec.EllipticCurvePrivateKey] = {}
        self._own: dict[Eui64, x509.Certificate] = {}
        self._certificates: dict[int, tuple[x509.Certificate, XmlSigner]] = {}
        self.findings: list[XmlKeyFinding] = []

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> "XmlKeys":
        """Take the files of a key folder.

        Args:
            files: contents by name: ``<eui64>-xml.pem`` certificates, ``<eui64>-xml.key`` private
                keys; others are ignored.

        Returns:
            Keys; ``findings`` lists what was left out.
        """
        keys = cls()
        for name in sorted(files):
            match = XML_KEY_NAME.fullmatch(name)
            if match is None:
                continue
            try:
                keys._take(Eui64(int(match.group(1), 16)), match.group(2).lower(), files[name])
            except LocalError as error:
                keys.findings.append(XmlKeyFinding(name, str(error)))
        return keys

    def _take(self, whose: Eui64, form: str, octets: bytes) -> None:
        """Take one file of a folder, if it is whose its name says."""
        if form == "key":
            self._keys[whose] = _private_key(octets)
            return
        signer = read_signer(load_xml_certificate(octets))
        if signer.eui != whose:
            raise LocalError(f"the certificate is of {format_eui64(signer.eui)}")
        self.add_certificate(octets)

    def add_certificate(self, octets: bytes) -> XmlSigner:
        """Believe a certificate.

        Raises:
            LocalError: it is none that signs documents.
        """
        certificate = load_xml_certificate(octets)
        signer = read_signer(certificate)
        self._certificates[signer.serial] = certificate, signer
        self._own.setdefault(signer.eui, certificate)
        return signer

    def certificate(self, user: Eui64) -> "x509.Certificate | None":
        """The certificate that a user's documents name."""
        return self._own.get(user)

    def add_pair(self, key: bytes, certificate: bytes) -> None:
        """Let this key sign in the name of this certificate, whatever was there before.

        Raises:
            LocalError: one of them is none, or they are no pair.
        """
        private, public = _private_key(key), load_xml_certificate(certificate)
        signer = self.add_certificate(certificate)
        if private.public_key() != public.public_key():
            raise LocalError("the key is not that of the certificate")
        self._keys[signer.eui] = private
        self._own[signer.eui] = public

    def sign(self, root: etree._Element, user: Eui64) -> bytes:
        """Sign a document for a user.

        Raises:
            LocalError: its key or its certificate is not at hand.
        """
        key, certificate = self._keys.get(user), self._own.get(user)
        if key is None or certificate is None:
            name = f"{user:016x}-xml.{'key' if key is None else 'pem'}"
            others = ", ".join(format_eui64(one) for one in sorted(self._keys) if one != user)
            raise LocalError(
                f"{format_eui64(user)} cannot sign: put {name} into the folder --keys, or give"
                " --key and --certificate"
                + (f" (keys at hand are those of {others})" if others else "")
            )
        return sign_document(root, key, certificate)

    def read_response(self, octets: bytes, utc: Utc) -> CheckedDocument:
        """Read a document of the DCC; of a signed one nothing but what was signed.

        Args:
            octets: as they came.
            utc: now: certificates have to be valid.

        Raises:
            NotDuis: it is no document of DUIS.
            StructureRefused: it is none that a user is sent.
            SignatureRefused: its signature is wrong, or not of the DCC.
        """
        root = parse_document(octets)
        signed = root.find(f".//{SIGNATURE_TAG}") is not None
        verdict, reason = CheckResult.ABSENT, "it is not signed"
        if signed:
            root, verdict, reason = self._verified(root, utc)
        response = read_response(root)
        return CheckedDocument(
            response, verdict, reason, hashlib.sha256(octets).hexdigest(), _words(root)
        )

    def _verified(self, root: etree._Element, utc: Utc) -> tuple[etree._Element, CheckResult, str]:
        serial = signature_of(root).serial
        held = self._certificates.get(serial)
        if held is None:
            return (
                root,
                CheckResult.NO_KEY,
                f"no certificate with serial number {serial} is at hand: is it the DCC's?",
            )
        certificate, signer = held
        if signer.role != DSP_XML_SIGN:
            raise SignatureRefused(
                f"it is signed by {format_eui64(signer.eui)}, which is not the DCC: role"
                f" {signer.role}, not {DSP_XML_SIGN}"
            )
        if not signer.valid_at(utc):
            raise SignatureRefused(
                f"the certificate of {format_eui64(signer.eui)} is not valid at {utc_text(utc)}"
            )
        return verify_document(root, certificate), CheckResult.VALID, ""


def _words(root: etree._Element) -> str:
    """The digest of a document without its signature."""
    bare = deepcopy(root)
    for signature in bare.findall(SIGNATURE_TAG):
        bare.remove(signature)
    return hashlib.sha256(etree.tostring(bare, method="c14n")).hexdigest()


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise LocalError("the key is encrypted with a passphrase: give a decrypted copy") from None
    except (ValueError, UnsupportedAlgorithm):
        raise LocalError("not a private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise LocalError("not a P-256 key: DUIS knows no other")
    return key
