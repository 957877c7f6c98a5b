"""A server for a fleet: what it tells of itself, and how it stops."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from ota_engine.head_end.health import Trouble
from ota_engine.head_end.running import FleetLoops
from ota_engine.head_end.service import running as service
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.head_end.service.running import Service, ServiceSettings
from ota_engine.telling.serving import Place
from tests.head_end.service_lab import PATIENT, ServiceLab

HERE = Place("127.0.0.1", 0)
LARGE = b": " + b"x" * 65_533 + b"\n"
STOPS_S = 3.0  # what is promised
TICK_S = 0.01


class Flood(Response):
    """A stream that never ends, of more than anybody reads."""

    def __init__(self, flows: trio.Event) -> None:
        super().__init__(media_type="text/event-stream")
        self._flows = flows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        while True:
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
            self._flows.set()


class Fountain:
    """A door with streams that never end, and with what answers late."""

    def __init__(self) -> None:
        self.asked = trio.Event()
        self.faults = 0

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return (
            Route("/stream", self._stream),
            Route("/flood", self._flood),
            Route("/late", self._late),
            Route("/broken", self._broken),
        )

    async def run(self) -> None:
        self.faults += 1
        raise RuntimeError("no water")

    async def _stream(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b": here\n\n"
            self.asked.set()
            await trio.sleep_forever()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def _flood(self, _: Request) -> Response:
        return Flood(self.asked)

    async def _late(self, _: Request) -> Response:
        self.asked.set()
        await trio.sleep(0.3)
        return PlainTextResponse("done")

    async def _broken(self, _: Request) -> Response:
        raise RuntimeError("a pipe")


class Running:
    """A server that runs."""

    def __init__(self, url: str, stop: Callable[[], Awaitable[None]], fountain: Fountain) -> None:
        self.url = url
        self.stop = stop
        self.fountain = fountain

    async def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=PATIENT) as http:
            return await http.get(path, headers=named)


@asynccontextmanager
async def server(lab: ServiceLab, **changes: Any) -> AsyncIterator[Running]:
    fountain = Fountain()
    stopping, stopped, started = trio.Event(), trio.Event(), trio.Event()
    urls: list[str] = []

    def begin(url: str) -> None:
        urls.append(url)
        started.set()

    async def run(parts: ServiceParts) -> None:
        loops = FleetLoops(parts.writing, parts.clock, print)
        settings = replace(ServiceSettings(place=HERE), **changes)
        await Service(parts, [fountain], loops, settings).run(stopping, begin)
        stopped.set()

    async def stop() -> None:
        stopping.set()
        await stopped.wait()

    async with lab.serving() as client, trio.open_nursery() as nursery:
        nursery.start_soon(run, client.parts)
        await started.wait()
        yield Running(urls[0], stop, fountain)
        await stop()


@asynccontextmanager
async def as_promised() -> AsyncIterator[None]:
    """See that a block ends in the time that is promised; while the machine has no turn for it, none passes."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await trio.sleep(TICK_S)
            ticks += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        yield
        nursery.cancel_scope.cancel()
    assert ticks * TICK_S < STOPS_S


async def test_streams_end_at_once_when_the_server_stops_and_say_so_properly(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path) as lab:
        async with (
            server(lab) as running,
            httpx.AsyncClient(trust_env=False) as http,
            http.stream("GET", f"{running.url}/stream", timeout=PATIENT) as stream,
        ):
            lines = stream.aiter_lines()
            assert await anext(lines) == ": here"
            async with as_promised():
                await running.stop()
                assert [line async for line in lines if line] == []  # whole: httpx would raise


async def test_a_reader_that_stops_reading_does_not_hold_up_a_server_that_stops(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path) as lab:
        async with server(lab) as running:
            host, port = running.url.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port))) as deaf:
                deaf.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
                await running.fountain.asked.wait()
                await trio.sleep(0.3)  # until what is sent waits for room
                async with as_promised():
                    await running.stop()


async def test_what_is_being_answered_is_answered_before_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "STOPPING_S", 300.0)
    with ServiceLab(tmp_path) as lab:
        async with server(lab) as running, trio.open_nursery() as nursery:
            answers: list[str] = []

            async def ask() -> None:
                answers.append((await running.get("/late")).text)

            nursery.start_soon(ask)
            await running.fountain.asked.wait()
            await running.stop()
        assert answers == ["done"]


async def test_a_fault_of_a_door_is_told_and_ends_nothing_else(tmp_path: Path) -> None:
    with ServiceLab(tmp_path) as lab:
        async with server(lab) as running:
            assert (await running.get("/broken")).status_code == 500
            assert (await running.get("/healthz")).json() == {"status": "well", "troubles": {}}
        told = [line["trouble"] for line in lab.logs if line["event"] == "trouble"]
        assert "a fault of ours: RuntimeError: no water" in told


async def test_figures_count_what_is_answered_by_door_and_streams_that_are_open(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path) as lab:
        async with server(lab) as running, httpx.AsyncClient(trust_env=False) as http:
            await running.get("/broken")
            async with http.stream("GET", f"{running.url}/stream", timeout=PATIENT):
                page = (await running.get("/metrics")).text
            assert 'zota_streams{door="portal"} 1.0' in page
            assert 'zota_requests_total{door="portal",method="GET",status="500"} 1.0' in page
            assert "zota_due_late_seconds " in page
            assert "process_resident_memory_bytes " in page


async def test_what_is_wrong_and_figures_are_told_to_this_machine_alone_or_for_a_token(
    tmp_path: Path,
) -> None:
    async def grumble() -> list[Trouble]:
        return [Trouble("pipes", "they leak", ours=False)]

    with ServiceLab(tmp_path) as lab:
        async with server(lab, troubles=(grumble,)) as running:
            near = (await running.get("/healthz")).json()
            far = await running.get("/healthz", x_forwarded_for="192.0.2.1")
            assert near == {"status": "wants attention", "troubles": {"pipes": "they leak"}}
            assert far.json() == {"status": "wants attention"}
            assert (await running.get("/metrics", x_forwarded_for="192.0.2.1")).status_code == 403
        async with server(lab, proxied=True) as running:
            assert (await running.get("/metrics")).status_code == 403
            unknown = await running.get("/metrics", authorization="Bearer nobodys")
            assert unknown.status_code == 403


async def test_notices_that_were_given_up_want_attention(tmp_path: Path) -> None:
    with ServiceLab(tmp_path) as lab:
        lab.estate.put(
            Notice(
                "n1",
                "audit",
                NoticeKind.AVAILABLE,
                "release:r1",
                "a release",
                "{}",
                0.0,
                NoticeState.DEAD,
            )
        )
        async with server(lab) as running:
            told = (await running.get("/healthz")).json()
        assert told["troubles"] == {"notices": "1 notice given up: zota notices list says why"}
