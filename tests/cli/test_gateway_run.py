"""``zota gateway admit`` and ``run`` as those who set up gateways meet them."""

import hashlib
import json
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.shell.gateway_papers import AdmissionCode, GatewayPapers, write_papers
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota

SERVER = "http://127.0.0.1:1"
RUN = ("gateway", "run", "--head-end", SERVER, "--link", "han://")


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    return FleetFolder(tmp_path, 1)


def admitted(fleet: FleetFolder) -> RegisteredGateway:
    from ota_engine.cli.fleet_desk import opened
    from ota_engine.fleet.kernel.rows import Select

    with opened(fleet.state) as desk, desk.store.reading():
        (row,) = desk.store.select(Select(RegisteredGateway))
    assert isinstance(row, RegisteredGateway)
    return row


def test_a_code_is_shown_once_and_the_fleet_keeps_its_digest_alone(fleet: FleetFolder) -> None:
    ran = zota("gateway", "admit", "gw-1", *fleet.by("olive"))
    assert ran.code == Exit.OK, ran.err
    code = AdmissionCode.read(ran.out.splitlines()[0])
    assert code.gateway == "gw-1"
    row = admitted(fleet)
    assert row.code == hashlib.sha256(code.code.encode()).hexdigest()
    assert code.code not in repr(code)
    assert code.code.encode() not in (fleet.state / "fleet.sqlite").read_bytes()


def test_a_code_goes_into_a_file_for_its_owner_alone(fleet: FleetFolder) -> None:
    file = fleet.folder / "code"
    ran = zota("gateway", "admit", "gw-1", "--code-file", file, *fleet.by("olive"))
    assert ran.code == Exit.OK, ran.err
    code = AdmissionCode.read(file.read_text())
    assert code.code not in ran.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert admitted(fleet).code == hashlib.sha256(code.code.encode()).hexdigest()


def test_a_code_is_in_the_answer_for_programs(fleet: FleetFolder) -> None:
    ran = zota("gateway", "admit", "gw-1", "--json", *fleet.by("olive"))
    assert AdmissionCode.read(json.loads(ran.out)["code"]).gateway == "gw-1"


def test_nobody_is_given_a_code_who_may_not_admit(fleet: FleetFolder) -> None:
    ran = zota("gateway", "admit", "gw-1", *fleet.by("sam"))
    assert ran.code == Exit.ERRORS
    assert ran.out == ""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((), "has not registered"),
        (("--code", "no-code"), "the code is none"),
        (("--code", "a:b", "--code-file", "nothing"), "give one of --code and --code-file"),
        (("--http", "nowhere"), "no place to listen"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line(
    tmp_path: Path, more: tuple[str, ...], says: str
) -> None:
    ran = zota(*RUN, "--state", tmp_path / "gw", *more)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_link_in_its_own_time_is_refused(tmp_path: Path) -> None:
    line = ("gateway", "run", "--head-end", SERVER, "--link", "sim://", "--state", tmp_path)
    assert "write han:// without a speed" in zota(*line).err


def test_papers_that_others_can_read_are_refused(tmp_path: Path) -> None:
    write_papers(tmp_path, GatewayPapers("gw-1", "secret-secret-secret"))
    (tmp_path / "head-end.json").chmod(0o644)
    ran = zota(*RUN, "--state", tmp_path)
    assert ran.code == Exit.ERRORS
    assert "others can read it" in ran.err
    assert "secret" not in ran.err
