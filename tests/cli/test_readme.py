"""The README's ten minutes of each user: every command as printed, on a terminal of 80 columns."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from ota_engine.store.location import place_at, write_place
from tests.capture.shark import malformed
from tests.cli.terminal import Capture, run_on

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
#: These go on in terminals of their own.
SERVERS = (
    "zota ncp",
    "zota receiver listen",
    "zota duis serve",
    "zota duis listen",
    "zota serve",
    "zota gateway run",
)
#: State folders that its commands make.
STATES = ("lab", "gb", "fleet", "gw-1")
BEGIN_WITHIN = 300.0  # seconds for a server to say that it is there
COLUMNS, LINES = 80, 24
ANY_NUMBER = re.compile(r"\b\d{13}\b|\b[0-9a-f]{16}\b")  # a counter, the begin of a digest

needs_a_shell = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("openssl") is None, reason="no bash or no openssl"
)
pytestmark = needs_a_shell


class Step(NamedTuple):
    """A command, and the lines it is said to print."""

    command: str
    promised: list[str]


def steps_of(title: str) -> list[Step]:
    """The commands of a section, in order."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [
        Step(command, [line for line in said.splitlines() if line.strip(" .")])
        for block in BLOCK.findall(section)
        for command, said in COMMAND.findall(block)
    ]


def is_server(step: Step) -> bool:
    return step.command.startswith(SERVERS)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the program alone."""
    folder = tmp_path / "programs"
    folder.mkdir()
    python = folder / "zota"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ota_engine "$@"\n')
    python.chmod(0o755)
    return folder


@pytest.fixture(params=["files", pytest.param("PostgreSQL", marks=pytest.mark.whole)])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder with nothing in it; or with state folders that say of databases on a server."""
    folder = tmp_path / "desk"
    folder.mkdir()
    if request.param == "PostgreSQL":
        url: str = request.getfixturevalue("postgresql_database")
        for state in STATES:
            (folder / state).mkdir()
            write_place(folder / state, place_at(url, state.replace("-", "_")))
    yield folder
    if request.param == "PostgreSQL":
        kept = [path for state in STATES for path in (folder / state).iterdir()]
        assert not [path for path in kept if path.name in ("fleet.sqlite", "zota.db")]


def walk(steps: Sequence[Step], desk: Path, programs: Path) -> Capture:
    """Type the commands into one shell; each has to end well and to print what is promised."""
    script = "set -eo pipefail\n" + "\n".join(step.command for step in steps)
    seen = run_on(COLUMNS, LINES, ["bash", "-c", script], desk, str(programs))
    said = ANY_NUMBER.sub("N", " ".join(" ".join(seen.lines).split()))
    assert seen.code == 0, "\n".join(seen.lines)
    for picture in (seen.lines, *seen.moments):
        assert "…" not in "\n".join(picture)
        assert all(len(line) <= COLUMNS for line in picture)
    for step in steps:
        for line in step.promised:
            wanted = ANY_NUMBER.sub("N", " ".join(line.split()))
            assert wanted in said, f"{step.command}: no {line!r}"
    return seen


@contextmanager
def serving(step: Step, desk: Path, programs: Path) -> Iterator[Path]:
    """A server in a terminal of its own; what it says goes into a file."""
    log = desk.parent / f"{'-'.join(shlex.split(step.command)[1:3])}.log"
    words = shlex.split(step.command)
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [str(programs / words[0]), *words[1:]], cwd=desk, stderr=stream, stdout=stream
        ) as process,
    ):
        try:
            give_up = time.monotonic() + BEGIN_WITHIN
            while "Ctrl-C ends it" not in log.read_text():
                assert process.poll() is None and time.monotonic() < give_up, log.read_text()
                time.sleep(0.1)
            for line in step.promised:
                assert line in log.read_text()
            yield log
        finally:
            process.send_signal(signal.SIGINT)


def walk_with_servers(title: str, desk: Path, programs: Path) -> Capture:
    """What comes before the servers, then they, then the rest."""
    steps = steps_of(title)
    servers = [number for number, step in enumerate(steps) if is_server(step)]
    if servers[0]:
        walk(steps[: servers[0]], desk, programs)
    with ExitStack() as stack:
        for number in servers:
            stack.enter_context(serving(steps[number], desk, programs))
        return walk(steps[servers[-1] + 1 :], desk, programs)


def test_a_manufacturer_walks_from_nothing(desk: Path, programs: Path) -> None:
    steps = steps_of("Ten minutes for a manufacturer")
    words = [step.command.split()[:3] for step in steps]
    for wanted in ("build", "validate", "inspect", "verify", "hash"):
        assert ["zota", "image", wanted] in words
    walk(steps, desk, programs)
    assert (desk / "ota-server" / "zigpy.json").exists()


@pytest.mark.heavy
def test_a_soak_tester_walks(desk: Path, programs: Path) -> None:
    seen = walk(steps_of("Ten minutes for a soak tester"), desk, programs)
    wrong = [line.split()[-1] for line in seen.lines if "wrong image" in line]
    assert wrong == ["0", "0"]
    assert (desk / "soak-report" / "report.html").exists()


