"""``zota serve --workers``: processes that do their share of what is due, on a PostgreSQL server."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from ota_engine.fleet.parties.rows import Party
from ota_engine.store.fleet.book import FleetStore
from tests.cli.fleet import FleetFolder
from tests.cli.test_serve import PATIENT_S, Served, served
from tests.cli.zota import zota
from tests.fleet.databases import FleetDatabases

PARTIES: Final = 8
NOTICES: Final = 40  # for each


@pytest.fixture
def fleet(tmp_path: Path, fleets_on_postgresql: FleetDatabases) -> FleetFolder:
    return FleetFolder(tmp_path, 6)


def said(server: Served, event: str) -> Iterator[dict[str, Any]]:
    """What a server logs of one kind, as it does."""
    assert server.stderr is not None
    for line in server.stderr:
        found = json.loads(line)
        if found["event"] == event:
            yield found


def notices(store: FleetStore) -> list[Notice]:
    with store.reading():
        return [one for one in store.select(Select(Notice)) if one.party.startswith("party-")]


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"


def test_a_fleet_in_a_file_has_one_process(tmp_path: Path) -> None:
    state = FleetFolder(tmp_path, 6).state
    ran = zota("serve", "--state", state, "--http", "127.0.0.1:0", "--workers", 2)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1), ran
    assert "is a file, which one process writes" in ran.err


@pytest.mark.postgresql
def test_a_worker_that_dies_is_started_again_and_none_outlives_its_server(
    fleet: FleetFolder,
) -> None:
    with served(fleet.state, "--workers", "2") as server:
        first = next(said(server, "worker"))["process"]
        os.kill(first, signal.SIGKILL)
        assert f"worker {first} has ended" in next(said(server, "trouble"))["trouble"]
        second = next(said(server, "worker"))["process"]
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENT_S) == Exit.OK
        assert not lives(second)


@pytest.mark.postgresql
@pytest.mark.heavy
def test_a_worker_ends_when_its_server_is_killed(fleet: FleetFolder) -> None:
    with served(fleet.state, "--workers", "2") as server:
        worker = next(said(server, "worker"))["process"]
        server.kill()
        server.wait(PATIENT_S)
        assert server.stderr is not None
        server.stderr.read()  # it has the other end, too: this ends when it does
    assert not lives(worker)


@pytest.mark.postgresql
@pytest.mark.heavy
def test_notices_are_told_once_whoever_brings_them(fleet: FleetFolder) -> None:
    names = [f"party-{number}" for number in range(PARTIES)]
    fleet.put(*(Party(name, name, (), endpoint=f"file:{name}.jsonl") for name in names))
    first = Notice("", "", NoticeKind.HELD, "campaign:c", "it is held", "{}", 1.0)
    fleet.put(
        *(
            replace(first, notice=f"n{number}", party=name)
            for name in names
            for number in range(NOTICES)
        )
    )
    with served(fleet.state, "--workers", "3") as server, closing(fleet.desk().store) as store:
        while any(one.state is not NoticeState.DELIVERED for one in notices(store)):
            time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENT_S) == Exit.OK
    for name in names:
        (file,) = fleet.state.rglob(f"{name}.jsonl")
        told = [json.loads(line)["id"] for line in file.read_text().splitlines()]
        assert sorted(told) == sorted(f"n{number}" for number in range(NOTICES))
