"""The README's ten minutes for activation, every command of it as printed, in a fresh folder."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
SECTION = re.compile(r"^## Ten minutes for activation by GBCS$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```console$(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)", re.MULTILINE)
SERVERS = ("zota ncp", "zota receiver listen")  # go on in terminals of their own
BEGIN_WITHIN = 300.0  # seconds for a server to say that it is there


def commands() -> list[str]:
    section = SECTION.search(README.read_text())
    assert section is not None
    blocks = BLOCK.findall(section.group(1))
    return [command for block in blocks for command in COMMAND.findall(block)]


def environment() -> dict[str, str]:
    """Where ``zota`` is that of the interpreter that runs the tests."""
    beside = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def serving(command: str, folder: Path) -> Iterator[None]:
    log = folder / f"{shlex.split(command)[1]}.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            shlex.split(command), cwd=folder, env=environment(), stderr=stream, stdout=stream
        ) as process,
    ):
        try:
            give_up = time.monotonic() + BEGIN_WITHIN
            while "Ctrl-C ends it" not in log.read_text():
                assert process.poll() is None and time.monotonic() < give_up, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)


@pytest.mark.soak
def test_every_command_works_as_printed(tmp_path: Path) -> None:
    found = commands()
    servers = [command for command in found if command.startswith(SERVERS)]
    rest = [command for command in found if command not in servers]
    first = rest.index(next(command for command in rest if command.startswith("zota radio")))
    assert (len(servers), first) == (2, 3)

    def walk(steps: list[str]) -> str:
        script = "set -eo pipefail\n" + "\n".join(steps)
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    walk(rest[:first])
    with serving(servers[0], tmp_path), serving(servers[1], tmp_path):
        said = walk(rest[first:])
    assert "order 2 is activated; the device runs 0x01010000 by its own signed word" in said
    assert re.search(r"signature .*valid", said)
    letters = [json.loads(line) for line in (tmp_path / "receiver.jsonl").read_text().splitlines()]
    orders = [letter["reason"] for letter in letters if letter["kind"] == "order"]
    assert [reason.split(":")[0] for reason in orders] == ["cancelled", "activated"]
