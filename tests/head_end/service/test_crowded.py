"""A server with a crowd: a thousand people who look, two hundred gateways, readers that stop reading."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import pytest

from emulators.demo.portal.founding import found, give_passwords
from ota_engine.head_end.trial_clock import set_pace
from tests.head_end.service.crowding import (
    PAGE,
    Decider,
    FleetServed,
    Prepared,
    crowd,
    prepare,
    resident_kib,
    served,
)

VIEWERS = 1_000
GATEWAYS = 200
RATE = 60.0
DECISIONS = 25
ROUNDS = 3  # of decisions without a crowd and beside one, so that both meet the same machine
MOST_ROUNDS = (
    9  # where the machine does other things for a while, which a crowd feels more than nobody does
)
SETTLED_S = 3.0  # a crowd has come, and looks
MOST_TIMES = 3.0  # of the median time of a decision without a crowd
MOST_KIB = 64.0  # for each of the crowd
DEAF = 60

pytestmark = pytest.mark.heavy


class Town(NamedTuple):
    """An example estate that is served, and who may come."""

    state: Path
    server: FleetServed
    prepared: Prepared

    def decider(self, name: str) -> Decider:
        return Decider(self.server.url, self.prepared.tokens["lead-amber"], name)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = set_pace(tmp_path, RATE)
    facts = found(tmp_path, 800, clock())
    give_passwords(tmp_path, facts, clock())
    prepared = prepare(tmp_path, facts, clock(), viewers=VIEWERS, gateways=GATEWAYS)
    with served(tmp_path, RATE) as server:
        yield Town(tmp_path, server, prepared)


def times_of_some(decider: Decider, rng: Random) -> list[float]:
    """Seconds of some decisions, at times that have nothing to do with anybody else's."""
    times = []
    with decider:
        for _ in range(-(-DECISIONS // ROUNDS)):
            times.append(decider.decide()[1])
            time.sleep(rng.uniform(0.2, 0.9))
    return times


def test_a_decision_takes_at_most_three_times_as_long_beside_1_000_viewers_and_200_gateways(
    town: Town,
) -> None:
    rng, process = Random(1), town.server.process.pid
    alone, beside, each = [], [], []
    for number in range(MOST_ROUNDS):
        alone += times_of_some(town.decider(f"alone-{number}"), rng)
        before = resident_kib(process)
        with crowd(town.server.url, town.state, town.prepared) as there:
            time.sleep(SETTLED_S)
            beside += times_of_some(town.decider(f"beside-{number}"), rng)
            each.append((resident_kib(process) - before) / (VIEWERS + GATEWAYS))
            told = there.leave()
        assert max(people for people, _, _ in told["seen"].values()) > VIEWERS // 2
        if number + 1 >= ROUNDS and median(beside) <= MOST_TIMES * median(alone):
            break
    assert each[0] <= MOST_KIB
    assert median(beside) <= MOST_TIMES * median(alone), (sorted(alone), sorted(beside))


def test_readers_that_stop_reading_hold_up_no_decision_and_cost_no_more_than_what_is_on_its_way(
    town: Town,
) -> None:
    cookie = town.prepared.viewers[0][0]
    place = town.server.url.removeprefix("http://")
    host, port = place.split(":")
    head = f"GET /live?page={PAGE} HTTP/1.1\r\nHost: {place}\r\nCookie: {cookie}\r\n\r\n".encode()
    other = f"GET {PAGE} HTTP/1.1\r\nHost: {place}\r\nCookie: {cookie}\r\n\r\n".encode()
    before = resident_kib(town.server.process.pid)
    with ExitStack() as stack:
        for number in range(DEAF):
            deaf = stack.enter_context(socket.create_connection((host, int(port))))
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(head if number % 2 else other * 20)
        with town.decider("deaf") as decider:
            for _ in range(DECISIONS):
                decider.decide()
        assert resident_kib(town.server.process.pid) - before <= DEAF * 1024
        town.server.process.terminate()
        begun = time.monotonic()
        assert town.server.process.wait() == 0
        assert time.monotonic() - begun < 30.0  # 3 s, on a machine that has nothing else to do
