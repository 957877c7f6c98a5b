"""Parsing OTA files against zigpy's parser: not slower, and never failing where it succeeds."""

from collections.abc import Callable, Sequence
from functools import partial

from clocks import interleaved
from corpus import corpus
from row import Goal, Measurement, Options, row
from zigpy.ota.image import parse_ota_image

from images import ImageError, parse


@row("image-parse", unit="files/s", goal=Goal(1.0))
def image_parse(options: Options) -> Measurement:
    """All files of a folder, ours and zigpy's in turn, each file as often as it takes to see it."""
    files, where = corpus(options)
    ours_read = {name for name, data in files if we_read(data)}
    theirs_read = {name for name, data in files if zigpy_reads(data)}
    missed = sorted(theirs_read - ours_read)
    contents = [data for _, data in files]
    repeats = 1 if options.quick else max(1, 2_000 // len(contents))
    ours, theirs = interleaved(
        2 if options.quick else 7,
        partial(partial, read_all, we_read, contents, repeats),
        partial(partial, read_all, zigpy_reads, contents, repeats),
    )
    count = len(contents) * repeats
    note = (
        f"{len(files)} {where}: {len(ours_read)} parsed, {len(theirs_read)} by zigpy, "
        f"{len(missed)} by zigpy alone"
    )
    faults = tuple(f"zigpy parses {name}, we do not" for name in missed)
    return Measurement(count / ours, count / theirs, note, faults)


def we_read(data: bytes) -> bool:
    """Say whether we accept a file; any error but ``ImageError`` is a defect, and not caught."""
    try:
        parse(data)
    except ImageError:
        return False
    return True


def zigpy_reads(data: bytes) -> bool:
    """Say whether zigpy accepts a file."""
    try:
        parse_ota_image(data)
    except Exception:  # noqa: BLE001 - zigpy refuses with whatever broke; refusals are counted
        return False
    return True


def read_all(reads: Callable[[bytes], bool], contents: Sequence[bytes], repeats: int) -> None:
    """Parse every file, over and over; a file that is refused was work too."""
    for _ in range(repeats):
        for data in contents:
            reads(data)
