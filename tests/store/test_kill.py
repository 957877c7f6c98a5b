"""Killed at any moment (fault 1): what was committed stays, and is told exactly once."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.store.location import PostgresPlace, write_place
from tests.tiers import repeats


@repeats(6, 48)
def test_an_engine_killed_again_and_again_leaves_one_consistent_story(
    tmp_path: Path, repeats: int
) -> None:
    kill_again_and_again(tmp_path, repeats)


@pytest.mark.postgresql
@repeats(2, 24)
def test_the_same_on_a_server(tmp_path: Path, postgresql_database: str, repeats: int) -> None:
    write_place(tmp_path, PostgresPlace(postgresql_database, "killed"))
    kill_again_and_again(tmp_path, repeats)
    assert not (tmp_path / "zota.db").exists()


def kill_again_and_again(tmp_path: Path, repeats: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    arguments = [str(tmp_path), str(seed), str(repeats)]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.store.killed_engine", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"seed {seed}\n{run.stderr}"
    assert int(run.stdout) > 0
