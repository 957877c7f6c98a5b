"""Smart Energy signatures of both suites, checked among themselves and against OpenSSL."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from images import ImageError, parse
from images.binary_curves import add, decode_point, multiply, verify_digest
from images.digests import aes_mmo
from images.smart_energy import (
    SUITES,
    Suite,
    find_certificate,
    find_signature,
    signed_digest,
    signer_key,
    verify_signature,
)
from tests.images.smart_energy import (
    ISSUER,
    SIGNER,
    compressed,
    issue,
    sec1_private_key,
    sign,
    signed_image,
    uncompressed,
)

both_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"suite-{suite.number}")


@both_suites
def test_a_signed_image_verifies_under_its_authority(suite: Suite) -> None:
    signer = issue(suite)
    image = parse(signed_image(signer))
    signature, certificate = find_signature(image, suite), find_certificate(image, suite)
    assert signature is not None
    assert certificate is not None
    assert (signature.signer, certificate.subject, certificate.issuer) == (SIGNER, SIGNER, ISSUER)
    assert signer_key(certificate, decode_point(suite.curve, signer.ca_key)) == signer.key.point
    assert verify_signature(image, signature, certificate, signer.ca_key)


@both_suites
def test_any_changed_byte_breaks_the_signature(suite: Suite) -> None:
    signer = issue(suite)
    whole = signed_image(signer)
    for place in (14, 70, len(whole) - suite.scalars_bytes - 1, len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        image = parse(bytes(changed))
        signature, certificate = find_signature(image, suite), find_certificate(image, suite)
        assert signature is not None
        assert certificate is not None
        assert not verify_signature(image, signature, certificate, signer.ca_key)


@both_suites
def test_another_authority_s_key_does_not_verify(suite: Suite) -> None:
    image = parse(signed_image(issue(suite)))
    signature, certificate = find_signature(image, suite), find_certificate(image, suite)
    assert signature is not None
    assert certificate is not None
    assert not verify_signature(image, signature, certificate, issue(suite, seed=6).ca_key)


@both_suites
def test_the_digest_covers_everything_but_r_and_s(suite: Suite) -> None:
    whole = signed_image(issue(suite))
    signature = find_signature(parse(whole), suite)
    assert signature is not None
    assert signed_digest(parse(whole), signature) == aes_mmo(whole[: -suite.scalars_bytes])


@both_suites
def test_elements_of_another_length_are_no_signature(suite: Suite) -> None:
    whole = signed_image(issue(suite))
    place = len(whole) - suite.signature_bytes - 4
    shorter = whole[:place] + (suite.signature_bytes - 1).to_bytes(4, "little") + whole[place + 4 :]
    assert find_signature(parse(shorter[:-1]), suite) is None
    assert find_certificate(parse(whole), SUITES[2 - suite.number]) is None


@both_suites
def test_the_group_has_the_order_the_standard_states(suite: Suite) -> None:
    curve = suite.curve
    assert multiply(curve, curve.order, curve.generator) is None
    assert multiply(curve, curve.order + 1, curve.generator) == curve.generator
    point = multiply(curve, 7, curve.generator)
    assert point is not None
    assert add(curve, point, multiply(curve, curve.order - 7, curve.generator)) is None


@both_suites
def test_points_outside_the_group_are_refused(suite: Suite) -> None:
    curve = suite.curve
    good = uncompressed(curve, curve.generator)
    assert decode_point(curve, good) == curve.generator
    assert decode_point(curve, compressed(curve, curve.generator)) == curve.generator
    size = curve.element_bytes
    bad = [
        good[:-1],
        b"\x05" + good[1:],
        good[:-1] + bytes((good[-1] ^ 1,)),
        b"\x02" + bytes(size),
        b"\x02" + b"\xff" * size,
        b"\x04" + bytes(size) + (1).to_bytes(size),  # the point of order two
        b"",
    ]
    for octets in bad:
        with pytest.raises(ImageError, match="not a public key"):
            decode_point(curve, octets)


@settings(max_examples=20)
@given(st.binary(max_size=74), st.sampled_from(SUITES))
def test_any_bytes_are_a_point_or_refused(octets: bytes, suite: Suite) -> None:
    try:
        point = decode_point(suite.curve, octets)
    except ImageError:
        return
    assert multiply(suite.curve, suite.curve.order, point) is None


@both_suites
def test_numbers_out_of_range_never_verify(suite: Suite) -> None:
    curve, generator = suite.curve, suite.curve.generator
    for r, s in ((0, 1), (1, 0), (curve.order, 1), (1, curve.order)):
        assert not verify_digest(curve, generator, bytes(16), r, s)


# Against OpenSSL


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl here to compare with")
    curves = subprocess.run([program, "ecparam", "-list_curves"], capture_output=True, check=True)
    if b"sect163k1" not in curves.stdout or b"sect283k1" not in curves.stdout:
        pytest.skip("this openssl was built without binary curves")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, check=False)

    return run


Openssl = Callable[..., subprocess.CompletedProcess[bytes]]


@both_suites
def test_openssl_derives_the_public_key_that_the_certificate_yields(
    suite: Suite, openssl: Openssl, tmp_path: Path
) -> None:
    signer = issue(suite)
    (tmp_path / "key.der").write_bytes(sec1_private_key(suite.curve, signer.key.secret))
    form = ("-inform", "DER", "-in", "key.der", "-pubout", "-outform", "DER")
    for conversion, ours in (("uncompressed", uncompressed), ("compressed", compressed)):
        theirs = openssl("ec", *form, "-conv_form", conversion).stdout
        assert theirs.endswith(ours(suite.curve, signer.key.point))


@both_suites
def test_openssl_accepts_what_verifies_here(suite: Suite, openssl: Openssl, tmp_path: Path) -> None:
    signer, image = issue(suite), parse(signed_image(issue(suite)))
    signature = find_signature(image, suite)
    assert signature is not None
    (tmp_path / "key.der").write_bytes(sec1_private_key(suite.curve, signer.key.secret))
    (tmp_path / "digest").write_bytes(signed_digest(image, signature))
    (tmp_path / "sig").write_bytes(encode_dss_signature(signature.r, signature.s))
    verify = ("pkeyutl", "-verify", "-inkey", "key.der", "-keyform", "DER", "-in", "digest")
    assert openssl(*verify, "-sigfile", "sig").returncode == 0
    (tmp_path / "digest").write_bytes(bytes(16))
    assert openssl(*verify, "-sigfile", "sig").returncode != 0


@both_suites
def test_what_openssl_signs_verifies_here(suite: Suite, openssl: Openssl, tmp_path: Path) -> None:
    signer, digest = issue(suite), aes_mmo(b"firmware")
    (tmp_path / "key.der").write_bytes(sec1_private_key(suite.curve, signer.key.secret))
    (tmp_path / "digest").write_bytes(digest)
    made = openssl("pkeyutl", "-sign", "-inkey", "key.der", "-keyform", "DER", "-in", "digest")
    r, s = decode_dss_signature(made.stdout)
    assert verify_digest(suite.curve, signer.key.point, digest, r, s)
    assert not verify_digest(suite.curve, signer.key.point, aes_mmo(b"other"), r, s)


@both_suites
def test_the_samples_sign_as_the_standard_says(suite: Suite) -> None:
    key = issue(suite).key
    r, s = sign(suite.curve, key.secret, bytes(range(16)))
    assert verify_digest(suite.curve, key.point, bytes(range(16)), r, s)
