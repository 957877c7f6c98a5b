"""The gateways' door over real sockets: what gateways may, what they are told, and what is kept of what they say."""

import threading
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.gateways.acts import (
    ForceHomes,
    MoveHomes,
    RevokeGateway,
    SettleGatewayAlerts,
)
from ota_engine.fleet.gateways.moving import MARGIN
from ota_engine.fleet.gateways.rows import AlertCause, HomeCounter, HomeMove, MoveState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.port import HubWord, Instruction, InstructionState, Verb
from ota_engine.gateway.wire import (
    HEARTBEAT_S,
    REGISTER_PATH,
    HomeGiven,
    HomesGiven,
    LiveTransfer,
    Parting,
    ProgressReport,
    Watching,
    octets_of,
)
from ota_engine.gateway.wire_stream import HEARTBEAT, event_octets
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways import attempts, connections
from ota_engine.head_end.gateways.connections import GatewayStream
from ota_engine.head_end.gateways.door import GatewayDoor
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.times import Utc
from tests.fleet.estate import VERSION
from tests.head_end.gateways.caller import HeadEndRefusedError
from tests.head_end.gateways.lab import CODE, DAY, IMAGE, GatewayClient, GatewayLab
from tests.tiers import repeats

ORIGINATOR = Eui64(0x00DB000000000001)


async def refused(work: Any, status: int, code: str) -> str:
    with pytest.raises(HeadEndRefusedError) as caught:
        await work
    assert (caught.value.status, caught.value.code) == (status, code)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- who may come in -----------------------------------------------------------------------------


async def test_a_code_is_used_once_and_by_whoever_used_it_again_while_it_counts(
    lab: GatewayLab,
) -> None:
    async with lab.door() as door, door.gateway() as first:
        before = first.caller.token
        async with door.gateway(register=False, instance="somebody-else-000") as other:
            text = await refused(other.register(), 403, "code refused")
            assert "used by another gateway" in text
        again = await first.register()
        assert again != before
        first.caller.token = before
        await refused(first.tell(), 401, "unknown token")
        first.caller.token = again
        await first.tell()
        lab.town.utc = Utc(lab.town.utc + 2 * DAY)
        assert "expired" in await refused(first.register(), 403, "code refused")


async def test_two_that_use_one_code_at_once_do_not_both_get_in(lab: GatewayLab) -> None:
    fates: list[str] = []
    async with lab.door() as door, trio.open_nursery() as nursery:

        async def come(number: int) -> None:
            async with door.gateway(register=False, instance=f"racing-instance-{number}") as one:
                try:
                    await one.register()
                    fates.append("in")
                except HeadEndRefusedError:
                    fates.append("out")

        for number in range(4):
            nursery.start_soon(come, number)
    assert sorted(fates) == ["in", "out", "out", "out"]


