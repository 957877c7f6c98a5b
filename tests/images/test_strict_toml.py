"""TOML from strangers: read as the library reads it, or refused by one error in one line."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.strict_toml import read_toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 4_000, "nested too deeply"),
        ("a = " + "6" * 5_000, "digits"),
        ("a" + ".a" * 251 + " = 1", "line 1 has more than 250 dots"),
        ("a = 1\na = 2", "Cannot overwrite a value"),
        ("[" + "a" * 60_000 + "]\n[" + "a" * 60_000 + "]", "Cannot declare"),
    ],
)
def test_what_costs_too_much_or_is_no_toml_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match=said) as refused:
        read_toml(text)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 300


@given(st.text(max_size=40) | st.text('[]{}=."\n a1', max_size=40))
def test_any_text_is_toml_or_refused_in_one_line(text: str) -> None:
    try:
        found = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        assert str(error).isprintable()
    else:
        assert found == tomllib.loads(text)
