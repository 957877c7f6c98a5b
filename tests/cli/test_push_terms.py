"""Pushing from a catalogue: an image goes only to whom it is released for, and says so."""

import hashlib
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from images import ImageSpec, build
from ota_engine.cli.columns import Room
from ota_engine.records import Term
from ota_engine.store.store import Store
from tests.cli.zota import Ran, zota

ROOT = Path(__file__).parents[2]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/schemas/push.json").read_text("utf-8")))
CODE, KIND, OLD, NEW = 0x1234, 0x0001, 6, 8
NAME = f"{CODE:04X}-{KIND:04X}-{NEW:08X}"
LAMP, SHADE = "00-DB-12-34-00-00-00-01", "00-DB-12-34-00-00-00-02"
ROSTER = "".join(
    f"[[device]]\nkind = 'ihd'\nname = '{model}'\nmodel = '{model}'\nmaker = 'Lights'\n"
    f"manufacturer = {CODE}\nimage_type = {KIND}\nversion = {OLD}\nhardware = 3\ntimers = 'lab'\n"
    for model in ("LAMP-1", "SHADE-2")
)


def firmware(
    folder: Path,
    version: int = NEW,
    kind: int = KIND,
    name: str = "a.ota",
    octets: int = 800,
) -> Path:
    spec = ImageSpec(manufacturer_code=CODE, image_type=kind, file_version=version, integrity=True)
    path = folder / name
    path.write_bytes(build(Random(version).randbytes(octets), spec))
    return path


def listed(folder: Path, *terms: str, file: Path | None = None, approved: bool = True) -> Path:
    """Put a file into the catalogue; returns its folder."""
    catalogue = folder / "released"
    path = file or firmware(folder)
    where = ("--catalogue", catalogue)
    added = zota("catalogue", "add", path, *where, *terms, "--override", "a test")
    assert added.code == 0, added.err
    if approved:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert zota("catalogue", "approve", digest, *where).code == 0
    return catalogue


def push(folder: Path, *arguments: str | Path, roster: str = ROSTER) -> Ran:
    devices = folder / "devices.toml"
    devices.write_text(roster)
    link = f"sim://?devices={devices}"
    return zota("push", *arguments, "--link", link, "--state", folder / "state")


def told(result: Ran) -> dict[str, dict[str, Any]]:
    """The devices of a report by their EUI-64, the report held against its schema."""
    report = json.loads(result.out)
    SCHEMA.validate(report)
    return {device["device"]: device for device in report["devices"]}


def verdicts(result: Ran) -> dict[str, str]:
    return {device: row["verdict"] for device, row in told(result).items()}


def test_of_two_models_with_one_identity_one_is_updated_and_one_passed_over(tmp_path: Path) -> None:
    released = listed(tmp_path, "--model", "LAMP-1")
    result = push(tmp_path, NAME, "--catalogue", released, "--all", "--json")
    assert result.code == 0, result.err
    assert verdicts(result) == {LAMP: "updated", SHADE: "passed over"}
    assert "'SHADE-2'" in told(result)[SHADE]["reason"]
    assert told(result)[SHADE]["blocks"] == 0


def test_a_plain_file_that_the_catalogue_lists_has_its_terms(tmp_path: Path) -> None:
    released = listed(tmp_path, "--maker", "Somebody Else")
    copy = firmware(tmp_path, name="renamed.bin")
    result = push(tmp_path, copy, "--catalogue", released, "--device", LAMP, "--json")
    assert (result.code, verdicts(result)) == (2, {LAMP: "refused"})
    assert "its manufacturer name is 'Lights'" in told(result)[LAMP]["reason"]


def test_a_file_that_no_catalogue_lists_goes_to_both(tmp_path: Path) -> None:
    result = push(tmp_path, firmware(tmp_path), "--all", "--json")
    assert set(verdicts(result).values()) == {"updated"}


def test_the_terms_are_kept_with_the_image_when_a_later_push_names_no_catalogue(
    tmp_path: Path,
) -> None:
    released = listed(tmp_path, "--model", "LAMP-1")
    push(tmp_path, NAME, "--catalogue", released, "--device", LAMP, "--json")
    result = push(tmp_path, tmp_path / "a.ota", "--device", SHADE, "--json")
    assert verdicts(result) == {SHADE: "refused"}


def test_without_a_name_all_that_is_approved_is_pushed(tmp_path: Path) -> None:
    listed(tmp_path, "--model", "LAMP-1")
    other = firmware(tmp_path, NEW + 1, name="b.ota")
    listed(tmp_path, "--model", "SHADE-2", file=other)
    draft = firmware(tmp_path, NEW + 2, name="c.ota")
    released = listed(tmp_path, file=draft, approved=False)
    result = push(tmp_path, "--catalogue", released, "--all", "--json")
    rows = told(result)
    assert (rows[LAMP]["version_after"], rows[SHADE]["version_after"]) == (
        f"0x{NEW:08X}",
        f"0x{NEW + 1:08X}",
    )


