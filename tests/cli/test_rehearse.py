"""``zota rehearse``: what it prints, what it exits with, what its report shows and what it keeps."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.kernel.rows import Select
from ota_engine.store.fleet.book import FleetStore
from tests.cli.terminal import zota_on
from tests.cli.test_soak import Page
from tests.cli.zota import Ran, zota

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "hub-campaign.toml"
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/schemas/rehearse.json").read_text("utf-8")))
PROMISED = [
    *("homes", "seed", "phases", "decisions", "notices", "ends_utc", "journal_sha256"),
]
PHASE = [
    *("name", "started_utc", "homes", "reached", "activated", "failed", "waiting", "unreachable"),
    "gate",
]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped example with a pilot of sixty homes."""
    text = EXAMPLE.read_text().replace("homes = 5000", "homes = 60")
    path = tmp_path_factory.mktemp("campaign") / "small.toml"
    path.write_text(text.replace("sample = 200", "sample = 30"))
    return path


def rehearse(campaign: Path, *arguments: str | int | Path) -> Ran:
    return zota("rehearse", campaign, "--homes", 120, "--seed", 3, *arguments)


def test_json_has_the_promised_keys_first_and_nothing_that_its_schema_does_not_name(
    campaign: Path,
) -> None:
    ran = rehearse(campaign, "--json", "--with", "incident@pilot", "--seeds", 2)
    assert ran.code == Exit.OK
    told = json.loads(ran.out)
    assert list(told)[: len(PROMISED)] == PROMISED
    assert not list(SCHEMA.iter_errors(told))
    assert set(PHASE) < set(told["phases"][0])
    assert [phase["gate"] for phase in told["phases"]] == [
        *("pass", "fail", ""),
        *("pass", "pass", "pass"),
    ]
    assert [run["seed"] for run in told["forecast"]["runs"]] == [3, 4]


def test_a_person_reads_phases_end_and_journal(campaign: Path) -> None:
    ran = rehearse(campaign)
    assert ran.code == Exit.OK
    lines = ran.out.splitlines()
    assert lines[0].split()[:4] == ["campaign", "phase", "gate", "homes"]
    assert lines[3].split()[:3] == ["campaign-R2", "pilot", "fail"]
    assert any(line.startswith("last home ends 2027-") for line in lines)
    assert lines[-1].startswith("seed 3, journal ")


def test_at_80_columns_each_phase_stands_below_its_campaign(campaign: Path) -> None:
    shown = zota_on(80, 40, "rehearse", campaign, "--homes", 120, "--seed", 3)
    assert shown.overlong == []
    names = ("campaign-R2", "campaign-R3", "  micro pilot", "  pilot", "  mass")
    told = [line[:13].rstrip() for line in shown.lines if line.startswith(names)]
    assert told == [
        *("campaign-R2", "  micro pilot", "  pilot", "  mass"),
        *("campaign-R3", "  micro pilot", "  pilot", "  mass"),
    ]
    heading = next(line for line in shown.lines if line.startswith("phase"))
    assert heading.split()[-2:] == ["unreachable", "begins"]


def test_a_campaign_that_does_not_come_to_its_end_exits_with_2(campaign: Path) -> None:
    text = campaign.read_text().replace("fails_permille = 200", "fails_permille = 900")
    first, _, rest = text.partition("[[releases]]")
    second, _, last = rest.partition("[[releases]]")
    bad = campaign.with_name("bad.toml")
    bad.write_text(first + "[[releases]]" + second + last[last.index("[policy]") :])
    ran = rehearse(bad)
    assert ran.code == Exit.ERRORS
    assert "the last campaign did not come to its end" in ran.out


