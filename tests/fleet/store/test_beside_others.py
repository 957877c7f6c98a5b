"""Several desks that decide on one PostgreSQL database at once: what comes of it is what one would have decided."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import count
from threading import Barrier
from time import sleep
from typing import Any, Final

import pytest

from ota_engine.errors import StoreConflict
from ota_engine.fleet.beside import home_of
from ota_engine.fleet.campaigns.rows import GatewayReport, Member, MemberState, Sum
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.gateways.rows import GatewayAlert, GatewayContact, RegisteredGateway
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionTaken
from ota_engine.gateway.wire import OutcomeReport
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.intake import ReportKept, Speaker, keep_report
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import PostgresPlace
from ota_engine.times import Utc
from tests.fleet.databases import FleetDatabases
from tests.fleet.estate import VERSION
from tests.fleet.rollout import RollOutTown
from tests.tiers import seeds

HOMES: Final = 24
DESKS: Final = 4
WORDS: Final = (HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED)


class SharedTown(RollOutTown):
    """A town with a roll-out under way, at whose database several desks may sit."""

    def __init__(self, place: PostgresPlace | None) -> None:
        super().__init__(HOMES, store=FleetStore.open(place))
        self.begin()
        self._numbers = count(1)

    def outcome(self, home: str, word: HubWord) -> HubOutcome:
        """What the hub of a home says."""
        member = self.member(home)
        version = VERSION if word is HubWord.ACTIVATED else None
        key = f"{home}-{word}"
        return HubOutcome(
            key, "c1", member.attempt, home, member.device, word, "", version, b"", self.utc
        )


@pytest.fixture
def place(fleets_on_postgresql: FleetDatabases) -> PostgresPlace:
    return fleets_on_postgresql.place()


@pytest.fixture
def town(place: PostgresPlace) -> Iterator[SharedTown]:
    shared = SharedTown(place)
    yield shared
    shared.store.close()


@contextmanager
def desk_at(place: PostgresPlace) -> Iterator[FleetDesk]:
    store = FleetStore.open(place)
    try:
        yield FleetDesk(Fleet(), store)
    finally:
        store.close()


def homes_of(town: SharedTown) -> list[str]:
    return [member.home for member in town.rows(Member, campaign="c1")]


def rows_but_times(town: SharedTown, kind: type[Any]) -> set[tuple[Any, ...]]:
    """All rows of a kind, without what tells when."""
    names = [item.name for item in fields(kind) if "utc" not in item.name]
    return {tuple(getattr(row, name) for name in names) for row in town.rows(kind)}


def all_told(town: SharedTown) -> list[list[HubOutcome]]:
    return [[town.outcome(home, word) for word in WORDS] for home in homes_of(town)]


def decide_at_once(
    town: SharedTown, place: PostgresPlace, shares: Sequence[list[list[HubOutcome]]]
) -> None:
    """Let each desk hear its share of batches, all of them at the same time."""
    together = Barrier(len(shares))

    def hear(batches: list[list[HubOutcome]]) -> None:
        with desk_at(place) as desk:
            together.wait()
            for batch in batches:
                desk.handle(batch, town.utc)

    with ThreadPoolExecutor(len(shares)) as pool:
        for done in [pool.submit(hear, share) for share in shares]:
            done.result()


@seeds(1, 12)
def test_four_desks_at_once_come_to_what_one_comes_to(
    town: SharedTown, place: PostgresPlace, seed: int
) -> None:
    draw = random.Random(seed)
    alone, shared = SharedTown(None), town
    for told in all_told(alone):
        alone.happen(*told)
    stories = all_told(shared)
    draw.shuffle(stories)
    shares: list[list[list[HubOutcome]]] = []
    for number in range(DESKS):
        mine = stories[number::DESKS]
        size = draw.choice((1, 2, 3))
        parts = [mine[start : start + size] for start in range(0, len(mine), size)]
        shares.append([[one for story in part for one in story] for part in parts])
    shares[0].append(shares[1][0])  # what was heard before counts once
    decide_at_once(shared, place, shares)
    shared.check_sums()
    for kind in (Member, InstalledDevice, Instruction, Notice, Sum):
        assert rows_but_times(shared, kind) == rows_but_times(alone, kind), f"seed {seed}"
    assert shared.store.verify_audit() is None
    assert list(shared.store.broken_seals()) == []
    alone.store.close()


def test_one_home_is_decided_of_while_another_one_is_held(
    town: SharedTown, place: PostgresPlace
) -> None:
    mine, other, *_ = homes_of(town)
    with town.store.beside([other]) as is_known, desk_at(place) as desk:
        assert is_known
        desk.store.driver.execute("SET lock_timeout TO 200")
        desk.handle([town.outcome(mine, HubWord.REACHED)], town.utc)
        with pytest.raises(StoreConflict):
            desk.handle([town.outcome(other, HubWord.REACHED)], town.utc)
    assert town.state(mine) is MemberState.REACHED
    assert town.state(other) is MemberState.OFFERED


def test_what_is_decided_alone_waits_for_all_others(town: SharedTown, place: PostgresPlace) -> None:
    home, *_ = homes_of(town)
    with town.store.beside([home]), desk_at(place) as desk:
        desk.store.driver.execute("SET lock_timeout TO 200")
        with pytest.raises(StoreConflict):
            desk.wake(town.utc + 1e6)


def test_others_who_do_not_look_at_what_is_theirs_keep_nobody_from_what_is_his(
    town: SharedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of a process that stands still, or whose clock is behind, are due before all else."""
    monkeypatch.setattr("ota_engine.fleet.fleet.MOST_DUE", 4)
    *theirs, mine = homes_of(town)
    for home in theirs:
        town.put(replace(town.member(home), due_utc=town.utc + 1.0))
    town.put(replace(town.member(mine), due_utc=town.utc + 2.0))
    town.desk.wake(Utc(town.utc + 3.0), lambda due: home_of(due) == mine)
    assert town.state(mine) is MemberState.UNREACHABLE
    assert {town.state(home) for home in theirs} == {MemberState.OFFERED}