def test_a_firmware_goes_step_by_step_where_the_base_versions_say_so(tmp_path: Path) -> None:
    listed(tmp_path, "--from", str(OLD))
    last = firmware(tmp_path, NEW + 1, name="b.ota")
    released = listed(tmp_path, "--from", str(NEW), file=last)
    result = push(tmp_path, "--catalogue", released, "--device", LAMP, "--json")
    assert verdicts(result) == {LAMP: "updated"}
    assert told(result)[LAMP]["version_after"] == f"0x{NEW + 1:08X}"
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        reached = [one.version_after for one in store.outcomes() if one.kind == "activation"]
    assert reached == [NEW, NEW + 1]


@pytest.mark.parametrize(
    ("terms", "override", "says"),
    [
        (("--model", "X"), "model=tried by hand", "the image is for X"),
        (("--maker", "X"), "maker=tried by hand", "the image is for X"),
        (("--from", "5"), "base=tried by hand", "applied to 0x00000005"),
        (("--hw-min", "4", "--hw-max", "9"), "hardware=tried by hand", "hardware 0x0003"),
    ],
)
def test_a_term_refuses_until_it_is_overridden_with_a_reason_that_is_audited(
    tmp_path: Path, terms: tuple[str, ...], override: str, says: str
) -> None:
    released = listed(tmp_path, *terms)
    words = (NAME, "--catalogue", released, "--device", LAMP, "--json")
    refused = push(tmp_path, *words)
    assert verdicts(refused) == {LAMP: "refused"}
    assert says in told(refused)[LAMP]["reason"]
    result = push(tmp_path, *words, "--override", override)
    assert verdicts(result) == {LAMP: "updated"}
    term, _, reason = override.partition("=")
    assert json.loads(result.out)["overrides"] == [{"term": term, "reason": reason}]
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        rows = [row.record for row in store.audit_rows()]
        assert [wish.waived for wish in store.load().assignments] == [(Term(term),)]
    (audited,) = (row for row in rows if row.action == "override term")
    assert json.loads(audited.detail) == {"term": term, "reason": reason}


def test_what_is_not_approved_is_refused_before_any_radio_is_opened(tmp_path: Path) -> None:
    released = listed(tmp_path, approved=False)
    where = ("--catalogue", released)
    words = (*where, "--all", "--link", "ezsp:///dev/there-is-none", "--state", tmp_path / "s")
    for named in (NAME, tmp_path / "a.ota"):
        draft = zota("push", named, *words)
        assert (draft.code, "is a draft" in draft.err) == (2, True)
        assert len(draft.err.splitlines()) == 1
    zota("catalogue", "approve", NAME, *where)
    zota("catalogue", "withdraw", NAME, *where, "--reason", "it bricks")
    withdrawn = zota("push", NAME, *words)
    assert (withdrawn.code, "was withdrawn" in withdrawn.err) == (2, True)


