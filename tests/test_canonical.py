"""Canonical JSON: equal values, equal text; and nothing in it that a terminal would obey."""

import json
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.canonical import canonical_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(VALUES)
@example("\x7f\x1b[2J\n\u2028\ud800")
def test_the_text_is_printable_and_reads_back_as_the_value(value: object) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_show(value: dict[str, int]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_there_is_no_space_in_it() -> None:
    assert canonical_json({"b": [1, 2], "a": None}) == '{"a":null,"b":[1,2]}'


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": number})
