"""What a user gives to compare files with: keys, indexes, lists of digests, profiles."""

import hashlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from images.errors import ImageError, JudgingError
from images.files import read_bounded
from images.manifest import Manifest, parse_manifest
from images.rules import Profile
from images.rules.policy import Known, read_baseline
from images.rules.vendors import VENDORS

VENDOR_PREFIX: Final = "vendor:"
DIGEST_DIGITS: Final = (64, 128)  # SHA-256 and SHA-512 in hexadecimal
KEY_SIZES: Final = (22, 43, 37, 73)  # octets of a point, compressed or not, of both curves


class ChosenProfile(NamedTuple):
    """By whose rules: a profile, or a vendor's habits."""

    profile: Profile | None = None
    vendor: str | None = None


def read_profile(text: str | None) -> ChosenProfile:
    """Read ``zcl``, ``se``, ``gb`` or ``vendor:NAME``.

    Raises:
        JudgingError: it is none of them.
    """
    if text is None:
        return ChosenProfile()
    if text.startswith(VENDOR_PREFIX):
        vendor = text.removeprefix(VENDOR_PREFIX)
        if vendor not in VENDORS:
            known = ", ".join(VENDORS)
            raise JudgingError(f"no vendor {vendor!r} is known; there are {known}")
        return ChosenProfile(None, vendor)
    try:
        return ChosenProfile(Profile(text))
    except ValueError:
        raise JudgingError(f"{text!r}: give zcl, se, gb or vendor:NAME") from None


def read_sha256(text: str) -> bytes:
    """Read a SHA-256 digest in hexadecimal.

    Raises:
        JudgingError: it is none.
    """
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise JudgingError(f"{text!r} is not a SHA-256: give 64 hex digits")
    return digest


def read_ca_key(path: Path | None) -> bytes | None:
    """Read a public key in SEC 1 form, as octets or as hexadecimal text."""
    if path is None:
        return None
    what = "a Smart Energy public key: give a point of sect163k1 or sect283k1 in SEC 1 form"
    return read_octets(path, KEY_SIZES, what)


def read_octets(path: Path, sizes: tuple[int, ...], what: str) -> bytes:
    """Read a short binary thing, which people keep as octets or as hexadecimal text.

    Args:
        path: the file.
        sizes: how many octets it may have.
        what: what it is, for the error.

    Raises:
        ImageError: it is neither of such a size.
    """
    content = read_bounded(path)
    text = b"".join(content.split())
    if len(text) in {2 * size for size in sizes}:
        try:
            return bytes.fromhex(text.decode("ascii"))
        except ValueError:
            pass
    if len(content) not in sizes:
        raise ImageError(f"{path}: not {what}, as octets or as hex digits")
    return content


def read_manifest(path: Path | None) -> Manifest:
    """Read an index of released files; one that lists none has nothing to compare with."""
    if path is None:
        return Manifest()
    try:
        index = Manifest(parse_manifest(read_bounded(path)))
    except ImageError as error:
        raise ImageError(f"{path}: {error.reason}") from None
    if not index:
        raise ImageError(f"{path}: the index lists no file: there is nothing to compare with")
    return index


def read_retracted(path: Path | None) -> frozenset[bytes]:
    """Read digests of withdrawn files: the first word of every line, ``#`` begins a comment."""
    if path is None:
        return frozenset()
    digests = set()
    for number, line in enumerate(read_bounded(path).decode("utf-8", "replace").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            digest = bytes.fromhex(words[0])
        except ValueError:
            digest = b""
        if len(words[0]) not in DIGEST_DIGITS or not digest:
            raise ImageError(f"{path}: line {number} is no SHA-256 or SHA-512 in hexadecimal")
        digests.add(digest)
    return frozenset(digests)


def read_known(path: Path | None) -> frozenset[Known]:
    """Read a baseline."""
    if path is None:
        return frozenset()
    try:
        return read_baseline(read_bounded(path))
    except ImageError as error:
        raise ImageError(f"{path}: {error.reason}") from None


def read_evidence(
    ca_key: Path | None, manifest: Path | None, retracted: Path | None
) -> dict[str, Any]:
    """Read what was given of these files, as fields of ``Expectations``."""
    fields = {
        "ca_key": read_ca_key(ca_key),
        "manifest": None if manifest is None else read_manifest(manifest),
        "retracted": None if retracted is None else read_retracted(retracted),
    }
    return {name: value for name, value in fields.items() if value is not None}
