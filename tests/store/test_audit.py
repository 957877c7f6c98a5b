"""The audit trail (fault 35): whatever is done to it behind our back, the first bad row is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.audit_chain import GENESIS, AuditFault, AuditHead, AuditRow, extend, verify
from ota_engine.errors import StoreError
from ota_engine.records import AuditRecord
from ota_engine.store.store import Store
from tests.store.databases import remove, tamper
from tests.store.samples import audit

ROWS = 6
EDITS: dict[str, tuple[str, int]] = {  # an SQL edit, and the row that must be named
    "actor": ("UPDATE audit SET actor = 'somebody else' WHERE sequence = 3", 3),
    "time": ("UPDATE audit SET utc = utc + 0.001 WHERE sequence = 1", 1),
    "hash": ("UPDATE audit SET hash = '00' WHERE sequence = 2", 2),
    "time that is none": ("UPDATE audit SET utc = 'noon' WHERE sequence = 5", 5),
    "octets for text": ("UPDATE audit SET detail = x'00ff' WHERE sequence = 5", 5),
    "moved text": (
        "UPDATE audit SET action = action || subject, subject = '' WHERE sequence = 4",
        4,
    ),
    "first row deleted": ("DELETE FROM audit WHERE sequence = 1", 1),
    "row deleted": ("DELETE FROM audit WHERE sequence = 4", 4),
    "last row deleted": ("DELETE FROM audit WHERE sequence = 6", 6),
    "tail deleted": ("DELETE FROM audit WHERE sequence > 2", 3),
    "all deleted": ("DELETE FROM audit", 1),
    "row deleted, gap closed": (
        """
        DELETE FROM audit WHERE sequence = 2;
        UPDATE audit SET sequence = sequence - 1 WHERE sequence > 2
        """,
        2,
    ),
    "row added": (
        """
        INSERT INTO audit
        SELECT 7, utc, actor, action, subject, detail, hash FROM audit WHERE sequence = 6
        """,
        7,
    ),
    "rows exchanged": (
        """
        UPDATE audit SET sequence = 99 WHERE sequence = 2;
        UPDATE audit SET sequence = 2 WHERE sequence = 3;
        UPDATE audit SET sequence = 3 WHERE sequence = 99
        """,
        2,
    ),
    "head forgotten": ("DELETE FROM meta", 6),
}


def trail(path: Path) -> None:
    with Store.open(path) as store:
        for number in range(ROWS):
            store.apply([audit(f"device {number}")])
        assert store.verify_audit() is None


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_behind_our_back_names_the_first_bad_row(tmp_path: Path, edit: str) -> None:
    statement, bad_row = EDITS[edit]
    path = tmp_path / "zota.db"
    trail(path)
    tamper(path, statement)
    with Store.inspect(path) as store:
        fault = store.verify_audit()
    assert fault is not None
    assert fault.sequence == bad_row
    assert str(bad_row) in fault.problem


def test_a_trail_rewritten_whole_is_found_by_a_head_noted_before(tmp_path: Path) -> None:
    path, forged = tmp_path / "zota.db", tmp_path / "forged.db"
    trail(path)
    with Store.inspect(path) as store:
        noted = store.audit_head().hash
    with Store.open(forged) as store:
        store.apply([audit(f"device {number}", actor="forger") for number in range(ROWS)])
        assert store.verify_audit() is None
        fault = store.verify_audit(known=noted)
    assert fault is not None
    assert "the known head is not in it" in fault.problem


def test_a_head_noted_before_is_found_in_the_trail_that_grew_from_it(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    trail(path)
    with Store.open(path) as store:
        noted = store.audit_head().hash
        store.apply([audit("later")])
        assert store.verify_audit(known=noted) is None
        assert store.verify_audit(known=GENESIS) is None


def test_a_damaged_note_of_the_head_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    for damage in ("UPDATE meta SET value = 'x'", "DELETE FROM meta WHERE name = 'audit head'"):
        remove(path)
        trail(path)
        tamper(path, damage)
        with pytest.raises(StoreError, match="the note of the audit trail's head is damaged"):
            Store.inspect(path)


def test_a_trail_that_grows_while_it_is_looked_at_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as engine, Store.inspect(path) as reader:
        for number in range(3):
            engine.apply([audit(f"device {number}")])
            assert reader.verify_audit() is None


def test_an_empty_trail_is_sound() -> None:
    with Store.in_memory() as store:
        assert store.audit_head() == AuditHead(0, GENESIS)
        assert store.verify_audit() is None


RECORDS = st.lists(
    st.builds(AuditRecord, st.floats(-1e12, 1e12), st.text(), st.text(), st.text(), st.text()),
    min_size=1,
    max_size=6,
)


@given(RECORDS, st.data())
def test_any_change_of_any_row_breaks_the_chain_there(
    records: list[AuditRecord], data: st.DataObject
) -> None:
    rows = extend(AuditHead(), records)
    head = AuditHead(len(rows), rows[-1].hash)
    assert verify(rows, head) is None
    index = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(st.sampled_from(CHANGES))
    changed = [*rows[:index], *change(rows[index]), *rows[index + 1 :]]
    fault = verify(changed, head)
    assert isinstance(fault, AuditFault)
    assert fault.sequence == index + 1


def _edited(row: AuditRow) -> list[AuditRow]:
    longer = AuditRecord(
        row.record.utc, row.record.actor, row.record.action, row.record.subject + "x", "{}"
    )
    return [row._replace(record=longer)]


CHANGES: list[Callable[[AuditRow], list[AuditRow]]] = [
    lambda row: [],
    _edited,
    lambda row: [row._replace(hash=GENESIS)],
    lambda row: [row._replace(sequence=row.sequence + 1)],
]
