"""A small client of DUIS as public ones are: knows XML and HTTP, and nothing of this project's own code.

It waits three seconds, throws at a status of 4xx or 5xx, wants application/xml, takes a callback of 100 kB
at most, and matches callbacks to requests by their RequestID, once. XML is read by the standard library.
"""

import gzip
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx
import trio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

NAMESPACE: Final = "http://www.dccinterface.co.uk/ServiceUserGateway"
SR: Final = f"{{{NAMESPACE}}}"
#: Twenty times as patient as such a client is: the machine may do other things, too. What is promised is
#: that an answer is given after two and a half seconds, whatever is going on.
PATIENCE_S: Final = 60.0
MOST_CALLBACK_OCTETS: Final = 100 * 1024


@dataclass
class Told:
    """What a document says, as far as such a client looks.

    Attributes:
        code: of the response.
        request_id: that is answered, or None.
        response_id: of the response, or None.
        version: of the schema.
        root: of the document.
    """

    code: str
    request_id: str | None
    response_id: str | None
    version: str | None
    root: ET.Element

    @classmethod
    def read(cls, octets: bytes) -> "Told":
        root = ET.fromstring(octets)  # noqa: S314 - a test's own server
        assert root.tag == f"{SR}Response"
        head = root.find(f"{SR}Header")
        assert head is not None
        return cls(
            head.findtext(f"{SR}ResponseCode") or "",
            head.findtext(f"{SR}RequestID"),
            head.findtext(f"{SR}ResponseID"),
            root.get("schemaVersion"),
            root,
        )

    def text(self, name: str) -> str | None:
        return self.root.findtext(f".//{SR}{name}")


@dataclass
class PublicClient:
    """Sends requests and takes callbacks.

    Attributes:
        url: of the head end.
        endpoint: where callbacks are taken.
        waiting: RequestIDs that are not answered by a callback yet.
        matched: callbacks that belonged to one.
        unmatched: others.
        output: of callbacks whose code is I0.
        errors: of all others.
        lengths: octets of callbacks.
        refuse: callbacks to answer 400, as if they were not valid.
    """

    url: str
    endpoint: str = ""
    waiting: set[str] = field(default_factory=set)
    matched: list[Told] = field(default_factory=list)
    unmatched: list[Told] = field(default_factory=list)
    output: list[Told] = field(default_factory=list)
    errors: list[Told] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    refuse: int = 0
    news: trio.Event = field(default_factory=trio.Event)

    async def send(self, octets: bytes, service: str) -> Told:
        """Post a request; throws as such a client does."""
        async with httpx.AsyncClient(
            timeout=PATIENCE_S, trust_env=False, follow_redirects=True
        ) as client:
            answer = await client.post(
                f"{self.url}/api/v1/{service}",
                content=octets,
                headers={"Content-Type": "application/xml"},
            )
        answer.raise_for_status()
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/xml":
            raise ValueError(f"content type is {kind}")
        told = Told.read(answer.content)
        if told.code in ("I0", "I99") and told.request_id:
            self.waiting.add(told.request_id)
        return told

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Take a callback, and give the status to answer."""
        if headers.get("content-type", "").partition(";")[0] != "application/xml":
            return 404
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if len(body) > MOST_CALLBACK_OCTETS:
            return 413
        if self.refuse:
            self.refuse -= 1
            return 400
        try:
            told = Told.read(body)
        except (ET.ParseError, AssertionError):
            return 400
        self.lengths.append(len(body))
        if told.request_id in self.waiting:
            self.waiting.remove(told.request_id)
            self.matched.append(told)
        else:
            self.unmatched.append(told)
        (self.output if told.code == "I0" else self.errors).append(told)
        self.news.set()
        return 204

    async def heard(self, number: int) -> None:
        """Wait until so many callbacks came."""
        while len(self.matched) + len(self.unmatched) < number:
            self.news = trio.Event()
            await self.news.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # the head end has ended
            await self._take_all(stream)

    async def _take_all(self, stream: trio.SocketStream) -> None:
        octets = b""
        while True:
            while b"\r\n\r\n" not in octets:
                piece = await stream.receive_some()
                if not piece:
                    return
                octets += piece
            head, _, octets = octets.partition(b"\r\n\r\n")
            lines = head.decode("ascii").split("\r\n")[1:]
            headers = dict(line.lower().split(": ", 1) for line in lines)
            size = int(headers["content-length"])
            while len(octets) < size:
                octets += await stream.receive_some()
            status = self.take(octets[:size], headers)
            octets = octets[size:]
            length = "" if status == 204 else "Content-Length: 0\r\n"
            await stream.send_all(f"HTTP/1.1 {status} .\r\n{length}\r\n".encode())


@asynccontextmanager
async def listening() -> AsyncIterator[PublicClient]:
    """Take callbacks for as long as the block; the head end's URL is to be filled in."""
    client = PublicClient("")
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, client._serve, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        client.endpoint = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/"
        yield client
        nursery.cancel_scope.cancel()


def sign_pre_command(octets: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Sign a pre-command as public tools do: of either form, with a length of the signature or without."""
    assert octets[0] == 0xDF
    octets = octets[: _payload_end(octets)]  # without the length of a signature to come
    r, s = decode_dss_signature(key.sign(octets[1:], ec.ECDSA(SHA256())))
    return octets + b"\x40" + r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _payload_end(octets: bytes) -> int:
    """Where the payload of a grouping header's message ends."""
    at = 1
    for _ in range(3):  # transaction id, originator, recipient
        at += 1 + octets[at]
    at += 1  # no time
    at += 1 + octets[at]  # other information
    return at + 1 + octets[at]
