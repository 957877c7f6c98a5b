"""Fault 40: a worker of a soak dies, or its result is cut; the merge says what is missing."""

import fcntl
import json
import os
import signal
from pathlib import Path

from emulators.soak.processes import Workers, read_line, run_shards
from emulators.soak.report import report
from emulators.soak.soak import SoakSpec, merge, run_shard
from emulators.soak.worker import journal_path

SPEC = SoakSpec(devices=510, hours=0.05, seed=5, faults="mild", image_size=1024)  # three shards
NARROW = 4096  # octets


def test_a_killed_worker_leaves_missing_shards_and_no_hash(tmp_path: Path) -> None:
    """It is in the midst of its shard: its journal is a pipe, which is too narrow for all of it."""
    journal = journal_path(tmp_path, 1)
    os.mkfifo(journal)

    def kill_second(workers: Workers) -> None:
        with journal.open("rb", buffering=0) as reading:
            fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, NARROW)
            assert reading.read(1)
            os.kill(workers[1].pid, signal.SIGKILL)
            workers[1].wait()

    results = run_shards(SPEC, 2, journals=tmp_path, on_started=kill_second)
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
