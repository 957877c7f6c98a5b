"""The receiver's records: one per id, on disk before they are acknowledged, found again after a crash."""

import json
from pathlib import Path

import pytest

from emulators.receiver.book import BookedOutcome, RecordBook
from emulators.receiver.letter import ReceivedOutcome, read_letter
from ota_engine.errors import StoreError
from ota_engine.telling.outcome_body import letter
from tests.store.samples import outcome


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


def written(key: str, reason: str = "", **more: object) -> ReceivedOutcome:
    found = read_letter(json.dumps(json.loads(letter(outcome(key, reason=reason))) | more).encode())
    assert isinstance(found, ReceivedOutcome)
    return found


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("ascii").splitlines()]


def test_a_letter_is_kept_once_however_often_it_comes(path: Path) -> None:
    with RecordBook(path) as book:
        entries = [book.take(written(key)) for key in "aab"]
        assert entries == [BookedOutcome.KEPT, BookedOutcome.KNOWN, BookedOutcome.KEPT]
        assert ids(path) == ["a", "b"]


def test_a_letter_that_came_before_a_restart_is_known_after_it(path: Path) -> None:
    with RecordBook(path) as book:
        book.take(written("a"))
    with RecordBook(path) as book:
        assert (len(book), book.take(written("a"))) == (1, BookedOutcome.KNOWN)
    assert ids(path) == ["a"]


def test_another_letter_under_a_known_id_is_a_conflict_and_changes_nothing(path: Path) -> None:
    with RecordBook(path) as book:
        book.take(written("a"))
        assert book.take(written("a", "told differently")) is BookedOutcome.CONFLICT
    with RecordBook(path) as book:
        assert book.take(written("a", "told differently")) is BookedOutcome.CONFLICT
        assert book.take(written("a")) is BookedOutcome.KNOWN
    assert ids(path) == ["a"]


def test_a_newer_sender_that_decodes_more_tells_the_same(path: Path) -> None:
    with RecordBook(path) as book:
        book.take(written("a", decoded={"use_case": "CS06"}))
        again = written("a", decoded={"use_case": "CS06", "more": 1}, field_of_tomorrow=1)
        assert book.take(again) is BookedOutcome.KNOWN


def test_a_record_torn_anywhere_by_a_crash_is_taken_again(path: Path) -> None:
    first, second = written("first"), written("second")
    for cut in range(0, len(second.line), 7):
        path.write_bytes(first.line + second.line[:cut])
        with RecordBook(path) as book:
            assert book.take(first) is BookedOutcome.KNOWN
            assert book.take(second) is BookedOutcome.KEPT
        assert path.read_bytes() == first.line + second.line


def test_two_receivers_cannot_share_a_file(path: Path) -> None:
    with RecordBook(path), pytest.raises(StoreError, match="another process writes"):
        RecordBook(path)


def test_a_file_of_somebody_else_is_left_alone(path: Path) -> None:
    path.write_bytes(b"my notes, unfinished")
    with pytest.raises(StoreError, match="name another file"):
        RecordBook(path)
    assert path.read_bytes() == b"my notes, unfinished"
