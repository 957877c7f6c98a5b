"""Whatever people want of a device, and whatever befalls it: what the hub tells of it is what happened.

The measure is a device that remembers what it held and ran (``true_device``); walks that once led to a
word that was not so stand below the property by which they were found.
"""

from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.records import Activation, VersionPolicy
from tests.hub.push.true_world import IMAGES, TrueWorld, walk
from tests.tiers import examples

Step: TypeAlias = tuple[Any, ...]

WHICH = st.sampled_from([1, 1, 0, 2])
POLICIES, ACTIVATIONS = st.sampled_from(VersionPolicy), st.sampled_from(Activation)
SPANS = st.sampled_from([1.0, 10.0, 60.0, 400.0, 4000.0, 5000.0])
FLAGS = ("deaf", "external", "queries_back", "asks_anyway", "slow")

PEOPLE = (
    st.tuples(st.just("push"), WHICH, POLICIES, ACTIVATIONS),
    st.tuples(st.just("assign"), WHICH, POLICIES, ACTIVATIONS),
    st.tuples(st.just("withdraw"), st.integers(0, len(IMAGES) - 1)),
    st.tuples(st.sampled_from(["pause", "resume"]), st.booleans()),
    st.tuples(st.sampled_from(["abort", "apply_now", "stop_push", "resume_push"])),
)
HUB = (st.tuples(st.sampled_from(["hub_down", "hub_up", "radio_down", "radio_up"])),)
DEVICE = (
    st.just(("fetch",)),
    st.just(("fetch",)),
    st.just(("command",)),
    st.tuples(st.just("run"), SPANS),
    st.tuples(st.sampled_from(["query", "end", "spoil", "join", "falls_back"])),
    st.tuples(st.just("go_on"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["power_cut", "report"]), st.booleans()),
    st.tuples(st.sampled_from(FLAGS), st.booleans()),
)
STEPS = st.one_of(*PEOPLE, *HUB, *DEVICE)
WALKS = st.lists(STEPS, min_size=3, max_size=25)


@examples(3000)
@given(steps=WALKS)
def test_the_hub_tells_what_really_became_of_a_device(steps: list[Step]) -> None:
    walk(TrueWorld(), steps)


@examples(1000)
@given(
    ordered=st.tuples(
        st.sampled_from(["push", "assign"]),
        WHICH,
        st.sampled_from([VersionPolicy.REINSTALL, VersionPolicy.UPGRADE]),
        ACTIVATIONS,
    ),
    awaited=st.sampled_from([400.0, 5000.0]),
    away=st.lists(STEPS, max_size=3),
    back=st.lists(STEPS, max_size=6),
)
def test_a_hub_that_restarts_tells_on_of_a_device_that_comes_back_late(
    ordered: Step, awaited: float, away: list[Step], back: list[Step]
) -> None:
    late: list[Step] = [("slow", True), ordered, ("fetch",), ("apply_now",), ("run", awaited)]
    walk(TrueWorld(), [*late, ("hub_down",), *away, ("hub_up",), *back])


