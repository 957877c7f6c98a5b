"""Reading lists: any octets give records, bad lines or one error, never a fault and never a wrong line."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.cells import escaped, read_cells, unescaped, write_cells
from ota_engine.errors import LocalError
from ota_engine.head_end.listings import LONGEST, BadLine, ListedHead, ListedRecord, read_listing


def read(octets: bytes) -> list[ListedRecord | BadLine]:
    listed = read_listing(io.BytesIO(octets))
    return [record for record in listed if not isinstance(record, ListedHead)]


@given(st.binary(max_size=400))
def test_any_octets_are_read_to_an_end(octets: bytes) -> None:
    try:
        records = read(octets)
    except LocalError as error:
        assert "\n" not in str(error)
        return
    lines = [record.line for record in records]
    assert lines == sorted(lines)
    assert all(1 <= line <= octets.count(b"\n") + 1 for line in lines)


@given(
    st.binary(max_size=200), st.sampled_from([b"[", b"[{", b'[{"a":1},', b'{"a":1}\n', b"a,b\n"])
)
def test_any_octets_after_a_good_beginning_are_read_to_an_end(octets: bytes, begin: bytes) -> None:
    try:
        read(begin + octets)
    except LocalError as error:
        assert "\n" not in str(error)


@given(st.text(max_size=30))
def test_a_cell_that_is_written_is_read_back_and_is_no_formula(cell: str) -> None:
    shown = escaped(cell)
    assert unescaped(shown) == cell
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])), min_size=2))
def test_a_line_that_is_written_is_read_back(cells: list[str]) -> None:
    assert read_cells(write_cells(cells)) == cells


def test_the_bom_of_a_spreadsheet_does_not_count() -> None:
    assert read("\ufeffa,b\n1,2\n".encode()) == [ListedRecord(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_as_on_any_system(end: str) -> None:
    assert read(f"a{end}1{end}{end}2".encode()) == [
        ListedRecord(2, {"a": "1"}),
        ListedRecord(4, {"a": "2"}),
    ]


def test_a_line_that_is_too_long_is_read_past() -> None:
    octets = b"a\n1\n" + b"x" * (3 * LONGEST) + b"\n2\n"
    first, bad, last = read(octets)
    assert isinstance(bad, BadLine) and bad.line == 3 and "64 KiB" in bad.text
    assert (first, last) == (ListedRecord(2, {"a": "1"}), ListedRecord(4, {"a": "2"}))


def test_semicolons_and_missing_heads_are_told() -> None:
    with pytest.raises(LocalError, match="save it with commas"):
        read(b"a;b\n1;2\n")
    with pytest.raises(LocalError, match="there is no head"):
        read(b"")


def test_values_of_json_are_texts_and_whole_numbers() -> None:
    (record,) = read(b'[{"a": "x", "b": 7, "c": null}]')
    assert record == ListedRecord(1, {"a": "x", "b": "7"})
    for value in ("true", "1.5", "[1]", "{}"):
        (bad,) = read(f'[{{"a": {value}}}]'.encode())
        assert isinstance(bad, BadLine) and "no text and no whole number" in bad.text


def test_a_key_that_stands_twice_makes_a_bad_line() -> None:
    first, second = read(b'{"a": 1, "a": 2}\n{"a": 3}\n')
    assert isinstance(first, BadLine) and "twice" in first.text
    assert second == ListedRecord(2, {"a": "3"})


def test_a_broken_array_is_read_as_far_as_it_goes() -> None:
    first, bad = read(b'[{"a": 1},\n{"a": 2\n')
    assert first == ListedRecord(1, {"a": "1"})
    assert isinstance(bad, BadLine) and bad.line == 2 and "cannot be read" in bad.text


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=9)), max_size=6),
    st.booleans(),
)
def test_an_array_across_any_lines_gives_its_objects(
    values: list[dict[str, str]], ascii_only: bool
) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=ascii_only)
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        return
    records = read(octets)
    if ascii_only and any("\\ud" in text for _ in values):
        return  # half characters are bad lines
    assert [record.cells for record in records if isinstance(record, ListedRecord)] == values
