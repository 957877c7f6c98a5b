import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.air.radio import CALM, Conditions
from emulators.simulation.faults import AIR, Fault, FaultKind, FaultPlan, weather
from emulators.soak.fault_profiles import PROFILES, World, draw_plan
from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError

DEVICES = tuple(Eui64(number) for number in range(1, 51))
WORLD = World(DEVICES, DEVICES[::5], 2, ((0, 1), (1, 1)))

times = st.floats(0, 1e6)
faults = st.builds(
    Fault,
    at=times,
    kind=st.sampled_from(FaultKind),
    device=st.integers(1, 2**64 - 1),
    channel=st.integers(0, 7),
    router=st.integers(0, 7),
    seconds=times,
    amount=st.floats(-1e6, 1e6),
)


@given(st.lists(faults, max_size=5), st.integers(0, 2**63))
def test_a_plan_survives_its_json(drawn: list[Fault], seed: int) -> None:
    plan = FaultPlan("harsh", seed, Conditions(loss=0.125, garbling=0.1), tuple(drawn))
    text = canonical_json(plan.to_json())
    assert FaultPlan.from_json(json.loads(text)) == plan


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({}, "field 'profile' is missing: give it"),
        ([], "give the JSON that a soak wrote"),
        ({"profile": "x", "seed": 1, "air": {"rain": 1}, "faults": []}, "rain"),
        ({"profile": "x", "seed": 1, "air": {}, "faults": [{"at": 1, "fault": "x"}]}, "'x'"),
        (
            {"profile": "x", "seed": 1, "air": {}, "faults": [{"at": 1, "fault": "loss", "no": 1}]},
            "'no'",
        ),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(value: object, complaint: str) -> None:
    with pytest.raises(LocalError, match="not a fault plan") as caught:
        FaultPlan.from_json(value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_seed_draws_the_same_plan(profile: str) -> None:
    assert draw_plan(profile, 7, WORLD, 24) == draw_plan(profile, 7, WORLD, 24)


def test_another_seed_draws_another_plan() -> None:
    assert draw_plan("harsh", 7, WORLD, 24) != draw_plan("harsh", 8, WORLD, 24)


def test_no_faults_means_calm_air_and_nothing_else() -> None:
    plan = draw_plan("none", 7, WORLD, 24)
    assert (plan.air, plan.faults) == (CALM, ())


def test_a_harsh_month_holds_every_kind_of_fault() -> None:
    plan = draw_plan("harsh", 7, WORLD, 24 * 30)
    of_keys = {FaultKind.DEVICE_CLOCK_STEP}  # scripted: devices of a soak have none
    assert {fault.kind for fault in plan.faults} == set(FaultKind) - of_keys


@pytest.mark.parametrize("profile", ["mild", "harsh"])
def test_faults_come_in_order_and_leave_the_end_of_the_run_alone(profile: str) -> None:
    plan = draw_plan(profile, 3, WORLD, 48)
    assert list(plan.faults) == sorted(plan.faults)
    assert plan.faults
    assert all(0 <= fault.at < 0.9 * 48 * 3600 for fault in plan.faults)


def test_faults_strike_only_who_is_there() -> None:
    plan = draw_plan("harsh", 3, WORLD, 24 * 30)
    for fault in plan.faults:
        assert fault.device == 0 or fault.device in DEVICES
        assert fault.channel in (0, 1)
        if fault.kind is FaultKind.ON_BATTERY:
            assert fault.device in WORLD.battery


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(LocalError, match="none, mild, harsh"):
        draw_plan("apocalyptic", 1, WORLD, 1)


@pytest.mark.parametrize("kind", sorted(AIR))
def test_disturbances_of_the_air_take_the_worst_of_each(kind: FaultKind) -> None:
    active = [Fault(0, kind, amount=0.2), Fault(0, kind, amount=0.1)]
    air = weather(Conditions(loss=0.01, corruption=0.01), active)
    assert getattr(air, kind.value) == 0.2
    assert air.corruption == (0.2 if kind is FaultKind.CORRUPTION else 0.01)


def test_octets_change_only_where_devices_can_find_it() -> None:
    plan = draw_plan("harsh", 7, WORLD, 24 * 30)
    assert any(fault.kind is FaultKind.GARBLING for fault in plan.faults)
    unprotected = draw_plan("harsh", 7, replace(WORLD, finds_damage=False), 24 * 30)
    struck = {fault.kind for fault in unprotected.faults}
    assert struck == {fault.kind for fault in plan.faults} - {FaultKind.GARBLING}
