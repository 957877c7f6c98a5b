"""The fleet: planning as sets, transitions of homes, whole rehearsals, and their memory."""

import time
from dataclasses import replace

from clocks import interleaved, peak_memory
from fleet_estate import (
    BATCH,
    BEGIN,
    EXAMPLE,
    KEY,
    VERSION,
    WORDS,
    bare_members,
    bare_plan,
    bare_transitions,
    bare_update,
    estate,
    offered,
    outcomes,
    rehearse,
    rehearsed,
    take,
)
from row import Goal, Measurement, Options, row

from emulators.estate.scenario import read_scenario
from emulators.soak.worker import spare_the_collector
from ota_engine.fleet.campaigns.plan.cohorts import quotas
from ota_engine.fleet.campaigns.rows import Member, MemberState
from ota_engine.fleet.kernel.effects import Draw
from ota_engine.fleet.kernel.rows import Counts, Strata

ROUNDS = 3
MOST_MEMORY = 300.0  # megabytes


@row("plan-1m", unit="s", goal=Goal(3, at_most=True))
def plan_1m(options: Options) -> Measurement:
    """Planning a campaign over 1,000,000 homes: strata counted, quotas, members and sums made.

    The peer is a bare INSERT of the same rows into a table without key and index, selected in the
    order of the same keyed hash.
    """
    number = 2_000 if options.quick else 1_000_000
    asked = Strata("hub-1", (), VERSION)
    drawn: list[int] = []
    with estate(number, options.seed) as desk:
        store = desk.store

        def plan() -> None:
            store.driver.execute("BEGIN IMMEDIATE")
            ((_, strata),) = store.load([asked])
            shares = quotas([20, 5_000, None], strata)
            store.keep([], [Draw("c1", KEY, asked, shares, BEGIN)], BEGIN)
            drawn.append(sum(store.count(Counts(Member, ("phase",))).values()))
            store.driver.execute("ROLLBACK")

        ours, theirs = interleaved(ROUNDS, lambda: plan, lambda: lambda: bare_plan(store.driver))
    faults = tuple(f"{homes} homes were drawn" for homes in set(drawn) - {number})
    return Measurement(ours, theirs, f"{number:,} homes in 3 phases; best of {ROUNDS}", faults)


@row("transitions", unit="transitions/s", goal=Goal(0.1))
def transitions(options: Options) -> Measurement:
    """What hubs say, handled and committed with audit, sums, inventory and notices.

    The peer is bare sqlite3: updates of the same table with the same indexes and one line of audit
    each, in batches of the same size.
    """
    ours, theirs, faults = _transitions(options)
    return Measurement(ours, theirs, f"{BATCH:,} in one commit", faults)


@row("rehearse-100k", unit="transitions/s", goal=Goal(0.6))
def rehearse_100k(options: Options) -> Measurement:
    """The shipped example rehearsed on 100,000 homes, from the first decision to the last home.

    The peer is what the row ``transitions`` measures, in this run.
    """
    number = 300 if options.quick else 100_000
    pace, _, faults = _transitions(options)
    desk, took = rehearse(number, options.seed)
    note = f"{desk.transitions:,} transitions of {number:,} homes in {took:.0f} s"
    return Measurement(desk.transitions / took, pace, note, faults)


@row("rehearse-1m", unit="s", goal=Goal(1500, at_most=True))
def rehearse_1m(options: Options) -> Measurement:
    """1,000,000 homes taken through micro pilot, pilot and mass phase of the shipped example, on one core.

    The release is its good one. The peer is one bare UPDATE of all members' rows in one statement, in a
    copy of their table with the same indexes.
    """
    spare_the_collector()
    number = 5_300 if options.quick else 1_000_000  # fewer leave nothing to the mass phase
    scenario = read_scenario(EXAMPLE.read_text(), number, options.seed)
    scenario = replace(scenario, releases=scenario.releases[1:])
    with rehearsed(scenario) as (desk, took, result):
        driver = desk.store.driver
        bare_members(driver)
        (theirs,) = interleaved(ROUNDS, lambda: lambda: bare_update(driver))
    phases = () if result is None else tuple(result.phases)
    faults = () if result is not None and result.complete else ("it did not come to its end",)
    homes = ", ".join(f"{phase.name} {phase.activated:,} of {phase.homes:,}" for phase in phases)
    note = f"activated: {homes}; {desk.transitions:,} transitions in {took:.0f} s"
    return Measurement(took, theirs, note, faults)


@row("rehearse-memory-1m", unit="MB", goal=Goal(1, at_most=True))
def rehearse_memory_1m(options: Options) -> Measurement:
    """The largest resident set of a rehearsal on 1,000,000 homes, well into the mass phase.

    The peer is a limit: 300 MB.
    """
    spare_the_collector()
    number, most = (300, 1_000) if options.quick else (1_000_000, 200_000)
    desk, _ = rehearse(number, options.seed, most)
    note = f"after {desk.transitions:,} transitions"
    return Measurement(peak_memory(), MOST_MEMORY, note)


def _transitions(options: Options) -> tuple[float, float, tuple[str, ...]]:
    """Transitions a second of ours and of bare statements, and what went wrong."""
    spare_the_collector()
    number = 200 if options.quick else 20_000
    with estate(number, options.seed) as desk:
        told, utc = offered(desk, number)
        seconds = 0.0
        for word in WORDS:
            for start in range(0, number, BATCH):
                events = outcomes(told[start : start + BATCH], word, utc)
                began = time.process_time()
                desk.handle(events, utc)
                desk.wake(utc)
                seconds += time.process_time() - began
            take(desk, utc)
        began = time.process_time()
        bare_transitions(desk.store.driver, told)
        bare = time.process_time() - began
        states = desk.store.count(Counts(Member, ("state",)))
    many = number * len(WORDS)
    wrong = states.get((MemberState.ACTIVATED,), 0) != number
    return many / seconds, many / bare, ((f"states are {states}",) if wrong else ())
