"""``zota demo`` as a newcomer meets it: any firmware in, four devices that run it out."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from images import ImageSpec, build
from tests.cli.zota import zota
from tests.faults.test_fault_34_receiver import receiver_process

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "images"
KINDS = ["PPMID", "IHD", "HCALCS", "Comms Hub"]


def ota_file(folder: Path, **fields: object) -> Path:
    spec = ImageSpec(manufacturer_code=0x1234, image_type=0x0042, file_version=7, **fields)  # type: ignore[arg-type]
    path = folder / "given.ota"
    path.write_bytes(build(Random(1).randbytes(3000), spec))
    return path


def test_without_a_file_it_delivers_a_sample_to_one_device_of_each_kind() -> None:
    result = zota("demo", "--json")
    summary = json.loads(result.out)
    assert result.code == 0
    assert set(summary) == {"image", "devices", "verdict", "audit_head", "made"}
    assert summary["verdict"] == "delivered"
    assert [device["name"] for device in summary["devices"]] == KINDS
    for device in summary["devices"]:
        assert device["version_after"] > device["version_before"]
        assert device["byte_exact"]
        assert device["verdict"] == "updated"


def test_eighty_columns_show_every_figure_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = zota("demo").out
    assert "blocks" in said
    assert "…" not in said


def test_an_ota_file_reaches_every_device_as_it_is(tmp_path: Path) -> None:
    path = ota_file(tmp_path, integrity=True)
    summary = json.loads(zota("demo", str(path), "--json").out)
    digests = {device["image_sha256"] for device in summary["devices"]}
    assert digests == {summary["image"]["sha256"]}
    assert summary["image"]["kind"] == "ota"
    assert summary["verdict"] == "delivered"


def test_bare_firmware_is_built_into_an_image_for_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(Random(2).randbytes(2000))
    summary = json.loads(zota("demo", str(path), "--json").out)
    assert summary["image"]["kind"] == "firmware"
    assert len({device["image_sha256"] for device in summary["devices"]}) == len(KINDS)
    assert summary["verdict"] == "delivered"


def proofs(summary: dict[str, Any]) -> dict[str, list[str]]:
    return {
        device["name"]: [proof["use_case"] for proof in device["proofs"]]
        for device in summary["devices"]
    }


def test_the_hcalcs_runs_its_signed_image_on_a_signed_command_and_signs_for_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "evidence"
    summary = json.loads(zota("demo", "--json", "--keep", str(folder)).out)
    assert proofs(summary) == {
        "PPMID": ["CCS08", "CS09"],
        "IHD": ["CCS08"],
        "HCALCS": ["CCS08", "CS06"],
        "Comms Hub": ["CCS08"],
    }
    files = sorted((folder / "proofs").iterdir())
    assert len(files) == 6
    for file in files:
        checked = zota("gbcs", "decode", file, "--keystore", folder / "certificates", "--json")
        assert json.loads(checked.out)["signature"] == "valid"
    assert not list((folder / "certificates").glob("*.key"))
    listed = json.loads(zota("orders", "list", "--state", folder, "--json").out)
    assert [order["state"] for order in listed] == ["activated"]


def test_a_receiver_gets_every_outcome_of_a_demonstration(tmp_path: Path) -> None:
    records, folder = tmp_path / "records.jsonl", tmp_path / "evidence"
    with receiver_process(records) as (_, url):
        told = zota("demo", "--json", "--keep", str(folder), "--outcomes-to", url)
    assert (told.code, told.err) == (0, "")
    letters = [json.loads(line)["id"] for line in records.read_text().splitlines()]
    kept = (folder / "outcomes.jsonl").read_text().splitlines()
    assert letters == [json.loads(line)["id"] for line in kept]


def test_with_a_file_that_its_supplier_did_not_sign_the_trigger_is_local(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    given = ota_file(tmp_path, integrity=True)
    summary = json.loads(zota("demo", str(given), "--json", "--keep", str(folder)).out)
    assert proofs(summary)["HCALCS"] == ["CCS08"]
    assert "local trigger" in (folder / "journal.jsonl").read_text()
    assert json.loads(zota("orders", "list", "--state", folder, "--json").out) == []


def test_the_same_file_gives_the_same_journal_though_keys_are_made_anew(tmp_path: Path) -> None:
    given = ota_file(tmp_path, integrity=True)
    journals = []
    for name in ("one", "two"):
        zota("demo", str(given), "--json", "--keep", str(tmp_path / name))
        journals.append((tmp_path / name / "journal.jsonl").read_bytes())
    assert journals[0] == journals[1]


@pytest.mark.parametrize("version", [0, 0xFFFFFFFE])
def test_the_lowest_and_the_highest_version_are_delivered(tmp_path: Path, version: int) -> None:
    spec = ImageSpec(manufacturer_code=1, image_type=2, file_version=version)
    path = tmp_path / "edge.ota"
    path.write_bytes(build(b"firmware" * 20, spec))
    assert json.loads(zota("demo", str(path), "--json").out)["verdict"] == "delivered"


def test_an_image_for_one_device_goes_to_that_device_alone(tmp_path: Path) -> None:
    path = ota_file(tmp_path, upgrade_file_destination=0x025A_4F54_41FF_FFFF)
    result = zota("demo", str(path), "--json")
    devices = json.loads(result.out)["devices"]
    assert result.code == 2
    assert [device["verdict"] for device in devices] == ["updated", "failed", "failed", "failed"]
    assert all("alone" in device["reason"] for device in devices[1:])


def test_the_evidence_is_kept_where_asked(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    result = zota("demo", str(ota_file(tmp_path)), "--keep", str(folder))
    assert result.code == 0
    assert "every device runs the delivered file, byte for byte" in result.out
    assert str(folder) in result.out.replace("\n", "")
    assert {path.name for path in folder.iterdir()} >= {
        "zota.db",
        "journal.jsonl",
        "outcomes.jsonl",
        "summary.json",
        "type-0042.zigbee",
    }
    outcomes = [json.loads(line) for line in (folder / "outcomes.jsonl").read_text().splitlines()]
    kinds = sorted(outcome["kind"] for outcome in outcomes if outcome["message"] is None)
    assert kinds == ["activation"] * 4 + ["transfer"] * 4
    assert zota("store", "check", "--state", str(folder)).code == 0
    assert zota("audit", "verify", "--state", str(folder)).code == 0


def test_a_folder_in_use_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    result = zota("demo", str(ota_file(tmp_path)), "--keep", str(tmp_path))
    assert result.code == 2
    assert "not an empty folder" in result.err


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", 2, "is empty"),
        (bytes.fromhex("1ef1ee0b00013800"), 2, "short.ota"),
        (None, 3, "No such file"),
    ],
)
def test_a_file_that_cannot_be_delivered_is_named_in_one_line(
    tmp_path: Path, content: bytes | None, code: int, says: str
) -> None:
    path = tmp_path / "short.ota"
    if content is not None:
        path.write_bytes(content)
    result = zota("demo", str(path))
    assert result.code == code
    assert says in result.err
    assert len(result.err.splitlines()) == 1


def test_a_truncated_ota_file_is_refused_with_its_missing_bytes(tmp_path: Path) -> None:
    path = ota_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    result = zota("demo", str(path))
    assert result.code == 2
    assert re.search(r"cut off: \d+ of \d+ bytes", result.err)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real vendor files are not here")
@pytest.mark.parametrize(
    "name",
    [path.name for path in sorted(SHARED.glob("*")) if path.suffix != ".md"],
)
def test_every_well_formed_vendor_file_is_delivered_byte_exact(name: str) -> None:
    result = zota("demo", str(SHARED / name), "--json")
    if name == "truncated.ota":
        assert "cut off" in result.err
        return
    summary = json.loads(result.out)
    assert summary["verdict"] == "delivered"
    assert all(device["byte_exact"] for device in summary["devices"])
