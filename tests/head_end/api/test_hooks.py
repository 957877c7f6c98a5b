"""Hooks are called in order, at least once, signed; no hook reaches what it should not."""

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import Hook
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.parties.acts import RegisterParty, RemovePerson
from ota_engine.head_end.api.door import ApiDoor
from ota_engine.head_end.api.hook_courier import DEAD_S
from ota_engine.head_end.api.hook_reach import HookReach, address_of, checked_url
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.store.fleet.keyring import KEY_NAME
from ota_engine.telling.serving import serving_here
from ota_engine.times import DAY_S, Utc
from tests.head_end.api.test_door import problem
from tests.head_end.service_lab import ServiceClient, ServiceLab

HOOKS = "/api/v1/hooks"


class Receiver:
    """Somebody who is called.

    Attributes:
        calls: as they came: headers and body.
        status: that they are answered with.
        headers: the same.
        answers: it does so once this is set.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self._called = trio.Event()
        self.answers = trio.Event()
        self.answers.set()

    @property
    def told(self) -> list[dict[str, Any]]:
        """What it was told."""
        return [json.loads(body) for _, body in self.calls]

    async def take(self, request: Request) -> Response:
        await self.answers.wait()
        self.calls.append((dict(request.headers), await request.body()))
        self._called.set()
        self._called = trio.Event()
        return Response(status_code=self.status, headers=self.headers)

    async def heard(self, calls: int) -> None:
        """Wait until it was called so often."""
        while len(self.calls) < calls:
            await self._called.wait()

    async def parties(self, last: str) -> list[str]:
        """Wait until it was told of a party; gives those it was told of, in order."""
        while True:
            lines = [one["line"]["subject"] for one in self.told if one["kind"] == "audit"]
            found = [line.removeprefix("party:") for line in lines if line.startswith("party:")]
            if last in found:
                return found
            await self._called.wait()

    async def notices(self, *names: str) -> list[dict[str, Any]]:
        """Wait until it was told all these notices; gives those it was told."""
        while True:
            found = [one["notice"] for one in self.told if one["kind"] == "notice"]
            if found and set(names) <= {one["notice"] for one in found}:
                return found
            await self._called.wait()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Be there for calls."""
    receiver = Receiver()
    app = Starlette(routes=[Route("/zota", receiver.take, methods=["POST"])])
    async with serving_here(app) as url:
        receiver.url = f"{url}/zota"
        yield receiver


def near(parts: ServiceParts) -> ApiDoor:
    """The API of a server that only this machine reaches."""
    return ApiDoor(parts, reach=HookReach(loopback=True))


@pytest.fixture
async def near_api(lab: ServiceLab) -> AsyncIterator[ServiceClient]:
    """Those who come to that."""
    async with lab.serving(near) as client:
        yield client


async def made(client: ServiceClient, person: str, url: str) -> dict[str, Any]:
    """Make a hook."""
    async with client.of(person) as http:
        answer = await http.post(HOOKS, json={"url": url})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def settled(lab: ServiceLab, *, is_over: bool = False, **wanted: Any) -> Hook:
    """Wait until the one hook is so."""
    while True:
        (hook,) = lab.estate.rows(Hook)
        if bool(hook.ended) >= is_over and all(
            getattr(hook, name) == value for name, value in wanted.items()
        ):
            return hook
        await trio.sleep(0.02)


async def test_an_operator_is_told_what_the_trail_has_in_order_and_signed(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        hook = await made(near_api, "olive", receiver.url)
        for number in range(3):
            lab.estate.decide("olive", RegisterParty(f"p-{number}", "New", ("auditor",)))
        assert await receiver.parties("p-2") == ["p-0", "p-1", "p-2"]
    headers, body = receiver.calls[0]
    moment, mac = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["zota-signature"]).groups()  # type: ignore[union-attr] # it matches
    wanted = hmac.new(hook["secret"].encode(), f"{moment}.".encode() + body, hashlib.sha256)
    assert hmac.compare_digest(mac, wanted.hexdigest())
    assert headers["zota-delivery"] == receiver.told[0]["delivery"]
    assert hook["secret"].encode() not in lab.estate.row(Hook).secret


