"""Rule 9: every exception that was to be assessed is in a table, with what happens and its test.

Source: the users' requirements (002), Security Sub-Committee.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "fleet-exceptions.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in TABLE.read_text().splitlines()
    if line.startswith("|")
][2:]


def test_every_exception_says_what_happens() -> None:
    assert len(ROWS) > 10
    assert all(len(row) == 3 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_test_of_every_exception_exists(row: list[str]) -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", row[2])
    assert named, row[2]
    for file, function in named:
        elsewhere = file.startswith(("gateway/", "cli/", "evidence/"))
        folder = ROOT / "tests" if elsewhere else ROOT / "tests" / "fleet"
        text = (folder / file).read_text()
        assert f"def {function}(" in text if function else "def test_" in text
