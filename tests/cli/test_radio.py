"""zota radio and zota doctor without a radio: every refusal is one line that says what to do."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw import port
from hw.port import lock_port
from hw.settings import parse_link
from ota_engine.cli.exits import Exit
from tests.cli.zota import Ran, zota
from tests.ports import kept_port

OPENING = ["form", "info", "permit"]


def refused(ran: Ran, code: Exit, says: str) -> None:
    assert ran.code == code, ran
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert not ran.out


@pytest.mark.parametrize("command", OPENING)
def test_a_port_that_is_not_there(command: str, tmp_path: Path) -> None:
    link = f"ezsp://{tmp_path}/ttyACM9"
    ran = zota("radio", command, "--link", link, "--state", tmp_path / "state")
    refused(ran, Exit.UNREADABLE, "no such port")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", OPENING)
def test_an_address_where_nothing_listens(command: str, tmp_path: Path) -> None:
    with kept_port() as port:
        link = f"ezsp+tcp://127.0.0.1:{port}"
        ran = zota("radio", command, "--link", link, "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "nothing listens there")


def test_a_file_that_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = zota("radio", "info", "--link", f"ezsp://{tmp_path}/file", "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "not a serial port")


def test_a_port_in_use_by_another_zota(tmp_path: Path) -> None:
    with kept_port() as port, lock_port(parse_link(link := f"ezsp+tcp://127.0.0.1:{port}")):
        ran = zota("radio", "info", "--link", link, "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "in use by another zota")


def test_an_emulated_home_has_no_radio(tmp_path: Path) -> None:
    ran = zota("radio", "info", "--link", "han://", "--state", tmp_path)
    refused(ran, Exit.ERRORS, "has no radio")


@pytest.mark.parametrize("channel", [10, 27])
def test_a_channel_there_is_not(channel: int, tmp_path: Path) -> None:
    link = "ezsp:///dev/ttyACM9"
    ran = zota("radio", "form", "--link", link, "--state", tmp_path, "--channel", channel)
    refused(ran, Exit.ERRORS, "there are 11 to 26")


def test_leaving_has_to_be_meant(tmp_path: Path) -> None:
    ran = zota("radio", "leave", "--link", "ezsp:///dev/ttyACM9", "--state", tmp_path)
    refused(ran, Exit.ERRORS, "--force")


def test_a_device_has_an_eui64(tmp_path: Path) -> None:
    link = "ezsp:///dev/ttyACM9"
    ran = zota("radio", "leave", "--link", link, "--state", tmp_path, "--device", "lamp")
    refused(ran, Exit.ERRORS, "is not an EUI-64")


def test_a_folder_without_a_network_lists_no_devices(tmp_path: Path) -> None:
    ran = zota("radio", "devices", "--link", "ezsp:///dev/ttyACM9", "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "form a network first")


def test_a_damaged_network_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "network.db").write_bytes(b"no database" * 1000)
    ran = zota("radio", "devices", "--link", "ezsp:///dev/ttyACM9", "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "network.db")


def test_the_doctor_names_the_problem_and_the_remedy(tmp_path: Path) -> None:
    ran = zota("doctor", "--link", f"ezsp://{tmp_path}/ttyACM9")
    assert ran.code == Exit.ERRORS
    assert "no such port" in ran.out
    assert "->" in ran.out
    assert not list(tmp_path.iterdir())


def test_the_doctor_says_it_in_json_too(tmp_path: Path) -> None:
    ran = zota("doctor", "--link", f"ezsp://{tmp_path}/ttyACM9", "--json")
    report = json.loads(ran.out)
    assert report["healthy"] is False
    assert report["findings"][-1]["grade"] == "problem"
    assert report["radio"] is None


def test_without_a_link_the_doctor_lists_the_ports_it_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ttyACM0").touch()
    (tmp_path / "ttyS0").touch()
    monkeypatch.setattr(port.seen_ports, "__defaults__", (tmp_path,))
    ran = zota("doctor")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.splitlines() == [
        f"{tmp_path}/ttyACM0: may be used",
        f"    zota doctor --link ezsp://{tmp_path}/ttyACM0",
    ]
    listed = json.loads(zota("doctor", "--json").out)
    assert listed == {"ports": [{"path": f"{tmp_path}/ttyACM0", "obstacle": ""}]}


def test_without_a_port_the_doctor_names_the_virtual_dongle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port.seen_ports, "__defaults__", (tmp_path,))
    refused(zota("doctor"), Exit.ERRORS, "zota ncp --pty")


def test_a_port_is_listed_by_the_name_people_know_and_only_once(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "ttyUSB1").touch()
    by_id = tmp_path / "serial" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-Silicon_Labs").symlink_to(tmp_path / "ttyUSB0")
    paths = [found.path for found in port.seen_ports(tmp_path)]
    assert paths == [str(by_id / "usb-Silicon_Labs"), str(tmp_path / "ttyUSB1")]


def test_a_report_is_written_of_a_radio_that_is_ill_too_and_never_over_a_file(
    tmp_path: Path,
) -> None:
    link, report = f"ezsp://{tmp_path}/ttyACM9", tmp_path / "report.json"
    ran = zota("doctor", "--link", link, "--report", report)
    assert ran.code == Exit.ERRORS
    assert str(report) in ran.err
    told = json.loads(report.read_text())
    assert told["command"] == f"zota doctor --link {link}"
    assert set(told["libraries"]) == {"zigpy", "bellows"}
    assert told["findings"][-1]["grade"] == "problem"
    assert all(finding["seconds"] >= 0 for finding in told["findings"])
    assert (told["healthy"], told["baudrate"]) == (False, 115_200)
    refused(zota("doctor", "--link", link, "--report", report), Exit.ERRORS, "exists already")
    refused(zota("doctor", "--report", report), Exit.ERRORS, "--report goes with --link")


@pytest.mark.parametrize("command", ["info", "permit", "devices"])
def test_a_state_folder_that_remembers_no_link_asks_for_one(command: str, tmp_path: Path) -> None:
    refused(zota("radio", command, "--state", tmp_path), Exit.ERRORS, "give --link URL")


@pytest.mark.parametrize("command", ["info", "permit"])
def test_the_link_that_is_remembered_is_used(command: str, tmp_path: Path) -> None:
    (tmp_path / "link.txt").write_text(f"ezsp://{tmp_path}/ttyACM9\n")
    refused(zota("radio", command, "--state", tmp_path), Exit.UNREADABLE, "ttyACM9: no such port")


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"", b"/dev/ttyACM0\n", b"ezsp://\n"])
def test_a_remembered_link_that_is_none_is_named(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "link.txt").write_bytes(octets)
    refused(zota("radio", "info", "--state", tmp_path), Exit.ERRORS, "link.txt: is no link")


@pytest.fixture
def chatterbox() -> Iterator[int]:
    """Something that listens and speaks, but is no NCP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                peers.append(peer)
                peer.sendall(b"220 mail.example.org ESMTP\r\n")

        peers: list[socket.socket] = []
        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for peer in peers:
            peer.close()


def test_what_is_not_an_ncp_is_told_from_one(chatterbox: int, tmp_path: Path) -> None:
    link = f"ezsp+tcp://127.0.0.1:{chatterbox}"
    ran = zota("radio", "info", "--link", link, "--state", tmp_path)
    refused(ran, Exit.UNREADABLE, "is no Silicon Labs EmberZNet radio")
