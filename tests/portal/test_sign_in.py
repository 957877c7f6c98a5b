"""Persons come in at the portal by a password, open accounts by a code, and leave."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ota_engine.head_end.access import accounts
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.portal.door import PortalDoor
from tests.head_end.access.lab import PASSWORD, AccessLab
from tests.portal.listening import listening

HOME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        lab.account("olive")
        yield lab


def _door(lab: AccessLab) -> type[PortalDoor]:
    def make(parts: ServiceParts) -> PortalDoor:
        access = AccessDesk(parts.writing, parts.reading, parts.clock, lab.passwords)
        return PortalDoor(replace(parts, entry=access))

    return make  # type: ignore[return-value] # what makes a door is as good as its class


async def test_a_person_comes_in_and_is_where_she_wanted_to_be(lab: AccessLab) -> None:
    form = {"person": "olive", "password": PASSWORD, "next": "/campaigns"}
    async with lab.serving(_door(lab)) as client, client.http() as http:
        answer = await http.post("/sign-in", data=form, headers=HOME)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/campaigns"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        page = await http.get("/campaigns")
        assert page.status_code == 200
        assert "Olive" in page.text
        assert (await http.post("/sign-out", headers=HOME)).status_code == 303
        assert (await http.get("/campaigns")).status_code == 303


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example/", "/\\evil.example"])
async def test_nobody_is_sent_elsewhere_after_coming_in(lab: AccessLab, onward: str) -> None:
    form = {"person": "olive", "password": PASSWORD, "next": onward}
    async with lab.serving(_door(lab)) as client, client.http() as http:
        answer = await http.post("/sign-in", data=form, headers=HOME)
        assert answer.headers["location"] == "/"


async def test_a_wrong_password_is_said_beside_the_field_and_shown_to_nobody(
    lab: AccessLab,
) -> None:
    form = {"person": "olive<script>", "password": "hunter two"}
    async with lab.serving(_door(lab)) as client, client.http() as http:
        answer = await http.post("/sign-in", data=form, headers=HOME)
        assert answer.status_code == 401
        assert 'href="#field-person"' in answer.text
        assert "hunter two" not in answer.text
        assert "<script>" not in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/welcome"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_of_another_site_is_refused(lab: AccessLab, path: str, site: str) -> None:
    async with lab.serving(_door(lab)) as client, client.http() as http:
        answer = await http.post(path, data={"person": "olive"}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403


async def test_a_form_that_is_too_large_is_not_read(lab: AccessLab) -> None:
    async with lab.serving(_door(lab)) as client, client.http() as http:
        answer = await http.post("/sign-in", data={"person": "x" * 200_000}, headers=HOME)
        assert answer.status_code == 413
        assert "This is too large" in answer.text


async def test_who_is_invited_chooses_a_password_and_comes_in(lab: AccessLab) -> None:
    code = accounts.invite(lab.estate.desk, "sam", "state folder", Moment(lab.clock()))
    async with lab.serving(_door(lab)) as client, client.http() as http:
        assert code in (await http.get("/welcome", params={"code": code})).text
        form = {"code": code, "password": PASSWORD, "again": "another"}
        differ = await http.post("/welcome", data=form, headers=HOME)
        assert differ.status_code == 422
        assert 'href="#field-again"' in differ.text
        opened = await http.post("/welcome", data={**form, "again": PASSWORD}, headers=HOME)
        assert "The account of sam is open" in opened.text
        came = await http.post(
            "/sign-in", data={"person": "sam", "password": PASSWORD}, headers=HOME
        )
        assert came.status_code == 303


async def test_a_stream_ends_when_its_person_leaves(lab: AccessLab) -> None:
    async with lab.serving(_door(lab)) as client, client.http() as http:
        form = {"person": "olive", "password": PASSWORD}
        await http.post("/sign-in", data=form, headers=HOME)
        async with listening(http, "/campaigns") as stream:
            await stream.next()
            await http.post("/sign-out", headers=HOME)
            assert (await stream.event())[0] == "over"
            with pytest.raises(EOFError):
                await stream.event()
