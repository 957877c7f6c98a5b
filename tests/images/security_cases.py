"""Files that break the rules about signatures and integrity codes (25-31)."""

from images.digests import aes_mmo
from images.smart_energy import SUITES
from tests.images.cases import SE, Case, E, I, W
from tests.images.samples import FIRMWARE, element, ota, plain
from tests.images.smart_energy import (
    SUITE_1,
    SUITE_2,
    certificate_octets,
    issue,
    signature_octets,
    signed_image,
    unsigned_parts,
)

CA = {suite: issue(suite).ca_key for suite in SUITES}
BODY = 57 + 6 + len(FIRMWARE)  # where further elements of `unsigned_parts` begin
SIGNATURE_1 = element(1, signature_octets(SUITE_1))
SIGNATURE_2 = element(5, signature_octets(SUITE_2))
CERTIFICATE_1 = element(2, issue(SUITE_1).certificate)
CERTIFICATE_2 = element(6, issue(SUITE_2).certificate)
SIGNED_1, SIGNED_2 = signed_image(issue(SUITE_1)), signed_image(issue(SUITE_2))
TEST_ISSUER = int.from_bytes(b"TESTSECA")


def by(signer: int) -> bytes:
    return element(1, signature_octets(SUITE_1, signer=signer))


def coded(covered: int = 0, *, short: bool = False, after: bytes = b"") -> bytes:
    """A file whose integrity code covers so many bytes of its own element, too."""
    whole = ota(element(0, FIRMWARE * 50) + element(3, bytes(16)) + after)
    place = len(whole) - len(after) - 16
    message = whole[: place - 6 + covered]
    if short:  # the length in the padding loses its upper bits
        bits = len(message) * 8
        end = (bits & 0xFFFF).to_bytes(2)
        padded = message + b"\x80" + bytes(-(len(message) + 3) % 16) + end
        return whole[:place] + raw_aes_mmo(padded) + whole[place + 16 :]
    return whole[:place] + aes_mmo(message) + whole[place + 16 :]


def raw_aes_mmo(blocks: bytes) -> bytes:
    """Matyas-Meyer-Oseas without padding, as Zigbee B.6 draws it."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    state = bytes(16)
    for start in range(0, len(blocks), 16):
        block = blocks[start : start + 16]
        out = Cipher(algorithms.AES(state), modes.ECB()).encryptor().update(block)  # noqa: S305
        state = bytes(one ^ other for one, other in zip(out, block, strict=True))
    return state


MIXED = unsigned_parts(CERTIFICATE_2, SIGNATURE_1)
OTHER_SUBJECT = unsigned_parts(element(2, issue(SUITE_1, subject=5).certificate), SIGNATURE_1)
TEST_CA = unsigned_parts(element(2, issue(SUITE_1, issuer=TEST_ISSUER).certificate), SIGNATURE_1)
SWAPPED = certificate_octets(SUITE_1, bytes(22), bytes(8), bytes(8))

SECURITY_CASES = [
    Case(25, E, plain(), 262, SE),
    Case(25, E, unsigned_parts(CERTIFICATE_1, SIGNATURE_1, SIGNATURE_2), BODY + 54 + 56),
    Case(25, E, unsigned_parts(element(1, bytes(49))), BODY + 2),
    Case(25, E, unsigned_parts(element(5, bytes(81))), BODY + 2),
    Case(25, E, unsigned_parts(element(2, bytes(47)), SIGNATURE_1), BODY + 2),
    Case(25, E, unsigned_parts(element(6, bytes(75)), SIGNATURE_2), BODY + 2),
    Case(25, E, unsigned_parts(SIGNATURE_2), BODY, SE),
    Case(25, E, MIXED, BODY + 80),
    Case(26, E, unsigned_parts(SIGNATURE_1, CERTIFICATE_1), BODY),
    Case(26, E, unsigned_parts(CERTIFICATE_2, SIGNATURE_2, element(0xF000, b"x")), BODY + 80),
    Case(27, E, unsigned_parts(CERTIFICATE_1, by(0)), BODY + 54 + 6),
    Case(27, E, unsigned_parts(CERTIFICATE_1, by(0x000D6F0000198B36)), BODY + 54 + 6),
    Case(27, E, OTHER_SUBJECT, BODY + 6 + 22),
    Case(27, E, SIGNED_1, BODY + 6 + 30, expect={"ca_eui64": 1}),
    Case(27, E, SIGNED_2, BODY + 6 + 11, expect={"ca_eui64": 1}),
    Case(27, E, plain(), 262, expect={"ca_eui64": 1}),
    Case(27, E, unsigned_parts(SIGNATURE_2), BODY + 86, expect={"ca_eui64": 1}),
    Case(27, W, TEST_CA, BODY + 6 + 30),
    Case(28, I, SIGNED_1, BODY + 54 + 6, expect={"ca_key": CA[SUITE_1]}),
    Case(28, I, SIGNED_2, BODY + 80 + 6, expect={"ca_key": CA[SUITE_2]}),
    Case(28, E, SIGNED_1[:-1] + b"\x00", BODY + 54 + 6, expect={"ca_key": CA[SUITE_1]}),
    Case(28, E, SIGNED_2[:-1] + b"\x00", BODY + 80 + 6, expect={"ca_key": CA[SUITE_2]}),
    Case(28, E, SIGNED_1, BODY + 54 + 6, expect={"ca_key": b"no key"}),
    Case(
        28,
        E,
        unsigned_parts(element(2, SWAPPED), SIGNATURE_1),
        BODY + 54 + 6,
        expect={"ca_key": CA[SUITE_1]},
    ),
    Case(28, E, plain(), 262, expect={"ca_key": CA[SUITE_1]}),
    Case(28, E, unsigned_parts(SIGNATURE_2), BODY + 86, expect={"ca_key": CA[SUITE_1]}),
    Case(29, W, unsigned_parts(CERTIFICATE_1), BODY),
    Case(29, W, unsigned_parts(CERTIFICATE_2), BODY, SE),
    Case(29, W, unsigned_parts(SIGNATURE_2), BODY),
    Case(
        30,
        E,
        unsigned_parts(CERTIFICATE_1, element(1, signature_octets(SUITE_1, (0, 1)))),
        BODY + 54 + 6 + 8,
    ),
    Case(
        30,
        E,
        unsigned_parts(
            CERTIFICATE_2, element(5, signature_octets(SUITE_2, (1, SUITE_2.curve.order)))
        ),
        BODY + 80 + 6 + 8 + 36,
    ),
    Case(31, E, ota(element(0, FIRMWARE) + element(3, bytes(15))), 264),
    Case(31, E, ota(element(0, FIRMWARE) + element(3, bytes(16))), 268),
    Case(31, I, coded(), 62 + 10_000 + 6),
    Case(31, W, coded(6), 62 + 10_000 + 6),
    Case(31, W, coded(short=True), 62 + 10_000 + 6),
    Case(31, W, coded(after=element(0xF000, b"x")), 62 + 10_000),
    Case(41, W, ota(element(0, FIRMWARE + b"-----BEGIN EC PRIVATE KEY-----")), 62 + len(FIRMWARE)),
    Case(41, W, ota(element(0xF000, b"-----BEGIN PRIVATE KEY-----") + element(0, FIRMWARE)), 62),
]
