"""The courier of notices: claim, post, settle; each party at its own pace, nothing lost or doubled."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from ota_engine.fleet.kernel.heads import SignedHead, is_head_signed
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.parties.rows import Party
from ota_engine.head_end.courier import NoticeCourier
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.store.fleet.keyring import FleetKey
from ota_engine.times import Utc
from tests.fleet.town import Town

KEY = FleetKey.generate()


class PostOffice:
    """A receiver over HTTP that answers as it is told.

    Attributes:
        url: where it is.
        status: of its next answers.
        letters: that came, each with its key.
    """

    def __init__(self) -> None:
        self.url = ""
        self.status = 202
        self.letters: list[tuple[str, dict[str, Any]]] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        octets = b""
        while b"\r\n\r\n" not in octets:
            octets += await stream.receive_some()
        head, _, body = octets.partition(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(headers[b"content-length"]):
            body += await stream.receive_some()
        self.letters.append((headers[b"idempotency-key"].decode(), json.loads(body)))
        answer = f"HTTP/1.1 {self.status} .\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        await stream.send_all(answer.encode())


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    office = PostOffice()
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, office.serve, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        office.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/notices"
        yield office
        nursery.cancel_scope.cancel()


def town_with(east: str, west: str) -> Town:
    """A town whose notices wait, with two parties that take theirs somewhere."""
    town = Town()
    for party, endpoint in (("east", east), ("west", west)):
        town.put(replace(town.row(Party, party=party), endpoint=endpoint))
    town.home("h1", "east")
    town.home("h2", "west")
    town.campaign()
    return town


def courier(town: Town, folder: Path, troubles: list[str]) -> NoticeCourier:
    return NoticeCourier(
        DeskRoom(town.desk), KEY, folder, wall_clock=lambda: town.utc, report=troubles.append
    )


def states(town: Town, party: str) -> set[NoticeState]:
    return {notice.state for notice in town.notices(party=party)}


async def test_a_party_takes_its_notices_in_a_file_and_holds_a_signed_head(tmp_path: Path) -> None:
    town = town_with("file:east.jsonl", "file:west.jsonl")
    await courier(town, tmp_path, []).round()
    assert states(town, "east") == states(town, "west") == {NoticeState.DELIVERED}
    letters = [json.loads(line) for line in (tmp_path / "east.jsonl").read_text().splitlines()]
    assert {letter["id"] for letter in letters} == {
        notice.notice for notice in town.notices(party="east")
    }
    assert {letter["party"] for letter in letters} == {"east"}
    head = SignedHead(**letters[0]["audit"])
    assert is_head_signed(head, KEY.public_pem)
    assert town.store.verify_audit(head.hash) is None


async def test_a_party_takes_its_notices_over_http(tmp_path: Path) -> None:
    async with post_office() as office:
        town = town_with(office.url, "file:west.jsonl")
        await courier(town, tmp_path, []).round()
        assert states(town, "east") == {NoticeState.DELIVERED}
        told = town.notices(party="east")
        assert {key for key, _ in office.letters} == {f"east/{notice.notice}" for notice in told}
        assert office.letters[0][1]["text"] in {notice.text for notice in told}


@pytest.mark.parametrize("endpoint", ["", "somewhere", "file:../elsewhere", "file:"])
async def test_a_party_without_an_endpoint_waits_with_that_reason_and_others_do_not(
    tmp_path: Path, endpoint: str
) -> None:
    town, troubles = town_with(endpoint, "file:west.jsonl"), list[str]()
    await courier(town, tmp_path, troubles).round()
    assert states(town, "east") == {NoticeState.WAITING}
    assert states(town, "west") == {NoticeState.DELIVERED}
    (trouble,) = {notice.trouble for notice in town.notices(party="east")}
    assert "endpoint" in trouble
    assert "register" in trouble
    assert f"east: not every notice was delivered: {trouble}" in troubles
    assert not (tmp_path.parent / "elsewhere").exists()


async def test_a_receiver_that_says_it_never_will_makes_a_notice_dead(tmp_path: Path) -> None:
    async with post_office() as office:
        office.status = 422
        town = town_with(office.url, "file:west.jsonl")
        done = await courier(town, tmp_path, []).round()
        assert done.given_up == len(town.notices(party="east"))
        assert states(town, "east") == {NoticeState.DEAD}
        assert {notice.trouble for notice in town.notices(party="east")} == {"answered 422"}


async def test_a_receiver_that_cannot_now_is_asked_again(tmp_path: Path) -> None:
    async with post_office() as office:
        office.status = 503
        town = town_with(office.url, "file:west.jsonl")
        carrier = courier(town, tmp_path, [])
        await carrier.round()
        assert states(town, "east") == {NoticeState.WAITING}
        office.status = 202
        await carrier.round()
        assert states(town, "east") == {NoticeState.DELIVERED}


async def test_a_receiver_that_is_away_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with post_office() as office:
        town = town_with("http://127.0.0.1:9/notices", "file:west.jsonl")  # nobody listens there
        troubles: list[str] = []
        carrier = courier(town, tmp_path, troubles)
        await carrier.round()
        assert states(town, "east") == {NoticeState.WAITING}
        town.put(replace(town.row(Party, party="east"), endpoint=office.url))
        await carrier.round()
        assert office.letters == []
        town.pass_time(2.0)
        await carrier.round()
        assert states(town, "east") == {NoticeState.DELIVERED}
    assert len([text for text in troubles if text.startswith("east: ")]) == 1


async def test_a_party_is_left_alone_no_longer_where_the_clock_is_set_back_meanwhile(
    tmp_path: Path,
) -> None:
    async with post_office() as office:
        town = town_with("http://127.0.0.1:9/notices", "file:west.jsonl")  # nobody listens there
        carrier = courier(town, tmp_path, [])
        await carrier.round()
        town.put(replace(town.row(Party, party="east"), endpoint=office.url))
        town.utc = Utc(town.utc - 7_200.0)
        await carrier.round()
        assert states(town, "east") == {NoticeState.DELIVERED}


async def test_what_was_posted_before_a_crash_stands_in_a_file_once(tmp_path: Path) -> None:
    town = town_with("file:east.jsonl", "file:west.jsonl")
    before = town.rows(Notice, party="east")
    await courier(town, tmp_path, []).round()
    written = (tmp_path / "east.jsonl").read_text()
    town.put(*before)  # the crash came before the fleet was told
    await courier(town, tmp_path, []).round()
    assert states(town, "east") == {NoticeState.DELIVERED}
    assert (tmp_path / "east.jsonl").read_text() == written


async def test_a_notice_to_a_party_is_told_to_no_other(tmp_path: Path) -> None:
    town = town_with("file:east.jsonl", "file:west.jsonl")
    await courier(town, tmp_path, []).round()
    east, west = ((tmp_path / f"{name}.jsonl").read_text() for name in ("east", "west"))
    assert '"party":"west"' not in east
    assert '"party":"east"' not in west
