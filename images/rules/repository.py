"""Rules about a file among the released ones (24, 40): knows an index, not where files lie."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from images.manifest import ManifestEntry
from images.names import recommended_name
from images.rules.context import Context
from images.rules.findings import Hit, Severity
from images.rules.identity import FILE_VERSION_AT, MANUFACTURER_AT, TYPE_AT

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

MOST_RIVALS: Final = 256  # entries of one identity looked at; an index may be hostile
OPEN_END: Final = 1 << 32  # above every version
_CURE_INDEX: Final = "correct the index, or publish the file that was meant"


class _Identity(NamedTuple):
    manufacturer_code: int
    image_type: int
    file_version: int


def released_before(ctx: Context) -> Iterator[Hit]:
    """Rule 24."""
    header, index = ctx.header, ctx.expect.manifest
    if not index:
        return
    identity = _Identity(header.manufacturer_code, header.image_type, header.file_version)
    same = [
        entry
        for algorithm in index.algorithms
        for entry in index.with_digest(algorithm, ctx.digest(algorithm))
    ]
    ours = (*same, *_listed(ctx))
    for entry in index.identified(identity)[:MOST_RIVALS]:
        other = entry.digest is not None and entry not in ours
        if other and not all(_apart(ctx, own, entry) for own in ours or (None,)):
            yield Hit(
                E,
                f"another file of the same identity was released: {entry.name}",
                ctx.at(FILE_VERSION_AT),
                expected="a version, a hardware range or a model of its own",
                actual=recommended_name(header),
                cure="raise the file version, or say in the index which devices each is for",
            )
    for entry in same[:MOST_RIVALS]:
        numbers = entry.identity
        if numbers != identity and None not in numbers and entry not in _listed(ctx):
            yield Hit(
                W,
                f"the same file was released under another identity: {entry.name}",
                ctx.at(MANUFACTURER_AT),
                expected=recommended_name(_Identity(*(number or 0 for number in numbers))),
                actual=recommended_name(header),
                cure="find out which of the two identities is meant",
            )


def _apart(ctx: Context, own: ManifestEntry | None, entry: ManifestEntry) -> bool:
    """Whether no device can be meant by both this file and an entry of the index.

    Args:
        ctx: the file; its header may name hardware.
        own: what the index says of the file, or None.
        entry: another file's.
    """
    low, high = ctx.header.minimum_hardware_version, ctx.header.maximum_hardware_version
    theirs = _hardware(entry)
    if not _meet((low, high), theirs):
        return True
    return own is not None and (
        not _meet(_hardware(own), theirs)
        or _disjoint(own.models, entry.models)
        or _disjoint(own.makers, entry.makers)
    )


def _disjoint(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two lists of names have none in common; an empty one is every name."""
    return bool(ours) and bool(theirs) and set(ours).isdisjoint(theirs)


def manifest_entry(ctx: Context) -> Iterator[Hit]:
    """Rule 40, what the index says of this very file."""
    header, index = ctx.header, ctx.expect.manifest
    listed = _listed(ctx)
    if index and ctx.name is not None and not listed:
        yield _unlisted(ctx)
    for entry in listed:
        compared = (
            ("manufacturer code", MANUFACTURER_AT, entry.manufacturer_code, header[3]),
            ("image type", TYPE_AT, entry.image_type, header.image_type),
            ("file version", FILE_VERSION_AT, entry.file_version, header.file_version),
        )
        for what, place, expected, actual in compared:
            if expected not in (None, actual):
                yield Hit(
                    E,
                    f"the index states another {what}",
                    ctx.at(place),
                    expected=f"{expected:#x}",
                    actual=f"{actual:#x}",
                    cure=_CURE_INDEX,
                )
        yield from _content(ctx, entry)


def _listed(ctx: Context) -> Sequence[ManifestEntry]:
    """The lines of this very file."""
    return () if ctx.expect.namesake else ctx.expect.manifest.named(ctx.name)


