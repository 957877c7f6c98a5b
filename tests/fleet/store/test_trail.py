"""The fleet's audit trail: only ever extended, sealed over what is evidence, signed for others to keep."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from ota_engine.audit_chain import AuditHead, AuditRow, extend
from ota_engine.errors import StoreError
from ota_engine.fleet.campaigns.rows import GateDecision, Member, MemberState
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.heads import SignedHead, is_head_signed, sign_head
from ota_engine.fleet.kernel.rows import Changed, Unloaded, key_of
from ota_engine.fleet.kernel.seals import is_evidence, seals_told
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.port import Instruction
from ota_engine.store.fleet.keyring import FleetKey
from tests.fleet.estate import BEGIN
from tests.fleet.store.finished import finished
from tests.fleet.town import Town


def edit(town: Town, *statements: str) -> None:
    """Change the database behind the fleet's back, as somebody with the file can."""
    for statement in statements:
        town.store.driver.execute(statement)


def unguard(town: Town) -> None:
    """Let lines of the trail be changed, as somebody with the file can."""
    edit(
        town,
        *town.store.driver.dialect.choose(
            sqlite=("DROP TRIGGER fleet_audit_no_update", "DROP TRIGGER fleet_audit_no_delete"),
            postgresql=("DROP TRIGGER fleet_audit_kept ON fleet_audit",),
        ),
    )


def findings(town: Town) -> list[str]:
    with town.store.reading():
        return [f"{one.where}: {one.problem}" for one in town.store.broken_seals()]


def test_a_campaign_that_went_well_has_evidence_of_every_kind_and_no_broken_seal() -> None:
    town = finished()
    for kind in (DecisionRow, GateDecision, Member, Notice, Instruction):
        assert any(is_evidence(row) for row in town.rows(kind)), kind
    assert {member.state for member in town.rows(Member)} == {MemberState.ACTIVATED}
    assert findings(town) == []
    assert town.store.verify_audit() is None


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE gate_decisions SET verdict = 'fail' WHERE verdict = 'pass'", "gate_decisions"),
        ("UPDATE members SET version_after = 1 WHERE home = 'h1'", "members"),
        ("UPDATE members SET state = 'planned' WHERE home = 'h1'", ""),
        ("UPDATE decisions SET person = 'kay' WHERE person = 'peter'", "decisions"),
        ("UPDATE notices SET delivered_utc = delivered_utc - 1", "notices"),
        ("UPDATE instructions SET sha256 = 'cd' WHERE home = 'h2'", "instructions"),
        ("DELETE FROM gate_decisions WHERE number = 1", ""),
    ],
)
def test_evidence_that_is_rewritten_or_gone_contradicts_its_seal(
    statement: str, where: str
) -> None:
    town = finished()
    edit(town, statement)
    found = findings(town)
    assert any("are gone, or not what they were" in one for one in found)
    assert not where or any(one.startswith(f"{where}: ") for one in found)
    assert town.store.verify_audit() is None  # the chain itself says nothing of it


def test_evidence_that_was_slipped_in_is_found() -> None:
    town = finished()
    edit(
        town,
        "INSERT INTO gate_decisions SELECT campaign, phase, 99, 'pass', missing, named,"
        " inputs, policy_hash, utc FROM gate_decisions WHERE number = 1",
    )
    assert findings(town) == ["gate_decisions: c1/1/99 is not what the trail seals"]


@pytest.mark.parametrize(
    "verb", ["UPDATE fleet_audit SET actor = 'nobody'", "DELETE FROM fleet_audit"]
)
def test_the_trail_refuses_to_be_changed(verb: str) -> None:
    town = finished(1)
    refusals = (sqlite3.IntegrityError, psycopg.errors.RaiseException)
    with pytest.raises(refusals, match="only ever extended"):
        edit(town, verb)


