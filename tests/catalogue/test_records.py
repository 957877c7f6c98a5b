"""Records on disk: what was written is read back, and anything else is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError
from images.catalogue import (
    CatalogueEntry,
    Range,
    StatusDecision,
    Terms,
    draft,
    read_record,
    write_record,
)
from tests.catalogue.samples import ota

GOOD = draft(ota(hardware=(1, 9), destination=7), Terms(), "bench", "x.ota").entry
DECIDED = GOOD.ordered(StatusDecision.APPROVE, 1.5, "anne", "")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=20)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    edges = sorted(draw(st.sets(st.integers(0, 0x01020303), max_size=6)))
    ranges = tuple(Range(low, high) for low, high in zip(edges[::2], edges[1::2], strict=False))
    return Terms(
        bases=draw(st.none() | st.just(ranges)),
        hardware=draw(st.none() | st.just(Range(2, 3))),
        models=tuple(draw(st.lists(words, max_size=3, unique=True))),
        makers=tuple(draw(st.lists(words, max_size=3, unique=True))),
        notes=draw(words),
        force=draw(st.booleans()),
    )


@given(terms())
def test_an_entry_is_read_as_it_was_written(said: Terms) -> None:
    entry = draft(ota(hardware=(1, 9)), said, "bench", "x.ota").entry
    entry = entry.ordered(StatusDecision.APPROVE, 1.5, "anne", "")
    assert read_record(write_record(entry)) == entry


def test_a_record_is_the_same_octets_every_time() -> None:
    assert write_record(GOOD) == write_record(read_record(write_record(GOOD)))
    assert write_record(GOOD).isascii()


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_is_a_record_or_refused_in_one_line(text: bytes) -> None:
    try:
        read_record(text)
    except ImageError as error:
        assert str(error).isprintable()


@given(st.data(), JSON)
def test_any_value_in_any_place_of_a_record_is_read_or_refused(
    data: st.DataObject, value: Any
) -> None:
    content = json.loads(write_record(GOOD))
    place = content
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    try:
        assert isinstance(read_record(json.dumps(content).encode()), CatalogueEntry)
    except ImageError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{}", "no record of format 1"),
        (write_record(GOOD).replace(b'"format": 1', b'"format": 2'), "newer zota"),
        (write_record(GOOD).replace(b'"format": 1', b'"format": 1, "format": 1'), "twice"),
        (write_record(GOOD).replace(b'"size": ', b'"size": -'), "size -"),
        (write_record(DECIDED).replace(b"1.5", b"1e999"), "no calendar"),
        (write_record(DECIDED).replace(b"1.5", b"-1"), "no calendar"),
        (write_record(GOOD)[:-9], "not JSON"),
        (b" " * (1 << 20) + b"{}", "larger than 1024 KiB"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": NaN}', "not JSON"),
    ],
)
def test_a_damaged_record_is_refused_with_its_reason(text: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_record(text)


def test_a_record_of_an_earlier_version_is_not_forced() -> None:
    content = json.loads(write_record(GOOD))
    del content["terms"]["force"]
    assert read_record(json.dumps(content).encode()) == GOOD
