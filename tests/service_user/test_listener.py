"""The endpoint: what public clients answer it answers, and keeps each document of the DCC once."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ota_engine.duis.documents import write_document
from ota_engine.duis.responses import DeviceAlert, ServiceResponse
from ota_engine.duis.writing import write_response
from ota_engine.errors import LinkError
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.book import DocumentBook
from ota_engine.service_user.listener import (
    MOST_OCTETS,
    BroughtDocument,
    Listener,
    ListenerFaults,
    serve_listener,
)
from tests.service_user.parties import OTHER, SWITCH, USER, signed, xml_keys
from tests.service_user.samples import DOCUMENTS, alert

XML = {"Content-Type": "application/xml"}
DELIVERED = DOCUMENTS[5]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DocumentBook]:
    with DocumentBook(tmp_path / "documents.jsonl") as opened:
        yield opened


def listener(book: DocumentBook, **options: Any) -> Listener:
    return Listener(book, xml_keys(), **options)


def _named(document: ServiceResponse, number: int) -> ServiceResponse:
    """The document under a name of its own."""
    named = document.response_id
    assert named is not None
    return replace(document, response_id=named._replace(counter=number))


def client(one: Listener) -> httpx.AsyncClient:
    """A client in the same process, without sockets."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=one.app),
        base_url="http://user.example",
        headers=XML,
    )


class Pieces(httpx.AsyncByteStream):
    """A body that need not be read to its end."""

    def __init__(self, octets: bytes) -> None:
        self._left = octets

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        piece, self._left = self._left[:65_536], self._left[65_536:]
        return piece


async def brought(one: Listener, *documents: bytes, **headers: str) -> list[int]:
    async with client(one) as posting:
        return [
            (await posting.send(_post(octets, XML | headers))).status_code for octets in documents
        ]


def _post(octets: bytes, headers: dict[str, str]) -> httpx.Request:
    return httpx.Request("POST", "http://user.example/", headers=headers, stream=Pieces(octets))


async def test_every_kind_of_document_is_taken_once_and_known_the_second_time(
    book: DocumentBook,
) -> None:
    seen: list[BroughtDocument] = []
    one = listener(book, watch=seen.append, user=USER)
    documents = [_named(document, number) for number, document in enumerate(DOCUMENTS)]
    octets = list(map(signed, documents))
    assert set(await brought(one, *octets, *octets)) == {204}
    assert [each.what for each in seen] == ["kept"] * len(octets) + ["known"] * len(octets)
    assert {each.signature for each in seen} == {CheckResult.VALID}
    assert [each.response for each in seen[: len(octets)]] == documents
    assert len(book) == len(octets)


async def test_what_came_before_is_remembered_by_the_next_listener(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    with DocumentBook(path) as book:
        assert await brought(listener(book), signed(DELIVERED)) == [204]
    with DocumentBook(path) as book:
        assert [found for found, _ in Listener(book).remembered()] == [DELIVERED]


async def test_a_document_signed_a_second_time_is_told_apart_from_a_repeat(
    book: DocumentBook,
) -> None:
    seen: list[BroughtDocument] = []
    one = listener(book, watch=seen.append)
    assert await brought(one, signed(DELIVERED), signed(DELIVERED)) == [204, 204]
    assert [each.what for each in seen] == ["kept", "signed again"]
    assert len(book) == 1


async def test_two_stories_under_one_name_are_refused(book: DocumentBook) -> None:
    seen: list[BroughtDocument] = []
    one = listener(book, watch=seen.append)
    assert await brought(one, signed(DOCUMENTS[5]), signed(DOCUMENTS[6])) == [204, 400]
    assert seen[1].reason == "its name came before, with other words"


def unsigned(document: ServiceResponse) -> bytes:
    return write_document(write_response(document))


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (unsigned(DELIVERED), "it is not signed"),
        (signed(DELIVERED, OTHER), "which is not the DCC"),
        (signed(DELIVERED).replace(b">N60<", b">N61<"), "its digest differs"),
        (b"<x/>", "neither Request nor Response of DUIS"),
        (b"", "not well-formed XML"),
        (b"<!DOCTYPE x><x/>", "it has a document type or an entity"),
    ],
)
async def test_what_is_no_document_of_the_dcc_is_answered_400(
    book: DocumentBook, octets: bytes, said: str
) -> None:
    seen: list[BroughtDocument] = []
    assert await brought(listener(book, watch=seen.append), octets) == [400]
    assert said in seen[0].reason
    assert len(book) == 0