def test_somebody_may_answer_for_a_draft(tmp_path: Path) -> None:
    released = listed(tmp_path, approved=False)
    words = (NAME, "--catalogue", released, "--device", LAMP, "--json")
    result = push(tmp_path, *words, "--override", "status=the release is tried on it")
    assert verdicts(result) == {LAMP: "updated"}
    assert json.loads(result.out)["images"][0]["status"] == "draft"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--override", "colour=blue"), "is no term"),
        (("--override", "model="), "it is kept"),
        (("--override", "model"), "it is kept"),
    ],
)
def test_an_override_names_a_term_and_says_why(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = push(tmp_path, firmware(tmp_path), "--all", *arguments)
    assert result.code == 2
    assert says in result.err


def test_a_name_that_the_catalogue_does_not_know_is_refused_in_one_line(tmp_path: Path) -> None:
    released = listed(tmp_path)
    result = push(tmp_path, "FFFF-0000-00000001", "--catalogue", released, "--all")
    assert (result.code, "not in the catalogue" in result.err) == (2, True)
    assert len(result.err.splitlines()) == 1


def test_a_catalogue_that_is_none_is_refused(tmp_path: Path) -> None:
    result = push(tmp_path, NAME, "--catalogue", tmp_path / "nowhere", "--all")
    assert (result.code, "no catalogue here" in result.err) == (2, True)


# --- a dry run ------------------------------------------------------------------------------------


def test_a_dry_run_says_what_each_would_get_and_why_not_and_offers_nothing(tmp_path: Path) -> None:
    released = listed(tmp_path, "--model", "LAMP-1")
    words = (NAME, "--catalogue", released, "--all", "--dry-run")
    result = push(tmp_path, *words, "--json")
    assert result.code == 0, result.err
    rows = told(result)
    assert {name: row["verdict"] for name, row in rows.items()} == {
        LAMP: "would be updated",
        SHADE: "passed over",
    }
    (image,) = json.loads(result.out)["images"]
    assert (rows[LAMP]["image"], image["devices"]) == (image["sha256"], 1)
    assert "'SHADE-2'" in rows[SHADE]["reason"]
    assert (image["source"], image["status"]) == (str(released), "approved")
    said = push(tmp_path, *words).out
    assert f"{image['sha256'][:8]} is {NAME} from {released}, approved" in said
    assert not (tmp_path / "state" / "zota.db").exists()
    real = push(tmp_path, NAME, "--catalogue", released, "--all", "--json")
    assert verdicts(real) == {LAMP: "updated", SHADE: "passed over"}
    assert told(real)[LAMP]["version_before"] == f"0x{OLD:08X}"


def test_a_dry_run_leaves_evidence_but_no_database(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    told_to = ("--outcomes-to", "http://127.0.0.1:1/nobody")
    words = ("--all", "--dry-run", "--report", evidence, *told_to)
    result = push(tmp_path, firmware(tmp_path), *words)
    assert result.code == 0, result.err
    summary = json.loads((evidence / "summary.json").read_text())
    SCHEMA.validate(summary)
    assert summary["verdict"] == "would deliver"
    assert "would be updated" in (evidence / "report.html").read_text()


def test_a_dry_run_in_which_nothing_fits_has_failed(tmp_path: Path) -> None:
    old = firmware(tmp_path, OLD - 1)
    result = push(tmp_path, old, "--device", LAMP, "--dry-run", "--json")
    assert (result.code, verdicts(result)) == (2, {LAMP: "refused"})
    assert "downgrade" in told(result)[LAMP]["reason"]


def test_a_dry_run_leaves_an_interrupted_push_as_it_is(tmp_path: Path) -> None:
    file = firmware(tmp_path, octets=40_000)  # about ten seconds of download
    push(tmp_path, file, "--device", LAMP, "--timeout", "2s", "--json")
    before = (tmp_path / "state" / "zota.db").read_bytes()
    result = push(tmp_path, file, "--device", SHADE, "--dry-run", "--json")
    assert verdicts(result) == {SHADE: "would be updated"}
    assert (tmp_path / "state" / "zota.db").read_bytes() == before
    goes_on = push(tmp_path, "--resume", "--json")
    assert verdicts(goes_on) == {LAMP: "updated"}


# --- several chips --------------------------------------------------------------------------------

TWO_CHIPS = (
    f"[[device]]\nkind = 'ihd'\nmanufacturer = {CODE}\nimage_type = {KIND}\nversion = {OLD}\n"
    f"timers = 'lab'\n[[device.chip]]\nimage_type = {KIND + 1}\nversion = {OLD}\n"
)


def chips(result: Ran) -> dict[tuple[str, str | None], str]:
    report = json.loads(result.out)
    SCHEMA.validate(report)
    return {(row["device"], row["image_type"]): row["verdict"] for row in report["devices"]}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_chips_of_a_device_are_updated_in_one_push_whatever_the_order_of_files(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    files = [firmware(tmp_path), firmware(tmp_path, kind=KIND + 1, name="b.ota")]
    words = [files[number] for number in order]
    result = push(tmp_path, *words, "--all", "--json", roster=TWO_CHIPS)
    assert result.code == 0, result.out
    assert chips(result) == {(LAMP, "0x0001"): "updated", (LAMP, "0x0002"): "updated"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_chips_are_updated_in_the_order_of_files_when_that_is_wanted(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    files = [firmware(tmp_path), firmware(tmp_path, kind=KIND + 1, name="b.ota")]
    words = [files[number] for number in order]
    result = push(tmp_path, *words, "--all", "--in-order", "--json", roster=TWO_CHIPS)
    assert set(chips(result).values()) == {"updated"}
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        done = [one.sha256 for one in store.outcomes() if one.kind == "activation"]
    assert done == [hashlib.sha256(file.read_bytes()).hexdigest() for file in words]


def test_a_file_that_no_device_takes_is_named_at_the_end(tmp_path: Path) -> None:
    files = [firmware(tmp_path), firmware(tmp_path, kind=9, name="nobodys.ota")]
    result = push(tmp_path, *files, "--device", LAMP, "--json")
    assert result.code == 0
    taken = {image["name"]: image["devices"] for image in json.loads(result.out)["images"]}
    assert taken == {"a.ota": 1, "nobodys.ota": 0}
    words = push(tmp_path, *files, "--device", SHADE)
    assert "nobodys.ota: no device takes it (image type 0x0009 of 0x1234" in words.out


def test_every_verdict_fits_eighty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "of", lambda _: Room(80, 24))
    result = push(tmp_path, firmware(tmp_path), "--all", "--dry-run")
    table = [line for line in result.out.splitlines() if line.startswith("00-DB")]
    assert [line.split()[-3:] for line in table] == [["would", "be", "updated"]] * 2
    assert all(len(line) <= 80 for line in table)
