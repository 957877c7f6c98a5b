"""The lab that tests of a server's doors stand in is a server like any other."""

from collections.abc import Sequence
from pathlib import Path

import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.service.parts import ServiceParts
from tests.head_end.service_lab import ServiceLab


class _NamingDoor:
    """Says who comes."""

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return (Route("/name", self._name),)

    async def run(self) -> None:
        await trio.sleep_forever()

    async def _name(self, request: Request) -> PlainTextResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        seen = await self._parts.entry.by_token(token)
        return PlainTextResponse(f"{seen.viewer.person} of {seen.viewer.party}" if seen else "?")


async def test_a_door_knows_a_person_by_her_token(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(_NamingDoor) as client:
            async with client.of("sam") as http:
                assert (await http.get("/name")).text == "sam of supplier-1"
            async with client.http("no token of ours") as http:
                assert (await http.get("/name")).text == "?"


async def test_what_happens_to_the_fleet_is_seen_at_the_door(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(_NamingDoor) as client, client.of("newt") as http:
            assert (await http.get("/name")).text == "?"
            lab.estate.put(Person("newt", "dcc", "Newt", ""))
            assert (await http.get("/name")).text == "newt of dcc"