@pytest.mark.heavy
def test_the_report_is_one_page_that_fetches_nothing_and_says_what_happened(
    campaign: Path, tmp_path: Path
) -> None:
    ran = rehearse(campaign, "--report", tmp_path / "report", "--with", "cos=5%")
    assert ran.code == Exit.OK
    page = Page()
    page.feed((tmp_path / "report" / "report.html").read_text())
    assert page.fetched == []
    for part in ("Phases", "Gates", "Waiting", "Notices", "Forecast", "Decisions"):
        assert part in page.text
    assert "such a share of homes changes supplier each month" in page.text
    assert "more than 20 of 1000 homes failed" in page.text
    result = json.loads((tmp_path / "report" / "result.json").read_text())
    assert len(result["progress"]) > 50
    lines = (tmp_path / "report" / "journal.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["detail"]["audit_head"] == result["audit_head"]


@pytest.mark.heavy
def test_a_kept_rehearsal_is_a_fleet_whose_trail_verifies(campaign: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert rehearse(campaign, "--state", state).code == Exit.OK
    store = FleetStore.open(state / "fleet.sqlite")
    try:
        assert store.verify_audit() is None
        assert list(store.broken_seals()) == []
        with store.reading():
            assert len(store.select(Select(Campaign))) == 2
    finally:
        store.close()
    again = rehearse(campaign, "--state", state)
    assert again.code == Exit.ERRORS
    assert "there is a fleet here already: give an empty folder" in again.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--with", "rain"), "'rain' is no what-if"),
        (("--with", "incident@lunch"), "name a phase"),
        (("--model", "none.json"), "none.json"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_in_one_line(
    campaign: Path, words: tuple[str, ...], says: str
) -> None:
    ran = rehearse(campaign, *words)
    assert ran.code in (Exit.ERRORS, Exit.UNREADABLE)
    assert says in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("begin =", "start ="), "'start', which means nothing"),
        (("seed", "seed"), ""),
        (("suppliers = 4", "suplliers = 4"), "[estate] has 'suplliers'"),
        (("reach_s = 1800", 'reach_s = "soon"'), "could not convert string to float"),
        (("notice_days = 30", "notice_days = 3"), "3 days of notice are too few"),
    ],
)
def test_a_bad_scenario_is_named_in_one_line(
    campaign: Path, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = tmp_path / "bad.toml"
    text = campaign.read_text().replace(*change)
    if not says:
        text, says = "no toml at all", "correct it there, or take a whole file"
    path.write_text(text)
    ran = rehearse(path)
    assert ran.code == Exit.ERRORS
    assert f"bad.toml: {''}" in ran.err
    assert says in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("cut", [None, 700])
def test_a_scenario_that_is_missing_or_cut_is_one_line_before_any_seed(
    tmp_path: Path, cut: int | None
) -> None:
    path = tmp_path / "cut.toml"
    if cut is not None:
        path.write_text(EXAMPLE.read_text()[:cut])
    ran = zota("rehearse", path)
    assert ran.code == (Exit.UNREADABLE if cut is None else Exit.ERRORS)
    assert ran.err.startswith(f"zota: {path}: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("kept", [True, pytest.param(False, marks=pytest.mark.heavy)])
def test_ctrl_c_leaves_nothing_and_says_how_to_run_it_again(tmp_path: Path, kept: bool) -> None:
    keep = ["--state", str(tmp_path / "kept")] if kept else []
    words = ["rehearse", str(EXAMPLE), "--homes", "5000", *keep]
    ours, theirs = pty.openpty()  # a terminal is told of it ten times as often as a pipe
    said = b""
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(
            [sys.executable, "-m", "ota_engine", *words],
            env={"TMPDIR": str(tmp_path), "COLUMNS": "500", "TERM": "xterm"},
            cwd=ROOT,
            stderr=theirs,
        ) as running,
    ):
        os.close(theirs)
        while b"\r[" not in said:
            said += screen.read(1024)
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # a pseudo-terminal ends with an error
            while piece := screen.read(1024):
                said += piece
    assert running.returncode == Exit.INTERRUPTED
    seed = said.split()[2].decode()
    _, _, again = said.decode().partition("to run it again")
    assert f"zota rehearse {EXAMPLE} --homes 5000 " in again
    assert f"--seed {seed}" in again
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize(
    "named", ["postgresql://zota:tops3cret@host/homes", "postgersql://zota:tops3cret@host/homes"]
)
def test_a_fleet_on_a_server_is_an_estate_by_its_backup_and_its_url_is_not_repeated(
    campaign: Path, tmp_path: Path, named: str
) -> None:
    cure = (
        "give the fleet.sqlite of a state folder; of a fleet on a server zota estate backup, then zota"
        " estate restore without --database, makes one"
    )
    ran = zota("rehearse", campaign, "--estate", named, "--seed", 3)
    assert ran.code == Exit.UNREADABLE
    assert ran.err == f"zota: this is no file: {cure}\n"
    ran = zota("rehearse", campaign, "--estate", tmp_path, "--seed", 3)
    assert ran.err == f"zota: {tmp_path}: there is no such file: {cure}\n"


@pytest.mark.heavy
def test_a_kept_fleet_is_an_estate_to_rehearse_on(campaign: Path, tmp_path: Path) -> None:
    assert rehearse(campaign, "--state", tmp_path / "kept").code == Exit.OK
    later = tmp_path / "later.toml"
    text = campaign.read_text().replace("2027-01-04", "2028-01-04").replace("R2", "R4")
    text = text.replace("0x00020000", "0x00040000").replace("CPL-0002", "CPL-0004")
    later.write_text(text.replace("fails_permille = 200", "fails_permille = 0"))
    database = tmp_path / "kept" / "fleet.sqlite"
    ran = zota("rehearse", later, "--estate", database, "--seed", 3, "--json")
    assert ran.code == Exit.OK, ran.err
    told = json.loads(ran.out)
    assert told["homes"] == 120
    assert [phase["gate"] for phase in told["phases"]] == ["pass", "pass", "pass"]
    both = zota("rehearse", later, "--estate", database, "--homes", 5, "--seed", 3)
    assert both.code == Exit.ERRORS
    assert "give one of them" in both.err
