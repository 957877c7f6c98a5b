"""``--sign-command``: images signed where the key is; zota gets the signature alone."""

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from images import parse
from images.signing import verify_image
from tests.cli.zota import Ran, zota
from tests.images.samples import key_pair

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
GB = ("--layout", "gb", "--manufacturer", "1", "--type", "2", "--version", "3")
RANGE = ("--hw-min", "0", "--hw-max", "1")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firmware, and a key with its public half."""
    monkeypatch.chdir(tmp_path)
    key, public = key_pair()
    (tmp_path / "firmware.bin").write_bytes(bytes(range(200)))
    (tmp_path / "supplier.key").write_bytes(key)
    (tmp_path / "supplier.pem").write_bytes(public)
    return tmp_path


def build(*options: str) -> Ran:
    return zota("image", "build", "firmware.bin", "-o", "signed.ota", *GB, *RANGE, *options)


def writes(octets: bytes) -> str:
    """A command that reads everything, and writes these octets."""
    script = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({octets!r})"
    return shlex.join([sys.executable, "-c", script])


@needs_openssl
def test_what_openssl_signs_a_device_believes(here: Path) -> None:
    built = build("--sign-command", "openssl dgst -sha256 -sign supplier.key")
    assert (built.code, built.err) == (0, "")
    verify_image(parse((here / "signed.ota").read_bytes()), (here / "supplier.pem").read_bytes())


@needs_openssl
def test_a_built_image_is_signed_by_a_command_too(here: Path) -> None:
    assert zota("image", "build", "firmware.bin", "-o", "bare.ota", *GB, *RANGE).code == 0
    command = "openssl dgst -sha256 -sign supplier.key"
    signed = zota("image", "sign", "bare.ota", "-o", "signed.ota", "--sign-command", command)
    assert signed.code == 0, signed.err
    assert zota("image", "verify", "signed.ota", "--certificate", "supplier.pem").code == 0


def test_r_and_s_are_taken_as_they_are(here: Path) -> None:
    assert build("--sign-command", writes(bytes(range(1, 65)))).code == 0
    signature = parse((here / "signed.ota").read_bytes()).signature
    assert signature is not None
    assert bytes(signature) == bytes(range(1, 65))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "names no command"),
        ("a 'b", "No closing quotation"),
        ("/nowhere/signer --now", "No such file or directory: check the path"),
        (shlex.join([sys.executable, "-c", "raise SystemExit('the token is locked')"]), "locked"),
        (writes(b""), "wrote 0 octets that are no ECDSA signature"),
        (writes(bytes(71)), "wrote 71 octets that are no ECDSA signature"),
        (writes(b"\x30\x06\x02\x01\x00\x02\x01\x00"), "no ECDSA signature on P-256"),
    ],
)
def test_a_command_that_does_not_sign_is_one_line_and_leaves_no_file(
    here: Path, command: str, says: str
) -> None:
    refused = build("--sign-command", command)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert says in refused.err
    assert not (here / "signed.ota").exists()


def test_one_of_key_and_command_signs(here: Path) -> None:
    both = build("--sign-command", "true", "--sign-key", "supplier.key")
    assert (both.code, both.err.count("\n")) == (2, 1)
    assert "exclude each other" in both.err
    assert zota("image", "build", "firmware.bin", "-o", "bare.ota", *GB, *RANGE).code == 0
    neither = zota("image", "sign", "bare.ota", "-o", "signed.ota")
    assert (neither.code, neither.err.count("\n")) == (2, 1)
    assert "sign with what?" in neither.err
