"""Evidence that stands alone: whatever is rewritten, removed or slipped in contradicts the trail."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.audit_chain import AuditHead, extend
from ota_engine.catalogue.intake import image_record
from ota_engine.errors import StoreError
from ota_engine.records import OrderState, PushState, Record, Verdict
from ota_engine.store import schema
from ota_engine.store.seals import SEAL, SEAL_FOUND, SEALER, known_seals
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.cli.firmware import image_file
from tests.store.databases import edited, tamper
from tests.store.samples import (
    HIGHEST,
    IMAGE,
    PPMID,
    RECORDS,
    audit,
    order,
    outcome,
    push,
    target,
)
from tests.tiers import examples

DONE = order(
    state=OrderState.ACTIVATED, counter=7, command=b"CS06", evidence=b"answer", execution_utc=5
)
OVER = push(state=PushState.ENDED, ended_utc=1.7e9 + 60)
TOLD = outcome("k", version_after=5, message=b"proof")

FORGERIES = {  # an SQL edit, and what must be said of it
    "verdict": ("UPDATE outcomes SET verdict = 'failed'", "outcome k is not what was recorded"),
    "version": ("UPDATE outcomes SET version_after = 6", "outcome k is not what was recorded"),
    "reason": ("UPDATE outcomes SET reason = 'x'", "outcome k is not what was recorded"),
    "time": ("UPDATE outcomes SET utc = utc + 1", "outcome k is not what was recorded"),
    "proof": ("UPDATE outcomes SET message = NULL", "outcome k is not what was recorded"),
    "image of an outcome": (
        "UPDATE outcomes SET sha256 = ''",
        "outcome k is not what was recorded",
    ),
    "outcome removed": (
        "DELETE FROM dispatches; DELETE FROM outbox; DELETE FROM outcomes",
        "outcome k was recorded, and is gone",
    ),
    "outcome slipped in": (
        """
        INSERT INTO outcomes SELECT 'new', utc, device, kind, verdict, reason, sha256,
        version_before, version_after, message, verification, audience FROM outcomes
        """,
        "outcome new was never recorded by the engine",
    ),
    "order state": ("UPDATE orders SET state = 'failed'", "order 1 is not what was recorded"),
    "order reopened": ("UPDATE orders SET state = 'sent'", "order 1 is not what was recorded"),
    "order evidence": ("UPDATE orders SET evidence = x'00'", "order 1 is not what was recorded"),
    "order time": ("UPDATE orders SET execution_utc = 6", "order 1 is not what was recorded"),
    "order made a user's": ("UPDATE orders SET passed = 1", "order 1 is not what was recorded"),
    "order removed": ("DELETE FROM orders", "order 1 was recorded, and is gone"),
    "order slipped in": (
        """
        INSERT INTO orders SELECT 2, originator, device, manufacturer_image_hash, sha256,
        execution_utc, created_utc, state, since_utc, reason, counter, command, cancel_counter,
        cancel_command, attempts, code, firmware_version, evidence, passed FROM orders
        """,
        "order 2 was never recorded by the engine",
    ),
    "image version": ("UPDATE images SET file_version = 9", f"image {IMAGE.sha256[:16]} is not"),
    "image hash": (
        "UPDATE images SET manufacturer_image_hash = 'ab'",
        f"image {IMAGE.sha256[:16]} is not what was recorded",
    ),
    "push state": ("UPDATE pushes SET state = 'running'", "push 1 is not what was recorded"),
    "push devices": ("UPDATE pushes SET devices = '[]'", "push 1 is not what was recorded"),
    "target verdict": (
        "UPDATE push_targets SET verdict = 'failed'",
        "push 1 is not what was recorded",
    ),
    "target removed": ("DELETE FROM push_targets", "push 1 is not what was recorded"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.apply([IMAGE, audit(), order(state=OrderState.SENT), push()])
        store.apply([TOLD, DONE, target(), target(eui64=HIGHEST), OVER])
    return path


def findings(path: Path) -> list[str]:
    with Store.inspect(path) as store:
        return [finding.problem for finding in store.check().findings]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_evidence_that_is_not_what_was_recorded_is_named(path: Path, forgery: str) -> None:
    assert findings(path) == []
    statement, said = FORGERIES[forgery]
    tamper(path, statement)
    assert [problem for problem in findings(path) if said in problem]
    with Store.inspect(path) as store:
        assert store.verify_audit() is None, "the trail itself was left alone"
        assert [one for one in store.broken_seals() if said in one.problem]


def test_a_seal_rewritten_to_fit_a_forgery_breaks_the_chain(path: Path) -> None:
    with Store.inspect(path) as store:
        (old,) = [row for row in store.audit_rows() if TOLD.key in row.record.detail]
    forged = replace(TOLD, verdict=Verdict.FAILED)
    with Store.in_memory() as other:
        other.apply([forged])
        (row,) = other.audit_rows()
    tamper(path, "UPDATE outcomes SET verdict = 'failed'")
    with edited(path) as database:
        for key, digest in known_seals([row.record]).digests.items():
            change = known_seals([old.record]).digests[key], digest
            database.execute("UPDATE audit SET detail = replace(detail, ?, ?)", change)
    assert findings(path) == [f"row {old.sequence} is not what was written"]


def test_a_chain_rewritten_whole_is_found_by_the_head_noted_before(path: Path) -> None:
    with Store.inspect(path) as store:
        noted = store.audit_head().hash
        records = [row.record for row in store.audit_rows()]
    with Store.open(path) as store:
        forged = extend(AuditHead(), [replace(record, utc=Utc(1.0)) for record in records])
    with edited(path) as database:
        for row in forged:
            values = (row.record.utc, row.hash, row.sequence)
            database.execute("UPDATE audit SET utc = ?, hash = ? WHERE sequence = ?", values)
        head = (forged[-1].hash, schema.AUDIT_HEAD)
        database.execute("UPDATE meta SET value = ? WHERE name = ?", head)
    assert findings(path) == []
    with Store.inspect(path) as store:
        fault = store.verify_audit(known=noted)
    assert fault is not None
    assert "the known head is not in it" in fault.problem


def test_an_outcome_told_again_keeps_its_first_seal(path: Path) -> None:
    with Store.open(path) as store:
        store.apply([replace(TOLD, reason="another time")])
    assert findings(path) == []


def test_a_late_word_seals_an_order_anew(path: Path) -> None:
    with Store.open(path) as store:
        store.apply([replace(DONE, state=OrderState.FAILED, code=2)])
    assert findings(path) == []


def test_an_image_may_be_called_otherwise(path: Path) -> None:
    with Store.open(path) as store:
        store.apply([replace(IMAGE, name="other.ota")])
    assert findings(path) == []


def test_one_commit_has_one_row_of_seals_whatever_it_settles() -> None:
    with Store.in_memory() as store:
        store.apply([outcome(str(number)) for number in range(40)])
        (row,) = store.audit_rows()
    assert (row.record.actor, row.record.action, row.record.subject) == (SEALER, SEAL, "40 outcome")


def test_what_settles_nothing_is_sealed_by_nothing() -> None:
    with Store.in_memory() as store:
        store.apply([order(), push(), target()])
        assert store.audit_rows() == ()


@examples(100)
@given(st.lists(RECORDS, max_size=10))
def test_whatever_is_committed_is_sound(records: list[Record]) -> None:
    ended: set[int] = set()
    with Store.in_memory() as store:
        for record in records:
            if getattr(record, "number", getattr(record, "push", None)) in ended:
                continue  # the engine changes nothing of what has ended
            try:
                store.apply([record])
            except StoreError:
                continue
            if str(getattr(record, "state", "")) in {
                "ended",
                "stopped",
                "activated",
                "failed",
                "cancelled",
                "expired",
            } and hasattr(record, "number"):
                ended.add(record.number)
        assert store.broken_seals() == ()


# --- databases of before --------------------------------------------------------------------------


def without_what_came_later(path: Path) -> None:
    tamper(path, "DROP TABLE premises_changes; DROP TABLE premises_replies")
    tamper(path, "ALTER TABLE dispatches DROP COLUMN owner")
    tamper(path, "ALTER TABLE dispatches DROP COLUMN until_utc")
    tamper(path, "ALTER TABLE sessions DROP COLUMN arrived")
    tamper(path, "ALTER TABLE sessions DROP COLUMN silent")


def as_an_older_version_left_it(path: Path) -> None:
    """A database of schema 0005: the same tables, without seals."""
    tamper(path, "DELETE FROM audit WHERE actor = 'store'")
    tamper(path, "ALTER TABLE orders DROP COLUMN passed")
    without_what_came_later(path)
    tamper(path, "DELETE FROM meta; UPDATE alembic_version SET version_num = '0005'")


def test_what_an_older_version_wrote_is_sealed_as_found_and_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.apply([IMAGE, TOLD, DONE, push(), target(), OVER])
    as_an_older_version_left_it(path)
    with Store.open(path) as store:
        report = store.check()
        assert (report.findings, report.sealed_as_found) == ((), 4)
        (row,) = store.audit_rows()
        assert (row.record.action, row.record.subject) == (
            SEAL_FOUND,
            "1 image, 1 order, 1 outcome, 1 push",
        )
    with Store.open(path) as store:
        assert store.audit_head().length == 1, "once only"
    tamper(path, "UPDATE outcomes SET verdict = 'failed'")
    assert findings(path) == ["outcome k is not what was recorded"]


def test_an_order_that_was_sealed_before_users_had_any_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.apply([IMAGE, DONE, OVER])
    tamper(path, "ALTER TABLE orders DROP COLUMN passed")
    without_what_came_later(path)
    tamper(path, "UPDATE alembic_version SET version_num = '0006'")
    with Store.open(path) as store:
        assert store.check().findings == ()


def test_an_empty_database_of_an_older_version_has_nothing_to_seal(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    Store.open(path).close()
    as_an_older_version_left_it(path)
    with Store.open(path) as store:
        assert store.audit_rows() == ()
        assert store.check().sealed_as_found == 0


# --- images against their own octets --------------------------------------------------------------


@pytest.mark.parametrize(
    "edited",
    [
        "UPDATE images SET manufacturer_code = 1",
        "UPDATE images SET image_type = 1",
        "UPDATE images SET file_version = 1",
        "UPDATE images SET zigbee_stack_version = 1",
        "UPDATE images SET minimum_hardware_version = 1",
        "UPDATE images SET upgrade_file_destination = '00-DB-12-34-56-78-90-A4'",
    ],
)
def test_a_row_of_an_image_is_checked_against_the_images_own_octets(
    tmp_path: Path, edited: str
) -> None:
    path = tmp_path / "zota.db"
    file = image_file(tmp_path)
    with Store.open(path) as store:
        store.apply([image_record(file.read_bytes(), file.name, Utc(1.7e9))])
    assert findings(path) == []
    tamper(path, edited)
    first, *_ = findings(path)
    assert first.startswith(edited.split()[3] + " of image ")
    assert first.endswith("is not what its own octets say")


def test_who_is_told_is_part_of_an_outcomes_seal(path: Path) -> None:
    tamper(path, "UPDATE outcomes SET audience = 'operators supplier'")
    assert "outcome k is not what was recorded" in findings(path)
    assert TOLD.device == PPMID
