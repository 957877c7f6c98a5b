"""``Store.check``: every kind of damage is told, with what to do, and nothing is changed."""

import random
from pathlib import Path

import pytest

from ota_engine.errors import StoreError
from ota_engine.records import CounterRecord
from ota_engine.store.store import Store
from tests.store.databases import tamper
from tests.store.samples import (
    IMAGE,
    PPMID,
    assignment,
    audit,
    change,
    device,
    event,
    firmware,
    image,
    order,
    outcome,
    push,
    reply,
    session,
    target,
    terms,
)

DAMAGE = {  # an SQL edit, and where the finding must be
    "image": ("UPDATE images SET data = x'00'", "images"),
    "image identity": ("UPDATE images SET sha256 = upper(sha256)", "assignments"),
    "assignment without image": ("DELETE FROM images", "assignments"),
    "session without assignment": ("DELETE FROM assignments", "sessions"),
    "outbox without outcome": ("DELETE FROM outcomes", "outbox"),
    "outcome never to be delivered": ("DELETE FROM outbox", "outbox"),
    "outcome never told to one sink": ("INSERT INTO sinks (name) VALUES ('a receiver')", "outbox"),
    "order in a state nobody knows": ("UPDATE orders SET state = 'asleep'", "database"),
    "counter that is none": ("UPDATE counters SET last = 'x'", "database"),
    "outcome of a kind nobody knows": ("UPDATE outcomes SET kind = 'wish'", "database"),
    "outcome with no verdict": ("UPDATE outcomes SET verdict = 'maybe'", "database"),
    "proof worth nobody knows what": (
        "UPDATE outcomes SET verification = '[' || hex(zeroblob(9999))",
        "outcomes",
    ),
    "outcome for a sink that may not hear of it": (
        "UPDATE outcomes SET audience = 'supplier'",
        "dispatches",
    ),
    "audience that is none": ("UPDATE outcomes SET audience = 'A B'", "dispatches"),
    "terms that are none": ("UPDATE image_terms SET terms = '[]'", "database"),
    "a push that is none": ("UPDATE pushes SET devices = '[1]'", "database"),
    "audit": ("UPDATE audit SET actor = 'x'", "audit"),
    "a state nobody knows": ("UPDATE sessions SET state = 'asleep'", "database"),
    "a device that is none": (
        "PRAGMA foreign_keys = OFF; UPDATE devices SET device = 'x'",
        "database",
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.apply([IMAGE, device(), firmware(), assignment(), session(), event()])
        store.apply([outcome("k"), audit(), order(), CounterRecord(PPMID, 1)])
        store.apply([terms(), push(), target(), change(), reply()])
    return path


def test_a_sound_database_has_no_findings(path: Path) -> None:
    with Store.inspect(path) as store:
        report = store.check()
    assert report.findings == ()
    assert {count for table, count in report.rows.items() if table != "audit"} == {1}
    assert "sessions" in report.rows


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told(path: Path, damage: str) -> None:
    statement, where = DAMAGE[damage]
    tamper(path, statement)
    with Store.inspect(path) as store:
        findings = store.check().findings
    assert where in {finding.where for finding in findings}
    assert all("\n" not in "".join(finding) and finding.remedy for finding in findings)


def test_a_damaged_image_is_not_loaded_and_so_never_served(path: Path) -> None:
    tamper(path, "UPDATE images SET data = x'00'")
    with Store.open(path) as store, pytest.raises(StoreError, match="will not be served"):
        store.load()


@pytest.mark.parametrize("seed", [90, *range(20)])
def test_flipped_bytes_never_change_what_is_served(path: Path, seed: int) -> None:
    """Fault 5, as far as serving goes: any damage is refused, told, or did no harm."""
    chance = random.Random(seed)
    with Store.open(path) as store:
        store.apply([image(chance.randbytes(20_000))])
        sound = store.load().images
    damaged = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    path.write_bytes(damaged)
    try:
        with Store.inspect(path) as store:
            findings = store.check().findings
            served = store.load().images
    except StoreError as error:
        assert "\n" not in str(error)
        return
    assert findings or {i.sha256: i.data for i in served} == {i.sha256: i.data for i in sound}


def test_checking_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with Store.inspect(path) as store:
        store.check()
    assert path.read_bytes() == before
