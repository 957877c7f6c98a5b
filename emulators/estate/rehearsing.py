"""Rehearses a scenario once, or once for each of several seeds, in a database of its own.

Knows files: where a rehearsal is kept, and the journal. Nothing is left of one that is not kept,
or that has not come to its end.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emulators.estate.given import GivenHomes, copy_estate, suited
from emulators.estate.real_lot import LotSpec, RealHomes, RealLot
from emulators.estate.rehearsal import Rehearsal
from emulators.estate.rehearsed import Rehearsed
from emulators.estate.scenario import Scenario
from emulators.simulation.journal import Journal
from ota_engine.errors import LocalError
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore

FLEET_NAME = "fleet.sqlite"  # in a state folder, as the commands of the fleet find it

OnStep = Callable[[Rehearsal], None]


def rehearse_once(
    scenario: Scenario,
    progress: OnStep = lambda _: None,
    *,
    real: int = 0,
    make_homes: Callable[[LotSpec], RealHomes] = RealLot,
    estate: Path | None = None,
    keep: Path | None = None,
    journal: Path | None = None,
) -> Rehearsed:
    """Rehearse a scenario.

    Args:
        scenario: what is rehearsed.
        progress: called after every step.
        real: homes with real engines and emulated devices.
        make_homes: says where those live; in this process when left out.
        estate: database of a fleet whose homes are meant; None to draw them.
        keep: folder in which the fleet's database stays; None to keep nothing.
        journal: file that takes the journal; None for its hash alone.

    Raises:
        LocalError: there is a fleet in the folder already.
        StoreError: the database cannot be written.
        OSError: a file cannot be.
    """
    with _folder(keep) as folder:
        if estate is not None:
            copy_estate(estate, folder / FLEET_NAME)
        store = FleetStore.open(folder / FLEET_NAME, durable=keep is not None)
        try:
            homes = None
            if estate is not None:
                scenario, homes = suited(scenario, store), GivenHomes(store)
            desk = FleetDesk(Fleet(), store)
            with _sink(journal) as write:
                return Rehearsal(scenario, desk, Journal(write), homes, real, make_homes).run(
                    progress
                )
        finally:
            store.close()


@contextmanager
def _sink(path: Path | None) -> Iterator[Callable[[bytes], object] | None]:
    if path is None:
        yield None
        return
    with path.open("wb") as sink:
        yield sink.write


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="zota-rehearse-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if (keep / FLEET_NAME).exists():
        raise LocalError(f"{keep}: there is a fleet here already: give an empty folder")
    try:
        yield keep
    except BaseException:  # a part of a fleet is none; the same command is to find the folder empty
        for part in keep.glob(f"{FLEET_NAME}*"):
            part.unlink(missing_ok=True)
        raise


def with_seed(scenario: Scenario, seed: int) -> Scenario:
    """Rehearse the same with other draws."""
    return replace(scenario, estate=replace(scenario.estate, seed=seed))
