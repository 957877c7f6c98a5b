"""``zota image sign --suite``: Smart Energy test images, signed by the openssl program."""

import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from images.smart_energy import SUITES, Suite
from tests.cli.zota import zota
from tests.images.samples import key_pair, plain
from tests.images.smart_energy import issue, sec1_private_key

both_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"suite-{suite.number}")
Form = Callable[[Suite], bytes]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unsigned image and, for each suite, certificate and authority."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.ota").write_bytes(plain(control=1, optional=b"\x03"))
    for suite in SUITES:
        (tmp_path / f"certificate-{suite.number}").write_bytes(issue(suite).certificate)
        (tmp_path / f"ca-{suite.number}").write_text(issue(suite).ca_key.hex())
    return tmp_path


@pytest.fixture
def openssl() -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl here to sign with")
    curves = subprocess.run([program, "ecparam", "-list_curves"], capture_output=True, check=True)
    if b"sect163k1" not in curves.stdout or b"sect283k1" not in curves.stdout:
        pytest.skip("this openssl was built without binary curves")
    return program


def der(suite: Suite) -> bytes:
    return sec1_private_key(suite.curve, issue(suite).key.secret)


def pem(suite: Suite) -> bytes:
    lines = base64.encodebytes(der(suite))
    return b"-----BEGIN EC PRIVATE KEY-----\n" + lines + b"-----END EC PRIVATE KEY-----\n"


def bare(suite: Suite) -> bytes:
    return issue(suite).key.secret.to_bytes(suite.curve.scalar_bytes)


def digits(suite: Suite) -> bytes:
    return bare(suite).hex().encode() + b"\n"


def signing(suite: Suite, *more: str) -> tuple[str, ...]:
    number = suite.number
    given = ("--sign-key", "key", "--certificate", f"certificate-{number}", "-o", "signed.ota")
    return ("image", "sign", "x.ota", "--suite", str(number), *given, *more)


@both_suites
@pytest.mark.parametrize("form", [der, pem, bare, digits])
@pytest.mark.usefixtures("openssl")
def test_what_openssl_signed_verifies_under_the_authority(
    here: Path, suite: Suite, form: Form
) -> None:
    (here / "key").write_bytes(form(suite))
    ca = f"ca-{suite.number}"
    assert zota(*signing(suite, "--ca-key", ca)).code == 0
    ran = zota("image", "validate", "signed.ota", "--profile", "se", "--ca-key", ca, "--verbose")
    assert ran.code == 0
    assert "signature verified" in ran.out


@both_suites
@pytest.mark.usefixtures("openssl")
def test_a_key_that_is_not_the_certificate_s_is_refused(here: Path, suite: Suite) -> None:
    (here / "key").write_bytes((7).to_bytes(suite.curve.scalar_bytes))
    ran = zota(*signing(suite, "--ca-key", f"ca-{suite.number}"))
    assert ran.code == 2
    assert "not that of the signing key" in ran.err and ran.err.count("\n") == 1
    assert not (here / "signed.ota").exists()


@both_suites
@pytest.mark.usefixtures("openssl")
def test_a_key_of_another_curve_is_refused_in_one_line(here: Path, suite: Suite) -> None:
    (other,) = [one for one in SUITES if one is not suite]
    for key in (der(other), key_pair()[0], b"no key", b""):
        (here / "key").write_bytes(key)
        ran = zota(*signing(suite))
        assert ran.code == 2
        assert ran.err.count("\n") == 1 and suite.curve.name in ran.err


@pytest.mark.usefixtures("openssl")
def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(here: Path, openssl: str) -> None:
    suite = SUITES[1]
    locked = ("-aes128", "-passout", "pass:secret")
    made = subprocess.run(
        [openssl, "ec", *locked], input=pem(suite), capture_output=True, check=True
    )
    (here / "key").write_bytes(made.stdout)
    ran = zota(*signing(suite))
    assert ran.code == 2
    assert "without a passphrase" in ran.err


def test_without_openssl_one_line_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "key").write_bytes(digits(SUITES[0]))
    monkeypatch.setenv("PATH", str(here))
    ran = zota(*signing(SUITES[0]))
    assert ran.code == 2
    assert "install OpenSSL" in ran.err and ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--suite", "1"),
        ("--suite", "3", "--certificate", "certificate-1"),
        ("--suite", "1", "--certificate", "certificate-1", "--force-replace"),
        ("--certificate", "certificate-1"),
        ("--ca-key", "ca-1"),
        ("--suite", "1", "--certificate", "x.ota"),
    ],
)
def test_options_that_do_not_go_together_are_refused(here: Path, options: tuple[str, ...]) -> None:
    (here / "key").write_bytes(digits(SUITES[0]))
    assert zota("image", "sign", "x.ota", "--sign-key", "key", "-o", "y", *options).code == 2
    assert not (here / "y").exists()
