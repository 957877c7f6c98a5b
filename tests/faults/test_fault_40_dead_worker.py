"""Fault 40: a worker of a soak dies, or its result is cut; the merge says what is missing."""

import json
import os
import signal

from emulators.soak.processes import Workers, read_line, run_shards
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
    part = run_shard(spec, 0, spec.firmware())
    line = json.dumps({"result": part, "seconds": 1.5}).encode()
    whole = read_line(line)
    assert whole is not None
    assert (whole.shard, whole.result, whole.seconds) == (0, json.loads(line)["result"], 1.5)
    for cut in range(0, len(line), 37):
        assert read_line(line[:cut]) is None
