"""``zota evidence``: a pack is written, and verified by somebody who has nothing but zota."""

import json
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota
from tests.evidence.packed import whole_pack


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    folder = FleetFolder(tmp_path)
    folder.proposed()
    folder.done("peter", "campaign", "approve", "c1", "--reason", "agreed")
    return folder


def test_a_pack_of_a_fleet_verifies_where_there_is_no_fleet(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    pack, key = tmp_path / "c1.zip", tmp_path / "fleet.pub"
    ran = zota("evidence", "export", "c1", "-o", pack, "--state", fleet.state)
    assert ran.code == Exit.OK, ran
    head = ran.out.split("audit head: ")[1].strip()
    assert zota("evidence", "key", "-o", key, "--state", fleet.state).code == Exit.OK
    fleet.state.rename(tmp_path / "elsewhere")
    for known in ((), ("--key", key), ("--head", head), ("--head", head.upper())):
        ran = zota("evidence", "verify", pack, *known)
        assert ran.code == Exit.OK, ran
        assert "verifies: c1, all homes" in ran.out
        assert "5 signed by their persons" in " ".join(ran.out.split())
    told = json.loads(zota("evidence", "verify", pack, "--json").out)
    assert (told["verifies"], told["audit_head"]) == (True, head)


def test_what_does_not_verify_says_why_and_ends_with_2(tmp_path: Path) -> None:
    pack = tmp_path / "c1.zip"
    octets = bytearray(whole_pack())
    octets[len(octets) // 2] ^= 1
    pack.write_bytes(octets)
    ran = zota("evidence", "verify", pack)
    assert ran.code == Exit.ERRORS
    assert "an octet of it was changed" in ran.out
    assert "does NOT verify" in ran.out
    pack.write_bytes(whole_pack())
    assert zota("evidence", "verify", pack, "--head", "ab" * 32).code == Exit.ERRORS
    pack.write_bytes(b"no zip at all")
    assert "no evidence pack" in zota("evidence", "verify", pack).out
    assert zota("evidence", "verify", tmp_path / "none.zip").code == Exit.UNREADABLE


def test_a_head_or_key_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    pack = tmp_path / "c1.zip"
    pack.write_bytes(whole_pack())
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    for known in (("--head", "abc"), ("--key", bad)):
        ran = zota("evidence", "verify", pack, *known)
        assert (ran.code, ran.out, ran.err.count("\n")) == (Exit.ERRORS, "", 1), ran


def test_a_pack_is_not_overwritten_unasked_and_comes_out_the_same(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    pack = tmp_path / "c1.zip"
    words = ("evidence", "export", "c1", "-o", pack, "--state", fleet.state)
    assert zota(*words).code == Exit.OK
    first = pack.read_bytes()
    assert "--force" in zota(*words).err
    assert zota(*words, "--force").code == Exit.OK
    assert pack.read_bytes() == first


def test_retention_counts_from_the_last_line_of_the_trail(
    fleet: FleetFolder, tmp_path: Path
) -> None:
    pack = tmp_path / "c1.zip"
    years = ("--decisions-years", "2", "--homes-years", "1")
    zota("evidence", "export", "c1", "-o", pack, "--state", fleet.state, *years)
    told = json.loads(zota("evidence", "verify", pack, "--json").out)["retain_until"]
    assert told["decisions"] - told["homes"] == 365.25 * 86_400


def test_a_party_that_there_is_not_gets_no_pack(fleet: FleetFolder, tmp_path: Path) -> None:
    words = ("-o", tmp_path / "c1.zip", "--state", fleet.state)
    ran = zota("evidence", "export", "c1", "--party", "nobody", *words)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert not (tmp_path / "c1.zip").exists()
    assert zota("evidence", "export", "c1", "--party", "supplier-1", *words).code == Exit.OK
    ran = zota("evidence", "verify", tmp_path / "c1.zip")
    assert "the homes of supplier-1" in ran.out
