"""A user's folder: no counter twice, no document twice, whatever crashes and whoever else is at it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.errors import LocalError, StoreError
from ota_engine.service_user.book import BookedDocument, BookEntry, DocumentBook
from ota_engine.service_user.hearing import SentRequest
from ota_engine.service_user.state import COUNTERS, REQUESTS, UserFolder
from tests.service_user.parties import NOW, OTHER, USER, asked

MILLISECONDS = int(NOW * 1000)
SENT = SentRequest(asked().header.request_id, 4, "11.3", NOW, "I0")


def test_counters_go_on_where_they_were_for_each_user(tmp_path: Path) -> None:
    folder = UserFolder(tmp_path / "new")
    assert folder.take_counter(USER, NOW) == MILLISECONDS
    assert UserFolder(folder.path).take_counter(USER, NOW) == MILLISECONDS + 1
    assert folder.take_counter(OTHER, NOW) == MILLISECONDS


def test_a_chosen_counter_is_given_and_none_below_it_afterwards(tmp_path: Path) -> None:
    folder = UserFolder(tmp_path)
    assert folder.take_counter(USER, NOW, MILLISECONDS + 500) == MILLISECONDS + 500
    assert folder.take_counter(USER, NOW, 7) == 7
    assert folder.take_counter(USER, NOW) == MILLISECONDS + 501
    with pytest.raises(LocalError):
        folder.take_counter(USER, NOW, 1 << 64)


TAKE = """
import sys
from pathlib import Path
from ota_engine.service_user.state import UserFolder
folder = UserFolder(Path(sys.argv[1]))
print(*(folder.take_counter(1, 5.0) for _ in range(40)))
"""


def test_processes_at_the_same_time_never_get_the_same_counter(tmp_path: Path) -> None:
    words = [sys.executable, "-c", TAKE, str(tmp_path)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [text for one in running for text in one.communicate()[0].split()]
    assert len(taken) == len(set(taken)) == 120


def test_a_file_of_counters_that_is_none_is_not_begun_anew(tmp_path: Path) -> None:
    for text in ("", "[]", '{"x": "1"}'):
        (tmp_path / COUNTERS).write_text(text)
        with pytest.raises(StoreError, match="holds no counters"):
            UserFolder(tmp_path).take_counter(USER, NOW)
        assert (tmp_path / COUNTERS).read_text() == text


def test_requests_are_read_as_they_were_sent_but_for_what_a_crash_tore(tmp_path: Path) -> None:
    folder = UserFolder(tmp_path)
    assert folder.requests() == ()
    folder.sent(SENT)
    whole = (tmp_path / REQUESTS).read_bytes()
    for cut in range(1, len(whole)):
        (tmp_path / REQUESTS).write_bytes(whole + whole[:cut])
        assert folder.requests()[0] == SENT
        folder.sent(SENT._replace(code="I99"))
        assert folder.requests()[-1] == SENT._replace(code="I99")


# --- documents ------------------------------------------------------------------------------------


def entry(octets: str = "a", words: str = "w", name: str = "n") -> BookEntry:
    return BookEntry(octets, words, name, NOW, "<text/>")


def test_a_document_is_kept_once_also_across_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    with DocumentBook(path) as book:
        assert [book.take(entry()), book.take(entry())] == [
            BookedDocument.KEPT,
            BookedDocument.KNOWN,
        ]
    with DocumentBook(path) as book:
        assert (len(book), book.found, book.take(entry())) == (
            1,
            (entry(),),
            BookedDocument.KNOWN,
        )
    assert len(path.read_text().splitlines()) == 1


def test_the_same_words_under_another_signature_are_told_and_not_kept(tmp_path: Path) -> None:
    with DocumentBook(tmp_path / "documents.jsonl") as book:
        book.take(entry())
        assert book.take(entry(octets="b")) is BookedDocument.SIGNED_AGAIN
        assert len(book) == 1


def test_other_words_under_the_same_name_are_a_conflict(tmp_path: Path) -> None:
    with DocumentBook(tmp_path / "documents.jsonl") as book:
        book.take(entry())
        assert book.take(entry("b", "v")) is BookedDocument.CONFLICT
        assert book.take(entry("c", "u", "")) is BookedDocument.KEPT
        assert book.take(entry("d", "t", "")) is BookedDocument.KEPT


def test_a_document_torn_anywhere_by_a_crash_is_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    with DocumentBook(path) as book:
        book.take(entry())
    whole = path.read_bytes()
    for cut in range(0, len(whole), 9):
        path.write_bytes(whole + json.dumps(entry("b", "v", "m")._asdict())[:cut].encode())
        with DocumentBook(path) as book:
            assert book.take(entry("b", "v", "m")) is BookedDocument.KEPT
            assert len(book) == 2


def test_two_listeners_cannot_share_a_book(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    with (
        DocumentBook(path),
        pytest.raises(StoreError, match="another process writes its documents here"),
    ):
        DocumentBook(path)
    assert os.access(path, os.R_OK)
