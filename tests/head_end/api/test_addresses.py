"""Every question has one address, which says all of it and leads to nothing else."""

import re
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match, Route

from images.eui64 import Eui64
from ota_engine.head_end.api.addresses import (
    PREFIX,
    AddressError,
    path_fields,
    question_address,
    read_question,
    record_fields,
)
from ota_engine.head_end.questions.campaigns import AskCampaign
from ota_engine.head_end.questions.catalogue import QUESTIONS
from ota_engine.head_end.questions.home_lists import AskHomes
from tests.head_end.service_lab import ServiceClient

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_IDS = st.text("abcXYZ019._:+-", min_size=1, max_size=20)
_NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Eui64: st.integers(0, (1 << 64) - 1).map(Eui64),
    int: _NUMBERS,
    float: st.floats(0, 2e9).map(lambda utc: round(utc, 3)),
}


def values(name: str, hint: Any, *, in_path: bool) -> st.SearchStrategy[Any]:
    """Whatever a field can be."""
    if hint is str:
        return _IDS if in_path else _TEXT
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if get_origin(hint) is tuple:  # of words: what is empty, or has a comma, is none
        return st.lists(_IDS, max_size=4).map(tuple)
    if NoneType in get_args(hint):
        return st.one_of([values(name, one, in_path=in_path) for one in get_args(hint)])
    return st.from_type(hint)


@st.composite
def questions(draw: st.DrawFn) -> Any:
    """Any question."""
    kind = draw(st.sampled_from(list(QUESTIONS)))
    in_path = path_fields(QUESTIONS[kind])
    return kind(
        **{
            name: draw(values(name, hint, in_path=name in in_path))
            for name, hint, _ in record_fields(kind)
        }
    )


@given(questions())
def test_a_question_is_read_from_its_address_as_it_was(question: Any) -> None:
    row = QUESTIONS[type(question)]
    address = urlsplit(question_address(question, row))
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(f"{PREFIX}/{row.path}"))
    found = re.fullmatch(pattern, address.path)
    assert found is not None
    in_path = {name: unquote(text) for name, text in found.groupdict().items()}
    rest = parse_qsl(address.query, keep_blank_values=True)
    assert read_question(type(question), row, in_path, rest) == question


def test_no_address_hides_another() -> None:
    routes = [
        (kind, Route(f"/{row.path}", lambda request: None)) for kind, row in QUESTIONS.items()
    ]
    for kind, row in QUESTIONS.items():
        scope = {"type": "http", "method": "GET", "path": "/" + re.sub(r"\{\w+\}", "x", row.path)}
        first = next(one for one, route in routes if route.matches(scope)[0] is Match.FULL)
        assert first is kind


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ([("colour", "1")], "no such parameter"),
        ([("most", "1"), ("most", "2")], "given twice"),
        ([("most", "1e3")], "whole number"),
        ([("most", "٣")], "whole number"),
        ([("most", "9" * 19)], "64 bits"),
        ([("after", "\0")], "NUL"),
    ],
)
def test_what_is_wrong_after_the_question_mark_is_named(
    rest: list[tuple[str, str]], told: str
) -> None:
    with pytest.raises(AddressError, match=told):
        read_question(AskHomes, QUESTIONS[AskHomes], {}, rest)


def test_a_field_of_the_path_is_not_given_again_after_the_question_mark() -> None:
    with pytest.raises(AddressError, match="no such parameter"):
        row = QUESTIONS[AskCampaign]
        read_question(AskCampaign, row, {"campaign": "c1"}, [("campaign", "c2")])


async def test_links_lead_through_all_pages_once(api: ServiceClient) -> None:
    found: list[str] = []
    async with api.of("olive") as http:
        address = "/api/v1/homes?most=7"
        while address:
            answer = await http.get(address)
            assert answer.status_code == 200, answer.text
            found += [one["home"] for one in answer.json()["items"]]
            link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
            assert bool(link) is bool(answer.json()["more"])
            address = link[1] if link else ""
    assert len(found) == 40
    assert found == sorted(set(found))
