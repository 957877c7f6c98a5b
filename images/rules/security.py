"""Rules about signatures, certificates, the integrity code and keys (25-31, 41); holds no key."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from images.digests import INTEGRITY_CODE_BYTES, Convention, recognise_integrity
from images.elements import SubElement, Tag
from images.errors import ImageError
from images.eui64 import format_eui64
from images.rules.context import Context
from images.rules.findings import Hit, Severity, by_profile
from images.smart_energy import (
    SUITES,
    Suite,
    find_certificate,
    find_signature,
    signed_digest,
    verify_signature,
)

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

KEY_LINE_END: Final = b"PRIVATE KEY-----"
#: The first line of a private key as text, whatever algorithm it names.
PRIVATE_KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY-----")
SDK_SAMPLE_SIGNER: Final = 0x000D6F0000198B36  # the example in a widespread SDK
TEST_CA: Final = int.from_bytes(b"TESTSECA")  # issuer of Smart Energy test certificates
SIGNATURE_TAGS: Final = frozenset(suite.signature_tag for suite in SUITES)
_REBUILD: Final = "sign the image again with the supplier's tool"


def _before(element: SubElement) -> int:
    """Offset of an element's tag."""
    return element.offset - 6


def private_key(ctx: Context) -> Iterator[Hit]:
    """Rule 41, the text form that tools write private keys in (RFC 7468)."""
    octets, start, end = ctx.octets, ctx.image.offset, ctx.end
    if octets.rfind(KEY_LINE_END, start, end) < 0:
        return  # most files; plain octets are found much faster than a pattern, and from behind
    for found in PRIVATE_KEY.finditer(octets, start, end):
        yield Hit(
            W,
            "a private key lies in the firmware as text",
            found.start(),
            expected="no private key, or one that is sealed for the device",
            actual=found[0].decode("ascii"),
            cure="take it out and replace the key: every copy of this file gives it away",
        )


def signature_elements(ctx: Context) -> Iterator[Hit]:
    """Rule 25, the signatures there are."""
    present = [suite for suite in ctx.suites if ctx.image.element(suite.signature_tag) is not None]
    if not present:
        yield Hit(
            by_profile(se=E),
            "no Smart Energy signature",
            ctx.at(len(ctx.image.ota)),
            expected="element 0x0001 or 0x0005 at the end",
            actual="neither",
            cure="sign the image: Smart Energy devices must refuse it as it is",
        )
    if len(present) > 1:
        second = ctx.image.element(present[1].signature_tag)
        yield Hit(
            E,
            "signed twice, under both suites",
            ctx.at(_before(second)) if second else None,
            expected="one signature",
            actual="elements 0x0001 and 0x0005",
            cure="keep the signature of the suite your devices use",
        )
    for suite in present:
        yield from _length(ctx, suite.signature_tag, suite.signature_bytes, "signature")


def certificate_elements(ctx: Context) -> Iterator[Hit]:
    """Rule 25, the certificates that go with the signatures."""
    for suite in ctx.suites:
        yield from _length(ctx, suite.certificate_tag, suite.certificate_bytes, "certificate")
    signed = {suite for suite in ctx.suites if ctx.image.element(suite.signature_tag)}
    certified = {suite for suite in ctx.suites if ctx.image.element(suite.certificate_tag)}
    for suite in signed - certified:
        other = certified - signed
        place = ctx.image.element(suite.signature_tag)
        yield Hit(
            E if other else by_profile(se=E),
            f"signature of suite {suite.number} with a certificate of the other suite"
            if other
            else "a signature without a certificate",
            ctx.at(_before(place)) if place else None,
            expected=f"a certificate in element {suite.certificate_tag:#06x}",
            actual="one of the other suite" if other else "none",
            cure="append the signer's certificate of the same suite before the signature",
        )


def _length(ctx: Context, tag: int, exact: int, what: str) -> Iterator[Hit]:
    element = ctx.image.element(tag)
    if element is not None and element.length != exact:
        yield Hit(
            E,
            f"the {what} in element {tag:#06x} has a wrong length",
            ctx.at(element.offset - 4),
            expected=f"{exact} bytes",
            actual=f"{element.length} bytes",
            cure=_REBUILD,
        )


