"""A page that is read on a desk and on a phone: what its tables are made of."""

import re

from images.page import SOFT, Cell, facts, page, table

HEADS = ("device", "verdict", "before", "after", "why")
WHY = "takes image type 0x0085 of manufacturer 0x121D, not 0x0084 of 0x121D"


def test_a_row_of_many_columns_names_each_of_its_cells_where_there_is_no_room_for_columns() -> None:
    text = table(HEADS, [("00-DB", Cell("passed over", f"whole {SOFT}"), 1, 2, WHY)])
    assert 'class="stacks"' in text
    assert re.findall(r'data-head="([^"]*)"', text) == list(HEADS)
    assert ".stacks td::before{content:attr(data-head)" in page("title", [text])


def test_a_row_of_few_columns_stays_one() -> None:
    assert "data-head" not in table(HEADS[:3], [("a", "b", "c")])
    assert 'class="facts"' in facts([("seed", 7)])


def test_a_reason_gets_a_column_of_its_own_width_and_a_short_word_does_not() -> None:
    text = table(HEADS, [("short", "short", 1, 2, WHY)])
    assert f'<td class="prose" data-head="why">{WHY}</td>' in text
    assert text.count("prose") == 1


def test_whatever_a_cell_or_a_heading_says_is_text() -> None:
    text = table(('<a"b>', "2", "3", "4", "5"), [("<script>", Cell("<b>", "code"), 1, 21600.0, "")])
    assert "<script>" not in text
    assert "<b>" not in text
    assert 'data-head="&lt;a&quot;b&gt;"' in text
    assert "21,600.0" in text