@pytest.mark.parametrize("code", ["x" * 43, CODE[:-1] + "d"])
async def test_a_code_that_is_none_gets_nobody_in_and_many_of_them_are_held_up(
    lab: GatewayLab, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PER_S", 1e-6)  # none comes back meanwhile, on any machine
    async with lab.door() as door, door.gateway(register=False) as one:
        for _ in range(10):
            text = await refused(one.register(code), 403, "code refused")
            assert code not in text
        await refused(one.register(code), 429, "too often")


async def test_a_gateway_that_speaks_another_version_is_told_both(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway(register=False) as one:
        text = await refused(one.register(protocols=(7,)), 409, "no common protocol")
        assert "protocol 7" in text
        assert "protocol 1" in text


async def test_a_revoked_gateway_is_told_why_and_one_that_is_admitted_anew_needs_another_token(
    lab: GatewayLab,
) -> None:
    async with lab.door() as door, door.gateway() as one:
        lab.town.decide("olive", RevokeGateway("gw"), reason="stolen from the van")
        text = await refused(one.tell(), 401, "revoked")
        assert "stolen from the van" in text
        lab.admit("gw", "another-code-" + "d" * 30)
        await refused(one.tell(), 401, "unknown token")
        await one.register("another-code-" + "d" * 30)
        await one.tell()


async def test_a_gateway_changes_its_token_by_itself(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway() as one:
        before, after = one.caller.token, "t" * 43
        await one.caller.change_token(one.instance, after)
        await refused(one.tell(), 401, "unknown token")
        one.caller.token = after
        await one.tell()
        assert before not in repr(lab.logs)


async def test_two_gateways_with_one_identity_are_named_and_the_second_is_refused(
    lab: GatewayLab,
) -> None:
    async with lab.door() as door, door.gateway() as one:
        copy = door.gateway(register=False, token=one.caller.token, instance="the-copy-of-it-000")
        async with copy as other:
            text = await refused(other.stream().__aenter__(), 409, "another instance")
            assert other.instance[:16] in text
            assert one.instance[:16] in text
            await refused(other.tell(), 409, "another instance")
        (alert,) = lab.alerts()
        assert (alert.cause, alert.times) == (AlertCause.ANOTHER_INSTANCE, 2)
        assert lab.contact().trouble
        await one.tell()
        assert "two have this identity" in lab.contact().trouble
        lab.town.decide("olive", SettleGatewayAlerts("gw"))
        await one.tell()
        assert lab.contact().trouble == ""


# --- what is told --------------------------------------------------------------------------------


async def test_a_stream_begins_with_its_homes_and_tells_what_waits_and_what_comes(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one, one.stream() as (hello, stream):
        assert hello.homes == (HomeGiven("h1", {}), HomeGiven("h2", {}))
        assert hello.heard == 0
        told = await one.take(stream, 2)
        assert {(row.home, row.verb) for row in told} == {("h1", Verb.ASSIGN), ("h2", Verb.ASSIGN)}
        states = {row.state for row in campaign.town.rows(Instruction)}
        assert states == {InstructionState.TAKEN}
        await one.tell(campaign.said("h1", HubWord.TRANSFERRED))
        (later,) = await one.take(stream, 1)
        assert later.verb is Verb.ACTIVATE


async def test_what_was_told_and_not_taken_is_told_again_on_the_next_stream(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        async with one.stream() as (_, stream):
            first = {(await stream.until(Instruction)).key for _ in range(2)}
        async with one.stream() as (_, stream):
            again = {(await stream.until(Instruction)).key for _ in range(2)}
    assert first == again


async def test_more_instructions_than_a_stream_holds_come_as_those_before_are_taken(
    tmp_path: Path,
) -> None:
    with GatewayLab(tmp_path, 250) as lab:
        lab.begin()
        async with lab.door() as door, door.gateway() as one, one.stream() as (_, stream):
            found = [told for _ in range(5) for told in await one.take(stream, 50)]
        assert len({told.key for told in found}) == 250
        waiting = lab.town.rows(Instruction, state=InstructionState.WAITING)
        assert waiting == []


async def test_what_is_taken_while_the_server_looks_is_not_told_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looked, go = connections._look, threading.Event(), threading.Event()

    def slow(desk: FleetDesk, asked: Any) -> Any:
        found = look(desk, asked)
        if any(asked.untaken.values()):
            looked.set()
            go.wait(60.0)
        return found

    monkeypatch.setattr(connections, "_look", slow)
    monkeypatch.setattr(connections, "MOST_UNTAKEN", 5)  # of ten: at each look there are more
    with GatewayLab(tmp_path, 10) as lab:
        lab.begin()
        async with lab.door() as door, door.gateway() as one, one.stream() as (_, stream):
            found = list(await one.take(stream, 2))
            await trio.to_thread.run_sync(looked.wait)
            found += await one.take(stream, 3)
            go.set()
            found += await one.take(stream, 5)
            lab.town.decide("olive", RevokeGateway("gw"), reason="the test ends")
            told = []
            while not isinstance(event := await stream.next(), Parting):
                told.append(event)
        assert len({one.key for one in found}) == 10
        assert not [event for event in told if isinstance(event, Instruction)]


async def test_a_newer_stream_of_a_gateway_takes_the_place_of_the_one_before(
    lab: GatewayLab,
) -> None:
    async with (
        lab.door() as door,
        door.gateway() as one,
        one.stream() as (_, old),
        one.stream() as (_, new),
    ):
        assert (await old.until(Parting)).again_s is None
        lab.give("h1", "gw2")
        assert (await new.until(HomesGiven)).homes == (HomeGiven("h2", {}),)


async def test_a_stream_ends_when_its_gateway_is_revoked_or_another_has_its_name(
    lab: GatewayLab,
) -> None:
    async with lab.door() as door, door.gateway() as one, door.gateway("gw2") as two:
        async with one.stream() as (_, stream):
            lab.town.decide("olive", RevokeGateway("gw"), reason="stolen from the van")
            parting = await stream.until(Parting)
            assert "stolen from the van" in parting.reason
            assert parting.again_s is None
        async with two.stream() as (_, stream):
            lab.admit("gw2", "another-code-" + "d" * 30)
            async with door.gateway("gw2", register=False, instance="its-new-folder-000") as new:
                await new.register("another-code-" + "d" * 30)
            assert "another gateway" in (await stream.until(Parting)).reason


async def test_a_copied_state_folder_is_found_out_by_streams_that_replace_each_other(
    lab: GatewayLab,
) -> None:
    async with lab.door() as door, door.gateway() as one, trio.open_nursery() as nursery:
        opened = trio.Event()

        async def hold() -> None:
            async with one.stream() as (_, stream):
                opened.set()
                await stream.until(Parting)

        for _ in range(8):
            opened = trio.Event()
            nursery.start_soon(hold)
            await opened.wait()
        nursery.cancel_scope.cancel()
    assert [alert.cause for alert in lab.alerts()] == [AlertCause.TWO_AT_ONCE]


@repeats(30, 200)
async def test_many_gateways_hold_streams_and_only_one_is_told_what_is_its_own(
    tmp_path: Path, repeats: int
) -> None:
    with GatewayLab(tmp_path, 1) as lab:
        names = [f"gw-{number}" for number in range(repeats)]
        for name in names:
            lab.admit(name)
        lab.give("h1", "gw-7")
        async with lab.door() as door, trio.open_nursery() as nursery:
            there, homes = trio.Semaphore(0), dict.fromkeys(names, -1)

            async def hold(name: str) -> None:
                async with door.gateway(name) as one, one.stream() as (hello, stream):
                    homes[name] = len(hello.homes)
                    there.release()
                    told = await stream.until(Instruction)
                    assert told.gateway == name == "gw-7"
                    nursery.cancel_scope.cancel()

            for name in names:
                nursery.start_soon(hold, name)
            for _ in names:
                await there.acquire()
            lab.begin()
        assert homes == {name: int(name == "gw-7") for name in names}


# --- images --------------------------------------------------------------------------------------


async def test_an_image_comes_whole_or_in_parts_to_whom_it_was_ordered(
    campaign: GatewayLab,
) -> None:
    sha256 = campaign.town.rows(Instruction)[0].sha256
    async with campaign.door() as door, door.gateway() as one:
        whole = await one.caller.image(sha256)
        assert (whole.status, whole.octets) == (200, IMAGE)
        tag = whole.headers["etag"]
        rest = await one.caller.image(sha256, range="bytes=200000-", if_range=tag)
        assert (rest.status, rest.octets) == (206, IMAGE[200_000:])
        assert rest.headers["content-range"] == f"bytes 200000-{len(IMAGE) - 1}/{len(IMAGE)}"
        part = await one.caller.image(sha256, range="bytes=5-9")
        assert part.octets == IMAGE[5:10]
        assert (await one.caller.image(sha256, range="bytes=-7")).octets == IMAGE[-7:]
        other = await one.caller.image(sha256, range="bytes=5-9", if_range='"another"')
        assert (other.status, len(other.octets)) == (200, len(IMAGE))
        beyond = await one.caller.image(sha256, range=f"bytes={len(IMAGE)}-")
        assert (beyond.status, beyond.octets) == (416, b"")
        async with door.gateway("gw2") as stranger:
            await refused(stranger.caller.image(sha256), 404, "not yours")
        for path in ("..%2f..%2ffleet.sqlite", "ab" * 32, "../fleet.sqlite"):
            await refused(one.caller.image(path), 404, "not yours")


# --- live ----------------------------------------------------------------------------------------


async def test_transfers_are_told_only_while_somebody_looks(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway() as one, one.stream() as (hello, stream):
        live = door.server.parts.live
        device = lab.device("h1").device
        transfer = LiveTransfer("h1", device, "ab" * 32, 2, 100, 50, 10.0, 0, "sending", Utc(1.0))
        strange = transfer._replace(home="not-its-own")
        assert hello.watch is False
        await one.caller.progress(ProgressReport(one.instance, (transfer,)))
        assert live.look() == []
        assert (await stream.until(Watching)).on is True
        await one.caller.progress(ProgressReport(one.instance, (transfer, strange)))
        (seen,) = live.look()
        assert (seen.gateway, seen.transfer) == ("gw", transfer)


# --- moves ---------------------------------------------------------------------------------------


async def test_a_home_moves_with_its_counters_once_its_gateway_has_let_it_go(
    campaign: GatewayLab,
) -> None:
    async with (
        campaign.door() as door,
        door.gateway() as source,
        door.gateway("gw2") as target,
        source.stream() as (_, old),
        target.stream() as (_, new),
    ):
        told = await source.take(old, 2)
        await source.tell(campaign.said("h1", HubWord.REACHED), counters={"h1": {ORIGINATOR: 500}})
        campaign.town.decide("olive", MoveHomes("gw2", ("h1",)))
        assert (await old.until(HomesGiven)).homes == (HomeGiven("h2", {}),)
        assert campaign.town.row(Home, home="h1").gateway == "gw"
        await source.tell(released=("h1",), counters={"h1": {ORIGINATOR: 520}})
        given = await new.until(HomesGiven)
        assert given.homes == (HomeGiven("h1", {ORIGINATOR: 520}),)
        again = await new.until(Instruction)
        assert again.key in {one.key for one in told}
        assert (again.home, again.gateway, again.verb) == ("h1", "gw2", Verb.ASSIGN)
        await target.tell(
            campaign.said("h1", HubWord.ACTIVATED, version=VERSION, number=2),
            taken=(again.key,),
        )
    assert campaign.town.state("h1") is MemberState.ACTIVATED
    assert campaign.town.row(HomeMove, home="h1").state is MoveState.MOVED
    assert campaign.town.places() == {"North": 1, "gw": 1}
    campaign.town.check_sums()
    assert campaign.town.store.verify_audit() is None
    assert list(campaign.town.store.broken_seals()) == []


async def test_a_home_of_a_dead_gateway_is_forced_and_its_counters_go_beyond_what_it_may_have_used(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as source, door.gateway("gw2") as target:
        await source.tell(counters={"h1": {ORIGINATOR: 500}})
        campaign.town.decide("olive", ForceHomes("gw2", ("h1",)))
        campaign.town.desk.wake(campaign.town.utc)
        floor = int(campaign.town.utc * 1000) + MARGIN
        async with target.stream() as (hello, stream):
            assert hello.homes == (HomeGiven("h1", {ORIGINATOR: floor}),)
            assert (await stream.until(Instruction)).home == "h1"
        await source.tell(campaign.said("h1", HubWord.ACTIVATED, version=VERSION))
    assert campaign.town.state("h1") is MemberState.OFFERED
    assert [alert.cause for alert in campaign.alerts()] == [AlertCause.NOT_ITS_HOME]


async def test_a_counter_never_goes_back_and_one_that_does_is_an_alert(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway() as one:
        await one.tell(counters={"h1": {ORIGINATOR: 900}})
        await one.tell(counters={"h1": {ORIGINATOR: 100}, "far": {ORIGINATOR: 1 << 60}})
        async with one.stream() as (hello, _):
            assert hello.homes[0] == HomeGiven("h1", {ORIGINATOR: 900})
    assert [alert.cause for alert in lab.alerts()] == [AlertCause.COUNTER_BACK]
    (row,) = lab.town.rows(HomeCounter)
    assert row.originator == format_eui64(ORIGINATOR)


# --- what is malformed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b'{"instance": 5}', "application/json", 400, "malformed"),
        (b"{}", "text/plain", 400, "malformed"),
        (b" " * (5 << 20), "application/json", 413, "too much"),
    ],
)
async def test_what_is_no_report_is_refused_in_one_line(
    lab: GatewayLab, octets: bytes, media_type: str, status: int, code: str
) -> None:
    async with lab.door() as door, door.gateway() as one:
        await refused(one.caller.post("/gateway/v1/outcomes", octets, media_type), status, code)
        await one.tell()


async def test_a_large_report_of_somebody_unknown_is_refused_unread(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway(register=False, token="nobody" * 8) as one:
        large = one.caller.post("/gateway/v1/outcomes", b" " * (4 << 20))
        await refused(large, 401, "unknown token")


@pytest.mark.parametrize("path", ["/gateway/v2/outcomes", "/gateway/v1/nothing", "/gateway/"])
async def test_what_is_not_there_says_where_things_are(lab: GatewayLab, path: str) -> None:
    async with lab.door() as door, door.gateway() as one:
        text = await refused(one.caller.post(path, b"{}"), 404, "not yours")
        assert "/gateway/v1" in text


async def test_who_was_refused_is_noted_in_the_audit_trail_as_sums(lab: GatewayLab) -> None:
    doors: list[GatewayDoor] = []

    def made(parts: ServiceParts) -> GatewayDoor:
        doors.append(GatewayDoor(parts))
        return doors[0]

    async with lab.serving(made) as server:
        door = GatewayClient(lab, server)
        async with door.gateway() as one, one.stream():
            for _ in range(3):
                await refused(one.register("x" * 43), 403, "code refused")
            lab.town.utc = Utc(lab.town.utc + 500.0)
            await doors[0].note()
            await doors[0].note()
    notes = [repr(row) for row in lab.town.store.trail() if "code refused" in repr(row)]
    assert len(notes) == 1
    assert '"times":3' in notes[0]
    assert lab.contact().seen_utc == lab.town.utc


async def test_a_stream_without_news_beats_and_ends_when_it_is_told_to(
    autojump_clock: MockClock,
) -> None:
    stream = GatewayStream("gw", "instance", "here")
    sent: list[bytes] = []

    async def send(octets: bytes) -> None:
        sent.append(octets)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.flow, send)
        await trio.sleep(4 * HEARTBEAT_S + 1)
        stream.end(Parting("over", None))
    assert sent == [HEARTBEAT] * 4 + [event_octets(Parting("over", None))]


async def test_no_secret_is_logged(lab: GatewayLab) -> None:
    async with lab.door() as door, door.gateway() as one:
        await refused(one.register("x" * 43), 403, "code refused")
        await refused(one.caller.post(REGISTER_PATH, octets_of(Watching(True))), 400, "malformed")
        assert one.caller.token not in repr(lab.logs)
        assert "x" * 43 not in repr(lab.logs)
