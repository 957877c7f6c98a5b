"""Fault 2, orders: the engine is killed before every effect of an order; the end is always the same."""

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from ota_engine.gbcs.envelope import parse
from tests.faults.home import NEW, OLD
from tests.faults.orders import MortalHome
from tests.gbcs.parties import CHF
from tests.tiers import points, seeds

HOUR = 3600.0


def now(home: MortalHome) -> None:
    home.activate()
    home.pass_time(HOUR)


def later(home: MortalHome) -> None:
    home.activate(at=600.0)
    home.pass_time(2 * HOUR)


def cancelled(home: MortalHome) -> None:
    home.activate(at=1800.0)
    home.pass_time(120.0)
    home.cancel()
    home.pass_time(HOUR)


@cache
def delivered_to_a_sleeper() -> int:
    """Effects until a sleepy device has its image, the same in every run."""
    return MortalHome(sleepy=True).delivered


Story = Callable[[MortalHome], None]
STORIES: list[tuple[Story, str, str, int]] = [
    (now, "activated", "succeeded", NEW),
    (later, "activated", "succeeded", NEW),
    (cancelled, "cancelled", "failed", OLD),
]


@points(9)
@pytest.mark.parametrize(("story", "state", "verdict", "runs"), STORIES)
def test_killed_before_any_effect_an_order_ends_as_if_it_had_not_been(
    story: Story, state: str, verdict: str, runs: int, step: int
) -> None:
    calm = MortalHome()
    story(calm)
    calm.check(state, verdict, runs=runs)
    for effect in range(calm.delivered + 1, calm.shell.effects + 1, step):
        home = MortalHome(kill_before=frozenset({effect}))
        story(home)
        assert home.shell.kills == 1, f"effect {effect} never came"
        home.check(state, verdict, runs=runs)


@seeds(2, 6)
@pytest.mark.parametrize(("story", "state", "verdict", "runs"), STORIES)
def test_killed_again_and_again_over_a_sleepy_device(
    story: Story, state: str, verdict: str, runs: int, seed: int
) -> None:
    rng, begin = Random(seed), delivered_to_a_sleeper()
    killed = frozenset(effect for effect in range(begin + 1, begin + 900) if rng.random() < 0.05)
    home = MortalHome(sleepy=True, kill_before=killed)
    story(home)
    assert home.shell.kills > 3
    home.check(state, verdict, runs=runs)


@points(9)
def test_killed_at_any_effect_of_a_transfer_the_hub_tells_of_it_once(step: int) -> None:
    for effect in range(1, MortalHome().delivered + 1, step):
        home = MortalHome(kill_before=frozenset({effect}))
        assert home.shell.kills == 1
        (alert,) = home.outcomes("alert")
        (transfer,) = home.outcomes("transfer")
        assert alert.key == f"{transfer.key}-ccs08"
        assert parse(alert.message).originator == CHF
