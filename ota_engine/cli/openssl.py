"""Signs on binary curves with the ``openssl`` program, which alone still has them (ADR 0040).

The key reaches the program through a pipe: never as an argument, never in a file of ours.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from images.binary_curves import SECT163K1, SECT283K1, Curve
from ota_engine.errors import LocalError

PIPE: Final = "/dev/stdin"
NO_PASSPHRASE: Final = ("-passin", "pass:")  # or it would ask for one on the terminal
TIMEOUT_SECONDS: Final = 30
# Object identifiers as DER has them (SEC 2, A.2.2)
_OBJECTS: Final = {
    SECT163K1.name: bytes.fromhex("06052b81040001"),
    SECT283K1.name: bytes.fromhex("06052b81040010"),
}
_PEM: Final = b"-----BEGIN"
_SEQUENCE, _OCTETS, _PARAMETERS = b"\x30", b"\x04", b"\xa0"
_VERSION: Final = bytes.fromhex("020101")


class Signed(NamedTuple):
    """What the program made.

    Attributes:
        r: first half of the signature.
        s: second half.
        public: the key's public half, SEC 1, uncompressed.
    """

    r: int
    s: int
    public: bytes


def sign_digest(digest: bytes, key: bytes, curve: Curve) -> Signed:
    """Sign a digest as it is.

    Args:
        digest: 16 bytes.
        key: PEM or DER, or the bare number as octets or as hexadecimal text.
        curve: the one the key must be on.

    Raises:
        LocalError: there is no such program, it lacks the curve, or the key is none of it.
    """
    program = shutil.which("openssl")
    if program is None:
        raise LocalError("no openssl program here: install OpenSSL to sign on binary curves")
    given = _as_der(key, curve)
    form = "PEM" if given.lstrip().startswith(_PEM) else "DER"
    public = ("ec", "-in", PIPE, "-inform", form, *NO_PASSPHRASE, "-pubout", "-outform", "DER")
    information = _run([program, *public, "-conv_form", "uncompressed"], given, curve)
    if _OBJECTS[curve.name] not in information[:32]:
        raise LocalError(f"the signing key is not on {curve.name}")
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(digest)
        sign = ("pkeyutl", "-sign", "-inkey", PIPE, "-keyform", form, *NO_PASSPHRASE)
        signature = _run([program, *sign, "-in", file.name], given, curve)
    r, s = decode_dss_signature(signature)
    return Signed(r, s, information[-(1 + 2 * curve.element_bytes) :])


def _run(command: list[str], key: bytes, curve: Curve) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments; the key goes through the pipe
            command, input=key, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError(f"openssl did not answer: {error}") from None
    if done.returncode:
        raise LocalError(
            f"openssl cannot use the signing key: give a private key on {curve.name}, without a "
            f"passphrase, as PEM, DER or {2 * curve.scalar_bytes} hex digits; an openssl built "
            "without binary curves cannot use any (openssl ecparam -list_curves)"
        )
    return done.stdout


def _as_der(key: bytes, curve: Curve) -> bytes:
    """Wrap a bare number as RFC 5915 has it; PEM and DER stay as they are."""
    text = b"".join(key.split())
    if len(text) == 2 * curve.scalar_bytes and not text.startswith(_PEM):
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            return key
    if len(key) != curve.scalar_bytes:
        return key
    parameters = _tagged(_PARAMETERS, _OBJECTS[curve.name])
    return _tagged(_SEQUENCE, _VERSION + _tagged(_OCTETS, key) + parameters)


def _tagged(tag: bytes, content: bytes) -> bytes:
    return tag + bytes((len(content),)) + content  # all of it is shorter than 128 bytes
