"""``zota portal try``: an example estate to look at, founded, served, and gone on with."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulators.demo.portal.people import PEOPLE
from tests.cli.zota import zota

COMMAND = (sys.executable, "-m", "ota_engine", "portal", "try", "--homes", "700")


def started(*words: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    line = [*COMMAND, "--http", "127.0.0.1:0", *map(str, words)]
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def until_it_opens(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("open http://"):
            return lines
    pytest.fail(f"it was not served: {process.stderr and process.stderr.read()}")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    return process.returncode, said


def test_it_says_who_signs_in_with_what_in_a_terminal_of_80_columns_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    process = started(env={"TMPDIR": str(tmp_path), "COLUMNS": "80", "PATH": ""})
    lines = until_it_opens(process)
    assert max(map(len, lines)) <= 80
    told = {line.split()[0]: line.split()[1] for line in lines[3:] if len(line.split()) > 2}
    for one in PEOPLE:
        assert len(told[one.person]) >= 16
    assert any(tmp_path.iterdir())
    assert ended(process) == (130, "zota: founding an estate of 700 homes\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_an_estate_that_was_kept_goes_on_with_new_passwords_and_the_same_homes(
    tmp_path: Path,
) -> None:
    state = tmp_path / "kept"
    first = until_it_opens(process := started("--state", state))
    assert ended(process)[0] == 130
    second = until_it_opens(process := started("--state", state))
    code, said = ended(process)
    assert code == 130
    assert "founding" not in said
    assert set(first[3:10]).isdisjoint(second[3:10])
    shown = zota("campaign", "show", "campaign-R2", "--state", state)
    assert "running" in shown.out
    assert "pilot" in shown.out
    assert zota("serve", "--state", state, "--http", "127.0.0.1:0").code == 2  # it is on trial


def test_a_folder_with_another_fleet_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "fleet.sqlite").write_bytes(b"")
    refused = zota("portal", "try", "--state", tmp_path, "--http", "127.0.0.1:0")
    assert refused.code == 2
    assert "holds no example estate" in refused.err
    assert not (tmp_path / "test-clock.json").exists()


def test_where_its_port_is_taken_it_says_so_before_there_is_an_estate(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = zota("portal", "try", "--state", tmp_path / "new", "--http", f"127.0.0.1:{port}")
    assert refused.code == 3
    assert refused.err == (
        f"zota: 127.0.0.1:{port} cannot be listened at (Address already in use): give another --http\n"
    )
    assert list(tmp_path.iterdir()) == []