@pytest.mark.heavy
@pytest.mark.dongle
def test_a_lab_engineer_walks_with_what_the_manufacturer_made(desk: Path, programs: Path) -> None:
    manufacturer = steps_of("Ten minutes for a manufacturer")
    built = next(i for i, step in enumerate(manufacturer) if "image build" in step.command)
    walk(manufacturer[: built + 1], desk, programs)
    steps = steps_of("Ten minutes for a lab engineer")
    doctor = next(step for step in steps if step.command.startswith("zota doctor"))
    with serving(steps[0], desk, programs):
        ill = run_on(COLUMNS, LINES, ["bash", "-c", doctor.command], desk, str(programs))
        assert ill.code == 2, "no network is formed yet"
        assert "run: zota radio form" in "\n".join(ill.lines)
        rest = [step for step in steps[1:] if step is not doctor]
        seen = walk(rest, desk, programs)
    assert "3 devices: 3 updated" in "\n".join(seen.lines)
    assert not malformed(desk / "push.pcapng")
    summary = json.loads((desk / "evidence" / "summary.json").read_text())
    assert summary["verdict"] == "delivered"


@pytest.mark.heavy
@pytest.mark.dongle
def test_a_supplier_walks_through_activation(desk: Path, programs: Path) -> None:
    seen = walk_with_servers("Ten minutes for activation by GBCS", desk, programs)
    said = "\n".join(seen.lines)
    assert "order 2 is activated; the device runs 0x01010000 by its own signed word" in said
    assert re.search(r"signature .*valid", said)
    (records,) = desk.glob("*.jsonl")
    letters = [json.loads(line) for line in records.read_text().splitlines()]
    orders = [letter["reason"] for letter in letters if letter["kind"] == "order"]
    assert [reason.split(":")[0] for reason in orders] == ["cancelled", "activated"]


@pytest.mark.heavy
def test_an_operator_walks_from_a_rehearsal_to_a_fleet_of_her_own(
    desk: Path, programs: Path
) -> None:
    (desk / "docs").symlink_to(ROOT / "docs")
    seen = walk(steps_of("Ten minutes for an operator"), desk, programs)
    said = " ".join(" ".join(seen.lines).split())
    assert "r3.zip: verifies: campaign-R3, all homes" in said
    assert "theirs.zip: verifies: campaign-R3, the homes of supplier-1" in said
    assert not re.search("NOT verify|refused", said)


@pytest.mark.heavy
@pytest.mark.parametrize("desk", ["PostgreSQL"], indirect=True)
def test_an_operator_walks_the_same_way_on_a_server(desk: Path, programs: Path) -> None:
    test_an_operator_walks_from_a_rehearsal_to_a_fleet_of_her_own(desk, programs)


@pytest.mark.heavy
def test_whoever_runs_gateways_walks_with_the_operators_fleet(desk: Path, programs: Path) -> None:
    operator = steps_of("Ten minutes for an operator")
    begins = next(i for i, step in enumerate(operator) if "estate key" in step.command)
    kept = next(step for step in operator if step.command.startswith("export"))
    steps = [elsewhere(step) for step in steps_of("Ten minutes for whoever runs gateways")]
    serve, run, *rest = (i for i, step in enumerate(steps) if is_server(step))
    assert not rest
    walk([*operator[begins:], *steps[:serve]], desk, programs)
    with serving(steps[serve], desk, programs), serving(steps[run], desk, programs) as gateway:
        until_it_says('"event": "hub"', gateway)
        walk([kept, *steps[run + 1 :]], desk, programs)


def elsewhere(step: Step) -> Step:
    """The same at a port of this test's own: others may listen at the one that is printed."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port = _PORTS.setdefault(8080, tried.getsockname()[1])
    command = step.command.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    if command.startswith("zota serve"):
        command += f" --http 127.0.0.1:{port}"
    return step._replace(command=command)


_PORTS: dict[int, int] = {}


#: What a supplier has read at her listener before she types a command that begins so.
READ_BEFORE = {
    "zota duis make 11.3 $ME --image switch.ota": "01010000 to 00-DB-12-34-00-00-00-03: FileTransfer",
    "zota image build firmware.bin -o later.ota": "success, it runs 01010000",
    "zota duis make 11.3 $ME --image later.ota": "01020000 to 00-DB-12-34-00-00-00-03: FileTransfer",
    "zota duis make 8.2": "alert: success, it runs 01020000",
}


@pytest.mark.heavy
def test_a_supplier_orders_firmware_and_hears_what_becomes_of_it(
    desk: Path, programs: Path
) -> None:
    steps = steps_of("Ten minutes for a supplier")
    serve = next(number for number, step in enumerate(steps) if is_server(step))
    walk(steps[:serve], desk, programs)
    named: list[Step] = []  # variables, which each shell has to be told
    said: list[str] = []
    read = set[str]()
    with (
        serving(steps[serve], desk, programs),
        serving(steps[serve + 1], desk, programs) as listener,
    ):
        for step in steps[serve + 2 :]:
            if re.match("[A-Z]+=", step.command):
                named.append(step)
                continue
            begin = next((one for one in READ_BEFORE if step.command.startswith(one)), "")
            if begin:
                read.add(begin)
                until_it_says(READ_BEFORE[begin], listener)
            said += walk([*named, step], desk, programs).lines
        until_it_says("CS08 response: it runs 01020000", listener)
        heard = listener.read_text()
    assert read == set(READ_BEFORE)
    assert len(re.findall(r"HCALCS +Commissioned +01020000", "\n".join(said))) == 1
    assert len(re.findall(r"PPMID +Commissioned +01010000", "\n".join(said))) == 1
    assert heard.count("alert N60") == heard.count("alert N62") == 3
    assert heard.count("signature valid; its message: signature valid, MAC absent") == 3
    assert "DCC alert N39: 00-DB-12-34-00-00-00-01 runs 01010000" in heard


def until_it_says(text: str, log: Path) -> None:
    """Wait as somebody does who looks at another terminal."""
    give_up = time.monotonic() + BEGIN_WITHIN
    while text not in log.read_text():
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.1)