def _unlisted(ctx: Context) -> Hit:
    """A file the index cannot vouch for: told, or the comparison asked for would pass unmade."""
    index = ctx.expect.manifest
    names = [
        entry.name
        for algorithm in index.algorithms
        for entry in index.with_digest(algorithm, ctx.digest(algorithm))
    ]
    return Hit(
        I if names else W,
        f"the index lists it under another name: {names[0]}"
        if names
        else "the index does not list this file: there is nothing to compare it with",
        None,
        expected="a line of this name",
        actual=", ".join(names[:3]) or "none",
        cure="" if names else "list it, or give the index that does",
    )


def _content(ctx: Context, entry: ManifestEntry) -> Iterator[Hit]:
    right = entry.digest is not None and ctx.digest(entry.algorithm) == entry.digest
    if entry.size is not None and entry.size not in _sizes(ctx):
        yield Hit(
            W if right else E,
            "the index states another size" + (", though its digest is right" if right else ""),
            None,
            expected=f"{entry.size} bytes",
            actual=f"{len(ctx.image.file)} bytes",
            cure=_CURE_INDEX,
        )
    if entry.digest is not None and not right:
        yield Hit(
            E,
            f"the index states another {entry.algorithm}",
            None,
            expected=entry.digest.hex(),
            actual=ctx.digest(entry.algorithm).hex(),
            cure=_CURE_INDEX,
        )


def _sizes(ctx: Context) -> tuple[int, int]:
    """What an index may call the size of a file: its own, or that of the OTA file in it."""
    return len(ctx.image.file), ctx.header.total_image_size


def retracted(ctx: Context) -> Iterator[Hit]:
    """Rule 40, files that were withdrawn."""
    listed = ctx.expect.retracted
    if listed and not listed.isdisjoint((ctx.digest("sha256"), ctx.digest("sha512"))):
        yield Hit(
            W,
            "this file was retracted",
            None,
            expected="a file that is not on the retracted list",
            actual=ctx.digest("sha256").hex(),
            cure="take the release that replaced it",
        )


def manifest_hits(entries: Collection[ManifestEntry], present: Collection[str]) -> Iterator[Hit]:
    """Rule 40, an index by itself: files it names that are not there, windows that overlap.

    Args:
        entries: the index.
        present: names of the files beside it.
    """
    for name in dict.fromkeys(entry.name for entry in entries if entry.name not in present):
        yield Hit(
            E,
            f"the index names a file that is not there: {name}",
            None,
            expected=name,
            actual="no such file",
            cure="add the file, or take it out of the index",
        )
    for first, second in _overlapping(tuple(entries)):
        code, kind = second.manufacturer_code or 0, second.image_type or 0
        yield Hit(
            W,
            f"one device may be offered both {first.name} and {second.name}",
            None,
            expected="hardware, versions or models that no device has both of",
            actual=f"both are for {code:#06x}/{kind:#06x}",
            cure="narrow the hardware, versions or models of one of them",
        )


def _overlapping(
    entries: tuple[ManifestEntry, ...],
) -> Iterator[tuple[ManifestEntry, ManifestEntry]]:
    rivals: dict[tuple[int | None, ...], list[ManifestEntry]] = {}
    for entry in entries:
        if None in entry.identity:
            continue  # what the file itself has to say
        earlier = rivals.setdefault(entry.identity, [])
        for other in earlier[-MOST_RIVALS:]:
            if _rivals(other, entry):
                yield other, entry
        earlier.append(entry)


def _rivals(one: ManifestEntry, other: ManifestEntry) -> bool:
    """Whether a device may be offered either of two different files."""
    same = one.digest is not None and one[5:7] == other[5:7]
    return not (
        same
        or _disjoint(one.models, other.models)
        or _disjoint(one.makers, other.makers)
        or not _meet(_versions(one), _versions(other))
        or not _meet(_hardware(one), _hardware(other))
    )


def _versions(entry: ManifestEntry) -> tuple[int | None, int | None]:
    return entry.minimum_version, entry.maximum_version


def _hardware(entry: ManifestEntry) -> tuple[int | None, int | None]:
    return entry.minimum_hardware, entry.maximum_hardware


def _meet(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Whether two windows, lowest and highest, have a number in common; None is open."""
    (low, high), (other_low, other_high) = one, other
    top, other_top = (OPEN_END if value is None else value for value in (high, other_high))
    return (low or 0) <= other_top and (other_low or 0) <= top
