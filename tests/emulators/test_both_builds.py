"""The compiled cores and their sources are one program: the same seed writes the same journal in both."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from emulators.soak.soak import SoakSpec, run_shard
from ota_engine import cores
from tests.tiers import seeds

#: Runs what follows in an interpreter that finds no compiled module of ours.
SOURCES_ONLY: Final = """
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, PathFinder, SourceFileLoader

OURS = ("images", "ota_engine", "emulators")


class Sources:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in OURS or path is None:
            return None
        finders = (FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)) for folder in path)
        return next((found for finder in finders if (found := finder.find_spec(name))), None)


sys.meta_path.insert(0, Sources)
"""
HASH: Final = """
from emulators.soak.soak import SoakSpec, run_shard
from ota_engine import cores

assert not cores.compiled_rooms()
spec = SoakSpec(**{})
print(run_shard(spec, 0, spec.firmware())["journal_sha256"])
"""
#: What runs for every block, and what runs for everything that is not a plain block.
FAULTS: Final = ("none", "mild", "harsh")

compiled = pytest.mark.skipif(
    not cores.compiled_rooms(), reason="nothing is compiled here: make compiled-test"
)


def by_sources(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SOURCES_ONLY + program],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return done.stdout.strip()


def test_sources_alone_are_what_runs_where_nothing_is_compiled() -> None:
    told = by_sources("from ota_engine import cores; print(cores.running())")
    assert told == "pure Python"


@compiled
def test_all_rooms_are_compiled_or_none() -> None:
    assert cores.compiled_rooms() == cores.ROOMS
    assert cores.running() == "compiled"


@compiled
@seeds(2, 12)
@pytest.mark.parametrize("faults", FAULTS)
def test_a_seed_writes_the_same_journal_compiled_and_from_sources(faults: str, seed: int) -> None:
    settings = {"devices": 24, "hours": 30.0, "seed": seed, "faults": faults, "image_size": 8192}
    spec = SoakSpec(devices=24, hours=30.0, seed=seed, faults=faults, image_size=8192, chips=0.2)
    here = run_shard(spec, 0, spec.firmware())["journal_sha256"]
    told = by_sources(HASH.replace("**{}", f"**{settings | {'chips': 0.2}!r}"))
    assert told == here
