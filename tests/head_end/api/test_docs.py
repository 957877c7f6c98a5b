"""What ``docs/api.md`` prints is run here as it stands, and ends as it says."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import trio

from ota_engine.head_end.api.door import ApiDoor
from ota_engine.head_end.api.hook_courier import signature_of
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.head_end.service_lab import ServiceLab

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
PRINTED = "http://127.0.0.1:8080"
_STATUS = re.compile(r" +# (\d{3})$")


def printed(language: str) -> list[str]:
    """The blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Every command, with the status that it ends with; empty for what says none."""
    for block in printed("console"):
        for line in block.splitlines():
            command = line.removeprefix("$ ")
            status = _STATUS.search(command)
            yield _STATUS.sub("", command), status[1] if status else ""


def script(url: str) -> str:
    """All commands, in one shell; what each curl ended with is in the file ``statuses``."""
    lines = ["set -e"]
    for command, status in commands():
        lines.append(command.replace(PRINTED, url))
        if status:
            lines.append(
                f'test "$(tail -1 statuses)" = {status} || {{ echo {quote(command)}; exit 9; }}'
            )
    return "\n".join(lines)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_every_command_on_the_page_ends_as_it_says(tmp_path: Path) -> None:
    real, shell = shutil.which("curl"), shutil.which("bash")
    assert shell is not None
    wrapper = tmp_path / "bin" / "curl"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!{shell}\nexec {real} -sS -w "%{{stderr}}%{{http_code}}\\n" "$@" 2>> statuses\n'
    )
    wrapper.chmod(0o700)
    path = f"{wrapper.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    with ServiceLab(tmp_path) as lab:
        lab.estate.utc = this_machine()
        lab.campaign("c1")
        lab.opened("olive")
        (tmp_path / "fleet").symlink_to(lab.state)
        async with lab.serving(ApiDoor) as client:
            words = [shell, "-c", script(client.url)]
            done = await trio.run_process(
                words,
                cwd=tmp_path,
                env={**os.environ, "PATH": path, "NO_PROXY": "*"},
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_recipe_for_receivers_tells_genuine_calls_from_others() -> None:
    scope: dict[str, Any] = {}
    exec(printed("python")[0], scope)  # noqa: S102 - the page is ours
    header = signature_of("secret", b'{"a":1}', Utc(1_800_000_000.7))
    assert scope["is_genuine"]("secret", header, b'{"a":1}', 1_800_000_100.0)
    assert not scope["is_genuine"]("other", header, b'{"a":1}', 1_800_000_100.0)
    assert not scope["is_genuine"]("secret", header, b'{"a":2}', 1_800_000_100.0)
    assert not scope["is_genuine"]("secret", header, b'{"a":1}', 1_800_009_000.0)
