"""Servers to be measured, each a process: ``python duis_servers.py door|echo|receiver FOLDER``.

Prints its URL once it can be reached, and ends when its standard input does.
"""

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio
from bare_duis import parse_digest_verify
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ota_engine.duis.reading import read_request
from ota_engine.duis.responses import ResponseMessage, ServiceResponse
from ota_engine.duis.signing import sign_document
from ota_engine.duis.writing import write_response
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.running import DuisHeadEnd, HeadEndSettings
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place, serving
from ota_engine.wall_clock import this_machine

HERE = Place("127.0.0.1", 0)
XML = "application/xml"
Started = Callable[[str], None]


async def door(folder: Path, started: Started) -> None:
    """The head end as it is."""
    keys = DuisKeys(folder / "keys", lambda _: None)
    notary = Notary(keys.own)
    desk = FleetDesk(Fleet(), FleetStore.open(folder / "fleet.sqlite"), notary)
    settings = HeadEndSettings(
        state=folder,
        keys=keys,
        open_endpoint=UserEndpoint,
        clock=this_machine,
        log=lambda *_, **__: None,
        body_s=60.0,
        answer_s=60.0,
    )
    await DuisHeadEnd(DeskRoom(desk), notary, settings).run(HERE, None, started)


async def echo(folder: Path, started: Started) -> None:
    """Verify, keep, sign: nothing else."""
    keys = DuisKeys(folder / "keys", lambda _: None)
    (certificate,) = [
        known.certificate for known in keys.signers if known.signer.eui != keys.own.signer.eui
    ]
    book = sqlite3.connect(folder / "echo.sqlite", check_same_thread=False, isolation_level=None)
    book.execute("PRAGMA journal_mode = WAL")
    book.execute("PRAGMA synchronous = FULL")
    book.execute(
        "CREATE TABLE IF NOT EXISTS kept (request TEXT PRIMARY KEY, octets BLOB) WITHOUT ROWID"
    )
    one = trio.CapacityLimiter(1)

    def serve(octets: bytes) -> bytes:
        root = parse_digest_verify(octets, certificate)
        request = read_request(root)
        header = request.header
        body = ResponseMessage(header.reference, header.variant)
        response = ServiceResponse(
            request.schema_version, "I99", this_machine(), body, request_id=header.request_id
        )
        answer = sign_document(write_response(response), keys.own.key, keys.own.certificate)
        book.execute("INSERT INTO kept VALUES (?, ?)", (header.request_id.text, octets + answer))
        return answer

    async def post(request: Request) -> Response:
        octets = await request.body()
        return Response(await trio.to_thread.run_sync(serve, octets, limiter=one), media_type=XML)

    await _run(Starlette(routes=[Route("/api/v1/serviceD", post, methods=["POST"])]), started)


async def receiver(folder: Path, started: Started) -> None:
    """Take every document, and say so."""

    async def post(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    await _run(Starlette(routes=[Route("/", post, methods=["POST"])]), started)


async def _run(app: Starlette, started: Started) -> None:
    async with serving(app, HERE) as url:
        started(url)
        await trio.sleep_forever()


async def main(program: str, folder: Path) -> None:
    """Run one until nobody is there."""
    served: dict[str, Callable[[Path, Started], Awaitable[None]]] = {
        "door": door,
        "echo": echo,
        "receiver": receiver,
    }
    async with trio.open_nursery() as nursery:
        nursery.start_soon(served[program], folder, lambda url: print(url, flush=True))
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], Path(sys.argv[2]))
