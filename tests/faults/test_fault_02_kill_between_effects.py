"""Fault 2: the engine is killed before every single effect in turn; the end is always the same."""

from random import Random

from ota_engine.store.store import Store
from tests.faults.home import Home, check_all_updated, make_devices, make_image
from tests.tiers import points, seeds

DEVICES = 2
IMAGE = make_image(900)


def run_with_kill_before(effect: int) -> Home:
    home = Home(Store.in_memory(), make_devices(DEVICES), kill_before=frozenset({effect}))
    home.start(IMAGE)
    home.run(6 * 3600.0)
    return home


@points(9)
def test_killed_before_any_effect_it_ends_as_if_it_had_not_been(step: int) -> None:
    calm = run_with_kill_before(0)
    check_all_updated(calm, IMAGE)
    for effect in range(1, calm.shell.effects + 1, step):
        home = run_with_kill_before(effect)
        assert home.shell.kills == 1, f"effect {effect} never came"
        check_all_updated(home, IMAGE)


@seeds(3, 20)
def test_killed_again_and_again_it_still_gets_there(seed: int) -> None:
    rng = Random(seed)
    killed = frozenset(effect for effect in range(1, 5000) if rng.random() < 0.12)
    home = Home(Store.in_memory(), make_devices(DEVICES), kill_before=killed)
    home.start(IMAGE)
    home.run(7 * 24 * 3600.0)
    assert home.shell.kills > 5
    check_all_updated(home, IMAGE)
