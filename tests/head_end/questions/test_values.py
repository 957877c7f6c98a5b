"""Answers as plain values: what is written is read again, and nothing else is read."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import Decision, content_of
from ota_engine.head_end.questions.catalogue import QUESTIONS
from ota_engine.head_end.questions.values import plain, read
from ota_engine.times import Monotonic, Utc
from tests.tiers import examples

TEXTS = st.text(max_size=8)
NUMBERS = st.integers(-(1 << 62), 1 << 62)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SINGLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: NUMBERS,
    float: FINITE,
    Utc: FINITE.map(Utc),
    Monotonic: FINITE.map(Monotonic),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    Eui64: st.integers(0, (1 << 64) - 1).map(Eui64),
    types.NoneType: st.none(),
}
#: JSON that may be anything.
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | FINITE | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
GIVEN = sorted({row.gives for row in QUESTIONS.values()}, key=lambda kind: kind.__name__)
ASKED = sorted(QUESTIONS, key=lambda kind: kind.__name__)


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type that may stand in an answer."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in SINGLE:
        return SINGLE[hint]
    if origin in (Union, types.UnionType):
        return st.one_of(*map(of, parts))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return record(hint) if origin is None else many(origin, parts)


def many(origin: Any, parts: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Values of a type that holds others."""
    if issubclass(origin, Mapping):
        return st.dictionaries(of(parts[0]), of(parts[1]), max_size=2)
    if origin is frozenset:
        return st.frozensets(of(parts[0]), max_size=2)
    if parts[-1] is Ellipsis:
        return st.lists(of_any(parts[0]), max_size=2).map(tuple)
    return st.tuples(*map(of, parts))


def of_any(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type, texts where any value would do."""
    return TEXTS if hint is Any else of(hint)


def record(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Records of a class."""
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)] if is_dataclass(kind) else kind._fields
    return st.builds(kind, **{name: of(hints[name]) for name in names})


@pytest.mark.parametrize("kind", [*GIVEN, *ASKED], ids=lambda kind: kind.__name__)
def test_a_question_and_an_answer_are_read_as_they_were_written(kind: type[Any]) -> None:
    @settings(examples(50), deadline=None)
    @given(record(kind))
    def check(value: Any) -> None:
        text = json.dumps(plain(value, kind), allow_nan=False)
        assert read(json.loads(text), kind, "it") == value

    check()


@pytest.mark.parametrize("kind", Fleet().acts, ids=lambda kind: kind.__name__)
def test_an_act_is_read_as_it_was_written_so_that_its_signature_holds(kind: type[Any]) -> None:
    @settings(examples(50), deadline=None)
    @given(record(kind))
    def check(act: Any) -> None:
        again = read(json.loads(json.dumps(plain(act))), kind, "it")
        decision = Decision("k", "p", act, "r", None, Utc(1.5))
        assert content_of(decision._replace(act=again)) == content_of(decision)

    check()


@pytest.mark.parametrize("kind", GIVEN, ids=lambda kind: kind.__name__)
def test_what_is_no_answer_is_refused_and_breaks_nothing(kind: type[Any]) -> None:
    @settings(examples(50), deadline=None)
    @given(ANYTHING)
    def check(value: Any) -> None:
        try:
            found = read(value, kind, "it")
        except LocalError as error:
            assert str(error).startswith("it")
            assert "\n" not in str(error)
        else:
            assert isinstance(found, kind)

    check()


@pytest.mark.parametrize("kind", GIVEN, ids=lambda kind: kind.__name__)
def test_an_answer_with_one_part_replaced_is_read_or_refused_in_a_line(kind: type[Any]) -> None:
    @settings(examples(50), deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        told = plain(data.draw(record(kind)), kind)
        told = json.loads(json.dumps(told))
        place = told
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
                place[key] = data.draw(ANYTHING)
                break
            place = place[key]
        try:
            read(told, kind, "it")
        except LocalError as error:
            assert "\n" not in str(error)

    check()


@pytest.mark.parametrize("kind", GIVEN, ids=lambda kind: kind.__name__)
def test_a_field_that_nobody_knows_is_refused(kind: type[Any]) -> None:
    with pytest.raises(LocalError, match="'mood' is no field of it: leave it out"):
        read({"mood": "fine"}, kind, "it")


def test_a_number_that_is_none_is_written_as_nothing() -> None:
    assert plain(float("nan")) is None
    assert plain((1.0, float("inf"))) == [1.0, None]


def test_names_of_objects_that_are_numbers_are_read_as_such() -> None:
    assert read(plain({3: "x"}, Mapping[int, str]), Mapping[int, str], "it") == {3: "x"}
    for name in ("x", "1.0", "01", "", "1" * 30):
        with pytest.raises(LocalError, match="whole number"):
            read({name: "x"}, Mapping[int, str], "it")


def test_a_name_from_outside_is_quoted_in_one_line() -> None:
    with pytest.raises(LocalError) as refused:
        read({"a\nb\x1b[1m" + "x" * 99: "y"}, Mapping[str, int], "it")
    assert str(refused.value).startswith("it.a\\nb\\x1b[1mx")
    assert len(str(refused.value)) < 120
