"""The files to deploy with: units that systemd reads, with commands that zota has; a container file of a release."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import zota

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "docs" / "examples" / "deploy"
UNITS: Final = sorted(DEPLOY.glob("*.service"))
HARDENED: Final = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "RestrictNamespaces=yes",
    "SystemCallFilter=@system-service",
    "StateDirectoryMode=0700",
    "UMask=0077",
)
VALUES: Final = {"${HEAD_END}": "http://127.0.0.1:1", "${LINK}": "han://", "$OPTIONS": ""}


def settings(unit: Path) -> list[tuple[str, str, str]]:
    """Section, name and value of every line."""
    section, found = "", []
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, (unit.name, line)
            assert re.fullmatch(r"[A-Za-z]+", name), (unit.name, line)
            found.append((section, name, value))
    return found


def test_there_is_a_unit_for_a_server_and_for_gateways() -> None:
    assert [unit.name for unit in UNITS] == ["zota-gateway@.service", "zota-serve.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened_and_ends_for_good_where_a_person_has_to_see_to_it(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert set(HARDENED) <= set(lines)
    assert f"RestartPreventExitStatus={Exit.ERRORS:d}" in lines
    assert {section for section, _, _ in settings(unit)} == {"Unit", "Service", "Install"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_of_a_unit_is_one_that_zota_has(unit: Path, tmp_path: Path) -> None:
    (line,) = [value for _, name, value in settings(unit) if name == "ExecStart"]
    for name, value in VALUES.items():
        line = line.replace(name, value)
    line = line.replace("${CREDENTIALS_DIRECTORY}", str(tmp_path)).replace("%i", "gw-1")
    program, *words = shlex.split(line)
    assert Path(program).name == "zota"
    (tmp_path / "code").write_text("nonsense")
    (tmp_path / "code").chmod(0o600)
    ran = zota(*[word.replace("/var/lib", str(tmp_path)) for word in words])
    assert "Usage:" not in ran.err, ran.err
    assert "there is no fleet here" in ran.err or "the code is none" in ran.err


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_a_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text().replace("/opt/zota/bin/zota", shutil.which("true") or "/bin/true")
    copy = tmp_path / unit.name.replace("@.", "@gw-1.")
    copy.write_text(text)
    ran = subprocess.run(
        ["systemd-analyze", "verify", copy],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert unit.stem not in ran.stderr, ran.stderr


CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")


def test_the_container_is_made_of_a_release_and_runs_as_nobody_of_power() -> None:
    steps = [line.split()[0] for line in CONTAINER.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert steps[:2] == ["ARG", "FROM"]
    assert {"USER", "VOLUME", "ENTRYPOINT", "HEALTHCHECK"} <= set(steps)
    copied = re.findall(r"^COPY (?!--from)(.*) /", CONTAINER, re.MULTILINE)
    assert copied == ["${RELEASE}/"], "of this repository nothing but a release gets in"
    assert "sha256sum --check --strict SHA256SUMS" in CONTAINER
    assert "-c constraints.txt" in CONTAINER
    assert re.findall(r"^USER (.*)$", CONTAINER, re.MULTILINE) == ["zota"]
    assert steps.index("USER") > max(place for place, step in enumerate(steps) if step == "RUN")
    extras = re.search(r"\$\{wheel\}\[([a-z,]+)\]", CONTAINER)
    assert extras is not None
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(f"\n{extra} = [" in project for extra in extras[1].split(","))


def test_every_stage_of_the_container_begins_with_one_pinned_python() -> None:
    assert re.findall(r"^FROM (\S+)", CONTAINER, re.MULTILINE) == ["${PYTHON}", "${PYTHON}"]
    (pinned,) = re.findall(r"^ARG PYTHON=(.*)$", CONTAINER, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+\.\d+-slim-\w+", pinned)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (released,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    assert set(re.findall(r"RELEASE=(\S+)", CONTAINER)) == {f"build/release/{released}"}


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
def test_the_container_is_as_well_as_what_it_serves_says(status: int, well: bool) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    (check,) = re.findall(r"^ CMD (\[.*\])$", CONTAINER, re.MULTILINE)
    words = [sys.executable, *json.loads(check)[1:]]
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/healthz"
            ran = subprocess.run(words, env={"HEALTH": url}, capture_output=True, check=False)
        finally:
            server.shutdown()
            thread.join()
    assert (ran.returncode == 0) is well, ran.stderr
