"""docs/rules says what the code says."""

import subprocess
import sys
from pathlib import Path

from images.rules.table import FILE_RULES, RULES

ROOT = Path(__file__).parents[2]


def pages(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/rule_pages.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_pages_are_up_to_date() -> None:
    ran = pages("--check")
    assert ran.returncode == 0, ran.stdout


def test_a_stale_a_missing_and_a_needless_page_are_told_and_mended(tmp_path: Path) -> None:
    assert pages("--folder", str(tmp_path)).returncode == 0
    (tmp_path / "ZOTA006.md").write_text("old", encoding="utf-8")
    (tmp_path / "ZOTA007.md").unlink()
    (tmp_path / "ZOTA099.md").write_text("none", encoding="utf-8")
    ran = pages("--check", "--folder", str(tmp_path))
    assert ran.returncode == 1
    assert all(f"ZOTA{number}" in ran.stdout for number in ("006", "007", "099"))
    assert pages("--folder", str(tmp_path)).returncode == 0
    assert pages("--check", "--folder", str(tmp_path)).returncode == 0


def test_every_rule_has_a_page_with_severity_finding_and_cure() -> None:
    for row in (*FILE_RULES, *RULES):
        page = (ROOT / "docs" / "rules" / f"ZOTA{row.number:03}.md").read_text(encoding="utf-8")
        assert row.why in page
        rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
        assert rows[0][0] == "| severity"
        assert all(len(row) == 4 and row[1] for row in rows)
        assert len(rows) > 1
