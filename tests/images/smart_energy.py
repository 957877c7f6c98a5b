"""A Smart Energy authority for tests: issues implicit certificates and signs images.

Keys come from a seeded generator and protect nothing. The product only verifies; what is made
here is checked against OpenSSL, too.
"""

import random
import struct
from functools import cache
from typing import NamedTuple

from images.binary_curves import Curve, Point, decode_point, multiply
from images.binary_curves import add as add_points
from images.digests import aes_mmo
from images.smart_energy import SUITES, Suite
from tests.images.samples import FIRMWARE, element, header

SUITE_1, SUITE_2 = SUITES
SIGNER = 0x00DB1234567890A4
ISSUER = 0x00DB00000000CA01
SEED = 5


class Key(NamedTuple):
    """A private key and its point."""

    secret: int
    point: Point


def draw_key(curve: Curve, draw: random.Random) -> Key:
    secret = draw.randrange(1, curve.order)
    return Key(secret, _public(curve, secret))


@cache
def _public(curve: Curve, secret: int) -> Point:
    point = multiply(curve, secret, curve.generator)
    assert point is not None
    return point


def compressed(curve: Curve, point: Point) -> bytes:
    """The SEC 1 form with one bit of y, the first that leads back."""
    x = point.x.to_bytes(curve.element_bytes)
    ways = (bytes((first,)) + x for first in (2, 3))
    return next(octets for octets in ways if decode_point(curve, octets) == point)


def uncompressed(curve: Curve, point: Point) -> bytes:
    size = curve.element_bytes
    return b"\x04" + point.x.to_bytes(size) + point.y.to_bytes(size)


class Issued(NamedTuple):
    """A signer with its certificate, and the authority's public key."""

    suite: Suite
    certificate: bytes
    key: Key
    ca_key: bytes


@cache
def issue(suite: Suite, *, subject: int = SIGNER, issuer: int = ISSUER, seed: int = SEED) -> Issued:
    """Let an authority issue an implicit certificate (SEC 4, ECQV)."""
    curve, draw = suite.curve, random.Random(seed)
    authority, requester, blinding = (draw_key(curve, draw) for _ in range(3))
    reconstruction = add_points(curve, requester.point, blinding.point)
    assert reconstruction is not None
    certificate = certificate_octets(
        suite, compressed(curve, reconstruction), subject.to_bytes(8), issuer.to_bytes(8)
    )
    hashed = int.from_bytes(aes_mmo(certificate))
    secret = (hashed * (requester.secret + blinding.secret) + authority.secret) % curve.order
    key = Key(secret, _public(curve, secret))
    return Issued(suite, certificate, key, uncompressed(curve, authority.point))


def certificate_octets(suite: Suite, key: bytes, subject: bytes, issuer: bytes) -> bytes:
    if suite.number == 1:
        return key + subject + issuer + bytes.fromhex("01091083012345678901")
    head = b"\x00" + bytes(8) + b"\x0d\x08" + issuer
    return head + bytes(5) + b"\xff" * 4 + subject + b"\x88" + key


def sign(curve: Curve, secret: int, digest: bytes, seed: int = SEED) -> tuple[int, int]:
    """ECDSA (SEC 1, 4.1.3)."""
    draw = random.Random(seed)
    nonce = draw_key(curve, draw)
    r = nonce.point.x % curve.order
    number = int.from_bytes(digest) + secret * r
    return r, pow(nonce.secret, -1, curve.order) * number % curve.order


def signature_octets(
    suite: Suite, numbers: tuple[int, int] | None = None, signer: int = SIGNER
) -> bytes:
    """Signer and r||s; numbers of the right range unless given."""
    size = suite.curve.scalar_bytes
    r, s = numbers or (1, 1)
    return signer.to_bytes(8, "little") + r.to_bytes(size) + s.to_bytes(size)


def unsigned_parts(*pieces: bytes, control: int = 1, optional: bytes = b"\x03") -> bytes:
    body = element(0, FIRMWARE) + b"".join(pieces)
    return header(body, control=control, optional=optional) + body


def signed_image(issued: Issued) -> bytes:
    """A Smart Energy image with certificate and signature, as the standard asks."""
    suite = issued.suite
    certificate = element(suite.certificate_tag, issued.certificate)
    blank = element(suite.signature_tag, signature_octets(suite))
    whole = unsigned_parts(certificate, blank)
    covered = whole[: -suite.scalars_bytes]
    numbers = sign(suite.curve, issued.key.secret, aes_mmo(covered))
    return covered + signature_octets(suite, numbers)[8:]


def sec1_private_key(curve: Curve, secret: int) -> bytes:
    """An ECPrivateKey of RFC 5915 in DER, which OpenSSL reads."""
    identifier = {"sect163k1": "2b81040001", "sect283k1": "2b81040010"}[curve.name]
    octets = secret.to_bytes(curve.scalar_bytes)
    oid = bytes.fromhex(identifier)
    parameters = b"\xa0" + bytes((len(oid) + 2,)) + b"\x06" + bytes((len(oid),)) + oid
    content = b"\x02\x01\x01\x04" + bytes((len(octets),)) + octets + parameters
    return b"\x30" + struct.pack("B", len(content)) + content