def test_an_outcome_of_a_home_nobody_knows_is_heard_alone(
    town: SharedTown, place: PostgresPlace
) -> None:
    home, *_ = homes_of(town)
    strange = town.outcome(home, HubWord.REACHED)._replace(home="nowhere", key="n")
    with desk_at(place) as desk:
        desk.handle([strange, town.outcome(home, HubWord.REACHED)], town.utc)
    assert town.state(home) is MemberState.REACHED


def test_instructions_are_taken_beside_others(town: SharedTown, place: PostgresPlace) -> None:
    first, second, *_ = town.instructions()
    with town.store.beside([second.home]), desk_at(place) as desk:
        desk.store.driver.execute("SET lock_timeout TO 200")
        desk.handle([InstructionTaken(first.key)], town.utc)
    assert {one.key for one in town.instructions() if one.evidence} == {first.key}


def test_a_gateway_that_is_first_heard_of_by_two_at_once_is_kept_once(
    town: SharedTown, place: PostgresPlace
) -> None:
    with town.store.transaction():
        town.store.driver.execute("DELETE FROM gateway_reports")
    stories = all_told(town)[:DESKS]
    decide_at_once(town, place, [[story] for story in stories])
    assert len(town.rows(GatewayReport)) == 1


SPEAKER: Final = Speaker("gw", "instance-of-gw-0000", "")


def report(
    desk: FleetDesk, town: SharedTown, outcomes: Sequence[HubOutcome] = (), **changes: Any
) -> ReportKept:
    """Let the gateway of all homes say what it has not said yet."""
    said = OutcomeReport(SPEAKER.instance, town.utc, 1, 1, tuple(outcomes), **changes)
    return keep_report(desk, SPEAKER, said, town.utc)


@pytest.fixture
def speaking(town: SharedTown) -> SharedTown:
    """The town, whose gateway is registered and may speak."""
    town.put(RegisteredGateway("gw", "", 0.0, instance=SPEAKER.instance))
    return town


def test_an_outcome_that_waits_in_vain_for_others_is_told_again_and_not_put_aside(
    speaking: SharedTown, place: PostgresPlace
) -> None:
    mine, other, *_ = homes_of(speaking)
    said = speaking.outcome(mine, HubWord.REACHED)
    with desk_at(place) as desk:
        desk.store.driver.execute("SET lock_timeout TO 100")
        with speaking.store.beside([other]):
            speaking.store.driver.execute("UPDATE sums SET homes = homes")
            with pytest.raises(StoreConflict):
                report(desk, speaking, [said])
        assert speaking.rows(GatewayContact) == []
        assert report(desk, speaking, [said]).kept == 1
    assert speaking.state(mine) is MemberState.REACHED
    assert speaking.rows(GatewayAlert) == []


def test_a_report_keeps_nobody_from_the_trail_while_it_waits_for_a_sum(
    speaking: SharedTown, place: PostgresPlace
) -> None:
    mine, other, *_ = homes_of(speaking)
    taken = [one.key for one in speaking.instructions() if one.home == mine]
    said = speaking.outcome(mine, HubWord.REACHED)
    with desk_at(place) as desk, ThreadPoolExecutor(1) as pool:
        with speaking.store.beside([other]):
            speaking.store.driver.execute("UPDATE sums SET homes = homes")
            kept = pool.submit(report, desk, speaking, [said], taken=tuple(taken))
            wait_for_waiting(speaking)
            speaking.store.driver.execute("SET lock_timeout TO 200")
            speaking.store.driver.execute("SELECT length FROM fleet_audit_head FOR UPDATE")
        assert kept.result().kept == 1
    assert [one.key for one in speaking.instructions() if one.evidence] == taken


def wait_for_waiting(town: SharedTown) -> None:
    """Wait until somebody waits for what its transaction holds."""
    asked = "SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    while not town.store.driver.execute(asked).fetchone()[0]:
        sleep(0.01)
