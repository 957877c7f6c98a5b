"""Exactly once, across a crash at any line of the delivery (fault 2)."""

import subprocess
import sys
from pathlib import Path

from tests.tiers import points

MANY = 40  # lines; fewer would mean that nothing was traced


@points(9)
def test_a_crash_before_any_line_of_the_delivery_neither_loses_nor_repeats(
    tmp_path: Path, step: int
) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.telling.crash_points", tmp_path, str(step)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > MANY
