"""Fault 39: the same seed gives the same run, byte for byte, in any process."""

import os
import subprocess
import sys

from emulators.soak.soak import SoakSpec, run_shard

SPEC = SoakSpec(devices=16, hours=6, seed=3, faults="harsh", image_size=4096)
IN_A_PROCESS = """
import hashlib
from tests.faults.test_fault_39_seed_replay import journal
print(hashlib.sha256(journal()).hexdigest())
"""


def journal(spec: SoakSpec = SPEC) -> bytes:
    lines: list[bytes] = []
    run_shard(spec, 0, spec.firmware(), journal_sink=lines.append)
    return b"".join(lines)


def test_two_runs_in_one_process_write_the_same_journal() -> None:
    first = journal()
    assert first == journal()
    assert first.count(b"\n") > 100
    for source in (b'"source":"fault"', b'"source":"engine"', b'"source":"device"'):
        assert source in first


def test_the_hash_seed_of_the_interpreter_changes_nothing() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(printed) == 1


def test_another_seed_is_another_run() -> None:
    other = SoakSpec(devices=16, hours=6, seed=4, faults="harsh", image_size=4096)
    assert journal(other) != journal()
