"""A full disk (fault 4): nothing half-written, nothing lost, and on it goes when there is room."""

from pathlib import Path

import pytest

from ota_engine.errors import StoreFull
from ota_engine.store.store import Store
from tests.store.samples import IMAGE, assignment, audit, deeds, event, image, outcome, session

SMALL = 128 * 1024  # octets; the empty schema needs half of it
LARGE = 64 * 1024 * 1024
BULKY = image(bytes(SMALL))


def test_a_batch_that_finds_the_disk_full_is_rolled_back_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "zota.db") as store:
        store.apply([IMAGE, assignment(), audit("before")])
        before = store.load(), store.audit_head()
        store.limit_size(SMALL)
        with pytest.raises(StoreFull, match="the disk is full, nothing was written: make room"):
            store.apply([session(), outcome("k"), event(), audit("with it"), BULKY])
        assert (store.load(), store.audit_head()) == before
        assert (store.events(), store.outcomes()) == ((), ())


def test_the_same_batch_is_accepted_once_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "zota.db"
    with Store.open(path) as store:
        store.limit_size(SMALL)
        for _ in range(3):
            with pytest.raises(StoreFull):
                store.apply([audit(), BULKY])
        store.limit_size(LARGE)
        store.apply([audit(), BULKY])
    with Store.open(path) as store:
        assert store.load().images == (BULKY,)
        assert deeds(store) == [audit()]
        assert store.check().findings == ()


def test_what_was_stored_stays_readable_on_a_full_disk(tmp_path: Path) -> None:
    with Store.open(tmp_path / "zota.db") as store:
        store.limit_size(SMALL)
        written = 0
        with pytest.raises(StoreFull):
            while True:
                store.apply([event(detail=f'"{"x" * 1000}"')])
                written += 1
        assert written > 0
        assert len(store.events()) == written


def test_a_database_on_a_full_disk_is_closed_all_the_same(tmp_path: Path) -> None:
    """What was committed is safe; that the note of a clean end is missing costs a look, no more."""
    with Store.open(tmp_path / "zota.db") as store:
        store.apply([IMAGE, audit()])
        store.limit_size(4096)
        with pytest.raises(StoreFull):
            while True:
                store.apply([event(detail=f'"{"x" * 100}"')])
    with Store.open(tmp_path / "zota.db") as store:
        assert store.load().images == (IMAGE,)
        assert store.check().findings == ()
