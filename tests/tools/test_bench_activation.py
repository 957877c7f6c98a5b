"""The row about orders to one second: every load switch activates once and proves it."""

import json
from pathlib import Path

from tests.tools.test_bench import bench


def test_every_load_switch_activates_once_and_proves_it_in_time(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    ended = bench("activation-1000", "--quick", "--here", "--output", str(output))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (result,) = json.loads(output.read_text())
    assert "20 of 20 activated on 4 channels, 0 twice" in result["note"]
    assert 0 < result["ratio"] <= 4