def signature_order(ctx: Context) -> Iterator[Hit]:
    """Rule 26."""
    elements = ctx.image.elements
    certificates = {suite.certificate_tag for suite in SUITES}
    for index, element in enumerate(elements):
        later = {other.tag for other in elements[index + 1 :]}
        if element.tag not in SIGNATURE_TAGS or not later - SIGNATURE_TAGS:
            continue
        behind = "a certificate follows" if later & certificates else "other elements follow"
        yield Hit(
            E,
            f"the signature is not the last element: {behind}",
            ctx.at(_before(element)),
            expected="the signature last, its certificate before it",
            actual=", ".join(f"{tag:#06x}" for tag in sorted(later)),
            cure="move the signature to the end and sign again: it covers what precedes it",
        )


def signer(ctx: Context) -> Iterator[Hit]:
    """Rule 27."""
    for suite in ctx.suites:
        found = find_signature(ctx.image, suite)
        if found is None:
            continue
        place, who = ctx.at(found.element.offset), format_eui64(found.signer)
        if found.signer == 0:
            yield Hit(
                E,
                "the signer is all zero",
                place,
                expected="the signer's EUI-64",
                actual=who,
                cure=_REBUILD,
            )
        if found.signer == SDK_SAMPLE_SIGNER:
            yield Hit(
                E,
                "the signer is the example of an SDK, whose key is no secret",
                place,
                expected="the signer's own EUI-64",
                actual=who,
                cure="sign with your own key, and take the example out of your devices' list",
            )
        yield from _certificate_identity(ctx, suite, found.signer)
    yield from _authority_unknown(ctx)


def _authority_unknown(ctx: Context) -> Iterator[Hit]:
    """Whoever names an authority wants to know, as with its key (rule 28)."""
    if ctx.expect.ca_eui64 is None or any(
        find_signature(ctx.image, suite) and find_certificate(ctx.image, suite)
        for suite in ctx.suites
    ):
        return
    yield Hit(
        by_profile(zcl=E, gb=E),  # rule 25 complains of it under se
        "nothing to compare with the authority given: no signature with its certificate",
        ctx.at(len(ctx.image.ota)),
        expected=f"a certificate issued by {format_eui64(ctx.expect.ca_eui64)}",
        actual="none",
        cure="sign the image, or leave the authority away for files that need no signature",
    )


def _certificate_identity(ctx: Context, suite: Suite, signed_by: int) -> Iterator[Hit]:
    certificate = find_certificate(ctx.image, suite)
    if certificate is None:
        return
    if not _same_eui64(certificate.subject, signed_by):
        yield Hit(
            E,
            "the certificate is another signer's",
            ctx.at(certificate.element.offset + suite.subject_at),
            expected=format_eui64(signed_by),
            actual=format_eui64(certificate.subject),
            cure="append the certificate of the key that signed",
        )
    place, issuer = ctx.at(certificate.element.offset + suite.issuer_at), certificate.issuer
    if ctx.expect.ca_eui64 is not None and not _same_eui64(issuer, ctx.expect.ca_eui64):
        yield Hit(
            E,
            "another authority issued the certificate",
            place,
            expected=format_eui64(ctx.expect.ca_eui64),
            actual=format_eui64(issuer),
            cure="sign with a key certified by the authority your devices know",
        )
    elif _same_eui64(issuer, TEST_CA):
        yield Hit(
            W,
            "a test authority issued the certificate",
            place,
            expected="the production authority",
            actual=format_eui64(issuer),
            cure="sign with the production key: devices in the field will refuse this",
        )


def _same_eui64(one: int, other: int) -> bool:
    """Whether two EUI-64s are the same in either order of octets; tools write both."""
    return other in (one, int.from_bytes(one.to_bytes(8), "little"))


def verification(ctx: Context) -> Iterator[Hit]:
    """Rule 28; whoever gives a key wants to know, so what cannot be verified is not passed over."""
    if ctx.expect.ca_key is None:
        return
    pairs = [(suite, find_signature(ctx.image, suite)) for suite in ctx.suites]
    if not any(found and find_certificate(ctx.image, suite) for suite, found in pairs):
        signed = any(found for _, found in pairs)
        yield Hit(
            by_profile(zcl=E, gb=E),  # rule 25 complains of it under se
            "nothing to verify with the CA key: "
            + ("the signature has no certificate" if signed else "no Smart Energy signature"),
            ctx.at(len(ctx.image.ota)),
            expected="a signature and its certificate",
            actual="a signature alone" if signed else "neither",
            cure="sign the image, or leave the key away for files that need no signature",
        )
    yield from _verified(ctx, ctx.expect.ca_key)


