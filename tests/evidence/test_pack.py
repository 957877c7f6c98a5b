"""Evidence packs: what is in them, and that nobody can change one unseen."""

import io
import json
import zipfile
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.evidence.pack import ABOUT, CHAIN, FLEET_KEY, MANIFEST, REPORT, SIGNATURE
from ota_engine.evidence.pack_check import KnownFleet, PackVerdict, verify_pack
from ota_engine.evidence.pack_zip import read_zip, write_zip
from ota_engine.fleet.campaigns.steering import PauseCampaign
from ota_engine.fleet.kernel.seals import digest
from ota_engine.store.fleet.keyring import FleetKey
from tests.evidence import packed
from tests.evidence.packed import PackTown, anew, opened, sealed_up, whole_pack

KNOWN = KnownFleet(packed.FLEET_KEY.public_pem)


@pytest.fixture(scope="module")
def town() -> PackTown:
    return PackTown()


def with_another_verdict() -> tuple[dict[str, bytes], dict[str, Any], list[list[Any]]]:
    """Change a verdict in its row, its seal and its line of the trail, and chain all anew."""
    files, manifest, lines = opened(whole_pack())
    name = "rows/gate_decisions.jsonl"
    rows = [json.loads(line) for line in files[name].splitlines()]
    changed = [*rows[0][:3], "pass" if rows[0][3] != "pass" else "fail", *rows[0][4:]]
    old, new = digest("gate_decisions", rows[0]), digest("gate_decisions", changed)
    files[name] = b"".join(canonical_json(row).encode() + b"\n" for row in [changed, *rows[1:]])
    for line in lines:
        line[5] = line[5].replace(old, new)
        detail = json.loads(line[5])
        if line[3].startswith("gate ") and (detail["phase"], detail["number"]) == (1, 1):
            line[3] = f"gate {changed[3]}"
    return files, manifest, anew(lines)


def good(found: PackVerdict) -> PackVerdict:
    assert found.good, found.findings
    return found


