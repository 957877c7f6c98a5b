"""The GBCS rows run and write their figures; how good they are is not judged here."""

import json
from pathlib import Path

from tests.tools.test_bench import bench


def test_both_rows_run_without_a_fault(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    ended = bench("gbcs-parse", "gbcs-verify", "--quick", "--here", "--output", str(output))
    assert ended.returncode in {0, 1}, ended.stderr  # 1: a goal missed, which tiny sizes may
    parse, verify = json.loads(output.read_text())
    assert (parse["name"], verify["name"]) == ("gbcs-parse", "gbcs-verify")
    assert parse["value"] > 0 and parse["peer"] > 0
    assert verify["value"] > 0 and verify["peer"] > 0
    assert "with an ECDH for each, ratio" in verify["note"]
