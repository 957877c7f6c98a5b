"""How people get in, as pages have it: a person's own account, and the accounts of all."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ota_engine.fleet.parties.acts import ConfirmPerson, RegisterPerson
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.access.accounts import public_pem
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.sessions import IDLE_S
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.portal.door import PortalDoor
from ota_engine.times import Utc
from tests.fleet.estate import KAYS_KEY
from tests.head_end.access.lab import PASSWORD, AccessLab
from tests.head_end.service_lab import MakeDoor

HOME = {"sec-fetch-site": "same-origin"}
NEW = "another horse without any"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AccessLab]:
    with AccessLab(tmp_path) as lab:
        lab.account("olive")
        lab.account("kay")
        yield lab


def _door(lab: AccessLab) -> MakeDoor:
    def make(parts: ServiceParts) -> PortalDoor:
        access = AccessDesk(parts.writing, parts.reading, parts.clock, lab.passwords)
        return PortalDoor(replace(parts, entry=access))

    return make


@asynccontextmanager
async def _browser(lab: AccessLab, person: str) -> AsyncIterator[httpx.AsyncClient]:
    async with lab.serving(_door(lab)) as client, client.http() as http:
        form = {"person": person, "password": PASSWORD}
        signed = await http.post("/sign-in", data=form, headers=HOME)
        assert signed.status_code == 303, signed.text
        yield http


async def _sent(http: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    return await http.post(path, data=form, headers=HOME)


async def test_a_password_is_changed_and_the_browser_stays_in(lab: AccessLab) -> None:
    async with _browser(lab, "kay") as http:
        form = {"what": "password", "former": PASSWORD, "password": NEW}
        differ = await _sent(http, "/account", **form, again="other")
        assert "not the same" in differ.text
        done = await _sent(http, "/account", **form, again=NEW)
        assert done.status_code == 303
        assert "Your password is changed" in (await http.get(done.headers["location"])).text


async def test_a_session_that_lets_nobody_in_any_more_is_not_listed(lab: AccessLab) -> None:
    async with _browser(lab, "kay") as http:
        http.cookies.clear()  # it is forgotten, and not ended
        lab.estate.utc = Utc(lab.estate.utc + IDLE_S)
        form = {"person": "kay", "password": PASSWORD}
        assert (await _sent(http, "/sign-in", **form)).status_code == 303
        _, _, told = (await http.get("/account")).text.partition('id="sessions"')
    assert told.count('data-head="Begun"') == 1


async def test_a_key_is_replaced_by_the_person_herself(lab: AccessLab) -> None:
    async with _browser(lab, "kay") as http:
        wrong = await _sent(http, "/account", what="replace", current="a guess")
        assert "password is wrong" in wrong.text
        done = await _sent(http, "/account", what="replace", current=PASSWORD)
        assert done.status_code == 303
        assert "You sign with a new key" in (await http.get(done.headers["location"])).text
    (kay,) = lab.rows_of(Person, person="kay")
    assert kay.key != public_pem(KAYS_KEY)


async def test_a_token_is_shown_once(lab: AccessLab) -> None:
    async with _browser(lab, "kay") as http:
        made = await _sent(http, "/account", what="token", name="ci", days="30")
        (token,) = re.findall(r"zota_t_[0-9A-Za-z]+", made.text)
        assert token not in (await http.get("/account")).text
        for days in ("0", "367", "9" * 5_000, "-1", "x", ""):
            refused = await _sent(http, "/account", what="token", name="other", days=days)
            assert refused.status_code == 422, days
        assert (await _sent(http, "/account", what="revoke", name="ci")).status_code == 303


async def test_who_is_new_is_invited_and_registered_with_her_own_key(lab: AccessLab) -> None:
    async with _browser(lab, "olive") as http:
        bad = await _sent(http, "/users", what="invite", person="<script>")
        assert "is no id of a person" in unescape(bad.text)
        assert "<script>" not in bad.text.replace("<script type", "").replace("<script src", "")
        invited = await _sent(http, "/users", what="invite", person="nora")
        (code,) = re.findall(r"zota_i_[0-9A-Za-z]+", invited.text)
        form = {"code": code, "password": PASSWORD, "again": PASSWORD}
        assert "The account of nora is open" in (await _sent(http, "/welcome", **form)).text
        page = (await http.get("/users")).text
        (place,) = re.findall(r'href="([^"]*register-person[^"]*nora[^"]*)"', page)
        given = parse_qs(urlsplit(unescape(place)).query)
        key = given["key"][0]
        assert key.strip() in unescape((await http.get(unescape(place))).text)
    lab.estate.decide("olive", RegisterPerson("nora", "dcc", "Nora", key))
    lab.estate.decide("peter", ConfirmPerson("nora"))
    async with _browser(lab, "nora") as http:
        assert (await http.get("/account")).status_code == 200
        assert (await http.get("/users")).status_code == 200
