"""What somebody at a browser, or behind it, tries on the portal; and what must go on all the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import trio
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.fleet.gateways.rows import (
    AlertCause,
    GatewayAlert,
    GatewayContact,
    RegisteredGateway,
)
from ota_engine.fleet.parties.rows import Person
from ota_engine.portal import answers
from ota_engine.portal.door import PortalDoor
from ota_engine.portal.live import LiveRoom
from ota_engine.portal.registry import PAGES
from tests.fleet.estate import public_pem
from tests.portal.lab import NASTY, PortalLab
from tests.portal.listening import listening


async def test_a_gateway_about_which_something_is_strange_has_a_page(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        utc = lab.town.utc
        lab.town.put(
            RegisteredGateway("gw", "", 0.0, registered_utc=utc),
            GatewayContact("gw", utc, software=NASTY, trouble=NASTY),
            GatewayAlert("gw", AlertCause.NOT_ITS_HOME, "h9", NASTY, "{}", 3, utc, utc),
        )
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get("/gateways/gw")
            assert page.status_code == 200
            assert "not its home" in page.text
            assert "<script>alert" not in page.text
            async with listening(http, "/gateways/gw") as stream:
                assert "not its home" in (await stream.next())["fragments"]["live_alerts"]


async def test_a_page_that_cannot_be_made_ends_no_other_and_is_told_in_the_log(
    tmp_path: Path,
) -> None:
    def fails(visit: Any) -> Any:
        raise ZeroDivisionError("by nought")

    broken = [replace(page, read=fails) if page.path == "/incidents" else page for page in PAGES]
    with PortalLab(tmp_path, homes=2) as lab:
        async with (
            lab.serving(lambda parts: PortalDoor(parts, broken)) as client,
            client.browser("olive") as http,
        ):
            page = await http.get("/incidents")
            assert page.status_code == 500
            assert "a fault of the server" in page.text
            assert "by nought" not in page.text
            with trio.fail_after(60):
                async with listening(http, "/incidents") as failing:
                    assert "a fault of the server" in (await failing.next())["gone"]
                    async with listening(http, "/campaigns") as stream:
                        assert (await stream.next())["fragments"]
        assert any("by nought" in str(one.get("trouble")) for one in lab.logs)


async def test_pages_are_told_again_where_whoever_tells_them_was_begun_anew(tmp_path: Path) -> None:
    rooms: list[LiveRoom] = []

    def made(parts: Any) -> PortalDoor:
        door = PortalDoor(parts)
        rooms.append(door.live)
        return door

    with PortalLab(tmp_path, homes=2) as lab:
        async with lab.serving(made) as client, client.browser("olive") as http:
            (room,) = rooms
            with trio.move_on_after(0):
                await room.run()  # and ends
            async with trio.open_nursery() as nursery:
                nursery.start_soon(room.run)
                async with listening(http, "/campaigns") as stream:
                    with trio.fail_after(60):
                        assert (await stream.next())["fragments"]
                nursery.cancel_scope.cancel()


def test_the_names_of_headers_are_those_that_browsers_know() -> None:
    assert answers.SAFE_HEADERS["X-Frame-Options"] == "DENY"


async def test_an_open_browser_alone_gives_its_person_no_other_key(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        before = lab.town.row(Person, person="kay")
        thief = public_pem(ec.generate_private_key(ec.SECP256R1()))
        form = {"person": "kay", "key": thief, "stage": "confirm", "reason": "mine now"}
        async with lab.serving(PortalDoor) as client, client.browser("kay") as http:
            home = {"sec-fetch-site": "same-origin"}
            sent = await http.post("/decide/replace-key", data=form, headers=home)
            assert sent.status_code == 404
            links = (await http.get("/decide")).text
            assert "/decide/replace-key" not in links
            assert 'href="/account"' in links
        assert lab.town.row(Person, person="kay") == before
