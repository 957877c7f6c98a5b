"""The README's ten minutes of a manufacturer: every line as printed, in a fresh folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash")
needs_a_shell = pytest.mark.skipif(
    BASH is None or shutil.which("openssl") is None, reason="no bash or no openssl here"
)


def console_blocks() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split("## Ten minutes for a manufacturer")[1].split("\n## ")[0]
    return re.findall(r"```console\n(.*?)```", section, re.DOTALL)


def commands(block: str) -> list[str]:
    """What stands after the prompts, with the lines that go on."""
    return re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """Nothing but a firmware binary, and the program."""
    (tmp_path / "firmware.bin").write_bytes(bytes(range(250)) * 80)
    program = tmp_path / ".bin" / "zota"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ota_engine "$@"\n')
    program.chmod(0o755)
    return tmp_path


def as_printed(folder: Path, command: str) -> str:
    assert BASH is not None
    path = f"{folder / '.bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@needs_a_shell
def test_every_command_works_as_printed(fresh: Path) -> None:
    for block in console_blocks():
        for command in commands(block):
            out = as_printed(fresh, command)
            promised = block.partition(f"$ {command}\n")[2].split("$ ")[0].splitlines()
            told = [line for line in promised if line.strip(". ")]
            assert [line for line in told if line not in out.splitlines()] == []
    assert (fresh / "ota-server" / "zigpy.json").exists()


def test_the_section_has_the_commands_it_promises() -> None:
    words = [command.split()[:3] for block in console_blocks() for command in commands(block)]
    for wanted in ("build", "validate", "inspect", "verify", "hash"):
        assert ["zota", "image", wanted] in words
