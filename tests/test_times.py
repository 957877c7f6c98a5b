"""A type checker refuses one time where the other is meant, and knows what their arithmetic gives."""

import re
import subprocess
import sys
from pathlib import Path

from ota_engine.times import LONG_AGO, NEVER, Monotonic, Utc

ROOT = Path(__file__).parents[1]
REFUSED = "# refused"
PROGRAM = f"""
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.times import Monotonic, Utc

def right(clock: WallClock, now: Monotonic, utc: Utc) -> None:
    step: float = clock.observe(utc, now)
    shown: Utc = clock.utc(now + 5.0) + step
    waited: float = now - Monotonic(1.0)
    due: Monotonic = max(now, now - waited, 5 + now)
    now += waited

def wrong(clock: WallClock, now: Monotonic, utc: Utc) -> None:
    clock.observe(utc, utc)  {REFUSED}
    clock.observe(now, now)  {REFUSED}
    clock.utc(utc)  {REFUSED}
    clock.utc(5.0)  {REFUSED}
    due: Monotonic = now - now  {REFUSED}
    shown: Utc = now + 5.0  {REFUSED}
    now = utc  {REFUSED}
"""


def test_a_type_checker_refuses_one_time_for_the_other_and_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    refused = {int(line) for line in re.findall(r"program\.py:(\d+): error", done.stdout)}
    lines = enumerate(PROGRAM.splitlines(), start=1)
    assert refused == {number for number, line in lines if REFUSED in line}, done.stdout


def test_moments_are_plain_numbers_at_run_time() -> None:
    assert {type(moment) for moment in (Monotonic(5.0), Utc(5.0), NEVER, LONG_AGO)} == {float}
