"""Hosts fetched from their registries into build/, once; what cannot be had is skipped with a reason."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.page import ROOT

FETCHED = ROOT / "build" / "hosts"
PATIENCE = 900.0  # seconds to fetch a host


def node_host(*packages: str) -> Path:
    """Fetch npm packages, each ``name@version``; returns the folder with their node_modules."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} at hand")
    folder = FETCHED / packages[0]
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages, at=folder)
        (folder / "complete").touch()
    return folder


def python_host(*packages: str, at_least: tuple[int, int]) -> Path:
    """Fetch PyPI packages, each ``name==version``, into an environment; returns its interpreter."""
    python = _python(at_least)
    if python is None:
        pytest.skip(f"no Python {at_least[0]}.{at_least[1]} or newer at hand")
    folder = FETCHED / packages[0]
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        _run(python, "-m", "venv", "--clear", str(folder), at=ROOT)
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *packages, at=ROOT)
        (folder / "complete").touch()
    return interpreter


def _python(at_least: tuple[int, int]) -> str | None:
    """An interpreter that is new enough: ours, one on the path, or one of pyenv's."""
    if sys.version_info >= at_least:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(at_least[1], at_least[1] + 8)]
    found = [path for name in names if (path := shutil.which(name)) is not None]
    found += map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")))
    check = f"import sys, venv; sys.exit(sys.version_info < {at_least})"
    for path in found:
        if subprocess.run([path, "-c", check], capture_output=True, check=False).returncode == 0:
            return path
    return None


def _run(*argv: str, at: Path) -> None:
    ran = subprocess.run(
        argv, cwd=at, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if ran.returncode:
        last = (ran.stderr.strip() or ran.stdout.strip() or "no word").splitlines()[-1]
        pytest.skip(f"{argv[0]} could not fetch {argv[-1]}: {last}")
