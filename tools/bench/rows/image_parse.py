"""Parsing OTA files against zigpy's parser: not slower, and never failing where it succeeds."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from clocks import interleaved
from row import Figure, Goal, Measurement, Options, row
from zigpy.ota.image import parse_ota_image

from images import ImageError, ImageSpec, build, parse

DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "images"
NOT_IMAGES = {".md", ".txt", ".json"}
BUILT_FILES = 40  # when there is no folder of real ones
MEDIAN_SIZE, LARGEST_SIZE = 242_000, 2_100_000  # octets, as measured on 1,350 vendor files


@row("image-parse", unit="files/s", goal=Goal(Figure.RATIO, 1.0))
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


def corpus(options: Options) -> tuple[list[tuple[str, bytes]], str]:
    """Read the folder asked for, or the default one; build images where neither is there."""
    folder = options.images or (DEFAULT_FOLDER if DEFAULT_FOLDER.is_dir() else None)
    if folder is None or (options.quick and options.images is None):
        return built(options), "built images"
    found = [
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in NOT_IMAGES
    ]
    if not found:
        raise SystemExit(f"bench: {folder} holds no OTA file: name another folder with --images")
    return found, f"files of {folder.name}/"


def built(options: Options) -> list[tuple[str, bytes]]:
    """Build files of the sizes and shapes vendors ship: one element, some with more."""
    draw = random.Random(options.seed)
    files = []
    for number in range(4 if options.quick else BUILT_FILES):
        size = min(LARGEST_SIZE, int(draw.lognormvariate(0, 0.8) * MEDIAN_SIZE))
        spec = ImageSpec(
            manufacturer_code=0x121D,
            image_type=number,
            file_version=0x01020304,
            header_string=f"bench {number}",
            minimum_hardware_version=0 if number % 3 == 0 else None,
            maximum_hardware_version=0xFF if number % 3 == 0 else None,
            elements=((0xF000, draw.randbytes(160)),) if number % 5 == 0 else (),
            integrity=number % 10 == 0,
        )
        files.append((f"built-{number}", build(draw.randbytes(size), spec)))
    return files


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
