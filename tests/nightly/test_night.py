"""All faults mixed, seed after seed, for as long as there is time: ``make nightly``.

Every seed is a night of a hub, a fleet, a neighbourhood, Service Users and an estate of processes. A seed that failed
is named with the command that runs it again. docs/faults.md says what each night must leave.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from typing import Final

import pytest

from tests.nightly.estate_night import estate_night
from tests.nightly.fleet_night import fleet_night
from tests.nightly.hub_night import hub_night
from tests.nightly.soak_night import soak_night
from tests.nightly.users_night import users_night

MINUTES: Final = "ZOTA_NIGHT_MINUTES"  # how long seeds are begun
SEED: Final = "ZOTA_NIGHT_SEED"  # the first one; drawn when it is not given
DEFAULT_MINUTES: Final = 20.0
OFTEN: Final = 10  # nights of the quick kinds for one of the estate
QUICK: Final[dict[str, Callable[[int, Path], str]]] = {
    "hub": hub_night,
    "fleet": fleet_night,
    "soak": soak_night,
    "users": users_night,
}


def live(kind: str, night: Callable[[int, Path], str], seed: int, folder: Path) -> None:
    """Live through one night, and say what struck."""
    here = folder / f"{kind}-{seed}"
    here.mkdir()
    try:
        struck = night(seed, here)
    except BaseException:
        print(f"\nthe {kind} night of seed {seed} failed: make nightly SEED={seed} MINUTES=0")  # noqa: T201 - names its seed
        raise
    print(f"seed {seed}: {kind}: {struck}", flush=True)  # noqa: T201 - names its seed
    shutil.rmtree(here)  # a night that failed leaves what it left


def first_seed() -> int:
    return int(number_given(SEED, SystemRandom().randrange(1 << 32)))


def number_given(name: str, otherwise: float) -> float:
    """Read what ``make nightly`` was given."""
    given = os.environ.get(name, "")
    try:
        return float(given) if given else otherwise
    except ValueError:
        pytest.exit(f"{name}={given}: give a number", returncode=2)


@pytest.mark.heavy
def test_a_short_night(tmp_path: Path) -> None:
    seed = first_seed()
    for kind, night in QUICK.items():
        for number in range(3):
            live(kind, night, seed + number, tmp_path)


@pytest.mark.nightly
def test_a_night_of_all_faults_mixed(tmp_path: Path) -> None:
    end = time.monotonic() + 60.0 * number_given(MINUTES, DEFAULT_MINUTES)
    seed = first_seed()
    print(f"\nfirst seed {seed}", flush=True)  # noqa: T201 - a random test names its seed
    while True:
        for number in range(OFTEN):
            for kind, night in QUICK.items():
                live(kind, night, seed + number, tmp_path)
        live("estate", estate_night, seed, tmp_path)
        seed += OFTEN
        if time.monotonic() >= end:
            return
