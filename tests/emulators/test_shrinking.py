"""A plan that fails is made as small as it goes: fewer faults, devices and hours; what is left still fails."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.air.radio import CALM
from emulators.simulation.faults import Fault, FaultKind
from emulators.soak.plans import SoakPlan
from emulators.soak.shrinking import Shrinker, ShrinkStep, fewest
from emulators.soak.soak import ShardJson, SoakSpec, run_shard
from ota_engine.errors import LocalError

SPEC = SoakSpec(devices=12, hours=6, seed=1, faults="harsh", image_size=2000)
FIRMWARE = SPEC.firmware()
WHOLE = SoakPlan.whole(SPEC, 0, FIRMWARE)
UNPLUGGED = tuple(
    Fault(at=17.0 + 300.0 * number, kind=FaultKind.LINK_OUTAGE, seconds=200.0)
    for number in range(8)
)
#: Devices that run what they hold when nobody answers, and a coordinator that is away when they ask.
DISOBEDIENT = replace(
    WHOLE,
    options={"timeout_policy": 0},
    plan=replace(WHOLE.plan, faults=tuple(sorted((*WHOLE.plan.faults, *UNPLUGGED)))),
)


def run(plan: SoakPlan) -> tuple[ShardJson, bytes]:
    lines: list[bytes] = []
    return plan.run(FIRMWARE, journal_sink=lines.append), b"".join(lines)


def fails(plan: SoakPlan) -> bool:
    return any(one["verdict"] == "wrong image" for one in run(plan)[0]["judgements"])


@given(st.lists(st.integers(0, 40), unique=True, min_size=1), st.data())
def test_of_any_items_those_are_left_that_it_takes(items: list[int], data: st.DataObject) -> None:
    needed = set(data.draw(st.lists(st.sampled_from(items), unique=True)))
    tried: list[tuple[int, ...]] = []

    def take(some: Sequence[int]) -> bool:
        tried.append(tuple(some))
        return needed <= set(tried[-1])

    assert set(fewest(items, take)) == needed
    assert all(len(set(one)) == len(one) for one in tried)


@given(st.lists(st.integers(0, 20), unique=True, min_size=2, max_size=9), st.integers(1, 1 << 20))
def test_whatever_fails_without_rhyme_or_reason_no_single_item_can_be_left_out(
    items: list[int], salt: int
) -> None:
    def fails_now(some: Sequence[int]) -> bool:
        chosen = tuple(some)
        return chosen == tuple(items) or hash((salt, chosen)) % 3 == 0

    found = fewest(items, fails_now, least=1)
    assert fails_now(found)
    for one in found:
        rest = [other for other in found if other != one]
        assert not rest or not fails_now(rest)


def test_a_whole_plan_is_the_shard_it_was_made_of() -> None:
    lines: list[bytes] = []
    soaked = run_shard(SPEC, 0, FIRMWARE, journal_sink=lines.append)
    assert run(WHOLE) == (soaked, b"".join(lines))


def test_devices_that_do_not_obey_are_found_with_what_it_takes_and_nothing_else() -> None:
    assert fails(DISOBEDIENT)
    assert not fails(replace(WHOLE, plan=DISOBEDIENT.plan)), "it takes the defect"
    steps: list[ShrinkStep] = []
    smallest = Shrinker(DISOBEDIENT, fails, steps.append).run()
    assert fails(smallest)
    assert len(smallest.plan.faults) <= 2
    assert {fault.kind for fault in smallest.plan.faults} <= {
        FaultKind.LINK_OUTAGE,
        FaultKind.ENGINE_KILL,
    }
    assert len(smallest.members) <= 3
    assert smallest.hours < 1
    assert smallest.plan.air == CALM
    sizes = [(len(s.smallest.plan.faults), len(s.smallest.members)) for s in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert [step.tried for step in steps] == [*range(1, len(steps) + 1)]


def test_a_plan_read_again_gives_the_same_journal() -> None:
    few = replace(DISOBEDIENT, members=(1, 2, 5), hours=1.5)
    again = SoakPlan.from_json(json.loads(json.dumps(few.to_json())))
    assert run(again) == run(few)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"members": []}, "members"),
        ({"members": [-1]}, "members"),
        ({"members": "x"}, "invalid literal"),
        ({"shard": 1}, "there is no shard 1"),
        ({"hours": 0}, "hours"),
        ({"hours": 7}, "at most 6"),
        ({"options": {"colour": 1}}, "no option 'colour'"),
        ({"options": {"timeout_policy": "x"}}, "timeout_policy"),
        ({"soak": {"devices": 1}}, "missing"),
        ({"plan": []}, "fault plan"),
        ({"more": 1}, "unknown field 'more'"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(change: dict[str, object], said: str) -> None:
    with pytest.raises(LocalError, match=said) as refused:
        SoakPlan.from_json(WHOLE.to_json() | change)
    assert "\n" not in str(refused.value)


def test_a_device_that_the_shard_has_not_is_named() -> None:
    with pytest.raises(LocalError, match="device 12 of 12"):
        replace(WHOLE, members=(3, 12)).run(FIRMWARE)
