"""docs/faults.md is one table of all faults, and every test it names is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)`")
OWN = re.compile(r"test_fault_(\d\d)_\w+\.py")
HARNESS = range(1, 41)  # the faults that zota was designed to survive; later ones follow them


def table_of_faults() -> str:
    return (ROOT / "docs" / "faults.md").read_text().partition("| # | fault |")[2]


def rows() -> dict[int, tuple[str, str, list[str]]]:
    text = table_of_faults()
    found = [
        (int(number), (fault.strip(), instead.strip(), NAMED.findall(tests)))
        for number, fault, instead, tests in ROW.findall(text)
    ]
    assert len(found) == text.count("\n| "), "a line of the table cannot be read"
    return dict(found)


def test_every_fault_has_one_row_in_order() -> None:
    numbers = [int(row[0]) for row in ROW.findall(table_of_faults())]
    assert numbers == list(range(1, max(numbers) + 1))
    assert set(HARNESS) <= set(numbers)


def test_every_row_says_what_happens_instead_and_names_tests_that_are_there() -> None:
    for number, (fault, instead, tests) in rows().items():
        assert fault and instead, number
        assert tests, f"{number} has no test"
        for path in tests:
            tree = ast.parse((ROOT / path).read_text())
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            names = [node.name for node in ast.walk(tree) if isinstance(node, functions)]
            assert any(name.startswith("test_") for name in names), (
                f"{number}: {path} tests nothing"
            )


def test_every_test_that_is_numbered_stands_in_the_row_of_its_fault() -> None:
    table = rows()
    for path in sorted((ROOT / "tests" / "faults").glob("test_fault_*.py")):
        numbered = OWN.fullmatch(path.name)
        assert numbered is not None
        _, _, tests = table[int(numbered[1])]
        assert str(path.relative_to(ROOT)) in tests
