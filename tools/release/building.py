"""Builds the distributions of a commit twice, unlike in all that must not matter, and compares them.

The second build has another folder, another umask, another time zone and language, and files of another
age. Knows how ``build`` is called, and nothing of what is in a distribution.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from commit import Commit, export
from trouble import ReleaseError

#: Of the caller's environment a build sees these: where programs, the network and certificates are.
KEPT: Final = (
    "HOME",
    "PATH",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
)
KEPT_FAMILIES: Final = ("PIP_", "REQUESTS_")
COMPILED: Final = "ZOTA_COMPILED"  # the variable by which the build compiles the cores
PURE: Final = "-none-any.whl"  # how the name ends of a wheel that is for every machine
LAST_WORDS: Final = 3  # lines of a failed build that are told


class Surroundings(NamedTuple):
    """What a build must not depend on."""

    folder: str
    umask: int
    environment: dict[str, str]
    age: int  # seconds that its files are older than the commit


FIRST: Final = Surroundings(
    "a", 0o022, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}, 0
)
SECOND: Final = Surroundings(
    "another/deeper/b",
    0o077,
    {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "2"},
    86_400,
)


def build_twice(repository: Path, commit: Commit, folder: Path, *, isolated: bool) -> list[Path]:
    """Put a wheel and a source distribution of a commit into a folder.

    Args:
        repository: where the commit is.
        commit: what is built.
        folder: exists, and is empty.
        isolated: with a build backend fetched for it, of the version in ``constraints.txt``; otherwise with
            the one that is installed beside this tool.

    Raises:
        ReleaseError: a build fails, or the two differ.
    """
    made: list[list[Path]] = []
    with tempfile.TemporaryDirectory(prefix="zota-release-") as name:
        for surroundings in (FIRST, SECOND):
            place = Path(name) / surroundings.folder
            with masked(surroundings.umask):
                export(repository, commit, place / "source")
            made.append(_built(place, commit, surroundings, isolated))
        first, second = made
        compare(first, second)
        return [_kept(path, folder) for path in first]


def compare(first: list[Path], second: list[Path]) -> None:
    """Insist that two builds are the same, octet for octet.

    Raises:
        ReleaseError: they are not.
    """
    names = [path.name for path in first]
    if names != [path.name for path in second]:
        raise ReleaseError(f"not reproducible: {names} and {[path.name for path in second]}")
    for one, other in zip(first, second, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ReleaseError(
                f"not reproducible: {one.name} came out otherwise from another folder, umask and "
                "time zone: compare two by diffoscope, and mend the build"
            )


def build_compiled(repository: Path, commit: Commit, folder: Path, *, isolated: bool) -> Path:
    """Put a wheel with compiled cores, for this machine and this Python alone, beside the others.

    It is built once: a compiler's octets depend on the compiler.

    Raises:
        ReleaseError: the build fails, or the commit has no cores that can be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="zota-release-") as name:
        place = Path(name)
        export(repository, commit, place / "source")
        compiled = FIRST._replace(environment={**FIRST.environment, COMPILED: "1"})
        (wheel,) = _built(place, commit, compiled, isolated, "--wheel")
        if wheel.name.endswith(PURE):
            raise ReleaseError(f"{commit.name[:12]} compiles nothing: leave out --compiled")
        return _kept(wheel, folder)


def _built(
    place: Path, commit: Commit, surroundings: Surroundings, isolated: bool, *words: str
) -> list[Path]:
    source, target = place / "source", place / "dist"
    then = commit.epoch - surroundings.age
    for path in source.rglob("*"):
        os.utime(path, (then, then))
    program = [sys.executable, "-m", "build", *words, "--outdir", str(target), str(source)]
    program += [] if isolated else ["--no-isolation"]
    environment = _environment(source, commit, surroundings)
    with masked(surroundings.umask):
        done = subprocess.run(
            program, cwd=place, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-LAST_WORDS:]
        raise ReleaseError(f"the build fails: {' | '.join(said)}")
    return sorted(target.iterdir())


def _environment(source: Path, commit: Commit, surroundings: Surroundings) -> dict[str, str]:
    kept = {
        name: text
        for name, text in os.environ.items()
        if name in KEPT or name.startswith(KEPT_FAMILIES)
    }
    return {
        **kept,
        **surroundings.environment,
        "SOURCE_DATE_EPOCH": str(commit.epoch),
        "PIP_CONSTRAINT": str(source / "constraints.txt"),
    }


@contextmanager
def masked(umask: int) -> Iterator[None]:
    """Make files under this umask meanwhile."""
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def _kept(path: Path, folder: Path) -> Path:
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    return target
