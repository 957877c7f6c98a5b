"""``zota serve`` as people start and stop it."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import zota
from tests.fleet.databases import place_in
from tests.head_end.service_lab import ServiceLab
from tests.postgresql import PostgresqlServer

PATIENT_S = 120.0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with ServiceLab(tmp_path) as lab:
        return lab.state


class Served(subprocess.Popen[str]):
    """A server in a process of its own."""

    url: str


@contextmanager
def served(state: Path, *words: str) -> Iterator[Served]:
    line = [sys.executable, "-m", "ota_engine", "serve", "--state", str(state)]
    line += ["--http", "127.0.0.1:0", *words]
    server = Served(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        server.url = said.split(" at ")[1].split(";")[0]
        yield server
    finally:
        server.kill()
        server.communicate()


def ended(server: Served, number: signal.Signals) -> int | None:
    """End a server that had nothing to complain of; its exit code."""
    server.send_signal(number)
    code = server.wait(PATIENT_S)
    assert server.stderr is not None
    assert server.stderr.read() == ""
    return code


def test_one_server_at_a_time_and_nobody_else_who_lets_time_pass_until_ctrl_c(state: Path) -> None:
    with served(state) as server:
        with urllib.request.urlopen(f"{server.url}/healthz") as answer:  # noqa: S310 - our own
            assert json.load(answer)["status"] == "well"
        second = zota("serve", "--state", state, "--http", "127.0.0.1:0")
        assert second.code == 3
        assert f"is in use by 'zota serve' (process {server.pid})" in second.err
        for words in (("campaign", "run"), ("campaign", "tick"), ("notices", "deliver")):
            refused = zota(*words, "--state", state)
            assert refused.code == 3
            assert f"'zota serve' (process {server.pid}) runs this fleet" in refused.err
        assert ended(server, signal.SIGINT) == Exit.INTERRUPTED


@pytest.mark.parametrize("option", ["--http", "--duis-http"])
def test_nobody_else_can_reach_a_server_unless_it_is_safe(state: Path, option: str) -> None:
    refused = zota("serve", "--state", state, option, "0.0.0.0:0")
    assert refused.code == 2
    assert "give --tls-cert and --tls-key, or --behind-proxy" in refused.err


def test_a_fleet_on_trial_is_served_by_its_own_calendar_or_not_at_all(state: Path) -> None:
    with served(state, "--test-clock", "1000") as server:
        assert ended(server, signal.SIGTERM) == Exit.OK
    refused = zota("serve", "--state", state, "--http", "127.0.0.1:0")
    assert refused.code == 2
    assert "give --test-clock RATE" in refused.err


@pytest.mark.postgresql
@pytest.mark.usefixtures("fleets_on_postgresql")
def test_a_server_whose_database_went_away_is_well_again_when_it_is_back(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    with ServiceLab(tmp_path) as lab:
        state = lab.state
    name = str(place_in(state)).partition("@/")[2].partition("?")[0]
    gone = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - of our own making

    def word() -> str:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz") as answer:  # noqa: S310 - our own
                return str(json.load(answer)["status"])
        except urllib.error.HTTPError as answer:
            return str(json.load(answer)["status"])

    with served(state) as server:
        assert word() == "well"
        postgresql_server.say(gone)
        while word() != "well":
            time.sleep(0.2)
        accounts = zota("user", "list", "--state", state, "--json")
        assert accounts.code == Exit.OK, accounts.err
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENT_S) == Exit.INTERRUPTED
        assert server.stderr is not None
        for line in server.stderr.read().splitlines():
            assert "out of reach" in json.loads(line)["trouble"]
