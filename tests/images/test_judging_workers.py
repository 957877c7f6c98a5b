"""How many processes judge a folder, and that they stand what befalls one of them."""

import os
from pathlib import Path

import pytest

from images.judging.settings import JudgingSettings
from images.judging.workers import judge_files, processes_for
from tests.images.samples import plain

CORES = 8
MIB = 1 << 20


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: CORES)


def sparse(folder: Path, count: int, size: int) -> list[Path]:
    paths = [folder / f"{number}.ota" for number in range(count)]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(size)
    return paths


@pytest.mark.parametrize(
    ("count", "size", "processes"),
    [(0, 0, 1), (1, 0, 1), (20, 300_000, 1), (250, 0, 3), (10, 5 * MIB, 4), (40, 32 * MIB, CORES)],
)
def test_processes_follow_what_there_is_to_do(
    tmp_path: Path, count: int, size: int, processes: int
) -> None:
    assert processes_for(sparse(tmp_path, count, size)) == processes


def test_a_size_that_will_not_be_read_counts_as_far_as_it_would(tmp_path: Path) -> None:
    assert processes_for(sparse(tmp_path, 1, 1 << 40)) == 5
    assert processes_for([tmp_path / "none"] * 50) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 17])
def test_few_files_go_to_two_processes_and_come_back_in_order(tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{number}.ota" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(plain(file_version=number + 1))
    judged = list(judge_files([*paths, tmp_path / "none"], JudgingSettings(), 2))
    assert [one.path for one in judged] == [*paths, tmp_path / "none"]
    assert [one.report is None for one in judged] == [False] * count + [True]
