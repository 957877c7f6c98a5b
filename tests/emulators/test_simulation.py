"""The simulation shell: whole runs, judged; every run prints the seed it can be repeated with."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from emulators.air.radio import Conditions
from emulators.platform.spec import ClientOptions
from emulators.simulation.faults import Fault, FaultKind, FaultPlan
from emulators.simulation.journal import Journal
from emulators.simulation.oracle import DeviceVerdict
from emulators.simulation.population import SimulatedDevice, populate, sample_firmware
from emulators.simulation.simulation import (
    Simulation,
    SimulationResult,
    SimulationSettings,
    summary,
)
from emulators.soak.fault_profiles import World, draw_plan
from images.eui64 import parse_eui64
from ota_engine.store.store import Store

SIZE = 4096  # octets: small images keep whole days short
FIRMWARE = sample_firmware(SIZE, seed=1)


def settings(
    devices: int = 10,
    hours: float = 6.0,
    *,
    faults: Sequence[Fault] = (),
    air: Conditions | None = None,
    seed: int = 1,
) -> SimulationSettings:
    members = tuple(populate(devices, FIRMWARE, seed=seed, hours=hours))
    plan = FaultPlan("by hand", seed, air or Conditions(), tuple(sorted(faults)))
    return SimulationSettings(members, FIRMWARE, plan, seed, hours)


def run(what: SimulationSettings) -> tuple[SimulationResult, list[dict[str, object]]]:
    lines: list[bytes] = []
    with Store.in_memory() as store:
        outcome = Simulation(what, store, Journal(lines.append)).run()
    return outcome, [json.loads(line) for line in lines]


def device_of(what: SimulationSettings, kind: str) -> SimulatedDevice:
    return next(member for member in what.members if member.spec.kind.word == kind)


def test_every_kind_of_device_is_updated_when_nothing_goes_wrong() -> None:
    outcome, _ = run(settings(20))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 20}
    assert outcome.audit_fault is None
    assert outcome.engine_starts == 1


def test_devices_run_octet_for_octet_what_was_assigned() -> None:
    import hashlib

    outcome, _ = run(settings(10))
    hashes = {hashlib.sha256(data).hexdigest() for data in FIRMWARE.new.values()}
    assert {judgement.image_hash for judgement in outcome.judgements} == hashes


def test_the_journal_is_canonical_and_in_order_of_time() -> None:
    outcome, lines = run(settings(5))
    times = [float(str(line["time"])) for line in lines]
    assert times == sorted(times)
    assert len(lines) == outcome.journal_lines
    assert {line["source"] for line in lines} == {"engine", "device", "operator"}


def harsh(seed: int, devices: int = 30, hours: float = 8.0) -> SimulationResult:
    members = tuple(populate(devices, FIRMWARE, seed=seed, hours=hours, oddities=True))
    everyone = [member.spec.eui64 for member in members]
    world = World(everyone, everyone[4::10], 1, [(0, router) for router in range(1, 9)])
    plan = draw_plan("harsh", seed, world, hours)
    with Store.in_memory() as store:
        return Simulation(
            SimulationSettings(members, FIRMWARE, plan, seed, hours), store, Journal()
        ).run()


@pytest.mark.parametrize("seed", range(4))
def test_no_harsh_day_makes_a_device_run_a_wrong_image(seed: int) -> None:
    outcome = harsh(seed)
    assert summary(outcome)[DeviceVerdict.WRONG_IMAGE] == 0
    assert outcome.audit_fault is None
    unexplained = [
        j for j in outcome.judgements if j.verdict != DeviceVerdict.UPDATED and not j.reason
    ]
    assert unexplained == []


def test_an_engine_killed_again_and_again_finishes_the_rollout() -> None:
    kills = [Fault(at, FaultKind.ENGINE_KILL, seconds=20.0) for at in range(30, 3600, 90)]
    outcome, lines = run(settings(10, faults=kills))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 10}
    assert outcome.engine_starts == 1 + len(kills)
    booted = [line["device"] for line in lines if line["detail"] == _new_boot(line)]
    assert len(booted) == len(set(booted)) == 10  # each activated once


def _new_boot(line: dict[str, object]) -> object:
    detail = line["detail"]
    new = line["kind"] == "booted" and isinstance(detail, dict) and detail.get("new")
    return detail if new else None


def test_overlapping_engine_kills_leave_one_engine() -> None:
    kills = [
        Fault(100.0, FaultKind.ENGINE_KILL, seconds=200.0),
        Fault(150.0, FaultKind.ENGINE_KILL, seconds=20.0),
    ]
    outcome, _ = run(settings(3, faults=kills))
    assert outcome.engine_starts == 2
    assert summary(outcome) == {DeviceVerdict.UPDATED: 3}


@pytest.mark.parametrize("index", range(0, 60, 4))
def test_power_lost_in_any_flash_write_never_runs_a_wrong_image(index: int) -> None:
    what = settings(1)
    device = what.members[0].spec.eui64
    torn = Fault(1.0, FaultKind.TORN_WRITE, device=device, seconds=30.0, amount=index)
    outcome, lines = run(replace(what, plan=replace(what.plan, faults=(torn,))))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 1}
    lost = [line for line in lines if line["kind"] == "power lost"]
    assert len(lost) == outcome.judgements[0].crashes


def test_a_power_cut_delays_but_does_not_stop_an_update() -> None:
    what = settings(1)
    cut = Fault(20.0, FaultKind.POWER_CUT, device=what.members[0].spec.eui64, seconds=1800.0)
    outcome, lines = run(replace(what, plan=replace(what.plan, faults=(cut,))))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 1}
    assert outcome.judgements[0].crashes == 1
    back = [line for line in lines if line["kind"] == "booted"]
    assert float(str(back[-1]["time"])) > 1820.0


def test_an_unplugged_coordinator_delays_everybody() -> None:
    outcome, _ = run(settings(5, faults=[Fault(5.0, FaultKind.LINK_OUTAGE, seconds=3600.0)]))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 5}


def test_what_ended_keeps_its_reason_when_the_coordinator_is_unplugged() -> None:
    what = settings(1)
    member = what.members[0]
    options = replace(member.spec.options, forces_invalid_image=True)
    refusing = replace(member, spec=replace(member.spec, options=options))
    plan = replace(what.plan, faults=(Fault(5.0 * 3600, FaultKind.LINK_OUTAGE, seconds=60.0),))
    outcome, _ = run(replace(what, members=(refusing,), plan=plan))
    (judgement,) = outcome.judgements
    assert judgement.verdict == DeviceVerdict.FAILED
    assert "INVALID_IMAGE" in judgement.reason


def test_a_broken_router_is_survived() -> None:
    what = settings(10)
    broken = [Fault(60.0, FaultKind.ROUTER_OUTAGE, router=r, seconds=1200.0) for r in range(1, 9)]
    outcome, _ = run(replace(what, plan=replace(what.plan, faults=tuple(broken))))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 10}


@pytest.mark.parametrize("kind", ["loss", "corruption", "duplication", "reordering"])
def test_hours_of_bad_air_change_nothing_but_the_time_it_takes(kind: str) -> None:
    bad = Fault(0.0, FaultKind(kind), seconds=3.0 * 3600, amount=0.3)
    outcome, _ = run(settings(5, hours=12.0, faults=[bad]))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 5}


def test_garbled_octets_are_found_before_they_run() -> None:
    garbled = Fault(0.0, FaultKind.GARBLING, seconds=1800.0, amount=0.02)
    outcome, _ = run(settings(10, hours=12.0, faults=[garbled]))
    assert outcome.air.garbled > 0
    assert summary(outcome)[DeviceVerdict.WRONG_IMAGE] == 0


@pytest.mark.parametrize("seconds", [-86400.0, 86400.0])
def test_a_wall_clock_that_steps_does_not_lose_a_scheduled_activation(seconds: float) -> None:
    what = settings(2, hours=10.0)
    step = Fault(600.0, FaultKind.CLOCK_STEP, amount=seconds)
    hub = device_of(what, "communications hub")
    plan = replace(what.plan, faults=(step,))
    outcome, _ = run(replace(what, members=(hub,), plan=plan))
    (judgement,) = outcome.judgements
    assert judgement.verdict in (DeviceVerdict.UPDATED, DeviceVerdict.STUCK)
    assert judgement.reason or judgement.verdict == DeviceVerdict.UPDATED


def test_devices_that_a_clock_set_back_keeps_waiting_say_that_it_was() -> None:
    what = settings(2, hours=10.0)
    hub = device_of(what, "communications hub")
    back = Fault(600.0, FaultKind.CLOCK_STEP, amount=-40_000.0)
    outcome, _ = run(replace(what, members=(hub,), plan=replace(what.plan, faults=(back,))))
    (judgement,) = outcome.judgements
    assert (judgement.verdict, judgement.by_clock) == (DeviceVerdict.STUCK, True)
    assert "the wall clock was set back 40000 s and says 2026-06-30 22:53:20" in judgement.reason


def test_a_second_server_on_the_network_mixes_no_images() -> None:
    other = [Fault(at, FaultKind.SECOND_SERVER, seconds=600.0) for at in (10.0, 1500.0, 4000.0)]
    outcome, _ = run(settings(10, hours=30.0, faults=other))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 10}


def test_a_flooding_neighbour_does_not_starve_the_others() -> None:
    what = settings(10)
    noisy = what.members[0].spec.eui64
    flood = Fault(5.0, FaultKind.FLOOD, device=noisy, seconds=600.0, amount=40.0)
    outcome, lines = run(replace(what, plan=replace(what.plan, faults=(flood,))))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 10}
    during = [
        line
        for line in lines
        if 5.0 <= float(str(line["time"])) <= 605.0
        and line["kind"] == "client"
        and "'verifying'" in str(line["detail"])
        and parse_eui64(str(line["device"])) != noisy
    ]
    assert during  # somebody finished a download while the flood lasted


def test_a_battery_display_waits_for_its_mains() -> None:
    what = settings(10)
    battery = next(member for member in what.members if member.spec.battery)
    late = replace(battery, on_mains_at=2.0 * 3600)
    outcome, lines = run(replace(what, members=(late,)))
    assert summary(outcome) == {DeviceVerdict.UPDATED: 1}
    started = [line for line in lines if "'downloading'" in str(line["detail"])]
    assert float(str(started[0]["time"])) > 2.0 * 3600


def test_a_device_that_fails_its_self_test_is_failed_with_that_reason() -> None:
    what = settings(1)
    member = what.members[0]
    options = replace(member.spec.options, self_test_fails=True)
    bad = replace(member, spec=replace(member.spec, options=options))
    outcome, _ = run(replace(what, members=(bad,)))
    (judgement,) = outcome.judgements
    assert judgement.verdict == DeviceVerdict.FAILED
    assert judgement.version_after == judgement.version_before
    assert judgement.reason


def test_samples_count_up_to_all_devices_and_blocks() -> None:
    outcome, _ = run(settings(5))
    blocks = [sample.blocks for sample in outcome.samples]
    assert blocks == sorted(blocks)
    assert blocks[-1] == outcome.blocks > 0
    assert outcome.samples[-1].states == {"updated": 5}
    assert outcome.samples[-1].time == 6.0 * 3600


def test_progress_reaches_the_end() -> None:
    seen: list[tuple[float, int]] = []
    with Store.in_memory() as store:
        simulation = Simulation(settings(2, hours=1.0), store, Journal())
        outcome = simulation.run(lambda time, blocks: seen.append((time, blocks)))
    assert seen[-1] == (3600.0, outcome.blocks)


def test_second_chips_are_updated_beside_the_first_through_faults_and_judged_apart() -> None:
    firmware = sample_firmware(SIZE, seed=1, chips=True)
    members = tuple(populate(10, firmware, seed=1, hours=12.0, chips=1.0))
    lossy = FaultPlan("by hand", 1, Conditions(loss=0.02))
    with Store.in_memory() as store:
        settled = SimulationSettings(members, firmware, lossy, 1, 12.0)
        outcome = Simulation(settled, store, Journal()).run()
    second = [each for each in outcome.judgements if each.kind.endswith(", chip 2")]
    assert len(outcome.judgements) == 10 + len(second)
    assert len(second) == 8  # all but the load switches
    assert summary(outcome) == {DeviceVerdict.UPDATED: 18}
    assert outcome.audit_fault is None


def test_a_chip_that_cannot_run_its_file_ends_alone() -> None:
    firmware = sample_firmware(SIZE, seed=1, chips=True)
    members = [
        replace(
            member,
            spec=replace(
                member.spec,
                chips=tuple(
                    replace(chip, options=ClientOptions(self_test_fails=True))
                    for chip in member.spec.chips
                ),
            ),
        )
        for member in populate(3, firmware, seed=1, hours=12.0, chips=1.0)
    ]
    with Store.in_memory() as store:
        settled = SimulationSettings(tuple(members), firmware, FaultPlan(), 1, 12.0)
        outcome = Simulation(settled, store, Journal()).run()
    ends = {(each.device, each.kind.endswith("chip 2")): each for each in outcome.judgements}
    for (_, second), end in ends.items():
        expected = DeviceVerdict.FAILED if second else DeviceVerdict.UPDATED
        assert end.verdict is expected, end
