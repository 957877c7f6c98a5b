"""``zota push`` as a lab engineer meets it: images in, and each device's own word on what it runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulators.devices import kinds
from emulators.home.roster import default_roster
from images.eui64 import format_eui64
from ota_engine.store.store import Store
from tests.cli.firmware import NEW_VERSION, OLD_VERSION, SPECS, image_file
from tests.cli.zota import Ran, zota
from tests.store.samples import deeds

DEVICES = {entry.spec.kind: format_eui64(entry.spec.eui64) for entry in default_roster()}
PPMID, IHD, HCALCS, HUB = DEVICES.values()


def push(folder: Path, *arguments: str | Path | int, link: str = "sim://") -> Ran:
    return zota("push", *arguments, "--link", link, "--state", folder / "state")


def told(result: Ran) -> dict[str, dict[str, Any]]:
    """The devices of a summary by their EUI-64."""
    return {device["device"]: device for device in json.loads(result.out)["devices"]}


def roster(folder: Path, text: str) -> str:
    path = folder / "devices.toml"
    path.write_text(text)
    return f"sim://?devices={path}"


def test_every_kind_of_device_takes_its_own_file_and_says_so(tmp_path: Path) -> None:
    files = [image_file(tmp_path, kind) for kind in SPECS]
    result = push(tmp_path, *files, "--all", "--json")
    assert result.code == 0, result.err
    devices = told(result)
    assert list(devices) == [PPMID, IHD, HCALCS, HUB]
    assert {device["verdict"] for device in devices.values()} == {"updated"}
    assert {device["version_after"] for device in devices.values()} == {f"0x{NEW_VERSION:08X}"}
    assert json.loads(result.out)["verdict"] == "delivered"


def test_time_may_run_faster_than_it_does(tmp_path: Path) -> None:
    result = push(
        tmp_path, image_file(tmp_path), "--device", PPMID, "--json", link="han://?speed=50"
    )
    assert result.code == 0, result.err
    assert told(result)[PPMID]["verdict"] == "updated"


def test_time_that_jumped_goes_on_from_there_so_that_a_second_push_is_one_of_its_own(
    tmp_path: Path,
) -> None:
    """At once after the first, whose home was some seconds ahead; a new home is of the old version."""
    file = image_file(tmp_path)
    pushed = [push(tmp_path, file, "--device", PPMID, "--json") for _ in range(3)]
    devices = [told(one)[PPMID] for one in pushed]
    assert [one["verdict"] for one in devices] == ["updated"] * 3
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        assert [one.kind for one in store.outcomes()] == ["transfer", "activation"] * 3
        times = [event.utc for event in store.events()]
    assert times == sorted(times)


def test_only_the_device_that_was_named_is_touched(tmp_path: Path) -> None:
    files = [image_file(tmp_path, kind) for kind in SPECS]
    assert list(told(push(tmp_path, *files, "--device", IHD, "--json"))) == [IHD]
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        assert [format_eui64(wish.device) for wish in store.load().assignments] == [IHD]


def test_with_all_those_whom_no_file_is_for_are_passed_over(tmp_path: Path) -> None:
    result = push(tmp_path, image_file(tmp_path), "--all", "--json")
    devices = told(result)
    assert result.code == 0
    assert devices[PPMID]["verdict"] == "updated"
    assert {devices[other]["verdict"] for other in (IHD, HCALCS, HUB)} == {"passed over"}


def test_when_no_device_is_for_any_file_the_push_has_failed(tmp_path: Path) -> None:
    link = roster(tmp_path, "[[device]]\nkind = 'ihd'\n")
    result = push(tmp_path, image_file(tmp_path), "--all", link=link)
    assert result.code == 2


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"kind": kinds.IHD}, "takes image type 0x0084"),
        ({"version": OLD_VERSION - 1}, "downgrade"),
        ({"hardware": (0x7000, 0x7FFF)}, "is outside the image's 0x7000"),
    ],
)
def test_an_image_that_does_not_fit_is_offered_to_nobody(
    tmp_path: Path, spec: dict[str, Any], says: str
) -> None:
    result = push(tmp_path, image_file(tmp_path, **spec), "--device", PPMID, "--json")
    device = told(result)[PPMID]
    assert result.code == 2
    assert device["verdict"] == "refused"
    assert says in device["reason"]
    assert device["blocks"] == 0
    assert device["version_after"] == f"0x{OLD_VERSION:08X}"


def test_a_device_that_runs_it_already_is_left_alone(tmp_path: Path) -> None:
    same = image_file(tmp_path, version=OLD_VERSION)
    result = push(tmp_path, same, "--device", PPMID, "--json")
    assert (result.code, told(result)[PPMID]["verdict"]) == (0, "already current")
    assert told(result)[PPMID]["blocks"] == 0


@pytest.mark.parametrize(
    ("policy", "version"), [("reinstall", OLD_VERSION), ("downgrade", OLD_VERSION - 1)]
)
def test_the_policy_lets_a_version_in_that_is_not_higher(
    tmp_path: Path, policy: str, version: int
) -> None:
    file = image_file(tmp_path, version=version)
    result = push(tmp_path, file, "--device", PPMID, "--policy", policy, "--json")
    assert told(result)[PPMID]["verdict"] == "updated"
    assert told(result)[PPMID]["version_after"] == f"0x{version:08X}"


def test_without_activation_the_device_holds_what_it_verified(tmp_path: Path) -> None:
    file = image_file(tmp_path, kinds.IHD)
    result = push(tmp_path, file, "--device", IHD, "--no-activate", "--json")
    assert result.code == 0
    assert told(result)[IHD]["verdict"] == "holds the image"
    assert told(result)[IHD]["version_after"] == f"0x{OLD_VERSION:08X}"


def test_an_image_may_be_run_at_a_time_that_has_been_set(tmp_path: Path) -> None:
    file = image_file(tmp_path, kinds.IHD)
    past = push(tmp_path, file, "--device", IHD, "--at", "2020-01-01T00:00+00:00", "--json")
    assert told(past)[IHD]["verdict"] == "updated"


def test_an_image_is_not_run_before_its_time(tmp_path: Path) -> None:
    file = image_file(tmp_path, kinds.IHD)
    later = ("--at", "2199-01-01T00:00+00:00", "--timeout", "30m")
    result = push(tmp_path, file, "--device", IHD, *later, "--json")
    device = told(result)[IHD]
    assert (result.code, device["verdict"], device["state"]) == (2, "not finished", "scheduled")
    assert device["version_after"] == f"0x{OLD_VERSION:08X}"


def test_blocks_are_no_larger_than_asked_for(tmp_path: Path) -> None:
    file = image_file(tmp_path)
    result = push(tmp_path, file, "--device", PPMID, "--block-size", 16, "--json")
    device = told(result)[PPMID]
    assert device["blocks"] >= device["size"] / 16


def test_a_device_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    result = push(tmp_path, image_file(tmp_path), "--device", "00-11-22-33-44-55-66-77")
    assert result.code == 2
    assert "00-11-22-33-44-55-66-77 is not in this network" in result.err
    assert PPMID in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--all",), "nothing to push"),
        (("FILE",), "for whom?"),
        (("FILE", "--all", "--device", PPMID), "for whom?"),
        (("FILE", "--resume"), "--resume goes on"),
        (("--resume", "--no-activate"), "--resume goes on"),
        (("--resume",), "no push was begun here"),
        (("FILE", "--all", "--no-activate", "--at", "2030-01-01T00:00"), "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_radio_is_opened(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    file = image_file(tmp_path)
    words = [str(file) if word == "FILE" else word for word in arguments]
    result = push(tmp_path, *words, link="ezsp:///dev/there-is-none")
    assert result.code == 2
    assert says in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [(b"no firmware", 2, "not an OTA file"), (b"", 2, "broken.ota"), (None, 3, "No such file")],
)
def test_a_file_that_is_no_image_is_named_in_one_line(
    tmp_path: Path, content: bytes | None, code: int, says: str
) -> None:
    path = tmp_path / "broken.ota"
    if content is not None:
        path.write_bytes(content)
    result = push(tmp_path, path, "--all")
    assert result.code == code
    assert says in result.err
    assert "broken.ota" in result.err
    assert len(result.err.splitlines()) == 1


def test_piped_it_says_in_lines_what_changes(tmp_path: Path) -> None:
    result = push(tmp_path, image_file(tmp_path, octets=4000), "--device", PPMID)
    lines = [line for line in result.err.splitlines() if line.startswith(PPMID)]
    assert len(lines) == len(set(lines)) < 20
    assert "downloading" in result.err
    assert lines[-1].startswith(f"{PPMID}: 100% updated")
    assert f"0x{NEW_VERSION:08X}" in result.out


def test_the_evidence_folder_tells_it_to_people_scripts_and_wireshark(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    result = push(tmp_path, image_file(tmp_path), "--device", PPMID, "--report", folder)
    assert result.code == 0
    assert {path.name for path in folder.iterdir()} == {
        "summary.json",
        "journal.jsonl",
        "outcomes.jsonl",
        "report.html",
        "capture.pcapng",
    }
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["devices"][0]["verdict"] == "updated"
    outcomes = [json.loads(line) for line in (folder / "outcomes.jsonl").read_text().splitlines()]
    assert [outcome["kind"] for outcome in outcomes] == ["transfer", "activation"]
    journal = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [line["detail"]["state"] for line in journal if line["kind"] == "session"][
        -1
    ] == "updated"
    page = (folder / "report.html").read_text()
    assert PPMID in page
    assert summary["images"][0]["sha256"] in page
    assert "http" not in page  # it needs nothing but itself


def test_a_name_that_is_markup_stays_text_in_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    file = image_file(tmp_path, name="<script>alert(1)<script>.ota")
    push(tmp_path, file, "--device", PPMID, "--report", folder)
    assert "<script>" not in (folder / "report.html").read_text()


def test_an_evidence_folder_that_is_a_file_is_found_out_before_the_push(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    result = push(tmp_path, image_file(tmp_path), "--all", "--report", tmp_path / "taken")
    assert (result.code, (tmp_path / "taken").read_text()) == (2, "mine")
    assert not (tmp_path / "state").joinpath("zota.db").exists()


def test_a_state_folder_in_use_is_refused_with_the_name_of_its_user(tmp_path: Path) -> None:
    with Store.open(tmp_path / "state" / "zota.db", owner="somebody else"):
        result = push(tmp_path, image_file(tmp_path), "--all")
    assert result.code == 3
    assert "somebody else" in result.err
    assert len(result.err.splitlines()) == 1


def test_the_audit_trail_names_who_pushed(tmp_path: Path) -> None:
    push(tmp_path, image_file(tmp_path), "--device", PPMID)
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        done = [(deed.actor, deed.action) for deed in deeds(store)]
    assert done == [("zota push", "add image"), ("zota push", "inquire"), ("zota push", "assign")]
    assert zota("audit", "verify", "--state", tmp_path / "state").code == 0


def test_a_capture_that_is_kept_elsewhere_is_in_the_evidence_too(tmp_path: Path) -> None:
    folder, capture = tmp_path / "evidence", tmp_path / "push.pcapng"
    words: list[str | Path] = [image_file(tmp_path), "--device", PPMID, "--report", folder]
    words += ["--capture", capture]
    assert push(tmp_path, *words).code == 0
    assert capture.read_bytes()
    assert (folder / "capture.pcapng").read_bytes() == capture.read_bytes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--resume", "--policy", "reinstall"), "leave out --policy"),
        (("a.ota", "--all", "--dry-run", "--no-activate"), "leave out --at and --no-activate"),
        (("a.ota", "--all", "--dry-run", "--at", "2036-07-01T02:00"), "leave out --at"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    refused = push(tmp_path, *words)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert says in refused.err


def test_a_device_that_does_not_report_the_expected_version_has_failed(tmp_path: Path) -> None:
    words = ("--device", PPMID, "--expect-version", "0x00000077", "--json")
    result = push(tmp_path, image_file(tmp_path), *words)
    assert result.code == 2
    assert told(result)[PPMID]["verdict"] == "failed"
    assert f"came back with 0x{NEW_VERSION:08X}" in told(result)[PPMID]["reason"]


def test_the_version_that_is_expected_is_the_one_a_device_is_current_with(tmp_path: Path) -> None:
    newer = image_file(tmp_path, version=NEW_VERSION + 1)
    runs = f"0x{OLD_VERSION:08X}"
    result = push(tmp_path, newer, "--device", PPMID, "--expect-version", runs, "--json")
    assert result.code == 0, result.err
    assert told(result)[PPMID]["verdict"] == "already current"
    assert json.loads(result.out)["images"][0]["devices"] == 1


@pytest.mark.parametrize("words", [("--resume",), ("a.ota", "b.ota", "--all")])
def test_an_expected_version_is_for_one_file(tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = push(tmp_path, *words, "--expect-version", "3")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
