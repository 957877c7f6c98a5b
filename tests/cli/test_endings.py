"""How commands end that nobody lets come to their end: by Ctrl-C, or because nobody reads on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from tests.catalogue.samples import ota

LARGE = 500_000  # octets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Enough images for more output than a pipe holds."""
    images = tmp_path / "images"
    images.mkdir()
    for number in range(40):
        (images / f"{number}{'x' * 200}.ota").write_bytes(ota()[:-1])
    return images


def unread(*words: str | Path) -> tuple[int, str]:
    """Run a command whose reader goes away at once; its exit code and complaints."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "ota_engine", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["--help"], ["orders", "--help"], ["--version"]])
def test_help_that_nobody_reads_is_no_warning(words: list[str]) -> None:
    assert unread(*words) == (Exit.UNREAD, "")


@pytest.mark.parametrize("output", ["text", "json"])
def test_findings_that_nobody_reads_are_no_warnings(folder: Path, output: str) -> None:
    code, complaints = unread("image", "validate", folder, "--format", output)
    assert code == Exit.UNREAD
    assert "Traceback" not in complaints


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "large.bin"),  # which takes long, on any machine
        ("push", "image.ota", "--all", "--link", "han://", "--state", "state"),
    ],
    ids=lambda words: words[0],
)
def test_ctrl_c_ends_a_command_with_its_own_code_and_in_words(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "image.ota").write_bytes(ota())
    (tmp_path / "large.bin").write_bytes(bytes(LARGE))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = first + process.stdout.read()
    assert process.returncode == Exit.INTERRUPTED, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(("zota: interrupted", "zota: stopped"))
    assert list(scratch.iterdir()) == []
