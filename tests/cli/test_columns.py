"""Rows on terminals of any width: nothing is cut, and what matters least gives way first."""

import io
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from ota_engine.cli.columns import (
    Column,
    Room,
    TableRow,
    command_lines,
    folded,
    lay_out,
    show,
    unique_tails,
)

COLUMNS = (
    Column("device", tails=True),
    Column("state"),
    Column("progress", gives_way=2),
    Column("%", right=True),
    Column("heard", right=True, gives_way=1),
)
ROWS = [
    TableRow(
        (f"00-DB-12-34-00-00-00-0{number}", "downloading", "━" * 10, f"{number}%", "3 s"), "busy"
    )
    for number in range(3)
]


def lines(width: int | None, rows: list[TableRow] = ROWS) -> list[str]:
    return [line.plain for line in lay_out(COLUMNS, rows, width).lines()]


def test_with_room_for_all_a_reason_stands_beside_its_row() -> None:
    heading, _, *rows = lines(80)
    assert heading.split() == ["device", "state", "progress", "%", "heard", "why"]
    assert rows[1].split() == [
        "00-DB-12-34-00-00-00-01", "downloading", "━" * 10, "1%", "3", "s", "busy",
    ]  # fmt: skip


def test_then_reasons_go_below_then_columns_give_way_one_after_the_other() -> None:
    assert lines(60)[2:4] == [
        "00-DB-12-34-00-00-00-00  downloading  ━━━━━━━━━━  0%    3 s",
        "    busy",
    ]
    assert lines(50)[0].split() == ["device", "state", "%", "heard"]
    assert lines(45)[0].split() == ["device", "state", "%"]


def test_at_last_names_are_shortened_to_tails_that_tell_them_apart() -> None:
    assert lines(30)[2] == "-00     downloading  0%  busy"


def test_what_is_piped_is_one_line_for_each_row() -> None:
    long = [TableRow(ROWS[0].cells, "word " * 100)]
    _, _, *rows = lines(None, long)
    assert len(rows) == 1
    assert rows[0].endswith("word " * 99 + "word")


@given(
    rows=st.lists(
        st.builds(
            lambda name, state, share, why: TableRow((name, state, "━━", share, ""), why),
            st.from_regex(r"\A[0-9A-F]{2}(-[0-9A-F]{2}){7}\Z"),
            st.sampled_from(["downloading", "waiting for more files"]),
            st.sampled_from(["0%", "100%"]),
            st.text("abc ", max_size=200),
        ),
        max_size=8,
    ),
    width=st.integers(55, 200),
)
def test_no_line_is_wider_than_the_terminal_and_no_cell_is_cut(
    rows: list[TableRow], width: int
) -> None:
    laid = lay_out(COLUMNS, rows, width)
    assert all(line.cell_len <= width for line in laid.lines())
    for row, shown in zip(rows, laid.rows, strict=True):
        text = " ".join(line.plain.strip() for line in shown)
        name, state, _, share, _ = row.cells
        for cell in (name, state, share, *row.note.split()):
            assert str(cell) in text


@pytest.mark.parametrize(
    ("names", "tails"),
    [
        (["00-01", "00-02"], ["-01", "-02"]),
        (["00-01-05", "00-02-05"], ["-01-05", "-02-05"]),
        (["00-01", "00-01"], ["-01", "-01"]),
        (["PPMID", "IHD"], ["PPMID", "IHD"]),
        (["00-01"], ["-01"]),
        ([], []),
    ],
)
def test_tails_are_as_many_as_the_names(names: list[str], tails: list[str]) -> None:
    assert unique_tails(names) == tails


def test_words_are_never_broken_and_a_word_that_is_too_long_stands_whole() -> None:
    digest = "ab" * 32
    assert folded(f"journal {digest} and a few words more", 40) == [
        "journal",
        digest,
        "and a few words more",
    ]
    assert folded("", 40) == []


@given(
    words=st.lists(st.text("abc '$-/", min_size=1, max_size=30), min_size=1, max_size=12),
    width=st.integers(40, 100),
)
def test_a_folded_command_is_the_same_command_for_a_shell(words: list[str], width: int) -> None:
    command = shlex.join(words)
    label, *rest = command_lines("to go on", command, width)
    pasted = "\n".join(rest) if rest else label.removeprefix("to go on: ")
    assert shlex.split(pasted.replace("\\\n", "")) == words


def test_the_room_of_what_is_no_terminal_has_no_limit() -> None:
    assert Room.of(io.StringIO()) == Room(None, None)


def test_what_is_printed_to_a_file_is_neither_folded_nor_coloured() -> None:
    out = io.StringIO()
    show([Text("word " * 100, style="red"), "[red]as it is[/] :smile:"], out)
    assert out.getvalue() == "word " * 100 + "\n[red]as it is[/] :smile:\n"
