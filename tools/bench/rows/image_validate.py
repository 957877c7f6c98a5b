"""Validating a folder against zigpy's parser and validators; starting ``zota image inspect``."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from clocks import interleaved
from corpus import corpus
from row import Figure, Goal, Measurement, Options, row
from zigpy.ota.image import parse_ota_image
from zigpy.ota.validators import validate_ota_image

from images import ImageError, lint, parse
from images.elements import Tag

RADIO_LIBRARIES = ("zigpy", "bellows", "trio_asyncio", "serial")
STARTS = 7


@row("validate-folder", unit="files/s", goal=Goal(Figure.RATIO, 1.0))
def validate_folder(options: Options) -> Measurement:
    """All rules over a folder, and zigpy's parser with its payload validators over the same files.

    zigpy never computes an integrity code, which takes longer than all other rules together: files
    that carry one are timed apart, and the note says what they cost.
    """
    files, where = corpus(options)
    plain = [(name, data) for name, data in files if not has_integrity_code(data)]
    coded = [(name, data) for name, data in files if has_integrity_code(data)]
    repeats = 1 if options.quick else max(1, 500 // len(files))
    ours, theirs = interleaved(
        2 if options.quick else 7,
        partial(partial, each, we_validate, plain, repeats),
        partial(partial, each, zigpy_validates, plain, repeats),
    )
    (slow,) = interleaved(1, partial(partial, each, we_validate, coded, 1))
    count = len(plain) * repeats
    note = f"{len(plain)} {where}; {len(coded)} more with integrity code: {slow:.3f} s of AES-MMO"
    return Measurement(count / ours, count / theirs, note)


def has_integrity_code(data: bytes) -> bool:
    """Whether a file carries element 0x0003."""
    try:
        return parse(data).element(Tag.IMAGE_INTEGRITY_CODE) is not None
    except ImageError:
        return False


def we_validate(name: str, data: bytes) -> None:
    """Judge a file by every rule."""
    lint(data, name=name)


def zigpy_validates(name: str, data: bytes) -> None:
    """Parse a file and check its payloads, as zigpy does before it offers it."""
    with suppress(Exception):  # refusals are work too; image-parse counts them
        validate_ota_image(parse_ota_image(data)[0])


def each(
    validate: Callable[[str, bytes], None], files: Sequence[tuple[str, bytes]], repeats: int
) -> None:
    """Validate every file, over and over."""
    for _ in range(repeats):
        for name, data in files:
            validate(name, data)


@row("startup-inspect", unit="s", goal=Goal(Figure.VALUE, 0.25, at_most=True))
def startup_inspect(options: Options) -> Measurement:
    """Processor time of a whole ``zota image inspect`` process, which must load no radio library."""
    _, data = corpus(options)[0][0]
    with tempfile.NamedTemporaryFile(suffix=".ota") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "ota_engine", "image", "inspect", file.name]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # compiled once
        spent = min(start(command) for _ in range(1 if options.quick else STARTS))
        loaded = imported(command)
    wrong = sorted(loaded.intersection(RADIO_LIBRARIES))
    faults = tuple(f"{library} is imported" for library in wrong)
    return Measurement(spent, None, f"{len(loaded)} top-level modules imported", faults)


def start(command: Sequence[str]) -> float:
    """Run a command; processor seconds of its process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def imported(command: Sequence[str]) -> set[str]:
    """Names of the top-level modules a command imports."""
    traced = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    names = (line.rpartition("|")[2].strip() for line in traced.stderr.splitlines())
    return {name.partition(".")[0] for name in names}