REINSTALL, UPGRADE, DOWNGRADE = (
    VersionPolicy.REINSTALL,
    VersionPolicy.UPGRADE,
    VersionPolicy.DOWNGRADE,
)
NOW, WAIT, AT, DELAYED, EXTERNAL = (
    Activation.IMMEDIATE,
    Activation.WAIT,
    Activation.AT,
    Activation.DELAYED,
    Activation.EXTERNAL,
)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            [("push", 0, REINSTALL, NOW), ("fetch",), ("radio_down",), ("run", 400.0)],
            id="it installs again what it runs while the radio is down",
        ),
        pytest.param(
            [("assign", 0, REINSTALL, NOW), ("fetch",), ("radio_down",), ("run", 5000.0)],
            id="it installs again what it runs while the radio is down for longer than it is awaited",
        ),
        pytest.param(
            [
                ("assign", 0, REINSTALL, EXTERNAL),
                ("fetch",),
                ("hub_down",),
                ("command",),
                ("run", 400.0),
            ],
            id="it is commanded to install again what it runs while the hub is off",
        ),
        pytest.param(
            [
                ("push", 0, REINSTALL, WAIT),
                ("fetch",),
                ("radio_down",),
                ("command",),
                ("run", 400.0),
                ("assign", 0, DOWNGRADE, DELAYED),
            ],
            id="another way to activate is ordered while it installs again what it runs, unheard",
        ),
        pytest.param(
            [
                ("assign", 0, REINSTALL, AT),
                ("fetch",),
                ("radio_down",),
                ("run", 5000.0),
                ("push", 0, REINSTALL, NOW),
            ],
            id="it has installed at its time, unheard, what a push is to have it install once more",
        ),
        pytest.param(
            [("assign", 0, REINSTALL, NOW), ("fetch",), ("join",), ("report", False)],
            id="it rejoins, and reports that it counts down, before it installs again what it runs",
        ),
        pytest.param(
            [("assign", 0, REINSTALL, NOW), ("slow", True), ("fetch",), ("run", 4000.0)],
            id="it takes longer to install again what it runs than it is awaited",
        ),
        pytest.param(
            [
                ("assign", 0, REINSTALL, NOW),
                ("slow", True),
                ("fetch",),
                ("run", 5000.0),
                ("hub_down",),
            ],
            id="the hub restarts after it has given up one that installs again what it runs",
        ),
        pytest.param(
            [
                ("assign", 1, UPGRADE, NOW),
                ("slow", True),
                ("fetch",),
                ("run", 5000.0),
                ("hub_down",),
            ],
            id="the hub restarts after it has given up one that was told to have arrived",
        ),
        pytest.param(
            [
                ("asks_anyway", True),
                ("assign", 0, REINSTALL, NOW),
                ("fetch",),
                ("join",),
                ("query",),
            ],
            id="it rejoins, and queries though it counts down, before it installs again what it runs",
        ),
        pytest.param(
            [
                ("asks_anyway", True),
                ("assign", 1, UPGRADE, WAIT),
                ("fetch",),
                ("power_cut", False),
                ("apply_now",),
                ("run", 10.0),
            ],
            id="it queries though it holds the image, and was off when it was told to apply",
        ),
        pytest.param(
            [
                ("asks_anyway", True),
                ("assign", 0, REINSTALL, WAIT),
                ("fetch",),
                ("power_cut", False),
                ("apply_now",),
                ("run", 10.0),
            ],
            id="it queries though it holds what it runs, and was off when it was told to apply",
        ),
        pytest.param(
            [
                ("push", 0, REINSTALL, EXTERNAL),
                ("fetch",),
                ("power_cut", False),
                ("assign", 0, REINSTALL, NOW),
            ],
            id="it is told to install again what it runs while it has no power",
        ),
        pytest.param(
            [
                ("external", True),
                ("assign", 0, REINSTALL, AT),
                ("run", 400.0),
                ("fetch",),
                ("power_cut", False),
            ],
            id="its time has passed, and it waits for a command to install again what it runs",
        ),
        pytest.param(
            [
                ("push", 0, REINSTALL, EXTERNAL),
                ("assign", 1, UPGRADE, EXTERNAL),
                ("push", 0, REINSTALL, EXTERNAL),
                ("go_on", 3),
            ],
            id="it goes on without a query with what it runs",
        ),
        pytest.param(
            [
                ("assign", 1, DOWNGRADE, DELAYED),
                ("query",),
                ("pause", True),
                ("assign", 1, DOWNGRADE, DELAYED),
                ("withdraw", 1),
                ("assign", 1, DOWNGRADE, DELAYED),
                ("spoil",),
                ("fetch",),
                ("assign", 0, REINSTALL, EXTERNAL),
            ],
            id="it refuses what has not begun",
        ),
        pytest.param(
            [
                ("assign", 1, UPGRADE, WAIT),
                ("fetch",),
                ("assign", 1, UPGRADE, NOW),
                ("deaf", True),
                ("queries_back", False),
                ("run", 4000.0),
                ("run", 4000.0),
            ],
            id="what it holds is assigned anew, and it says late that it runs it",
        ),
    ],
)
def test_what_once_was_told_wrong_is_told_right(steps: list[Step]) -> None:
    walk(TrueWorld(), steps)
