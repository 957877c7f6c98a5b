"""What changes on a page is told to whoever looks: once made for many, the newest alone, and equal to the page."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trio

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ProposeCampaign
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.access.cookies import PLAIN_NAME
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.portal import live
from ota_engine.portal.door import PortalDoor
from tests.fleet.rollout import policy
from tests.head_end.service_lab import ServiceClient
from tests.portal.lab import PortalLab
from tests.portal.listening import listening

LIVE_PAGES = ("/", "/campaigns", "/campaigns/c1", "/campaigns/c1/homes", "/estate", "/homes")


class _Doors:
    """Keeps the door that a server was made with."""

    door: PortalDoor

    def __call__(self, parts: ServiceParts) -> PortalDoor:
        self.door = PortalDoor(parts)
        return self.door

    @property
    def made(self) -> int:
        for family in self.door.live.made.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    return int(sample.value)
        raise AssertionError("nothing is counted")


async def compare(http: httpx.AsyncClient, path: str) -> None:
    """See that what is told of a page is what stands on it."""
    page = (await http.get(path)).text
    async with listening(http, path) as stream:
        told = await stream.next()
    assert told["fragments"], path
    for name, made in told["fragments"].items():
        assert f'id="{name}"' in page, path
        assert made in page, f"{path}: {name}"
    assert told["said"]


@pytest.mark.parametrize("person", ["olive", "eve"])
async def test_what_is_told_is_what_the_page_says(tmp_path: Path, person: str) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with (
            lab.serving(PortalDoor) as client,
            client.browser(person) as http,
            trio.open_nursery() as nursery,
        ):
            for path in LIVE_PAGES:
                nursery.start_soon(compare, http, path)


async def test_a_decision_is_told_to_whoever_looks(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.town.approved_release("r1")
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("peter") as http,
            listening(http, "/campaigns") as stream,
        ):
            assert "There is no campaign yet" in (await stream.next())["fragments"]["live_list"]
            lab.town.decide("olive", ProposeCampaign("c9", "r1", canonical_json(policy())))
            assert 'href="/campaigns/c9"' in (await stream.next())["fragments"]["live_list"]


async def test_one_rendering_does_for_all_of_a_party_and_none_is_made_for_nobody(
    tmp_path: Path,
) -> None:
    doors = _Doors()
    with PortalLab(tmp_path, homes=4) as lab:
        async with lab.serving(doors) as client, AsyncExitStack() as stack:
            await trio.sleep(3 * live.TICK_S)
            lab.town.put(Person("p1", "dcc", "P", ""))
            await trio.sleep(3 * live.TICK_S)
            assert doors.made == 0
            streams = []
            browsers = [  # before anybody looks: whoever signs in makes a commit
                await stack.enter_async_context(client.browser(person))
                for person in ("olive", "peter", "kay")
            ]
            for http in browsers:
                streams += [
                    await stack.enter_async_context(listening(http, "/campaigns")) for _ in range(5)
                ]
            for stream in streams:
                await stream.next()
            assert doors.door.live.viewers == 15
            assert doors.made <= 2  # a second one where somebody came after a commit


async def test_who_was_away_is_told_the_newest_once_and_nothing_when_there_is_none(
    tmp_path: Path,
) -> None:
    with PortalLab(tmp_path, homes=4) as lab:
        lab.town.approved_release("r1")
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("peter") as http,
            listening(http, "/campaigns") as kept,
        ):
            await kept.next()
            async with listening(http, "/campaigns", kept.last) as again:
                lab.town.decide("olive", ProposeCampaign("c9", "r1", canonical_json(policy())))
                assert "c9" in (await again.next())["fragments"]["live_list"]
                assert again.last != kept.last


async def test_a_reader_that_stops_reading_holds_up_nobody(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("olive") as http,
            _deaf(client, http.cookies[PLAIN_NAME]),
            listening(http, "/campaigns/c1") as stream,
        ):
            await stream.next()
            for number in range(4):
                lab.town.decide("olive", _incident(number))
                told = await stream.next()
                assert f"number {number}" in told["fragments"]["live_incidents"]


async def test_a_page_of_other_roles_is_not_told(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=4) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("ada") as http:
            assert (await http.get("/live", params={"page": "/homes"})).status_code == 403
            assert (await http.get("/homes")).status_code == 403
            assert await client.refusals()


@pytest.mark.parametrize(
    "page", ["", "//evil.example", "/nothing", "/live", "/sign-in", "campaigns"]
)
async def test_what_is_no_page_is_not_told(tmp_path: Path, page: str) -> None:
    with PortalLab(tmp_path, homes=4) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            assert (await http.get("/live", params={"page": page})).status_code == 404


async def test_a_session_has_so_many_streams_and_no_more(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=4) as lab:
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("olive") as http,
            AsyncExitStack() as stack,
        ):
            for _ in range(live.MOST_STREAMS):
                stream = await stack.enter_async_context(listening(http, "/campaigns"))
                await stream.next()
            assert (await http.get("/live", params={"page": "/campaigns"})).status_code == 429


async def test_who_is_locked_out_is_told_so_on_an_open_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUIET_S", 0.2)
    with PortalLab(tmp_path, homes=4) as lab:
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("olive") as http,
            listening(http, "/campaigns") as stream,
        ):
            await stream.next()
            lab.town.put(replace(lab.opened("olive"), locked="left"))
            while (said := await stream.event()) == ("", ""):
                pass
            assert said[0] == "over"


def _incident(number: int) -> RaiseIncident:
    return RaiseIncident(f"n{number}", "c1", 2, 5, f"number {number}")


@asynccontextmanager
async def _deaf(client: ServiceClient, secret: str) -> AsyncIterator[None]:
    """Ask for a stream and never read a word of it."""
    url = urlsplit(client.url)
    stream = await trio.open_tcp_stream(str(url.hostname), int(url.port or 80))
    async with stream:
        lines = ("GET /live?page=/campaigns/c1 HTTP/1.1", f"Host: {url.netloc}")
        cookie = f"Cookie: {PLAIN_NAME}={secret}"
        await stream.send_all("\r\n".join([*lines, cookie, "", ""]).encode())
        yield
