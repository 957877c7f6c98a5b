"""Builds the distribution as its users get it, with the build backend that is installed here."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def built_wheel(folder: Path, source: Path = ROOT) -> Path:
    """Build the wheel of a source tree into a folder, and return it."""
    program = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(program, cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def built_sdist(folder: Path, source: Path = ROOT) -> Path:
    """Build the source distribution of a source tree into a folder, and return it."""
    program = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(program, cwd=source, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    return archive
