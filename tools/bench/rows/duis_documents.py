"""Documents of DUIS: what reading the largest costs beside what nobody can do without."""

import base64
import hashlib
from datetime import UTC, datetime
from functools import partial
from random import Random

from clocks import interleaved
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree
from row import Goal, Measurement, Options, row

from images.ecdsa import P256_ORDER, SCALAR_BYTES
from images.eui64 import Eui64
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.requests import (
    DSP,
    MOST_DEVICES,
    MOST_IMAGE_OCTETS,
    RequestHeader,
    RequestId,
    ServiceRequest,
    UpdateFirmware,
)
from ota_engine.duis.signing import sign_document, verify_document
from ota_engine.duis.writing import write_request
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.issuing import Authority, Validity, authority_name, issue_organisation

USER = Eui64(0x90B3_D51F_4001_0000)


@row("duis-read", unit="documents/s", goal=Goal(0.5))
def duis_read(options: Options) -> Measurement:
    """The largest 11.1 (an image of 10,240,000 octets, 50,000 devices) parsed, verified and read.

    The peer parses without limits, digests the canonical form and verifies the signature; it looks at
    nothing. What ours adds are checks before parsing, the profile, image and devices as values.
    """
    random = Random(options.seed)
    key = ec.derive_private_key(random.randrange(1, P256_ORDER), ec.SECP256R1())
    certificate = certify(key)
    size, devices = (10_000, 50) if options.quick else (MOST_IMAGE_OCTETS, MOST_DEVICES)
    octets = sign_document(write_request(largest(random, size, devices)), key, certificate)
    ours, bare = interleaved(
        2 if options.quick else 9,
        lambda: partial(read, octets, certificate, size),
        lambda: partial(read_bare, octets, key.public_key()),
    )
    return Measurement(1 / ours, 1 / bare, f"{len(octets):,} octets")


def largest(random: Random, size: int, devices: int) -> ServiceRequest:
    """Order an image for devices."""
    header = RequestHeader(RequestId(USER, DSP, 1), 8, "11.1", "11.1")
    wanted = tuple(Eui64(random.randrange(1 << 64)) for _ in range(devices))
    return ServiceRequest("5.4", header, UpdateFirmware(random.randbytes(size), "1", wanted))


def certify(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Certify a user's key for documents, by itself."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return issue_organisation(
        Authority(authority_name("bench", Role.ISSUING_AUTHORITY), key),
        key.public_key(),
        1,
        Validity(start, start.replace(year=2036)),
        eui64=USER,
        role=Role.XML_SIGN,
        name="bench",
        use=KeyUse.SIGNING,
    )


def read(octets: bytes, certificate: x509.Certificate, size: int) -> None:
    """Read one document as the head end does."""
    body = read_request(verify_document(parse_document(octets), certificate)).body
    if not isinstance(body, UpdateFirmware) or len(body.image) != size:
        raise AssertionError("the request was not read as it was written")


def read_bare(octets: bytes, key: ec.EllipticCurvePublicKey) -> None:
    """Parse, digest and verify one document, and no more."""
    root = etree.fromstring(octets, etree.XMLParser(huge_tree=True))
    signature = root[-1]
    signed = etree.tostring(signature[0], method="c14n", exclusive=True)
    raw = base64.b64decode(signature[1].text)
    r, s = int.from_bytes(raw[:SCALAR_BYTES]), int.from_bytes(raw[SCALAR_BYTES:])
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    digest = base64.b64decode(signature[0][-1][-1].text)
    root.remove(signature)
    if hashlib.sha256(etree.tostring(root, method="c14n")).digest() != digest:
        raise AssertionError("the peer found another digest")