async def test_unsigned_documents_are_taken_where_they_are_let(book: DocumentBook) -> None:
    seen: list[BroughtDocument] = []
    one = listener(book, unsigned=True, watch=seen.append)
    assert await brought(one, unsigned(DELIVERED)) == [204]
    assert seen[0].signature is CheckResult.ABSENT
    assert await brought(one, signed(DOCUMENTS[12], OTHER)) == [400]


async def test_without_keys_nothing_is_verified_and_nothing_is_said_to_be(
    book: DocumentBook,
) -> None:
    seen: list[BroughtDocument] = []
    one = Listener(book, watch=seen.append)
    assert await brought(one, signed(DELIVERED)) == [204]
    assert seen[0].signature is CheckResult.NO_KEY


async def test_documents_for_somebody_else_are_refused(book: DocumentBook) -> None:
    seen: list[BroughtDocument] = []
    one = listener(book, user=OTHER, watch=seen.append)
    assert await brought(one, signed(DOCUMENTS[0]), signed(DELIVERED)) == [400, 400]
    assert all("who is somebody else" in each.reason for each in seen)


async def test_another_content_type_is_answered_404(book: DocumentBook) -> None:
    statuses = await brought(listener(book), signed(DELIVERED), **{"Content-Type": "text/xml"})
    assert statuses == [404]
    with_charset = {"Content-Type": "Application/XML; charset=UTF-8"}
    assert await brought(listener(book), signed(DELIVERED), **with_charset) == [204]


async def test_a_document_may_come_packed(book: DocumentBook) -> None:
    packed = gzip.compress(signed(DELIVERED))
    headers = {"Content-Encoding": "gzip"}
    one = listener(book)
    assert await brought(one, packed, **headers) == [204]
    assert await brought(one, packed[:-9], **headers) == [400]
    assert await brought(one, b"no gzip", **headers) == [400]
    assert await brought(one, packed, **{"Content-Encoding": "br"}) == [400]


async def test_no_document_has_more_than_100_kb_packed_or_not(book: DocumentBook) -> None:
    one = listener(book)
    long = alert(DeviceAlert(0x8F72, bytes(MOST_OCTETS)), SWITCH)
    assert await brought(one, signed(long)) == [413]
    bomb = gzip.compress(bytes(50 << 20))
    assert await brought(one, bomb, **{"Content-Encoding": "gzip"}) == [413]
    assert len(book) == 0


@given(st.binary(max_size=200), st.sampled_from(["", "gzip"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_octets_are_answered_with_4xx(book: DocumentBook, body: bytes, coding: str) -> None:
    (status,) = trio.run(_post_once, listener(book), body, coding)
    assert 400 <= status < 500
    assert len(book) == 0


async def _post_once(one: Listener, body: bytes, coding: str) -> list[int]:
    return await brought(one, body, **({"Content-Encoding": coding} if coding else {}))


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 405), ("POST", "/x", 404)])
async def test_other_requests_are_refused(
    book: DocumentBook, method: str, path: str, status: int
) -> None:
    async with client(listener(book)) as asking:
        assert (await asking.request(method, path)).status_code == status


async def test_faults_come_in_their_order_over_a_real_socket_and_end(book: DocumentBook) -> None:
    seen: list[BroughtDocument] = []
    faults = ListenerFaults(fail=1, redirect=1, close=1, lie=1, lose=1)
    one = listener(book, faults=faults, watch=seen.append)
    statuses: list[int | None] = []
    async with serve_listener(one) as url, httpx.AsyncClient(headers=XML) as posting:
        for _ in range(6):
            try:
                answer = await posting.post(url, content=signed(DELIVERED))
            except httpx.RemoteProtocolError:
                statuses.append(None)
            else:
                statuses.append(answer.status_code)
    assert statuses == [503, 307, None, 204, None, 204]
    assert [each.what for each in seen] == [
        "failed",
        "redirected",
        "closed",
        "lied",
        "lost",
        "signed again",
    ]
    assert one.status() == {
        "documents": 1,
        "brought": {
            "closed": 1,
            "failed": 1,
            "lied": 1,
            "lost": 1,
            "redirected": 1,
            "signed again": 1,
        },
    }


async def test_a_listener_that_is_slow_answers_when_it_has_kept(
    book: DocumentBook, autojump_clock: object
) -> None:
    one = listener(book, faults=ListenerFaults(delay=60.0))
    begun = trio.current_time()
    assert await brought(one, signed(DELIVERED)) == [204]
    assert trio.current_time() - begun >= 60.0


async def test_a_port_in_use_is_one_line(book: DocumentBook) -> None:
    one = listener(book)
    async with serve_listener(one) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(LinkError, match="cannot be used"):
            async with serve_listener(one, port):
                pass
