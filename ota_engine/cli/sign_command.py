"""Signs by a command of the user's, so that a key can stay in a vault or a security module.

The command gets the octets to sign on standard input and writes the signature to standard output;
zota never sees the key.
"""

import shlex
import subprocess
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from images.ecdsa import P256_ORDER, SCALAR_BYTES, SIGNATURE_BYTES
from ota_engine.errors import LocalError
from ota_engine.wording import one_line

WITHIN: Final = 300.0  # seconds: somebody may have to touch a token, or type a PIN


def signs_by(command: str) -> Callable[[bytes], bytes]:
    """Make a signer of a command, which is run without a shell.

    Args:
        command: as it would be typed, e.g. ``openssl dgst -sha256 -sign supplier.key``.

    Returns:
        A function from octets to r||s, 64 octets. It raises LocalError if the command cannot be
        run, fails, takes too long or writes no ECDSA signature on P-256.

    Raises:
        LocalError: the command is empty, or its quotes do not match.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise LocalError(f"--sign-command {command}: {error}") from None
    if not words:
        raise LocalError("--sign-command names no command")
    return lambda octets: _run(words, octets)


def _run(words: list[str], octets: bytes) -> bytes:
    name = f"--sign-command {words[0]}"
    try:
        # the user's own command, with what it is to sign
        done = subprocess.run(words, input=octets, capture_output=True, timeout=WITHIN, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise LocalError(
            f"{name}: no signature within {WITHIN:.0f} s; nothing is written"
        ) from None
    except OSError as error:
        raise LocalError(f"{name}: {error.strerror}: check the path of the program") from None
    if done.returncode:
        said = one_line(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
        raise LocalError(f"{name}: exit code {done.returncode}: {said or 'it says nothing'}")
    return _raw(name, done.stdout)


def _raw(name: str, signature: bytes) -> bytes:
    """Take a signature as programs write it: DER, or r||s."""
    if len(signature) == SIGNATURE_BYTES:
        return signature
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        r = s = 0
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise LocalError(
            f"{name}: wrote {len(signature)} octets that are no ECDSA signature on P-256; it has to "
            "write DER, or r and s, 64 octets, to standard output"
        )
    return r.to_bytes(SCALAR_BYTES) + s.to_bytes(SCALAR_BYTES)