def _verified(ctx: Context, ca_key: bytes) -> Iterator[Hit]:
    for suite in ctx.suites:
        found = find_signature(ctx.image, suite)
        certificate = find_certificate(ctx.image, suite)
        if found is None or certificate is None:
            continue
        digest = signed_digest(ctx.image, found).hex()
        place = ctx.at(found.element.offset)
        try:
            right = verify_signature(ctx.image, found, certificate, ca_key)
            reason = "it was made with another key, or the image was changed afterwards"
        except ImageError as error:
            right, reason = False, error.reason
        if right:
            fingerprint = sha256(ca_key).hexdigest()[:16]
            yield Hit(I, f"signature verified under the CA key {fingerprint}", place)
        else:
            yield Hit(
                E,
                f"the signature does not verify: {reason}",
                place,
                expected=f"a signature over AES-MMO digest {digest}",
                actual="another",
                cure=_REBUILD,
            )


def lonely(ctx: Context) -> Iterator[Hit]:
    """Rule 29."""
    for suite in ctx.suites:
        signed = ctx.image.element(suite.signature_tag)
        certified = ctx.image.element(suite.certificate_tag)
        alone = signed or certified
        if alone is None or (signed is not None and certified is not None):
            continue
        what = (
            "a signature without its certificate" if signed else "a certificate without signature"
        )
        yield Hit(
            by_profile(zcl=W, gb=W, se=None if signed else W),
            what,
            ctx.at(_before(alone)),
            expected="both or none",
            actual=f"only element {alone.tag:#06x}",
            cure="append what is missing, or leave the other out",
        )


def scalars(ctx: Context) -> Iterator[Hit]:
    """Rule 30."""
    for suite in ctx.suites:
        found = find_signature(ctx.image, suite)
        if found is None:
            continue
        size = suite.curve.scalar_bytes
        for name, value, place in (("r", found.r, 8), ("s", found.s, 8 + size)):
            if not 0 < value < suite.curve.order:
                yield Hit(
                    E,
                    f"the signature's {name} is {'zero' if value == 0 else 'too large'}",
                    ctx.at(found.element.offset + place),
                    expected=f"1 to the order of {suite.curve.name}, less one",
                    actual=f"{value:0{2 * size}x}",
                    cure="sign again: no key yields such a number",
                )


def integrity(ctx: Context) -> Iterator[Hit]:
    """Rule 31."""
    image = ctx.image
    element = image.element(Tag.IMAGE_INTEGRITY_CODE)
    if element is None or element.clipped:
        return
    place = ctx.at(element.offset)
    later = image.elements[image.elements.index(element) + 1 :]
    if element.length != INTEGRITY_CODE_BYTES:
        yield Hit(
            E,
            "the integrity code has a wrong length",
            ctx.at(element.offset - 4),
            expected=f"{INTEGRITY_CODE_BYTES} bytes",
            actual=f"{element.length} bytes",
            cure="build the file again with --integrity",
        )
        return
    standard = {tag for suite in SUITES for tag in (suite.signature_tag, suite.certificate_tag)}
    if any(other.tag not in standard for other in later):
        yield Hit(
            W,
            "elements follow the integrity code, which does not cover them",
            ctx.at(_before(element)),
            expected="the code last, or before certificate and signature",
            actual=", ".join(f"{other.tag:#06x}" for other in later),
            cure="move the integrity code to the end",
        )
    yield _convention(recognise_integrity(image, element), place)


def _convention(found: Convention | None, place: int) -> Hit:
    if found is None:
        return Hit(
            E,
            "the integrity code does not match the image under any convention known",
            place,
            expected="AES-MMO over all bytes before the element",
            actual="another value",
            cure="fetch the file again; if it is as published, build it again",
        )
    if found is Convention.A:
        return Hit(I, "integrity code verified, convention A", place)
    return Hit(
        W,
        f"integrity code verified, but by convention {found.name}: {found.value}",
        place,
        expected=f"convention A: {Convention.A.value}",
        actual=f"convention {found.name}",
        cure="make sure that your devices compute it the same way",
    )
