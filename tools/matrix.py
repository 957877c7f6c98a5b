"""Run the tests under every supported Python that is at hand, and say which are not: ``python tools/matrix.py``.

    python tools/matrix.py                            # what `make test` runs, once for each
    python tools/matrix.py --only 3.13 tests/images   # one of them, some tests
    python tools/matrix.py --list                     # what is at hand

Each gets an environment of its own in ``build/matrix``, with the versions of ``constraints.txt``. Looks on the
path and where pyenv and uv keep interpreters; knows how tests are run, and nothing of what they are about.
Exit code 0: whatever was at hand passed; 1: something did not; 2: a wrong call.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = REPOSITORY / "build" / "matrix"
VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
ABSENT: Final = "not at hand"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one Python.

    Attributes:
        version: that is supported, ``3.12``.
        python: the one found, as it says itself; empty where none was.
        verdict: ``passed``, ``failed``, ``not set up`` or ``not at hand``.
        told: the last line of the tests, or why there is none.
        seconds: that it took.
    """

    version: str
    python: str
    verdict: str
    told: str = ""
    seconds: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try each, write what was seen beside the environments, and print it."""
    choice = _parser().parse_args(arguments)
    wanted = tuple(choice.only or VERSIONS)
    if strange := sorted(set(wanted) - set(VERSIONS)):
        print(f"matrix: {strange[0]} is not supported: there are {', '.join(VERSIONS)}")
        return 2
    rows = []
    for version in wanted:
        path = found(version)
        if path is None:
            rows.append(Seen(version, "", ABSENT))
        elif choice.list:
            rows.append(Seen(version, _says(path), "at hand", str(path)))
        else:
            rows.append(tried(version, path, choice.folder, choice.tests))
        print(line(rows[-1]), flush=True)
    if not choice.list:
        choice.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(row) for row in rows], indent=2) + "\n"
        (choice.folder / "seen.json").write_text(text, "utf-8")
    return 1 if any(row.verdict in ("failed", "not set up") for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    usage = argparse.ArgumentParser(
        prog="python tools/matrix.py", description=(__doc__ or "").splitlines()[0]
    )
    usage.add_argument("tests", nargs="*", help="words for pytest; none: the default tier")
    usage.add_argument("--only", action="append", metavar="VERSION", help=", ".join(VERSIONS))
    usage.add_argument("--list", action="store_true", help="only say what is at hand")
    usage.add_argument("--folder", type=Path, default=FOLDER, help="for the environments")
    return usage


def line(row: Seen) -> str:
    """A row for people."""
    took = f"{row.seconds} s" if row.seconds else ""
    return f"{row.version:5} {row.python or '-':9} {row.verdict:12} {took:>7}  {row.told}".rstrip()


def found(version: str) -> Path | None:
    """Find an interpreter that says that it is this version."""
    for path in _places(version):
        if path.is_file() and os.access(path, os.X_OK) and _says(path).startswith(f"{version}."):
            return path
    return None


def _places(version: str) -> Iterator[Path]:
    if (named := shutil.which(f"python{version}")) is not None:
        yield Path(named)
    homes = [
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python")),
    ]
    for home in homes:
        pattern = re.compile(rf"(cpython-)?{re.escape(version)}(\.|$|-)")
        for folder in sorted(home.glob("*"), reverse=True):
            if pattern.match(folder.name):
                yield folder / "bin" / "python3"


def _says(path: Path) -> str:
    """The version that an interpreter says it has; empty where it does not start."""
    code, told = _ran([path, "-c", "import platform; print(platform.python_version())"])
    return "" if code else told[-1].strip()


def tried(version: str, path: Path, folder: Path, tests: Sequence[str]) -> Seen:
    """Set up an environment, once, and run the tests in it."""
    begun = time.monotonic()
    says = _says(path)
    place = folder / version
    python = place / "bin" / "python"
    if not (place / ".ready").exists() or _says(python) != says:
        shutil.rmtree(place, ignore_errors=True)
        for program in _setting_up(path, place, python):
            code, told = _ran(program)
            if code:
                return Seen(version, says, "not set up", told[-1], _since(begun))
        (place / ".ready").touch()
    program = [python, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    code, told = _ran(program)
    (folder / f"{version}.log").write_text("\n".join(told) + "\n", "utf-8")
    return Seen(version, says, "failed" if code else "passed", told[-1].strip("= "), _since(begun))


def _ran(program: Sequence[str | Path]) -> tuple[int, list[str]]:
    """Run a program of an environment: its exit code, and what it said, a line at least."""
    words = [str(word) for word in program]
    try:
        done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    except OSError as error:
        return 1, [f"{words[0]}: {error.strerror}"]
    return done.returncode, (done.stderr + done.stdout).strip().splitlines() or ["no word"]


def _setting_up(path: Path, place: Path, python: Path) -> list[list[str | Path]]:
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-c", "constraints.txt"]
    return [[path, "-m", "venv", place], [*pip, "-e", ".[all]"]]


def _since(begun: float) -> int:
    return max(1, round(time.monotonic() - begun))


if __name__ == "__main__":
    sys.exit(main())
