"""What pre-commit and GitHub Actions run of ours: it is there, and does what it promises."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.zota import zota
from tests.images.samples import plain
from tests.images.security_cases import coded
from tests.tools.plain_yaml import load

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash")
(HOOK,) = load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
ACTION = load((ROOT / "action.yml").read_text("utf-8"))
STEPS = ACTION["runs"]["steps"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good image and a truncated one."""
    (tmp_path / "good.ota").write_bytes(coded())
    (tmp_path / "bad.zigbee").write_bytes(plain()[:-5])
    return tmp_path


def test_the_hook_has_what_pre_commit_asks_for() -> None:
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    assert HOOK["language"] == "python"  # installs this package, and with it the command
    assert shlex.split(HOOK["entry"])[0] == "zota"


@pytest.mark.parametrize(("name", "code"), [("good.ota", 0), ("bad.zigbee", 2)])
def test_the_hook_judges_the_files_it_is_given(folder: Path, name: str, code: int) -> None:
    ran = zota(*shlex.split(HOOK["entry"])[1:], folder / name)
    assert ran.code == code
    assert ("ZOTA006" in ran.out) is (code == 2)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.ota", True),
        ("out/B.OTA", True),
        ("c.zigbee", True),
        ("d.ota.signed", True),
        ("e.sbl-ota", True),
        ("ota.py", False),
        ("firmware.bin", False),
    ],
)
def test_the_hook_is_run_for_images_only(name: str, wanted: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is wanted


def test_the_action_is_a_composite_of_named_steps() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS:
        assert ("run" in step) is (step.get("shell") == "bash")
        assert step["name"]


def test_every_input_the_action_uses_is_declared_and_none_is_idle() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(ACTION["inputs"])
    assert all("description" in declared for declared in ACTION["inputs"].values())


def test_no_input_is_pasted_into_a_script() -> None:
    """Whoever may set an input could run commands with the workflow's rights."""
    assert all("${{" not in step.get("run", "") for step in STEPS)


def run_action(folder: Path, **inputs: str) -> tuple[int, dict[str, Any], str]:
    """Run the validating step as a runner does; exit code, SARIF and output variables."""
    (step,) = [step for step in STEPS if step.get("id") == "validate"]
    given = {name: entry.get("default", "") for name, entry in ACTION["inputs"].items()} | inputs
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in step["env"].items()
    }
    command = folder / ".bin" / "zota"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m ota_engine "$@"\n')
    command.chmod(0o755)
    script, outputs = folder / ".step.sh", folder / ".outputs"
    script.write_text(step["run"])
    assert BASH is not None
    done = subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GITHUB_OUTPUT": str(outputs),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads((folder / given["sarif"]).read_text("utf-8"))
    return done.returncode, report, outputs.read_text() + done.stdout


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_the_action_reports_fails_and_says_where_the_report_is(folder: Path) -> None:
    code, report, told = run_action(folder, paths="good.ota\n  bad.zigbee", sarif="out.sarif")
    assert code == 2
    levels = [result["level"] for result in report["runs"][0]["results"]]
    assert levels.count("error") == 1
    assert "sarif=out.sarif" in told
    assert "bad.zigbee" in told and "good.ota" not in told


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_the_action_passes_options_on_and_a_clean_folder(folder: Path) -> None:
    (folder / "bad.zigbee").unlink()
    code, report, _ = run_action(folder, options="--select ZOTA006 --strict")
    assert code == 0
    assert report["runs"][0]["results"] == []


def test_the_documentation_uses_what_is_there() -> None:
    text = (ROOT / "docs" / "image-files.md").read_text("utf-8")
    hooks, workflow = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (repository,) = load(hooks)["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == [HOOK["id"]]
    assert zota("image", "validate", "--help").out.count(repository["hooks"][0]["args"][0])
    (job,) = load(workflow)["jobs"].values()
    (step,) = [one for one in job["steps"] if "/zota@" in one["uses"]]
    assert set(step["with"]) <= set(ACTION["inputs"])
    outputs = re.findall(r"steps\.(\w+)\.outputs\.(\w+)", workflow)
    assert outputs == [(step["id"], name) for name in ACTION["outputs"]]


@pytest.mark.parametrize(
    "text", ["a: {b: c}", 'a: "b"', "a: b: c", "- b", "a: 1\na: 2", "a: 1\n   b: 2", "a: 'b"]
)
def test_the_reader_of_these_files_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(AssertionError):
        load(text)
