"""Loads a head end and what it is compared with: servers as processes, posts, an outbox to be emptied."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import trio

from images.eui64 import Eui64
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.duis.responses import DccAlert, HubActivation, ServiceResponse
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.orders.content import written_response
from ota_engine.fleet.orders.rows import ServiceUser, UserDocument
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.outbox import DocumentCourier
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

AT_ONCE: Final = 32  # requests under way
USERS: Final = 20  # whose documents leave
FIRST_USER: Final = 0x90B3_D51F_5000_0000
SERVERS: Final = Path(__file__).resolve().parent / "duis_servers.py"
XML: Final = {"Content-Type": "application/xml"}
PATIENT: Final = httpx.Timeout(120.0)


@contextmanager
def served(program: str, folder: Path) -> Iterator[str]:
    """Run one of the servers as a process for as long as the block; gives its URL."""
    command = [sys.executable, str(SERVERS), program, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("no pipes to the server")
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()  # it ends by that
            server.wait(30)


async def post_all(url: str, requests: Sequence[bytes]) -> float:
    """Post requests, ``AT_ONCE`` of them at a time.

    Returns:
        seconds until the last answer.

    Raises:
        RuntimeError: one was not answered well.
    """
    waiting = iter(requests)

    async def post(client: httpx.AsyncClient) -> None:
        for request in waiting:
            answer = await client.post(f"{url}/api/v1/serviceD", content=request)
            if answer.status_code != 200 or b"ResponseCode>I" not in answer.content:
                raise RuntimeError(f"answered {answer.status_code}: {answer.text[:200]}")

    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(
        headers=XML, timeout=PATIENT, trust_env=False, limits=limits
    ) as client:
        begun = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(post, client)
        return time.perf_counter() - begun


def fill_outbox(desk: FleetDesk, url: str, number: int) -> list[bytes]:
    """Have users with documents that wait, made and signed once for all of a user.

    Returns:
        the octets of each.
    """
    users = [Eui64(FIRST_USER + each) for each in range(USERS)]
    octets = b"<alert>" + b"x" * 1_500 + b"</alert>"
    content = HubActivation(Eui64(1), "01020304")
    alert = DccAlert("N64", content)
    response = ServiceResponse(
        "5.4", "I0", Utc(0.0), alert, response_id=RequestId(DSP, users[0], 1)
    )
    text = written_response(response)
    with desk.store.transaction():
        desk.store.insert(
            [ServiceUser(user, "east", UserRole.IMPORT_SUPPLIER, url) for user in users]
        )
        desk.store.insert(
            [
                UserDocument(f"d{each}", users[each % USERS], text, float(each), octets)
                for each in range(number)
            ]
        )
    return [octets] * number


async def post_each(url: str, documents: Sequence[bytes]) -> float:
    """Post documents by one loop of httpx a user; returns the seconds."""

    async def loop(those: Sequence[bytes]) -> None:
        async with httpx.AsyncClient(
            headers=XML,
            timeout=PATIENT,
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP; certificates are slow to load
        ) as client:
            for octets in those:
                answer = await client.post(url, content=octets)
                answer.raise_for_status()

    begun = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for user in range(USERS):
            nursery.start_soon(loop, documents[user::USERS])
    return time.perf_counter() - begun


async def drain(desk: FleetDesk) -> float:
    """Let a courier bring what waits; returns the seconds until nothing does."""
    courier = DocumentCourier(
        DeskRoom(desk),
        UserEndpoint,
        clock=this_machine,
        report=lambda line: print(line, file=sys.stderr),
    )
    begun = time.perf_counter()
    await courier.drain()
    return time.perf_counter() - begun
