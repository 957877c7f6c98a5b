"""Ports before they are opened: there or not, ours or not, and one zota at a time."""

import grp
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.port import check_port, how_to_be_let_in, lock_port, seen_ports
from hw.settings import parse_link
from ota_engine.errors import LinkError


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the locks of one test: another one has radios of the same names at the same time."""
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def pseudo_terminal() -> Iterator[str]:
    leader, follower = os.openpty()
    yield os.ttyname(follower)
    os.close(leader)
    os.close(follower)


def test_a_port_that_is_there_passes(pseudo_terminal: str) -> None:
    check_port(parse_link(f"ezsp://{pseudo_terminal}"))


def test_an_address_is_not_looked_for_among_files() -> None:
    check_port(parse_link("ezsp+tcp://127.0.0.1:1"))


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="no such port"):
        check_port(parse_link(f"ezsp://{tmp_path}/gone"))


def test_instead_of_it_those_are_named_that_are_there_also_without_a_name_of_udev(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ttyUSB0").touch()
    monkeypatch.setattr(seen_ports, "__defaults__", (tmp_path,))
    with pytest.raises(
        LinkError, match=f"no such port; there are {tmp_path}/ttyUSB0: name one of these$"
    ):
        check_port(parse_link(f"ezsp://{tmp_path}/gone"))


def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LinkError, match="not a serial port"):
        check_port(parse_link(f"ezsp://{tmp_path}/file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_we_may_not_use_says_how_to_be_let_in(pseudo_terminal: str) -> None:
    Path(pseudo_terminal).chmod(0)
    with pytest.raises(LinkError, match="run: sudo"):
        check_port(parse_link(f"ezsp://{pseudo_terminal}"))


@pytest.mark.parametrize("kind", ["serial", "tcp"])
def test_a_port_is_given_to_one_at_a_time(kind: str, tmp_path: Path) -> None:
    url = "ezsp+tcp://127.0.0.1:17338" if kind == "tcp" else f"ezsp://{tmp_path}/dongle"
    settings = parse_link(url)
    us = f"process {os.getpid()}"
    with lock_port(settings), pytest.raises(LinkError, match=us), lock_port(settings):
        pass
    with lock_port(settings):
        pass


def test_a_lock_leaves_nothing_behind(locks: Path) -> None:
    with lock_port(parse_link("ezsp+tcp://127.0.0.1:17338")):
        assert len(list(locks.iterdir())) == 1
    assert not list(locks.iterdir())


def test_a_port_is_the_same_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(tmp_path / "dongle")
    dongle, alias = (parse_link(f"ezsp://{tmp_path}/{name}") for name in ("dongle", "alias"))
    with lock_port(dongle), pytest.raises(LinkError), lock_port(alias):
        pass


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "[::1]", "0.0.0.0"])  # noqa: S104
def test_this_machine_is_one_radio_by_any_name(host: str) -> None:
    settings, other = (parse_link(f"ezsp+tcp://{name}:17339") for name in ("127.0.0.1", host))
    with lock_port(settings), pytest.raises(LinkError, match="in use"), lock_port(other):
        pass


def test_another_port_of_this_machine_is_another_radio() -> None:
    one, other = (parse_link(f"ezsp+tcp://localhost:{port}") for port in (17340, 17341))
    with lock_port(one), lock_port(other):
        pass


def test_a_port_that_its_group_may_use_names_the_group(tmp_path: Path) -> None:
    port, group = a_port(tmp_path, 0o660)
    said = how_to_be_let_in(port, ())
    assert f"its group {group} may use it" in said
    assert f"usermod -aG {group} $USER" in said


def test_a_port_without_group_permission_names_the_group(tmp_path: Path) -> None:
    port, group = a_port(tmp_path, 0o600)
    said = how_to_be_let_in(port, ())
    assert f"its group {group} may not use it either" in said
    assert f"sudo chmod g+rw {port}" in said


def a_port(folder: Path, mode: int) -> tuple[Path, str]:
    """A file that stands for a port, and a group that is not the superuser's."""
    group = next(group for group in grp.getgrall() if group.gr_gid)
    port = folder / "port"
    port.touch()
    if os.geteuid() == 0:
        os.chown(port, 0, group.gr_gid)
    else:
        group = grp.getgrgid(port.stat().st_gid)
    port.chmod(mode)
    return port, group.gr_name


def test_a_killed_process_leaves_its_port_free(tmp_path: Path) -> None:
    url = f"ezsp://{tmp_path}/dongle"
    program = (
        "import sys, time; from hw.port import lock_port; from hw.settings import parse_link\n"
        "with lock_port(parse_link(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LinkError, match=f"process {holder.pid}"), lock_port(parse_link(url)):
            pass
        holder.kill()
        holder.wait()
    with lock_port(parse_link(url)):
        pass
