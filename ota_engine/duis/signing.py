"""Signs documents and verifies them, by the one profile that DUIS has; knows no users and no clock.

The profile: an enveloped ``ds:Signature`` as the last child of the root; one Reference to the whole
document with the enveloped transform alone, so its SHA-256 is over the inclusive canonical form; the
SignedInfo in the exclusive one, signed by ECDSA on P-256 with SHA-256, r and s side by side; the
certificate named by issuer and serial number. Whatever differs is refused, because every freedom of
XML signatures is a way to have one thing signed and another read: what is given back is the very
tree whose digest was taken, without the signature.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from ota_engine.duis.certificates import signing_key
from ota_engine.duis.documents import (
    DSIG_NAMESPACE,
    SIGNATURE_TAG,
    local_name,
    parse_document,
    write_document,
)
from ota_engine.duis.refusals import SignatureRefused
from ota_engine.errors import LocalError

EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED: Final = f"{DSIG_NAMESPACE}enveloped-signature"
SHA256_DIGEST: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
MOST_SERIAL: Final = (1 << 160) - 1  # RFC 5280: 20 octets
_INTEGER_OCTETS: Final = 32
_SPACE: Final = " \t\r\n"
_DS: Final = f"{{{DSIG_NAMESPACE}}}"
_ALGORITHM: Final = "Algorithm"


class SignatureFound(NamedTuple):
    """The signature of a document, not verified.

    Attributes:
        serial: of the certificate that it names.
        issuer: of that certificate, as it is written there.
        signed_info: in its canonical form.
        digest: of the document, as the signature has it.
        value: r and s, 32 octets each.
    """

    serial: int
    issuer: str
    signed_info: bytes
    digest: bytes
    value: bytes


def sign_document(
    root: etree._Element, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> bytes:
    """Sign a document.

    Args:
        root: of a document without a signature; it has none afterwards either.
        key: on P-256.
        certificate: of that key; the signature names it.

    Returns:
        The document with its signature.

    Raises:
        LocalError: the document is signed already, or the key is not the certificate's.
    """
    if any(True for _ in root.iter(f"{_DS}*")):
        raise LocalError("the document is signed already: sign one without a signature")
    try:
        if key.public_key() != signing_key(certificate):
            raise ValueError("the private key is another")
    except ValueError as error:
        raise LocalError(f"the certificate cannot sign documents: {error}") from None
    signature = _signature(_document_digest(root), certificate)
    root.append(signature)
    info = signature[0]
    r, s = decode_dss_signature(key.sign(_signed_info(info), ec.ECDSA(SHA256())))
    value = r.to_bytes(_INTEGER_OCTETS) + s.to_bytes(_INTEGER_OCTETS)
    signature[1].text = base64.b64encode(value).decode("ascii")
    octets = write_document(root)
    root.remove(signature)
    return octets


def signature_of(root: etree._Element) -> SignatureFound:
    """Find the signature of a document; nothing is verified yet.

    Raises:
        SignatureRefused: there is not exactly one, it is not where it belongs, or of another profile.
    """
    return _read_signature(_find(root))


def verify_document(
    document: bytes | etree._Element, certificate: x509.Certificate
) -> etree._Element:
    """Verify that a document was signed by a certificate's key.

    Args:
        document: octets, or the root of a tree, which loses its signature.
        certificate: that the signature names; whether it may sign is the caller's to decide.

    Returns:
        The root of what was signed, without the signature.

    Raises:
        SignatureRefused: it was not; the text says why.
        NotDuis: the octets are no document.
    """
    root = parse_document(document) if isinstance(document, bytes) else document
    signature = _find(root)
    found = _read_signature(signature)
    if found.serial != certificate.serial_number:
        raise SignatureRefused("it names another certificate by its serial number")
    _check_value(found, certificate)
    _take_out(signature)
    if not hmac.compare_digest(_document_digest(root), found.digest):
        raise SignatureRefused("what was signed is not this document: its digest differs")
    return root


def _find(root: etree._Element) -> etree._Element:
    signatures = list(root.iter(SIGNATURE_TAG))
    if not signatures:
        raise SignatureRefused("it is not signed")
    if len(signatures) > 1:
        raise SignatureRefused(f"it has {len(signatures)} signatures: one is allowed")
    signature = signatures[0]
    if signature.getparent() is not root:
        raise SignatureRefused("its signature is not a child of the root")
    if any(isinstance(later.tag, str) for later in signature.itersiblings()):
        raise SignatureRefused("its signature is not the last child of the root")
    return signature


def _read_signature(signature: etree._Element) -> SignatureFound:
    info, value, key_info = _children(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    method, algorithm, reference = _children(
        info, "CanonicalizationMethod", "SignatureMethod", "Reference"
    )
    _check_algorithm(method, EXCLUSIVE_C14N)
    _check_algorithm(algorithm, ECDSA_SHA256)
    digest = _read_reference(reference)
    (data,) = _children(key_info, "X509Data")
    (named,) = _children(data, "X509IssuerSerial")
    issuer, serial = _children(named, "X509IssuerName", "X509SerialNumber")
    return SignatureFound(
        _serial(serial),
        _text(issuer)[:1000],
        _signed_info(info),
        digest,
        _octets(value, 2 * _INTEGER_OCTETS),
    )


def _read_reference(reference: etree._Element) -> bytes:
    if dict(reference.attrib) != {"URI": ""}:
        raise SignatureRefused("its Reference is not to the whole document")
    transforms, method, digest = _children(
        reference, "Transforms", "DigestMethod", "DigestValue", attributes=True
    )
    (transform,) = _children(transforms, "Transform")
    _check_algorithm(transform, ENVELOPED)
    _check_algorithm(method, SHA256_DIGEST)
    return _octets(digest, SHA256.digest_size)


def _children(
    element: etree._Element, *names: str, attributes: bool = False
) -> list[etree._Element]:
    """Children of these names and no others; comments between them are not signed and mean nothing."""
    children = [child for child in element if child.tag is not etree.Comment]
    if [child.tag for child in children] != [_DS + name for name in names]:
        raise SignatureRefused(f"its {local_name(element)} is not made of {', '.join(names)} alone")
    if element.attrib and not attributes:
        raise SignatureRefused(f"its {local_name(element)} has attributes that the profile has not")
    between = (element.text, *(child.tail for child in element))
    if any((piece or "").strip(_SPACE) for piece in between):
        raise SignatureRefused(f"its {local_name(element)} has text between its elements")
    return children


def _check_algorithm(element: etree._Element, wanted: str) -> None:
    if dict(element.attrib) != {_ALGORITHM: wanted}:
        raise SignatureRefused(f"its {local_name(element)} is not {wanted}")
    if len(element) or (element.text or "").strip(_SPACE):
        raise SignatureRefused(f"its {local_name(element)} has parameters that the profile has not")


def _text(element: etree._Element) -> str:
    if len(element) or element.attrib:
        raise SignatureRefused(f"its {local_name(element)} holds more than text")
    return (element.text or "").strip(_SPACE)


def _octets(element: etree._Element, length: int) -> bytes:
    text = "".join(_text(element).split())
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        octets = b""
    if len(octets) != length:
        raise SignatureRefused(f"its {local_name(element)} is not {length} octets in base64")
    return octets


def _serial(element: etree._Element) -> int:
    text = _text(element)
    if not (text.isascii() and text.isdigit() and len(text) <= 49 and int(text) <= MOST_SERIAL):
        raise SignatureRefused("its X509SerialNumber is no serial number")
    return int(text)


def _check_value(found: SignatureFound, certificate: x509.Certificate) -> None:
    try:
        key = signing_key(certificate)
    except ValueError as error:
        raise SignatureRefused(f"the certificate cannot have signed it: {error}") from None
    r, s = (
        int.from_bytes(found.value[:_INTEGER_OCTETS]),
        int.from_bytes(found.value[_INTEGER_OCTETS:]),
    )
    try:
        key.verify(encode_dss_signature(r, s), found.signed_info, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureRefused("it is not signed by the key of its certificate") from None


def _take_out(signature: etree._Element) -> None:
    """Remove it as the enveloped transform does: text behind it stays, and is in the digest."""
    before, root, tail = signature.getprevious(), signature.getparent(), signature.tail
    if tail:
        if before is None:
            root.text = (root.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    root.remove(signature)


class _Digest:
    """A file that only digests what is written to it: a canonical form is nowhere kept whole."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.write = self._sha256.update

    def digest(self) -> bytes:
        return self._sha256.digest()


