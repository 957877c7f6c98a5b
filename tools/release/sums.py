"""Writes ``SHA256SUMS`` over the files of a release and has it signed, in formats that common tools check.

``sha256sum -c SHA256SUMS`` checks the files; ``ssh-keygen -Y verify`` the signature. The key is the
releaser's and stays where it is: a file, or an agent or token that ``ssh-keygen`` reaches by its public half.
"""

import hashlib
import subprocess
from pathlib import Path
from typing import Final

from trouble import ReleaseError

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = f"{SUMS}.sig"
PURPOSE: Final = "file"  # the namespace of ssh-keygen for files of all kinds
WHO: Final = "zota-release"  # the name of the signer in a receiver's list of keys


def write_sums(folder: Path) -> Path:
    """Write the sum of every file of a folder, as ``sha256sum`` does."""
    files = sorted(path for path in folder.iterdir() if path.name not in (SUMS, SIGNATURE))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    sums = folder / SUMS
    sums.write_text("".join(lines), "utf-8")
    return sums


def public_half(key: Path) -> list[str]:
    """Read the public half of a key: its kind and itself.

    Raises:
        ReleaseError: there is no such key, or OpenSSH cannot use it.
    """
    if not key.is_file():
        raise ReleaseError(f"{key}: there is no such key: give one, ssh-keygen -t ed25519 makes it")
    public = _ssh("-y", "-f", str(key)) if key.suffix != ".pub" else key.read_bytes()
    return public.decode().split()[:2]


def sign(sums: Path, key: Path) -> str:
    """Sign the sums, check the signature, and return the key as a line of a receiver's list.

    Args:
        sums: what is signed; the signature is written beside it.
        key: private key of a form that OpenSSH reads (Ed25519 or P-256), or the public half of one that an
            agent or a token holds.

    Raises:
        ReleaseError: there is no such key, it cannot sign, or the signature does not verify.
    """
    words = public_half(key)
    signature = sums.with_name(SIGNATURE)
    signature.unlink(missing_ok=True)
    _ssh("-Y", "sign", "-f", str(key), "-n", PURPOSE, str(sums))
    line = f'{WHO} namespaces="{PURPOSE}" {" ".join(words)}'
    receivers = sums.with_name("receivers")
    receivers.write_text(f"{line}\n", "utf-8")
    try:
        verify(sums, receivers)
    finally:
        receivers.unlink()
    return line


def verify(sums: Path, receivers: Path) -> None:
    """Check the signature as a receiver does.

    Args:
        sums: with its signature beside it.
        receivers: a list of keys, ``zota-release namespaces="file" ssh-ed25519 ...`` on each line.

    Raises:
        ReleaseError: it does not verify.
    """
    signature = sums.with_name(SIGNATURE)
    words = ("-Y", "verify", "-f", receivers, "-I", WHO, "-n", PURPOSE, "-s", signature)
    _ssh(*map(str, words), stdin=sums.read_bytes())


def _ssh(*words: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["ssh-keygen", *words], input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise ReleaseError(
            "ssh-keygen is not installed: a release is signed with OpenSSH"
        ) from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise ReleaseError(
            f"ssh-keygen: {said[-1] if said else 'no word'}: give a key of OpenSSH that you alone can read"
            " (chmod 600)"
        )
    return done.stdout
