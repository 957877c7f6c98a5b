"""A state of then, made fit for now: who comes in, which counters are used, what gateways tell again."""

import shutil
from pathlib import Path

import pytest

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import StoreError
from ota_engine.fleet.access.rows import AccessToken, Account, BrowserSession
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.gateways.moving import MARGIN
from ota_engine.fleet.gateways.rows import GatewayAlert, HomeCounter
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.port import HubWord
from ota_engine.head_end.backup import back_up, restore
from ota_engine.head_end.trial_clock import NAME, clock_of, set_pace
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import DAY_S, Utc
from tests.fleet.databases import place_in, sqlite_of
from tests.head_end.gateways.lab import GatewayLab
from tests.head_end.service_lab import DATABASE, ServiceLab

ORIGINATOR = Eui64(0x00DB_1234_5678_9ABC)
WEEK_S = 7 * DAY_S


def rows(state: Path, *kinds: type[object]) -> list[list[object]]:
    store = FleetStore.open(place_in(state))
    try:
        with store.reading():
            return [sorted(store.select(Select(kind)), key=repr) for kind in kinds]
    finally:
        store.close()


def put_back(lab: GatewayLab, backup: Path) -> None:
    """Lose a state folder, and have that of a back-up in its place."""
    shutil.rmtree(lab.state)
    restore(backup, lab.state, DATABASE)


def test_nobody_comes_in_by_what_a_restored_state_says_of_then_but_passwords_stay(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path) as lab:
        utc = lab.clock()
        lab.estate.put(
            Account("olive", "hash", b"", "", "an invitation", utc + 1e6, utc),
            BrowserSession("s" * 64, "olive", 1, utc, utc, utc + 1e6, "", b""),
            AccessToken("t" * 64, "olive", "ci", False, utc, utc + 1e6, None, b""),
        )
        back_up(lab.state, DATABASE, tmp_path / "backup", utc, keys=False)
    restore(tmp_path / "backup", tmp_path / "new", DATABASE)
    accounts, sessions, tokens = rows(tmp_path / "new", Account, BrowserSession, AccessToken)
    assert (sessions, tokens) == ([], [])
    (olive,) = accounts
    assert isinstance(olive, Account)
    assert (olive.password, olive.invitation) == ("hash", "")


def test_no_counter_of_a_restored_state_is_used_a_second_time(tmp_path: Path) -> None:
    with ServiceLab(tmp_path) as lab:
        ahead = 2 << 60
        lab.estate.put(
            HomeCounter("h1", format_eui64(ORIGINATOR), 7, "gw", 0.0),
            HomeCounter("h2", format_eui64(ORIGINATOR), ahead, "gw", 0.0),
        )
        back_up(lab.state, DATABASE, tmp_path / "backup", lab.clock(), keys=False)
    restore(tmp_path / "backup", tmp_path / "new", DATABASE)
    ((first, second),) = rows(tmp_path / "new", HomeCounter)
    assert isinstance(first, HomeCounter)
    assert isinstance(second, HomeCounter)
    now_ms = clock_of(tmp_path / "new")() * 1000
    assert now_ms < first.highest <= now_ms + MARGIN
    assert second.highest == ahead + MARGIN


def test_the_calendar_of_a_fleet_on_trial_goes_on_from_a_backup(tmp_path: Path) -> None:
    with ServiceLab(tmp_path) as lab:
        clock = set_pace(lab.state, 1000.0)
        back_up(lab.state, DATABASE, tmp_path / "backup", clock(), keys=False)
    then = clock()
    restore(tmp_path / "backup", tmp_path / "new", DATABASE)
    assert (tmp_path / "new" / NAME).exists()
    assert (
        clock_of(tmp_path / "new")() >= then - 1.0
    )  # the file keeps wall time, the other does not


def test_what_is_no_database_is_no_state(tmp_path: Path) -> None:
    with ServiceLab(tmp_path) as lab:
        sqlite_of(lab.estate.store)
    with pytest.raises(StoreError):
        restore(lab.state / DATABASE, tmp_path / "new", DATABASE)
    assert not (tmp_path / "new").exists()


async def test_a_gateway_tells_again_what_an_old_backup_does_not_know_and_it_counts_once(
    tmp_path: Path,
) -> None:
    with GatewayLab(tmp_path) as lab:
        lab.begin()
        reached, transferred = (
            lab.said("h1", word) for word in (HubWord.REACHED, HubWord.TRANSFERRED)
        )
        async with lab.door() as server, server.gateway() as gateway:
            async with gateway.stream() as (_, stream):
                await gateway.take(stream, 2)
                await gateway.tell(reached)
                back_up(lab.state, DATABASE, tmp_path / "backup", lab.clock(), keys=False)
                counted = await gateway.tell(transferred, counters={"h1": {ORIGINATOR: 500}})
                assert counted.heard == 2
            token = gateway.caller.token
        before = rows(lab.state, Member, GatewayAlert)
        put_back(lab, tmp_path / "backup")
        async with (
            lab.door() as server,
            server.gateway(register=False, token=token) as gateway,
            gateway.stream() as (hello, _),
        ):
            for _ in range(2):  # told twice again, it counts once all the same
                gateway.told = hello.heard
                assert hello.heard == 1
                assert (await gateway.tell(transferred)).heard == 2
        assert rows(lab.state, Member, GatewayAlert) == before


async def test_what_homes_did_while_a_head_end_was_away_for_a_week_counts_once_and_by_its_time(
    tmp_path: Path,
) -> None:
    with GatewayLab(tmp_path) as lab:
        lab.begin()
        async with lab.door() as server, server.gateway() as gateway:
            async with gateway.stream() as (_, stream):
                await gateway.take(stream, 2)
            token = gateway.caller.token
        then = lab.clock()
        week = [
            lab.said("h1", HubWord.REACHED, utc=Utc(then + 60.0)),
            lab.said("h1", HubWord.TRANSFERRED, utc=Utc(then + DAY_S)),
            lab.said("h2", HubWord.REACHED, utc=Utc(then + 2 * DAY_S)),
        ]
        lab.town.utc = Utc(then + WEEK_S)
        async with (
            lab.door() as server,
            server.gateway(register=False, token=token) as gateway,
            gateway.stream() as (hello, _),
        ):
            assert hello.heard == 0
            assert (await gateway.tell(*week)).heard == 3
        members, alerts = rows(lab.state, Member, GatewayAlert)
        assert alerts == []
        told = {one.home: str(one.state) for one in members if isinstance(one, Member)}
        assert told == {"h1": "transferred", "h2": "reached"}