def test_a_pack_verifies_by_itself_by_the_key_and_by_a_head_noted_earlier() -> None:
    *_, lines = opened(whole_pack())
    good(verify_pack(whole_pack()))
    good(verify_pack(whole_pack(), KNOWN))
    good(verify_pack(whole_pack(), KnownFleet(head=lines[len(lines) // 2][-1])))


def test_a_pack_says_what_was_checked() -> None:
    found = good(verify_pack(whole_pack(), KNOWN))
    assert (found.campaign, found.party) == ("c1", "")
    assert found.facts["decisions"] == "2 signed by their persons, 9 by persons without a key"
    assert found.facts["homes"] == "3 activated, 1 failed"
    assert found.facts["versions"] == "3 from 00010000 to 00020000"
    assert found.facts["messages"] == "1 signed by their devices"
    assert "1 pass" in found.facts["verdicts"]
    assert set(found.retain_until) == {"decisions", "homes"}


def test_the_same_fleet_gives_the_same_octets(town: PackTown) -> None:
    assert town.export() == town.export()


def test_any_program_opens_a_pack() -> None:
    with zipfile.ZipFile(io.BytesIO(whole_pack())) as archive:
        assert archive.testzip() is None
        assert {MANIFEST, SIGNATURE, CHAIN, ABOUT, REPORT} <= set(archive.namelist())
        assert b"Evidence of c1" in archive.read(REPORT)


def test_a_flipped_octet_anywhere_is_found() -> None:
    """Every octet of what a zip adds, and some of everything else; see also the drawn ones."""
    octets = whole_pack()
    files = read_zip(octets)
    begins = [octets.index(name.encode()) - 30 for name in sorted(files)]
    frame = {at for begin in begins for at in range(begin, begin + 60)}
    central = octets.index(b"PK\x01\x02", begins[-1])
    frame |= set(range(central, len(octets)))
    for at in sorted(frame | set(range(0, len(octets), 997))):
        flipped = bytearray(octets)
        flipped[at] ^= 0xFF
        assert not verify_pack(bytes(flipped)).good, at


@given(st.integers(0, len(whole_pack()) - 1), st.integers(1, 255))
def test_any_octet_changed_to_any_other_is_found(at: int, by: int) -> None:
    changed = bytearray(whole_pack())
    changed[at] ^= by
    assert not verify_pack(bytes(changed)).good


@given(st.integers(0, len(whole_pack()) - 1), st.binary(max_size=40))
def test_what_is_cut_off_or_added_is_found(at: int, more: bytes) -> None:
    octets = whole_pack()
    assert not verify_pack(octets[:at] + more).good
    if more:
        assert not verify_pack(octets + more).good
        assert not verify_pack(more + octets).good


@given(st.binary(max_size=2000))
def test_any_octets_are_refused_in_words(octets: bytes) -> None:
    (finding,) = verify_pack(octets).findings
    assert "\n" not in finding


@given(st.dictionaries(st.from_regex(r"[a-z/._-]{1,40}", fullmatch=True), st.binary(max_size=300)))
def test_files_are_read_back_as_they_were_written(files: dict[str, bytes]) -> None:
    if not files:
        with pytest.raises(LocalError, match="no evidence pack"):
            read_zip(write_zip(files))
    else:
        assert read_zip(write_zip(files)) == files


def test_a_changed_verdict_with_everything_computed_anew_but_the_signatures_is_found() -> None:
    files, manifest, lines = with_another_verdict()
    other = FleetKey.generate()
    resealed = sealed_up(dict(files), dict(manifest), lines, other)
    found = verify_pack(resealed)
    assert "its inputs give" in " ".join(found.findings)
    assert "signed with another key" in " ".join(verify_pack(resealed, KNOWN).findings)


def test_a_trail_computed_anew_does_not_lead_to_a_head_noted_earlier() -> None:
    """Whatever else its maker has forged, with the fleet's own key even."""
    *_, before = opened(whole_pack())
    files, manifest, lines = with_another_verdict()
    resealed = sealed_up(files, manifest, lines, packed.FLEET_KEY)
    found = verify_pack(resealed, KnownFleet(head=before[-1][-1]))
    assert "the known head is not in the trail: it was written anew" in found.findings


def test_a_verdict_that_its_inputs_do_not_give_is_found_whoever_signed_it() -> None:
    files, manifest, lines = with_another_verdict()
    found = verify_pack(sealed_up(files, manifest, lines, packed.FLEET_KEY), KNOWN)
    assert [one for one in found.findings if "its inputs give" in one] == found.findings


def test_what_a_pack_says_of_itself_is_shown_without_codes_for_a_terminal() -> None:
    files = dict(read_zip(whole_pack()))
    name = "rows/gate_decisions.jsonl"
    files[name] = files[name].replace(b'"inconclusive"', b'"inc\\u001bnclusive"')
    found = verify_pack(write_zip(files))
    assert any("inc\\x1bnclusive" in line for line in found.findings)
    assert all(line.isprintable() for line in (*found.findings, *found.facts.values()))


def test_a_key_on_a_curve_that_nobody_here_knows_is_a_finding() -> None:
    files = dict(read_zip(whole_pack()))
    p_256, nothing = b"KoZIzj0DAQcD", b"KnZIzj0DAQcD"  # the name of the curve, in base64
    assert p_256 in files[FLEET_KEY]
    files[FLEET_KEY] = files[FLEET_KEY].replace(p_256, nothing)
    found = verify_pack(write_zip(files))
    assert "the manifest of the pack cannot be read as what zota writes" in found.findings


@pytest.mark.parametrize(
    ("file", "whole"), [(CHAIN, "the chain of the pack"), (MANIFEST, "the manifest of the pack")]
)
def test_a_moment_that_no_clock_tells_is_a_finding(file: str, whole: str) -> None:
    files, manifest, lines = opened(whole_pack())
    lines[0][1] = 10**400
    manifest["retain_until"] = {"evidence": 10**400}
    changed = {
        CHAIN: b"".join(canonical_json(line).encode() + b"\n" for line in lines),
        MANIFEST: canonical_json(manifest).encode(),
    }
    found = verify_pack(write_zip(files | {file: changed[file]}))
    assert f"{whole} cannot be read as what zota writes" in found.findings


def test_a_decision_that_its_person_did_not_sign_is_found() -> None:
    files, manifest, lines = opened(whole_pack())
    name = "rows/decisions.jsonl"
    rows = [json.loads(line) for line in files[name].splitlines()]
    place = next(n for n, row in enumerate(rows) if row[1] == "kay")
    old = digest("decisions", rows[place])
    rows[place][3] = rows[place][3].replace("look at it", "it is broken")
    new = digest("decisions", rows[place])
    files[name] = b"".join(canonical_json(row).encode() + b"\n" for row in rows)
    for line in lines:
        line[5] = line[5].replace(old, new)
    found = verify_pack(sealed_up(files, manifest, anew(lines), packed.FLEET_KEY), KNOWN)
    assert found.findings == [f"decision {rows[place][0]} is not signed by kay"]


def test_decisions_refused_to_strangers_and_under_another_key_leave_the_evidence_good() -> None:
    town = PackTown()
    somebody = ec.derive_private_key(0xBAD, ec.SECP256R1())
    for person in ("nobody", "kay", "gail"):
        assert not town.ask(person, PauseCampaign("c1"), signer=somebody).accepted
    found = good(verify_pack(town.export(), KNOWN))
    assert "refused: not theirs to decide" in found.facts["decisions"]


@pytest.mark.parametrize("table", ["decisions", "gate_decisions"])
def test_what_is_left_out_although_the_trail_tells_of_it_is_found(table: str) -> None:
    files, manifest, lines = opened(whole_pack())
    name = f"rows/{table}.jsonl"
    files[name] = b"".join(files[name].splitlines(keepends=True)[:-1])
    found = verify_pack(sealed_up(files, manifest, lines, packed.FLEET_KEY), KNOWN)
    assert len(found.findings) == 1
    assert "left out" in found.findings[0]


def test_a_row_that_the_trail_does_not_seal_is_found() -> None:
    files, manifest, lines = opened(whole_pack())
    name = "rows/members.jsonl"
    rows = [json.loads(line) for line in files[name].splitlines()]
    rows[0][1] = "h99"
    files[name] = b"".join(canonical_json(row).encode() + b"\n" for row in rows)
    found = verify_pack(sealed_up(files, manifest, lines, packed.FLEET_KEY), KNOWN)
    assert any("is not what the trail seals" in one for one in found.findings)


def test_another_policy_than_the_agreed_one_is_found() -> None:
    files, manifest, lines = opened(whole_pack())
    about = json.loads(files[ABOUT])
    about["campaign"]["policy"] = about["campaign"]["policy"].replace('"sample":1', '"sample":2')
    files[ABOUT] = canonical_json(about).encode()
    found = verify_pack(sealed_up(files, manifest, lines, packed.FLEET_KEY), KNOWN)
    assert "the policy is not that of its hash" in found.findings


def test_a_message_of_a_device_is_checked_where_there_is_a_certificate(town: PackTown) -> None:
    found = good(verify_pack(town.export(certificates={}), KNOWN))
    assert found.facts["messages"].endswith("1 without a certificate to check them")
    files = packed.certificate_files()
    names = sorted(files)
    mixed = dict(zip(names, [files[name] for name in [*names[1:], names[0]]], strict=True))
    found = verify_pack(town.export(certificates=mixed), KNOWN)
    assert not found.good or "without a certificate" in found.facts["messages"]


def test_a_party_gets_its_own_homes_only_and_the_trail_still_holds(town: PackTown) -> None:
    octets = town.export("east")
    found = good(verify_pack(octets, KNOWN))
    assert found.party == "east"
    assert "as hashes only" in found.facts["trail"]
    files, _, lines = opened(octets)
    assert len(lines) == len(opened(whole_pack())[2])
    own = {f"h{number}" for number in (1, 3, 5)}
    for name, held in files.items():
        if name != CHAIN and not name.startswith("certificates/"):
            for home in ("h2", "h4", "h6"):
                assert f'"{home}"'.encode() not in held, name
    members = [json.loads(line) for line in files["rows/members.jsonl"].splitlines()]
    assert members
    assert {row[1] for row in members} <= own
    notices = [json.loads(line) for line in files["rows/notices.jsonl"].splitlines()]
    assert {row[1] for row in notices} == {"east"}
    decisions = [json.loads(line) for line in files["rows/decisions.jsonl"].splitlines()]
    assert "eve" in {row[1] for row in decisions}
    assert "will" not in {row[1] for row in decisions}
    shown = " ".join(str(line) for line in lines if len(line) > 2)
    assert "will" not in shown
    assert not any(f'"{home}"' in shown for home in ("h2", "h4", "h6"))


def test_a_campaign_or_party_that_there_is_not_is_named(town: PackTown) -> None:
    with pytest.raises(LocalError, match="there is no such party"):
        town.export("nobody")


def test_somebody_elses_key_is_no_key_of_the_fleet() -> None:
    other = FleetKey(ec.generate_private_key(ec.SECP256R1()))
    found = verify_pack(whole_pack(), KnownFleet(other.public_pem))
    assert found.findings == ["the pack is signed with another key than the one that is known"]
