"""OTA files to measure with: those of a folder, or built ones of the sizes vendors ship."""

import random
from pathlib import Path

from row import Options

from images import ImageSpec, build

DEFAULT_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "images"
NOT_IMAGES = {".md", ".txt", ".json"}
BUILT_FILES = 40  # when there is no folder of real ones
MEDIAN_SIZE, LARGEST_SIZE = 242_000, 2_100_000  # octets, as measured on 1,350 vendor files


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