async def test_a_supplier_is_told_its_notices_and_of_decisions_about_its_campaigns(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(near_api, "sam", receiver.url)
        lab.campaign()
        others = Notice(
            "other", "supplier-2", NoticeKind.HELD, "campaign:c1", "x", "{}", lab.estate.utc
        )
        lab.estate.put(others)
        await receiver.notices()
        lab.estate.put(replace(others, notice="late", party="supplier-1"))
        notices = await receiver.notices("late")
    assert {one["party"] for one in notices} == {"supplier-1"}
    assert len({one["notice"] for one in notices}) == len(notices)
    lines = [one["line"] for one in receiver.told if one["kind"] == "audit"]
    assert all(one["subject"].startswith("campaign:c1") for one in lines)


async def test_a_notice_that_a_clock_ahead_of_the_others_dated_hides_none_that_follow(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(near_api, "sam", receiver.url)
        ahead = Notice(
            "ahead",
            "supplier-1",
            NoticeKind.HELD,
            "campaign:c1",
            "x",
            "{}",
            lab.estate.utc + 7_200.0,
        )
        lab.estate.put(ahead)
        await receiver.notices("ahead")
        lab.estate.put(replace(ahead, notice="now", created_utc=lab.estate.utc))
        with trio.fail_after(20.0):
            told = await receiver.notices("now")
    assert [one["notice"] for one in told] == ["ahead", "now"]


async def test_a_hook_is_left_alone_no_longer_where_the_clock_is_set_back_meanwhile(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(near_api, "olive", receiver.url)
        hook = await settled(lab)
        lab.estate.put(replace(hook, failures=1, not_before_utc=lab.estate.utc + 7_200.0))
        lab.estate.decide("olive", RegisterParty("p-0", "New", ("auditor",)))
        with trio.fail_after(20.0):
            await receiver.parties("p-0")


async def test_what_was_not_taken_is_told_again_under_the_same_name(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        receiver.status = 500
        await made(near_api, "olive", receiver.url)
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        lab.estate.decide("olive", RegisterParty("p-2", "New", ("auditor",)))
        await receiver.heard(1)
        hook = await settled(lab, failures=1)
        assert hook.trouble.startswith("answered 500")
        assert hook.not_before_utc > lab.estate.utc
        receiver.status = 204
        lab.estate.utc = Utc(hook.not_before_utc)
        assert await receiver.parties("p-2") == ["p-1", "p-1", "p-2"]
        await settled(lab, failures=0, trouble="")
    names = [one["delivery"] for one in receiver.told]
    assert names[0] == names[1]


async def test_a_receiver_that_takes_nothing_for_days_is_given_up_and_an_alert_says_so(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        receiver.status = 503
        await made(near_api, "olive", receiver.url)
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        await settled(lab, failures=1)
        lab.estate.utc = Utc(lab.estate.utc + DEAD_S + DAY_S)
        hook = await settled(lab, failures=2)
    assert "3 days" in hook.ended
    async with near_api.of("olive") as http:
        alerts = (await http.get("/api/v1/alerts")).json()["items"]
    assert any(one["kind"] == "hook" and hook.hook in one["text"] for one in alerts)


async def test_a_redirect_is_not_followed(near_api: ServiceClient, lab: ServiceLab) -> None:
    async with receiving() as receiver:
        receiver.status, receiver.headers = 307, {"location": receiver.url}
        await made(near_api, "olive", receiver.url)
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        hook = await settled(lab, failures=1)
    assert "redirects are not followed" in hook.trouble
    assert len(receiver.calls) == 1


async def test_a_receiver_that_says_it_is_gone_is_called_no_more(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        receiver.status = 410
        await made(near_api, "olive", receiver.url)
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        hook = await settled(lab, failures=1)
    assert hook.ended


async def test_a_hook_of_somebody_who_has_left_tells_nothing(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(near_api, "sam", receiver.url)
        lab.estate.decide("olive", RemovePerson("sam"))
        await settled(lab, ended="sam is no longer in the fleet")
        lab.campaign()
    assert receiver.calls == []


async def test_hooks_are_seen_and_taken_back_by_their_own_person_alone(
    near_api: ServiceClient,
) -> None:
    hook = await made(near_api, "sam", "https://receiver.example/zota")
    async with near_api.of("sue") as http:
        assert (await http.get(HOOKS)).json() == {"items": []}
        problem(await http.delete(f"{HOOKS}/{hook['hook']}"), 404, "not-there")
    async with near_api.of("sam") as http:
        (listed,) = (await http.get(HOOKS)).json()["items"]
        assert "secret" not in listed
        assert (await http.delete(f"{HOOKS}/{hook['hook']}")).status_code == 204
        assert (await http.get(HOOKS)).json() == {"items": []}


async def test_the_trail_names_the_host_of_a_hook_and_not_what_would_let_others_call_it(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with near_api.of("olive") as http:
        url = "https://receiver.example/services/T0/s3cret?key=s3cret"
        assert (await http.post("/api/v1/hooks", json={"url": url})).status_code == 201
    told = repr(list(lab.estate.store.trail()))
    assert "receiver.example" in told
    assert "s3cret" not in told


async def test_a_person_has_ten_hooks_at_most(near_api: ServiceClient) -> None:
    for number in range(10):
        await made(near_api, "sam", f"https://receiver.example/{number}")
    async with near_api.of("sam") as http:
        problem(await http.post(HOOKS, json={"url": "https://receiver.example/"}), 422, "content")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver",
        "file:///etc/passwd",
        "gopher://receiver.example/",
        "https://",
        "https://olive:secret@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example/" + "x" * 600,
        "https://receiver.example/\r\nHost: other",
    ],
)
async def test_a_url_that_is_none(near_api: ServiceClient, url: str) -> None:
    async with near_api.of("sam") as http:
        problem(await http.post(HOOKS, json={"url": url}), 422, "content")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/",
        "http://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://100.64.0.1/",
        "http://8.8.8.8/",
    ],
)
async def test_an_address_behind_the_server_is_not_called(url: str) -> None:
    with pytest.raises(LocalError):
        await address_of(checked_url(url), HookReach())


async def test_private_addresses_are_called_by_servers_that_were_started_so() -> None:
    reach = HookReach(private=True)
    address, host = await address_of(httpx.URL("http://192.168.1.1:8080/x"), reach)
    assert (str(address), host) == ("http://192.168.1.1:8080/x", "192.168.1.1:8080")
    for url in ("http://127.0.0.1/", "https://169.254.169.254/", "https://0.0.0.0/"):
        with pytest.raises(LocalError):
            await address_of(httpx.URL(url), reach)


async def test_a_server_that_others_reach_does_not_call_its_own_machine(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(api, "olive", receiver.url)
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        hook = await settled(lab, failures=1)
    assert "this machine" in hook.trouble
    assert receiver.calls == []


async def test_a_hook_whose_secret_another_key_sealed_has_ended(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as receiver:
        await made(near_api, "olive", receiver.url)
        (lab.state / KEY_NAME).unlink()  # restored without its keys
        lab.estate.decide("olive", RegisterParty("p-1", "New", ("auditor",)))
        hook = await settled(lab, is_over=True)
    assert "sealed by another key" in hook.ended
    assert receiver.calls == []


async def test_a_receiver_that_does_not_answer_holds_up_no_other(
    near_api: ServiceClient, lab: ServiceLab
) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.answers = trio.Event()
        await made(near_api, "olive", slow.url)
        await made(near_api, "peter", quick.url)
        for number in range(3):
            name = f"p-{number}"
            lab.estate.decide("olive", RegisterParty(name, "New", ("auditor",)))
            await quick.parties(name)
        assert slow.calls == []
        slow.answers.set()