def test_lines_cut_off_at_the_end_of_the_trail_are_missed() -> None:
    town = finished(1)
    length = town.store.audit_head().length
    unguard(town)
    town.store.driver.execute("DELETE FROM fleet_audit WHERE sequence = ?", (length,))
    fault = town.store.verify_audit()
    assert fault is not None
    assert fault.sequence == length


def test_a_chain_computed_anew_after_a_changed_verdict_is_found_by_a_head_that_was_noted() -> None:
    town = finished()
    noted = town.store.audit_head().hash
    unguard(town)
    edit(town, "UPDATE gate_decisions SET verdict = 'fail' WHERE verdict = 'pass'")
    records = [row.record for row in town.store.trail() if seals_told(*_told(row)) is None]
    rows = extend(AuditHead(), records)
    edit(town, "DELETE FROM fleet_audit")
    town.store.driver.executemany(
        "INSERT INTO fleet_audit VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                r.sequence,
                r.record.utc,
                r.record.actor,
                r.record.action,
                r.record.subject,
                r.record.detail,
                r.hash,
            )
            for r in rows
        ],
    )
    head = (len(rows), rows[-1].hash)
    town.store.driver.execute("UPDATE fleet_audit_head SET length = ?, hash = ?", head)
    assert town.store.verify_audit() is None
    fault = town.store.verify_audit(noted)
    assert fault is not None
    assert "the known head is not in it" in fault.problem


def _told(row: AuditRow) -> tuple[str, str, str]:
    record = row.record
    return record.actor, record.action, record.detail


def test_seals_name_no_home() -> None:
    town = finished()
    sealed = [row.record for row in town.store.trail() if row.record.action == "seal"]
    assert sealed
    assert not any(home in record.detail for record in sealed for home in ("h0", "h1", "c1/"))


def test_a_head_is_signed_by_the_fleet_and_by_nobody_else() -> None:
    key, other = FleetKey.generate(), FleetKey.generate()
    head = sign_head(finished(1).store.audit_head(), key.private, BEGIN)
    assert is_head_signed(head, key.public_pem)
    assert not is_head_signed(head, other.public_pem)
    assert not is_head_signed(head._replace(length=head.length + 1), key.public_pem)
    assert not is_head_signed(SignedHead(1, "00", BEGIN, "no signature"), key.public_pem)


def test_the_fleet_keeps_its_key_for_itself_and_finds_it_again(tmp_path: Path) -> None:
    path = tmp_path / "fleet-key.pem"
    first = FleetKey.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert FleetKey.open(path).public_pem == first.public_pem
    assert [entry.name for entry in tmp_path.iterdir()] == ["fleet-key.pem"]
    path.chmod(0o640)
    with pytest.raises(StoreError, match="others may read this key"):
        FleetKey.open(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(StoreError, match="this is no key of a fleet"):
        FleetKey.open(path)


def test_a_home_costs_few_octets_of_audit() -> None:
    homes = 50
    before = _octets(finished(1))
    after = _octets(finished(homes + 1))
    per_home = (after - before) / homes
    print(f"{per_home:.0f} octets of audit per home")  # noqa: T201 - the figure is stated
    assert per_home < 1_000


def _octets(town: Town) -> int:
    return sum(
        len(
            row.record.actor + row.record.action + row.record.subject + row.record.detail + row.hash
        )
        for row in town.store.trail()
    )


def test_evidence_that_a_later_decision_replaces_has_its_old_seal_lifted() -> None:
    town = finished(2)
    (told, *_) = [one for one in town.rows(Notice) if is_evidence(one)]
    changed = replace(told, text="corrected")
    blind = Changed(key_of(told), Unloaded.UNKNOWN, changed)
    with town.store.transaction():
        town.store.keep([blind], [], BEGIN)
    assert findings(town) == []
    last = [row.record for row in town.store.trail()][-1]
    sealed = seals_told(last.actor, last.action, last.detail)
    assert sealed is not None
    assert (len(sealed.sealed), len(sealed.lifted)) == (1, 1)
    assert changed in town.rows(Notice)
