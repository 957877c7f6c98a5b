"""The bare operations that a head end cannot do without: parse, canonical form, digest, verify; no rules."""

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from ota_engine.duis.certificates import signing_key

_DS = "{http://www.w3.org/2000/09/xmldsig#}"


def parse_digest_verify(octets: bytes, certificate: x509.Certificate) -> etree._Element:
    """Parse a document and verify its signature by the profile of DUIS, trusting its shape.

    Raises:
        ValueError: the digest is another.
        InvalidSignature: the signature is nobody's.
    """
    root = etree.fromstring(octets, etree.XMLParser(huge_tree=True, resolve_entities=False))
    signature = root[-1]
    info = signature.find(f"{_DS}SignedInfo")
    value = base64.b64decode(signature.findtext(f"{_DS}SignatureValue"))
    stated = base64.b64decode(info.findtext(f"{_DS}Reference/{_DS}DigestValue"))
    signed_info = etree.tostring(info, method="c14n", exclusive=True)
    root.remove(signature)
    if hashlib.sha256(etree.tostring(root, method="c14n")).digest() != stated:
        raise ValueError("another digest")
    raw = encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
    signing_key(certificate).verify(raw, signed_info, ec.ECDSA(SHA256()))
    return root
