"""Locks between processes: the kernel's, gone with whoever held them."""

import os
import subprocess
import sys
from pathlib import Path

from ota_engine.lock import try_lock

HOLD = "import os, sys; from ota_engine.lock import try_lock; "
HOLD += "fd = os.open(sys.argv[1], os.O_RDWR); print(try_lock(fd), flush=True); sys.stdin.read()"


def test_a_lock_is_one_processes_until_it_ends_however_that_happens(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    fd = os.open(path, os.O_RDWR)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        assert not try_lock(fd)
        assert not try_lock(fd, shared=True)
        other.kill()
    assert try_lock(fd)
    os.close(fd)


def test_those_who_share_a_lock_hold_it_together_and_nobody_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    one, two, three = (os.open(path, os.O_RDWR) for _ in range(3))
    assert try_lock(one, shared=True)
    assert try_lock(two, shared=True)
    assert not try_lock(three)
    for fd in (one, two, three):
        os.close(fd)
