"""Working pages over a town with a roll-out in the middle: each in every role, with nothing of it markup."""

from pathlib import Path

import httpx
import pytest
import trio

from ota_engine.fleet.gateways.rows import GatewayContact, RegisteredGateway
from ota_engine.portal.door import PortalDoor
from ota_engine.portal.frame import PageFrame
from ota_engine.portal.registry import PAGES
from tests.portal.lab import NASTY, PEOPLE, PortalLab
from tests.portal.listening import listening

#: Pages by their paths, with names of what is in the town.
WORKING = (
    "/approvals",
    "/alerts",
    "/incidents",
    "/incidents/i1",
    "/notices",
    "/notices?state=delivered",
    "/releases",
    "/releases/r1",
    "/audit",
    "/audit?subject=campaign:c1",
    "/evidence",
    "/campaigns/c1/times",
    "/gateways",
    "/gateways/gw-1",
    "/gateways-admit",
    "/lab",
    "/account",
    "/account/hooks",
    "/users",
    "/decide",
    "/decide/pause-campaign?campaign=c1",
)


#: Pages that an auditor does not see.
KEPT = ("/gateways-admit", "/users", "/decide/pause-campaign?campaign=c1")


def peopled(lab: PortalLab) -> None:
    """Have something on every page."""
    lab.roll_out()
    lab.town.put(
        RegisteredGateway("gw-1", "", 0.0, revoked="", changed=NASTY),
        GatewayContact("gw-1", lab.town.utc, software=NASTY, trouble=NASTY),
    )


async def test_every_page_is_there_for_its_roles_and_lets_no_text_be_markup(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        peopled(lab)
        async with lab.serving(PortalDoor) as client:
            for person in PEOPLE:
                async with client.browser(person) as http:
                    for path in WORKING:
                        answer = await http.get(path)
                        assert answer.status_code in (200, 403, 404), (person, path, answer.text)
                        assert "<script>alert" not in answer.text
                        assert " style=" not in answer.text
                        assert answer.text.count("<h1>") == 1
                        if person in ("olive", "otto"):
                            assert answer.status_code == 200 or path in KEPT


async def compare(http: httpx.AsyncClient, path: str) -> None:
    """See that what is told of a page, if anything is, stands on it."""
    page = (await http.get(path)).text
    if "data-stream" in page:
        async with listening(http, path) as stream:
            told = await stream.next()
        assert told["fragments"]
        for name, fragment in told["fragments"].items():
            assert fragment in page or f'id="{name}"' not in page, (path, name)


async def test_what_is_told_of_a_page_is_what_stands_on_it(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        peopled(lab)
        async with (
            lab.serving(PortalDoor) as client,
            client.browser("olive") as http,
            trio.open_nursery() as nursery,
        ):
            for path in WORKING:
                nursery.start_soon(compare, http, path)


async def test_whoever_proposed_sees_why_she_may_not_approve(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        peopled(lab)
        async with lab.serving(PortalDoor) as client:
            async with client.browser("olive") as http:
                mine = (await http.get("/approvals")).text
            async with client.browser("peter") as http:
                others = (await http.get("/approvals")).text
        assert "Not for you: you wrote it" in mine
        assert "/decide/approve-campaign?campaign=c2" in others


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_what_changes_on_a_page_needs_nothing_of_what_stands_around_it(page: object) -> None:
    frame = PageFrame(lambda name: name)
    assert isinstance(frame.live(page.template), list)  # type: ignore[attr-defined] # a page
