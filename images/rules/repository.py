"""Rules about a file among the released ones (24, 40): knows an index, not where files lie."""

import hashlib
from collections.abc import Collection, Iterator
from typing import Final

from images.manifest import ManifestEntry
from images.names import recommended_name
from images.rules.context import Context
from images.rules.findings import Hit, Severity
from images.rules.identity import FILE_VERSION_AT, MANUFACTURER_AT, TYPE_AT

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

_HASHES: Final = {
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
}
MOST_RIVALS: Final = 256  # entries of one identity looked at; an index may be hostile
OPEN_END: Final = 1 << 32  # above every version
_CURE_INDEX: Final = "correct the index, or publish the file that was meant"


def released_before(ctx: Context) -> Iterator[Hit]:
    """Rule 24."""
    header = ctx.header
    identity = (header.manufacturer_code, header.image_type, header.file_version)
    hardware = (header.minimum_hardware_version, header.maximum_hardware_version)
    for entry in ctx.expect.manifest:
        if entry.digest is None or entry.name == ctx.name:
            continue
        theirs = (entry.manufacturer_code, entry.image_type, entry.file_version)
        same = _digest(ctx, entry.algorithm) == entry.digest
        if theirs == identity and not same and _same_hardware(hardware, entry):
            yield Hit(
                E,
                f"another file of the same identity was released: {entry.name}",
                ctx.at(FILE_VERSION_AT),
                expected="a version of its own",
                actual=recommended_name(header),
                cure="raise the file version",
            )
        elif same and theirs != identity:
            yield Hit(
                W,
                f"the same file was released under another identity: {entry.name}",
                ctx.at(MANUFACTURER_AT),
                expected=recommended_name(entry),
                actual=recommended_name(header),
                cure="find out which of the two identities is meant",
            )


def _same_hardware(hardware: tuple[int | None, int | None], entry: ManifestEntry) -> bool:
    """Whether an index entry may be for the same hardware; it need not say."""
    theirs = (entry.minimum_hardware, entry.maximum_hardware)
    return theirs in ((None, None), hardware)


def manifest_entry(ctx: Context) -> Iterator[Hit]:
    """Rule 40, what the index says of this very file."""
    header = ctx.header
    for entry in ctx.expect.manifest:
        if entry.name != ctx.name:
            continue
        compared = (
            ("manufacturer code", MANUFACTURER_AT, entry.manufacturer_code, header[3]),
            ("image type", TYPE_AT, entry.image_type, header.image_type),
            ("file version", FILE_VERSION_AT, entry.file_version, header.file_version),
        )
        for what, place, expected, actual in compared:
            if expected != actual:
                yield Hit(
                    E,
                    f"the index states another {what}",
                    ctx.at(place),
                    expected=f"{expected:#x}",
                    actual=f"{actual:#x}",
                    cure=_CURE_INDEX,
                )
        yield from _content(ctx, entry)


def _content(ctx: Context, entry: ManifestEntry) -> Iterator[Hit]:
    size = len(ctx.image.file)
    if entry.size is not None and entry.size != size:
        yield Hit(
            E,
            "the index states another size",
            None,
            expected=f"{entry.size} bytes",
            actual=f"{size} bytes",
            cure=_CURE_INDEX,
        )
    if entry.digest is not None:
        actual = _digest(ctx, entry.algorithm)
        if actual != entry.digest:
            yield Hit(
                E,
                f"the index states another {entry.algorithm}",
                None,
                expected=entry.digest.hex(),
                actual=actual.hex(),
                cure=_CURE_INDEX,
            )


def retracted(ctx: Context) -> Iterator[Hit]:
    """Rule 40, files that were withdrawn."""
    listed = ctx.expect.retracted
    if listed and not listed.isdisjoint((_digest(ctx, "sha256"), _digest(ctx, "sha512"))):
        yield Hit(
            W,
            "this file was retracted",
            None,
            expected="a file that is not on the retracted list",
            actual=_digest(ctx, "sha256").hex(),
            cure="take the release that replaced it",
        )


def _digest(ctx: Context, algorithm: str) -> bytes:
    return _HASHES[algorithm](ctx.image.file).digest()


def manifest_hits(entries: Collection[ManifestEntry], present: Collection[str]) -> Iterator[Hit]:
    """Rule 40, an index by itself: files it names that are not there, windows that overlap.

    Args:
        entries: the index.
        present: names of the files beside it.
    """
    for entry in entries:
        if entry.name not in present:
            yield Hit(
                E,
                f"the index names a file that is not there: {entry.name}",
                None,
                expected=entry.name,
                actual="no such file",
                cure="add the file, or take it out of the index",
            )
    for first, second in _overlapping(tuple(entries)):
        yield Hit(
            W,
            f"one device may be offered both {first.name} and {second.name}",
            None,
            expected="windows of hardware and version that do not overlap",
            actual=f"both are for {second.manufacturer_code:#06x}/{second.image_type:#06x}",
            cure="narrow the hardware or version window of one of them",
        )


def _overlapping(
    entries: tuple[ManifestEntry, ...],
) -> Iterator[tuple[ManifestEntry, ManifestEntry]]:
    rivals: dict[tuple[int, int, int, tuple[str, ...]], list[ManifestEntry]] = {}
    for entry in entries:
        key = (entry.manufacturer_code, entry.image_type, entry.file_version, entry.models)
        earlier = rivals.setdefault(key, [])
        for other in earlier[-MOST_RIVALS:]:
            if _meet(other[7:9], entry[7:9]) and _meet(other[9:11], entry[9:11]):
                yield other, entry
        earlier.append(entry)


def _meet(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Whether two windows, lowest and highest, have a number in common; None is open."""
    (low, high), (other_low, other_high) = one, other
    top, other_top = (OPEN_END if value is None else value for value in (high, other_high))
    return (low or 0) <= other_top and (other_low or 0) <= top
