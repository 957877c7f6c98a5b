"""The receiver over HTTP: any request has an answer of its kind, and faults come as they were told."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.receiver.book import RecordBook
from emulators.receiver.server import (
    PATH,
    Receiver,
    ReceiverFaults,
    Reception,
    serve_receiver,
)
from ota_engine.errors import LinkError
from ota_engine.telling.http_sink import idempotency_key
from ota_engine.telling.outcome_body import letter
from ota_engine.telling.serving import LOOPBACK
from tests.store.samples import outcome


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with RecordBook(tmp_path / "records.jsonl") as book:
        yield Receiver(book)


def ids(receiver: Receiver) -> list[str]:
    return [json.loads(line)["id"] for line in receiver.book.path.read_text().splitlines()]


JSON = {"Content-Type": "application/json"}


def client(receiver: Receiver) -> httpx.AsyncClient:
    """A client in the same process, without sockets."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=receiver.app),
        base_url="http://receiver.example",
        headers=JSON,
    )


class Endless(httpx.AsyncByteStream):
    """A body that never ends."""

    def __init__(self) -> None:
        self.sent = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.sent += 65_536
        return b" " * 65_536


@given(st.binary(max_size=120), st.none() | st.text(max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_octets_are_answered_with_4xx(receiver: Receiver, body: bytes, key: str | None) -> None:
    async def post() -> int:
        headers = {} if key is None else {"Idempotency-Key": idempotency_key(key)}
        async with client(receiver) as posting:
            return (await posting.post(PATH, content=body, headers=headers)).status_code

    assert 400 <= trio.run(post) < 500
    assert len(receiver.book) == 0


async def test_new_known_and_contradicting_letters_are_told_apart(receiver: Receiver) -> None:
    async with client(receiver) as posting:
        answers = [
            await posting.post(PATH, content=letter(outcome("k", reason=reason)))
            for reason in ("", "", "told differently")
        ]
        status = (await posting.get("/")).json()
    assert [answer.status_code for answer in answers] == [201, 200, 409]
    assert [answer.json()["what"] for answer in answers] == ["kept", "known", "conflict"]
    assert status == {
        "records": 1,
        "letters": {"conflict": 1, "kept": 1, "known": 1},
        "proofs": {},
    }


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", PATH, 405), ("POST", "/", 405), ("POST", "/x", 404)]
)
async def test_other_requests_are_refused(
    receiver: Receiver, method: str, path: str, status: int
) -> None:
    async with client(receiver) as asking:
        assert (await asking.request(method, path)).status_code == status


async def test_a_body_without_end_is_cut_off(receiver: Receiver) -> None:
    body = Endless()
    async with client(receiver) as posting:
        request = httpx.Request("POST", f"http://receiver.example{PATH}", headers=JSON, stream=body)
        assert (await posting.send(request)).status_code == 413
    assert body.sent < 1 << 20


@pytest.mark.parametrize("key", ["plain", "two words", "Zähler 7%", "line\nbreak", "\x00"])
async def test_an_id_of_any_letters_travels_as_its_key(receiver: Receiver, key: str) -> None:
    headers = {"Idempotency-Key": idempotency_key(key)}
    async with client(receiver) as posting:
        answer = await posting.post(PATH, content=letter(outcome(key)), headers=headers)
    assert answer.status_code == 201
    assert ids(receiver) == [key]


async def test_faults_come_in_their_order_and_end(tmp_path: Path) -> None:
    seen: list[Reception] = []
    faults = ReceiverFaults(fail=1, status=500, close=1, lose=1)
    with RecordBook(tmp_path / "records.jsonl") as book:
        receiver = Receiver(book, faults, seen.append)
        async with (
            serve_receiver(receiver) as url,
            httpx.AsyncClient(trust_env=False, headers=JSON) as posting,
        ):
            said: list[int | None] = []
            for _ in range(4):
                try:
                    said.append((await posting.post(url, content=letter(outcome("k")))).status_code)
                except httpx.RemoteProtocolError:
                    said.append(None)
        assert said == [500, None, None, 200]
        assert [taken.what for taken in seen] == ["failed", "closed", "lost", "known"]
        assert ids(receiver) == ["k"]


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\xff\x00\xff\r\n\r\n",
        b"POST /outcomes HTTP/1.1\r\n\r\n",
        b"POST /outcomes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /outcomes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_is_answered_with_4xx_and_the_next_is_served(
    receiver: Receiver, octets: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async with (
        serve_receiver(receiver) as url,
        httpx.AsyncClient(trust_env=False, headers=JSON) as posting,
    ):
        port = httpx.URL(url).port
        assert port is not None
        stream = await trio.open_tcp_stream(LOOPBACK, port)
        async with stream:
            await stream.send_all(octets)
            answer = await stream.receive_some()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert (await posting.post(url, content=letter(outcome("k")))).status_code == 201
    assert "Traceback" not in capfd.readouterr().err


async def test_a_sender_that_leaves_in_mid_letter_harms_nobody(
    receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    async with (
        serve_receiver(receiver) as url,
        httpx.AsyncClient(trust_env=False, headers=JSON) as posting,
    ):
        port = httpx.URL(url).port
        assert port is not None
        stream = await trio.open_tcp_stream(LOOPBACK, port)
        async with stream:
            await stream.send_all(
                b"POST /outcomes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 9\r\n\r\n{"
            )
        assert (await posting.post(url, content=letter(outcome("k")))).status_code == 201
    assert "Traceback" not in capfd.readouterr().err
    assert ids(receiver) == ["k"]


async def test_a_port_in_use_is_one_line(receiver: Receiver) -> None:
    async with serve_receiver(receiver) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(LinkError, match=f"port {port} .*: give another --port"):
            async with serve_receiver(receiver, port):
                pass