def _document_digest(root: etree._Element) -> bytes:
    sink = _Digest()
    try:
        root.getroottree().write_c14n(sink, exclusive=False, with_comments=False)
    except etree.LxmlError:  # a namespace that is no absolute URI, for one
        raise SignatureRefused("it has no canonical form") from None
    return sink.digest()


def _signed_info(info: etree._Element) -> bytes:
    try:
        written: bytes = etree.tostring(
            info, method="c14n", exclusive=True, with_comments=False, with_tail=False
        )
    except etree.LxmlError:
        raise SignatureRefused("its SignedInfo has no canonical form") from None
    return written


def _signature(digest: bytes, certificate: x509.Certificate) -> etree._Element:
    signature = etree.Element(SIGNATURE_TAG, nsmap={"ds": DSIG_NAMESPACE})
    info = _add(signature, "SignedInfo")
    _add(info, "CanonicalizationMethod").set(_ALGORITHM, EXCLUSIVE_C14N)
    _add(info, "SignatureMethod").set(_ALGORITHM, ECDSA_SHA256)
    reference = _add(info, "Reference")
    reference.set("URI", "")
    _add(_add(reference, "Transforms"), "Transform").set(_ALGORITHM, ENVELOPED)
    _add(reference, "DigestMethod").set(_ALGORITHM, SHA256_DIGEST)
    _add(reference, "DigestValue").text = base64.b64encode(digest).decode("ascii")
    _add(signature, "SignatureValue")
    named = _add(_add(_add(signature, "KeyInfo"), "X509Data"), "X509IssuerSerial")
    _add(named, "X509IssuerName").text = certificate.issuer.rfc4514_string()
    _add(named, "X509SerialNumber").text = str(certificate.serial_number)
    return signature


def _add(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, _DS + name)
