"""Every supported Python is looked for, and what is not at hand is said to be so."""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools.wheel import ROOT


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("matrix")


def interpreter(path: Path, version: str) -> None:
    """Something that says, as an interpreter does, which version it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which there is no Python yet."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return tmp_path


def test_interpreters_are_found_on_the_path_of_pyenv_and_of_uv(tool: Any, nowhere: Path) -> None:
    interpreter(nowhere / "bin" / "python3.11", "3.11.2")
    interpreter(nowhere / "pyenv" / "versions" / "3.12.1" / "bin" / "python3", "3.12.1")
    interpreter(nowhere / "uv" / "cpython-3.13.0-linux-x86_64-gnu" / "bin" / "python3", "3.13.0")
    interpreter(nowhere / "pyenv" / "versions" / "3.1" / "bin" / "python3", "3.1.4")
    assert tool.found("3.11") == nowhere / "bin" / "python3.11"
    assert tool.found("3.12") == nowhere / "pyenv/versions/3.12.1/bin/python3"
    assert tool.found("3.13") == nowhere / "uv/cpython-3.13.0-linux-x86_64-gnu/bin/python3"
    assert tool.found("3.14") is None


def test_what_says_that_it_is_another_version_is_not_taken(tool: Any, nowhere: Path) -> None:
    interpreter(nowhere / "bin" / "python3.13", "3.12.9")
    assert tool.found("3.13") is None


def test_what_is_not_at_hand_is_said_and_is_no_failure(
    tool: Any, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--only", "3.14", "--folder", str(nowhere / "out")]) == 0
    assert "3.14  -         not at hand" in capsys.readouterr().out
    assert '"verdict": "not at hand"' in (nowhere / "out" / "seen.json").read_text("utf-8")


def test_an_environment_that_cannot_be_set_up_is_a_failure_in_one_line(
    tool: Any, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interpreter(nowhere / "bin" / "python3.14", "3.14.0")
    assert tool.main(["--only", "3.14", "--folder", str(nowhere / "out")]) == 1
    assert "not set up" in capsys.readouterr().out


def test_a_version_that_is_not_supported_is_a_wrong_call(tool: Any) -> None:
    assert tool.main(["--only", "3.9"]) == 2


def test_what_is_looked_for_is_what_the_package_and_the_page_name(tool: Any) -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)", project)
    page = (ROOT / "docs" / "support.md").read_text("utf-8")
    assert set(named) <= set(tool.VERSIONS)
    for version in tool.VERSIONS:
        assert version in page
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in tool.VERSIONS
