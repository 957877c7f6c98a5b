"""Who may post to the receiver, and how: pages of others, bearers of nothing, and the slow, may not."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trio

from emulators.receiver.book import RecordBook
from emulators.receiver.server import PATH, Receiver, serve_receiver
from ota_engine.telling.http_sink import HttpSink
from ota_engine.telling.outcome_body import letter
from ota_engine.telling.serving import UNREAD_S
from ota_engine.telling.sink import Fate
from tests.store.samples import outcome

BEARER = "c0ffee-and-more"
K = outcome("k")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[RecordBook]:
    with RecordBook(tmp_path / "records.jsonl") as opened:
        yield opened


def client(receiver: Receiver) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=receiver.app), base_url="http://127.0.0.1:7339"
    )


async def hear(url: str, octets: bytes) -> bytes:
    """Send some octets and no more, and hear what is said until the receiver hangs up."""
    said = b""
    port = httpx.URL(url).port or 0
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(octets)
        with trio.fail_after(30):
            while piece := await stream.receive_some():
                said += piece
    return said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://127.0.0.1:7339"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example:7339", "Host": "evil.example:7339"}, 403),
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_pages_of_others_and_what_is_not_json_are_refused_unread(
    book: RecordBook, headers: dict[str, str], status: int
) -> None:
    async with client(Receiver(book)) as posting:
        answer = await posting.post(PATH, content=letter(K), headers=JSON | headers)
    assert answer.status_code == status
    assert len(book) == (status == 201)


@pytest.mark.parametrize(
    "borne", [None, "", "Bearer", "Bearer no", f"Basic {BEARER}", f"Bearer {BEARER}x"]
)
async def test_who_does_not_bear_the_token_is_refused(book: RecordBook, borne: str | None) -> None:
    headers = JSON if borne is None else JSON | {"Authorization": borne}
    async with client(Receiver(book, token=BEARER)) as posting:
        answer = await posting.post(PATH, content=letter(K), headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert BEARER not in answer.text
    assert len(book) == 0


@pytest.mark.parametrize(
    ("token", "fate"), [(BEARER, Fate.ACCEPTED), (None, Fate.HELD), ("another", Fate.HELD)]
)
async def test_the_sender_proves_itself_as_a_bearer(
    book: RecordBook, token: str | None, fate: Fate
) -> None:
    async with (
        serve_receiver(Receiver(book, token=BEARER)) as url,
        HttpSink(url, token=token) as sink,
    ):
        answer = await sink.tell([K])
    assert answer.fate is fate
    assert BEARER not in answer.problem


async def test_a_letter_whose_body_does_not_come_is_ended(book: RecordBook) -> None:
    async with serve_receiver(Receiver(book, body_s=0.2)) as url:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        said = await hear(url, f"{head}Content-Length: 100\r\n\r\n{{".encode())
    assert said.startswith(b"HTTP/1.1 408")
    assert b"the letter did not arrive within 0.2 s" in said


async def test_a_head_that_does_not_end_is_hung_up_on(book: RecordBook) -> None:
    async with serve_receiver(Receiver(book)) as url:
        assert b"201" not in await hear(url, b"POST /outcomes HTTP/1.1\r\nHost: ")


async def test_a_reader_that_stops_reading_does_not_keep_the_server_from_ending(
    book: RecordBook,
) -> None:
    """Without a time limit in the kernel the server waits for it for ever, whatever it is told."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with reader, trio.fail_after(UNREAD_S + 30):
        async with serve_receiver(Receiver(book)) as url:
            reader.connect(("127.0.0.1", httpx.URL(url).port or 0))
            reader.setblocking(False)
            asked = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
            with trio.move_on_after(3):  # until neither side has room for more
                stream = trio.socket.from_stdlib_socket(reader)
                while True:
                    await stream.send(asked)
