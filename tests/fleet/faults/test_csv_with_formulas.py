"""CSV with formulas: kept as the texts that they are, and no spreadsheet runs them when they come out."""

import pytest

from ota_engine.cells import read_cells, write_cells
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.rows import Home, Particulars
from tests.fleet.imports.lists import HOMES, ImportingEstate

FORMULAS = ["=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)", "'=1", "''@x"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_kept_as_text_and_escaped_on_its_way_out(formula: str) -> None:
    estate = ImportingEstate()
    line = write_cells(["ref-0", formula, "gw", "", "", "", "", "", formula])
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))
    assert estate.take(ImportKind.HOMES, [HOMES, line]).taken
    assert estate.row(Home).region == formula
    assert estate.row(Particulars).address == formula
    assert read_cells(line)[1] == formula


def test_a_formula_as_others_write_it_is_a_text_too() -> None:
    estate = ImportingEstate()
    assert estate.take(ImportKind.HOMES, [HOMES, "ref-0,=1+1,gw,,,,,,"]).taken
    assert estate.row(Home).region == "=1+1"
