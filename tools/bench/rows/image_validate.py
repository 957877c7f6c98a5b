"""Validating a folder: against zigpy, over cores, in memory; starting ``zota image inspect``."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from clocks import MEGABYTE, Work, apart, interleaved, peak_memory, processor_seconds
from corpus import corpus
from row import Goal, Measurement, Options, row
from zigpy.ota.image import parse_ota_image
from zigpy.ota.validators import validate_ota_image

from images import ImageError, ImageSpec, build, lint, parse
from images.digests import recognise_integrity
from images.elements import Tag
from images.judging.settings import JudgingSettings
from images.judging.workers import judge_files
from images.repair import strip

RADIO_LIBRARIES = ("zigpy", "bellows", "trio_asyncio", "serial")
STARTS = 7
SMALL = 1000  # octets of a file that costs no time by itself
COMPILED = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # empty: modules are kept compiled
WORK = 6.0  # seconds in one process; starting another takes half of one


@row("validate-folder", unit="files/s", goal=Goal(1.0))
def validate_folder(options: Options) -> Measurement:
    """All rules over a folder, and zigpy's parser with its payload validators over the same files.

    zigpy never looks at an integrity code, so both sides are given the files without that element;
    what checking it costs besides, on the files as they are, stands in the note. AES-MMO chains:
    every block is the next one's key, so that no two of a file's blocks can be worked on at once.

    Each side has a process of its own: zigpy copies a payload several times, and in a heap that
    another's work has left open it does so a quarter faster than in its own.
    """
    files, where = corpus(options)
    coded = [data for _, data in files if has_integrity_code(data)]
    repeats = 1 if options.quick else max(1, 500 // len(files))
    ours, theirs = apart(
        2 if options.quick else 7,
        partial(comparable, options, we_validate, repeats),
        partial(comparable, options, zigpy_validates, repeats),
    )
    whole, their_whole, code = interleaved(
        2,
        partial(partial, each, we_validate, files, 1),
        partial(partial, each, zigpy_validates, files, 1),
        partial(check, coded),
    )
    octets = sum(map(len, coded))
    note = (
        f"{len(files)} {where}; as they are {len(files) / whole:,.0f} files/s, zigpy "
        f"{len(files) / their_whole:,.0f}: {len(coded)} carry an integrity code, whose AES-MMO takes "
        f"{code:.3f} s ({octets / max(code, 1e-9) / MEGABYTE:.1f} MB/s, a chain no one can split)"
    )
    count = len(files) * repeats
    return Measurement(count / ours, count / theirs, note)


def comparable(options: Options, validate: Callable[[str, bytes], None], repeats: int) -> float:
    """Processor seconds of validating all files, none of which has an integrity code."""
    compared = [(name, without_integrity_code(data)) for name, data in corpus(options)[0]]
    return processor_seconds(partial(each, validate, compared, repeats))


@row("validate-cores", unit="files/s", goal=Goal(0.7))
def validate_cores(options: Options) -> Measurement:
    """All cores at work, in real time; the peer is one process times the number of cores."""
    cores = os.cpu_count() or 1
    with folder_of(options) as folder:
        files = sorted(folder.iterdir())
        single = seconds(partial(judge, files, 1))
        paths = files * (1 if options.quick else max(1, round(WORK / single)))
        alone, together = (
            min(seconds(partial(judge, paths, jobs)) for _ in range(2)) for jobs in (1, cores)
        )
    note = f"{len(paths)} files: {alone:.1f} s in one process, {together:.1f} s in {cores}"
    return Measurement(len(paths) / together, cores * len(paths) / alone, note)


@row("validate-memory", unit="MB", goal=Goal(1.1, at_most=True))
def validate_memory(options: Options) -> Measurement:
    """Peak memory of judging a folder, against judging its largest file alone."""
    with folder_of(options) as folder:
        files = sorted(folder.iterdir())
        largest = max(files, key=lambda path: path.stat().st_size)
        judge([largest], 1)
        alone = peak_memory()
        judge(files * (1 if options.quick else max(1, 500 // len(files))), 1)
        everything = peak_memory()
    return Measurement(everything, alone, f"the peer is the largest of {len(files)} files alone")


@contextmanager
def folder_of(options: Options) -> Iterator[Path]:
    """The files measured, each by itself in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        for number, (_, data) in enumerate(corpus(options)[0]):
            (Path(name) / f"{number:04}.ota").write_bytes(data)
        yield Path(name)


def judge(paths: Sequence[Path], jobs: int) -> None:
    """What ``zota image validate`` does with files, but for printing."""
    for _ in judge_files(paths, JudgingSettings(), jobs):
        pass


def seconds(work: Callable[[], object]) -> float:
    """Real time of some work: what several processes save is nothing else."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def has_integrity_code(data: bytes) -> bool:
    """Whether a file carries element 0x0003."""
    try:
        return parse(data).element(Tag.IMAGE_INTEGRITY_CODE) is not None
    except ImageError:
        return False


def without_integrity_code(data: bytes) -> bytes:
    """The file without element 0x0003, or as it is where there is none."""
    return strip(parse(data)) if has_integrity_code(data) else data


def check(files: Sequence[bytes]) -> Work:
    """Prepare checking the integrity codes of files, and nothing else."""
    found = [(image, image.element(Tag.IMAGE_INTEGRITY_CODE)) for image in map(parse, files)]
    pairs = [(image, element) for image, element in found if element is not None]
    return lambda: [recognise_integrity(image, element) for image, element in pairs]


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


@row("startup-inspect", unit="s", goal=Goal(2.2, at_most=True))
def startup_inspect(options: Options) -> Measurement:
    """Processor time of ``zota image inspect`` with a small file; it must load no radio library.

    The peer is a process that imports the two libraries of its command line, and ends. Both find
    their modules compiled, as installed programs do.
    """
    spec = ImageSpec(manufacturer_code=0x121D, image_type=0x0084, file_version=2)
    with tempfile.NamedTemporaryFile(suffix=".ota") as file:
        file.write(build(bytes(SMALL), spec))
        file.flush()
        command = [sys.executable, "-m", "ota_engine", "image", "inspect", file.name]
        bare = [sys.executable, "-c", "import typer, rich"]
        start(command), start(bare)  # compiled once
        spent, least = (
            statistics.median(each)
            for each in zip(
                *((start(command), start(bare)) for _ in range(1 if options.quick else STARTS)),
                strict=True,
            )
        )
        loaded = imported(command)
    wrong = sorted(loaded.intersection(RADIO_LIBRARIES))
    faults = tuple(f"{library} is imported" for library in wrong)
    return Measurement(spent, least, f"{len(loaded)} top-level modules imported", faults)


def start(command: Sequence[str]) -> float:
    """Run a command; processor seconds of its process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=COMPILED)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def imported(command: Sequence[str]) -> set[str]:
    """Names of the top-level modules a command imports."""
    traced = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        capture_output=True,
        text=True,
        check=True,
        env={**COMPILED, "PYTHONIOENCODING": "utf-8"},
    )
    names = (line.rpartition("|")[2].strip() for line in traced.stderr.splitlines())
    return {name.partition(".")[0] for name in names}
