"""A server for a fleet: a page over many homes, a thousand who look at it, a day of two hundred gateways."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

import httpx
from row import Goal, Measurement, Options, row

from emulators.demo.portal.founding import ExampleFacts, found, give_passwords
from ota_engine.head_end.trial_clock import clock_of, set_pace
from ota_engine.portal.live import TICK_S
from ota_engine.times import DAY_S
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

ROUNDS = 31
FEW_HOMES = 700  # in which the example finds its pilot
SLOW = 60.0  # a calendar by which hardly anything happens by itself
DECISIONS = 15
MOST_KIB = 64.0
DAY_LASTS_S = 60.0  # of this machine


class Ready(NamedTuple):
    """An example estate that nobody serves yet."""

    state: Path
    facts: ExampleFacts
    prepared: Prepared


@row("portal-page", unit="s", goal=Goal(1.2, at_most=True))
def portal_page(options: Options) -> Measurement:
    """The page of a campaign over 1,000,000 homes; the peer is the same over 10,000."""
    many, few = (FEW_HOMES * 2, FEW_HOMES) if options.quick else (1_000_000, 10_000)
    times: dict[int, list[float]] = {many: [], few: []}
    with (
        _ready(many, viewers=1) as first,
        _ready(few, viewers=1) as second,
        served(first.state, SLOW) as large,
        served(second.state, SLOW) as small,
    ):
        for _ in range(ROUNDS):
            times[many].append(_page(large, first))
            times[few].append(_page(small, second))
    note = f"{many:,} homes against {few:,}; best of {ROUNDS}"
    return Measurement(min(times[many]), min(times[few]), note)


@row("sse-1000", unit="KiB", goal=Goal(1, at_most=True))
def sse_1000(options: Options) -> Measurement:
    """Memory of each of 1,000 who look at a campaign while it changes; the peer is a limit, 64 KiB.

    The newest must have been seen by all of them within two ticks, and a decision may take three times
    as long as without them.
    """
    viewers = 60 if options.quick else 1_000
    rng = Random(options.seed)
    with _ready(FEW_HOMES, viewers=viewers) as ready, served(ready.state, SLOW) as server:
        alone = _decisions(server, ready, "alone", rng)
        before = resident_kib(server.process.pid)
        with crowd(server.url, ready.state, ready.prepared) as there:
            beside = _decisions(server, ready, "beside", rng)
            each = (resident_kib(server.process.pid) - before) / viewers
            time.sleep(2 * TICK_S)
            told = there.leave()
    late = median(_lateness(told, [at for at, _ in beside]))
    times = median(took for _, took in beside) / median(took for _, took in alone)
    faults = tuple(
        fault
        for fault, wrong in (
            (f"the newest is seen after {late:.2f} s", late > 2 * TICK_S),
            (f"a decision takes {times:.1f} times as long", times > 3.0),
            (f"{told['away']} streams ended", bool(told["away"])),
        )
        if wrong
    )
    note = f"seen by all after {late:.2f} s; a decision takes {times:.1f} times as long"
    return Measurement(each, MOST_KIB, note, faults)


@row("gateway-day", unit="requests/outcome", goal=Goal(3, at_most=True))
def gateway_day(options: Options) -> Measurement:
    """Requests of 200 gateways in a day of a pilot, for each outcome that counts; the peer is one."""
    gateways, lasts_s = (10, 6.0) if options.quick else (200, DAY_LASTS_S)
    rate = DAY_S / lasts_s
    with (
        _ready(FEW_HOMES, gateways=gateways) as ready,
        served(ready.state, rate) as server,
        crowd(server.url, ready.state, ready.prepared),
    ):
        until = clock_of(ready.state)() + DAY_S
        while clock_of(ready.state)() < until:
            time.sleep(0.2)
        figures = httpx.get(f"{server.url}/metrics", timeout=60.0, trust_env=False).text
    requests = _sum(figures, "zota_gateway_requests_total")
    outcomes = _sum(figures, "zota_gateway_outcomes_total", 'fate="kept"')
    faults = () if outcomes >= gateways else (f"{outcomes:.0f} outcomes were heard",)
    note = f"{requests:,.0f} requests, {outcomes:,.0f} outcomes, {gateways} gateways"
    return Measurement(requests / max(outcomes, 1.0), 1.0, note, faults)


@contextmanager
def _ready(homes: int, *, viewers: int = 0, gateways: int = 0) -> Iterator[Ready]:
    with tempfile.TemporaryDirectory(prefix="zota-bench-") as folder:
        state = Path(folder)
        clock = set_pace(state, SLOW)
        facts = found(state, homes, clock())
        give_passwords(state, facts, clock())
        prepared = prepare(state, facts, clock(), viewers=viewers, gateways=gateways)
        yield Ready(state, facts, prepared)


def _page(server: FleetServed, ready: Ready) -> float:
    cookie = ready.prepared.viewers[0][0]
    begun = time.perf_counter()
    answer = httpx.get(
        f"{server.url}{PAGE}", headers={"Cookie": cookie}, timeout=600.0, trust_env=False
    )
    took = time.perf_counter() - begun
    if answer.status_code != httpx.codes.OK:
        raise AssertionError(f"{PAGE}: {answer.status_code}")
    return took


def _decisions(
    server: FleetServed, ready: Ready, name: str, rng: Random
) -> list[tuple[float, float]]:
    """Decide some times; gives when each was begun, and how long it took."""
    found: list[tuple[float, float]] = []
    with Decider(server.url, ready.prepared.tokens["lead-amber"], name) as decider:
        for _ in range(DECISIONS):
            begun = time.monotonic()
            _, took = decider.decide()
            found.append((begun, took))
            time.sleep(2 * TICK_S + rng.random())
    return found


def _lateness(told: dict[str, Any], decided: list[float]) -> list[float]:
    """After how many seconds all had seen each decision."""
    seen = sorted((first, last) for _, first, last in told["seen"].values())
    return [
        next((last for first, last in seen if first >= at), float("inf")) - at for at in decided
    ]


def _sum(figures: str, name: str, having: str = "") -> float:
    lines = (line for line in figures.splitlines() if line.startswith(name) and having in line)
    return sum(float(line.rpartition(" ")[2]) for line in lines)
