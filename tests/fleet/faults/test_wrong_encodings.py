"""Lists in wrong encodings: named, with how to save the file; nothing of them is taken by mistake."""

import io

import pytest

from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.rows import Home, Particulars
from tests.fleet.imports.lists import ImportingEstate, home, home_lines, octets

LINES = [line.replace("High Street", "Caf\u00e9 Row") for line in home_lines(3)]


def test_utf8_with_a_bom_is_taken() -> None:
    estate = ImportingEstate()
    assert estate.take(ImportKind.HOMES, octets(LINES, "utf-8-sig")).taken
    assert estate.row(Particulars, home=home(2)).address == "2, Caf\u00e9 Row"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_refused_with_what_to_do(encoding: str) -> None:
    estate = ImportingEstate()
    with pytest.raises(LocalError, match=r"UTF-16, or no text: save it as UTF-8"):
        estate.take(ImportKind.HOMES, octets(LINES, encoding))
    assert not estate.rows(Home)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_latin1_is_refused_line_by_line_with_what_to_do(encoding: str) -> None:
    estate = ImportingEstate()
    report = estate.take(ImportKind.HOMES, octets(LINES, encoding))
    assert (report.bad, report.taken) == (3, False)
    assert estate.reasons()[2].startswith("not UTF-8 (octet 0xe9 at ")
    assert "probably Latin-1 or Windows-1252: save it as UTF-8" in estate.reasons()[2]


def test_octets_that_are_no_text_are_refused() -> None:
    with pytest.raises(LocalError, match="no text"):
        ImportingEstate().take(ImportKind.HOMES, io.BytesIO(b"\x1e\xf1\xee\x0b\0\1" * 20))
