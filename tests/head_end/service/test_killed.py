"""A server that is killed at any moment: nothing half, nothing twice, and it goes on."""

import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

import httpx
import pytest

from emulators.demo.portal.founding import found, give_passwords
from ota_engine.fleet.campaigns.lives import UNDER_WAY
from ota_engine.fleet.campaigns.rows import Member, MemberState, Sum
from ota_engine.fleet.gateways.rows import GatewayAlert, GatewayContact
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.head_end.trial_clock import set_pace
from ota_engine.store.fleet.book import FleetStore
from tests.head_end.service.crowding import Decider, crowd, prepare, served
from tests.head_end.service_lab import DATABASE
from tests.tiers import seeds

HOMES = 700
GATEWAYS = 12
RATE = 3_000.0  # on a busy machine homes are given up as unreachable by it: that is no matter here
KILLS = 2  # of one seed
LONGEST_S = 1.5  # that a server lives
STATES = frozenset(MemberState)
SAID_AT_LEAST = 50  # outcomes, in the end, while homes are under way


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def look_over(state: Path, acknowledged: set[str]) -> None:
    """See that all is whole, while nobody serves."""
    store = FleetStore.open(state / DATABASE)
    try:
        assert store.verify_audit() is None
        assert list(store.broken_seals()) == []
        with store.reading():
            decided = {one.key: one for one in store.select(Select(DecisionRow))}
            raised = {one.incident for one in store.select(Select(Incident))}
            assert acknowledged <= decided.keys()
            assert {name for name in decided if name.startswith("life-")} <= raised
            members = store.count(Counts(Member, ("campaign", "phase", "state")))
            sums: dict[tuple[object, ...], int] = {}
            for one in store.select(Select(Sum)):
                name = (one.campaign, one.phase, one.state)
                if one.state in STATES and one.phase > 0:
                    sums[name] = sums.get(name, 0) + one.homes
            assert {name: many for name, many in sums.items() if many} == dict(members)
            assert store.select(Select(GatewayAlert)) == []
    finally:
        store.close()


def heard(state: Path) -> tuple[int, bool]:
    """Outcomes that were heard, of all gateways, and whether any home is under way."""
    store = FleetStore.open(state / DATABASE)
    try:
        with store.reading():
            members = store.count(Counts(Member, ("state",)))
            under_way = any(MemberState(name) in UNDER_WAY for (name,) in members)
            return sum(one.heard for one in store.select(Select(GatewayContact))), under_way
    finally:
        store.close()


@pytest.mark.heavy
@seeds(1, 6)
def test_a_server_that_is_killed_at_any_moment_has_done_nothing_by_half_and_goes_on(
    tmp_path: Path, seed: int
) -> None:
    state, rng, port = tmp_path, Random(seed), free_port()
    clock = set_pace(state, RATE)
    facts = found(state, HOMES, clock())
    give_passwords(state, facts, clock())
    prepared = prepare(state, facts, clock(), gateways=GATEWAYS)
    acknowledged: set[str] = set()
    with ExitStack() as stack:
        server = stack.enter_context(served(state, RATE, port))
        stack.enter_context(crowd(server.url, state, prepared))
        for life in range(KILLS):
            killer = threading.Timer(rng.uniform(0.0, LONGEST_S), server.process.kill)
            killer.start()
            with Decider(server.url, prepared.tokens["lead-amber"], f"life-{life}") as decider:
                acknowledged |= decided_until_nobody_answers(decider)
            killer.join()
            server.process.wait()
            look_over(state, acknowledged)
            server = stack.enter_context(served(state, RATE, port))
        with Decider(server.url, prepared.tokens["lead-amber"], "at-last") as decider:
            acknowledged.add(decider.decide()[0])
        said, under_way = heard(state)
        while said < SAID_AT_LEAST and under_way:
            time.sleep(0.2)
            said, under_way = heard(state)
    look_over(state, acknowledged)


def decided_until_nobody_answers(decider: Decider) -> set[str]:
    acknowledged: set[str] = set()
    with suppress(httpx.TransportError):
        while True:
            acknowledged.add(decider.decide()[0])
    return acknowledged
