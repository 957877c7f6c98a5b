"""Every report says with what, by which command and when it was made, and gives no secret away."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import project_version
from ota_engine.shell import afterwards
from ota_engine.store.store import DATABASE_NAME, Store
from tests.cli.firmware import image_file
from tests.cli.zota import zota

GEHEIM = "geheim-1234"


def assert_made(made: dict[str, Any], command: str, seed: int | None = None) -> None:
    assert made["version"] == project_version()
    assert made["command"].startswith(f"zota {command}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["utc"])
    assert made.get("seed") == seed


def foot(page: Path) -> str:
    found = re.search("<footer>(.*?)</footer>", page.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_evidence_of_a_push_names_its_command_without_the_password_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afterwards, "SEND_LATER_S", 0.1)  # nobody listens there
    state, report = tmp_path / "state", tmp_path / "report"
    told = ("--outcomes-to", f"http://me:{GEHEIM}@127.0.0.1:9/")
    words = ("--link", "sim://", "--state", state, "--all", "--report", report, *told, "--json")
    ran = zota("push", image_file(tmp_path), *words)
    assert ran.code == Exit.OK
    assert_made(json.loads(ran.out)["made"], "push ")
    summary = json.loads((report / "summary.json").read_text())
    assert_made(summary["made"], "push ")
    assert "http://***@127.0.0.1:9/" in summary["made"]["command"]
    assert f"Made by zota {project_version()} on 20" in foot(report / "report.html")
    with Store.inspect(state / DATABASE_NAME) as store:
        assert summary["audit_head"] == store.audit_head().hash
    assert f"audit head: {summary['audit_head']}" in ran.err.splitlines()
    written = [file.read_bytes() for file in (*report.iterdir(), *state.iterdir())]
    assert not [1 for octets in written if GEHEIM.encode() in octets]
    assert GEHEIM not in ran.out + ran.err


def test_each_form_of_a_validation_that_has_a_place_for_it_names_its_command(
    tmp_path: Path,
) -> None:
    image = image_file(tmp_path)
    page = tmp_path / "page.html"
    shown = json.loads(zota("image", "validate", image, "--format", "json").out)
    assert_made(shown["made"], "image validate ")
    page.write_text(zota("image", "validate", image, "--format", "html").out)
    assert "zota image validate" in foot(page)
    (run,) = json.loads(zota("image", "validate", image, "--format", "sarif").out)["runs"]
    assert run["tool"]["driver"]["version"] == project_version()
    assert run["invocations"][0]["commandLine"].startswith("zota image validate ")
    assert run["invocations"][0]["endTimeUtc"].endswith("Z")


def test_the_report_of_a_soak_names_its_command_and_its_seed(tmp_path: Path) -> None:
    report = tmp_path / "report"
    ran = zota("soak", "--devices", 2, "--hours", 1, "--seed", 7, "--report", report, "--json")
    assert ran.code == Exit.OK
    assert_made(json.loads(ran.out)["made"], "soak ", 7)
    assert_made(json.loads((report / "result.json").read_text())["made"], "soak ", 7)
    assert ", seed 7: zota soak " in foot(report / "report.html")
