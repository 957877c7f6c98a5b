"""Charts: round numbers on every axis, no label outside the picture, one margin for all."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.evidence.charts import LEFT, MOST_TICKS, WIDTH, Mark, lines, ticks, timeline

#: Half the width of the widest label there is, in units of a picture: 8 characters of 11 pixels.
HALF_LABEL = 24


@pytest.mark.parametrize(
    ("end", "unit", "expected"),
    [
        (24.0, "h", (0, 6, 12, 18, 24)),
        (6.0, "h", (0, 1, 2, 3, 4, 5, 6)),
        (0.5, "h", (0, 0.25, 0.5)),
        (97.3, "s", (0, 30, 60, 90)),
        (7.0, "min", (0, 2, 4, 6)),
        (100.0, "", (0, 20, 40, 60, 80, 100)),
        (60_000.0, "", (0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000)),
        (0.0, "h", (0,)),
    ],
)
def test_axes_bear_round_numbers(end: float, unit: str, expected: tuple[float, ...]) -> None:
    assert ticks(end, unit) == expected


@given(st.floats(1e-6, 1e12), st.sampled_from(["", "s", "min", "h"]))
def test_any_axis_has_a_few_evenly_spaced_ticks(end: float, unit: str) -> None:
    numbers = ticks(end, unit)
    assert 2 <= len(numbers) <= MOST_TICKS
    assert numbers[0] == 0
    assert numbers[-1] <= end * (1 + 1e-6)


@given(st.floats(0.001, 1e7), st.floats(0, 1e9))
def test_no_label_leaves_the_picture(end: float, value: float) -> None:
    chart = lines({"one": [(0.0, 0.0), (end, value)]}, end, "blocks/s")
    picture = re.search(r"<svg.*</svg>", chart)
    assert picture is not None
    for text in ElementTree.fromstring(picture[0]).iter("text"):  # noqa: S314 - our own
        if text.get("class") == "tick":
            assert HALF_LABEL <= float(text.get("x", "0")) <= WIDTH - HALF_LABEL


def test_a_moment_stands_at_the_same_place_in_every_chart() -> None:
    drawn = (
        lines({"x": [(0.0, 1.0)]}, 24.0, "devices"),
        timeline({"coordinator pulled": [Mark(1.0, 2.0, "gone")]}, 24.0),
    )
    places = [re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick"', chart) for chart in drawn]
    assert places[0] == places[1]
    assert float(places[0][0]) == LEFT
