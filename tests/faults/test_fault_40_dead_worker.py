"""Fault 40: a worker of a soak dies, or its result is cut; the merge says what is missing."""

import json
import os
import signal
from typing import Any

from emulators.soak.processes import Workers, run_shards, take_line
from emulators.soak.report import report
from emulators.soak.soak import SoakSpec, merge, run_shard

SPEC = SoakSpec(devices=510, hours=0.05, seed=5, faults="mild", image_size=1024)  # three shards


def test_a_killed_worker_leaves_missing_shards_and_no_hash() -> None:
    def kill_second(workers: Workers) -> None:
        os.kill(workers[1].pid, signal.SIGKILL)

    results = run_shards(SPEC, 2, on_started=kill_second)
    result = merge(SPEC, results, 1.0)
    assert result.missing == (1,)
    assert result.journal_sha256 is None
    assert not result.good
    assert "1 shard(s) missing: 1" in report(result)


def test_a_line_cut_anywhere_is_no_result() -> None:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    line = json.dumps({"result": run_shard(spec, 0, spec.firmware())}).encode()
    whole: dict[int, Any] = {}
    assert take_line(line, whole, None)
    assert list(whole) == [0]
    for cut in range(0, len(line), 37):
        results: dict[int, Any] = {}
        assert not take_line(line[:cut], results, None)
        assert results == {}
