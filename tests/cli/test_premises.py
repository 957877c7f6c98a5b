"""``zota premises``: a home is told of a change, its displays clear, and the lab engineer sees who knows."""

import json
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import zota

PPMID, IHD = "00-DB-12-34-00-00-00-01", "00-DB-12-34-00-00-00-02"
CLEARED = "cleared"


def noted(journal: Path, kind: str = CLEARED) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


def test_everybody_knows_and_the_displays_clear_at_the_time(tmp_path: Path) -> None:
    journal = tmp_path / "notes.jsonl"
    link = f"sim://?journal={journal}"
    ran = zota(
        *("premises", "tenancy", "--link", link, "--state", tmp_path / "lab"),
        *("--at", "+1h", "--stay", "--timeout", "2h", "--event", "7", "--json"),
    )
    assert ran.code == Exit.OK
    told = json.loads(ran.out)
    assert (told["subject"], told["event"], told["silent"]) == ("tenancy", 7, [])
    assert {"history", "consumer", "contactor-armed", "contactor-on"} == set(told["clears"])
    replies = {one["device"]: one["reply"] for one in told["devices"]}
    assert replies[PPMID] == replies[IHD] == "taken"
    cleared = noted(journal)
    assert {line["device"] for line in cleared} == {PPMID, IHD}
    assert {line["utc"] for line in cleared} == {told["implementation"]}


def test_what_was_announced_is_shown_without_a_radio(tmp_path: Path) -> None:
    state = tmp_path / "lab"
    zota(
        *("premises", "supplier", "--link", "sim://", "--state", state, "--name", "Bright"),
        *("--proposed", "2", "--event", "7", "--clears", "tariff"),
    )
    shown = zota("premises", "show", "--state", state)
    first, *_ = shown.out.splitlines()
    assert first == "change of supplier to Bright, event 7, at once: tariff, supply as it is"
    assert f"{IHD}  acknowledged it" in shown.out
    assert "00-DB-12-34-00-00-00-03  has no part in such changes" in shown.out
    (told,) = json.loads(zota("premises", "show", "--state", state, "--json").out)
    assert (told["name"], told["proposed_provider"]) == ("Bright", 2)


def test_a_change_is_taken_back_before_its_time(tmp_path: Path) -> None:
    journal, state = tmp_path / "notes.jsonl", tmp_path / "lab"
    link = ("--link", f"sim://?journal={journal}", "--state", state)
    assert zota("premises", "tenancy", *link, "--at", "+9h").code == Exit.OK
    taken_back = zota("premises", "cancel", "tenancy", *link)
    assert taken_back.code == Exit.OK
    assert taken_back.out.startswith("change of tenancy, event ")
    assert taken_back.out.splitlines()[0].endswith(": taken back")
    assert noted(journal) == []


def test_displays_with_keys_remember_what_they_were_told_in_the_state_folder(
    tmp_path: Path,
) -> None:
    keys, state = tmp_path / "keys", tmp_path / "lab"
    assert zota("pki", "init", keys).code == Exit.OK
    journal = tmp_path / "notes.jsonl"
    link = ("--link", f"sim://?keys={keys}&journal={journal}", "--state", state)
    told = ("premises", "tenancy", *link, "--event", "7")
    assert [zota(*told).code, zota(*told).code] == [Exit.OK, Exit.OK]
    assert len(noted(journal)) == 2, "each of two displays clears once, not once a command"
    home = json.loads((state / "emulated-home.json").read_text())
    (cleared,) = home["devices"][PPMID]["premises"]["cleared"]
    assert (cleared["subject"], cleared["event"]) == ("tenancy", 7)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--clears", "consumer,everything"), "everything: no such thing to clear; there are "),
        (("--event", "0"), "is older than 7, which devices know of the tenancy: give a higher"),
        (("--at", "2001-01-01T00:00"), "--at has passed: give a later time"),
        (("--device", "00-00-00-00-00-00-00-01"), "is not in this network"),
        (("--provider", "0x100000000"), "cannot be sent"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    words: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    link = ("--link", "sim://", "--state", tmp_path / "lab")
    zota("premises", "tenancy", *link, "--event", "7")
    ran = zota("premises", "tenancy", *link, *words)
    assert ran.code == Exit.ERRORS
    assert complaint in ran.complaints
    assert ran.complaints.count("\n") == 1


def test_a_device_that_is_silent_is_named(tmp_path: Path) -> None:
    roster = tmp_path / "home.toml"
    roster.write_text(
        '[[device]]\nkind = "ihd"\n[[device]]\nkind = "ihd"\nsleepy = true\npoll = 99999.0\n'
        'fast_poll = 99999.0\npremises = "never asks"\n'
    )
    ran = zota(
        *("premises", "tenancy", "--link", f"sim://?devices={roster}"),
        *("--state", tmp_path / "lab", "--timeout", "10m"),
    )
    assert ran.code == Exit.ERRORS
    assert "zota: 00db123400000002: said nothing in time" in ran.complaints
    assert "00db123400000001 acknowledged it" in ran.complaints


def test_a_journal_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    ran = zota(
        *("premises", "tenancy", "--link", f"sim://?journal={tmp_path / 'no' / 'file'}"),
        *("--state", tmp_path / "lab"),
    )
    assert ran.code != Exit.OK
    assert ran.complaints.count("\n") == 1


def test_a_meter_of_a_roster_tells_its_displays_too(tmp_path: Path) -> None:
    roster, journal = tmp_path / "home.toml", tmp_path / "notes.jsonl"
    roster.write_text(
        '[[device]]\nkind = "esme"\n[[device.announces]]\nsubject = "supplier"\nafter = 60.0\n'
        'event = 3\nclears = ["tariff"]\n[[device]]\nkind = "ppmid"\npremises = "polls only"\n'
    )
    link = f"sim://?devices={roster}&journal={journal}"
    ran = zota(
        *("premises", "tenancy", "--link", link, "--state", tmp_path / "lab"),
        *("--at", "+3h", "--stay", "--timeout", "5h", "--event", "7"),
    )
    assert ran.code == Exit.OK
    done = {(line["detail"]["of"], line["detail"]["event"]) for line in noted(journal)}  # type: ignore[index]
    assert done == {("supplier", 3), ("tenancy", 7)}
