"""Small charts as inline SVG text; knows numbers, labels and colours, nothing of what they tell.

All charts of a page have the same margins, so that a moment stands at the same place in each. Axes
bear round numbers only; colours are those of ``images.page`` and follow its light and dark.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import takewhile
from math import ceil, floor, log10
from typing import Final, NamedTuple

from images.page import legend

WIDTH: Final = 920  # of one chart, in its own units
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 150, 24, 22, 28  # margins
ROW: Final = 18  # height of one row of a timeline
MOST_TICKS: Final = 7  # on one axis
SMALLEST: Final = 1e-9  # end of an axis; a smaller one is none
PALETTE: Final = tuple(f"var(--c{number})" for number in range(1, 9))
#: Steps between ticks of a time axis, by its unit; of all other axes they are 1, 2 and 5.
TIME_STEPS: Final[Mapping[str, tuple[float, ...]]] = {
    "s": (1, 2, 5, 10, 15, 30, 60),
    "min": (0.5, 1, 2, 5, 10, 15, 30, 60),
    "h": (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168),
    "days": (0.25, 0.5, 1, 2, 7, 14, 28, 56, 91, 182, 364),
}

Points = Sequence[tuple[float, float]]


class Mark(NamedTuple):
    """One strike on a timeline: when, for how long, in units of the axis, and what to say of it."""

    start: float
    length: float
    text: str


class _Scale(NamedTuple):
    """Turns values into places."""

    end: float
    highest: float
    height: int

    def x(self, time: float) -> float:
        share = min(1.0, time / self.end) if self.end else 0.0
        return LEFT + (WIDTH - LEFT - RIGHT) * share

    def y(self, value: float) -> float:
        share = value / self.highest if self.highest else 0.0
        return TOP + (self.height - TOP - BOTTOM) * (1.0 - share)


def ticks(end: float, unit: str = "") -> tuple[float, ...]:
    """Round numbers from 0 to the last one that is not beyond ``end``.

    Args:
        end: of the axis, larger than 0 or the only tick is 0.
        unit: of a time axis ("s", "min", "h", "days"), which has steps of its own; "" for any other.
    """
    if end < SMALLEST:
        return (0.0,)
    step = _step(end, unit)
    numbers = (float(f"{step * number:.9g}") for number in range(MOST_TICKS))
    return tuple(takewhile(lambda number: number <= end * (1 + 1e-9), numbers))


def _step(end: float, unit: str) -> float:
    most = MOST_TICKS - 1
    for step in TIME_STEPS.get(unit, ()):
        if step <= end <= step * most:
            return step
    magnitude = 10.0 ** floor(log10(end / most))
    return next(n * magnitude for n in (1, 2, 5, 10, 20) if end <= n * magnitude * most)


def lines(
    series: Mapping[str, Points], end: float, unit: str, axis: str = "h", label: str = ""
) -> str:
    """Draw one line per series over time.

    Args:
        series: name to points of (time, value).
        end: the end of the time axis.
        unit: of the values.
        axis: unit of the times.
        label: what the chart shows, for whoever does not see it.
    """
    highest = _round_up(max((y for points in series.values() for _, y in points), default=0.0))
    scale = _Scale(end, highest, HEIGHT)
    colours = dict(zip(series, _colours(len(series)), strict=True))
    drawn = []
    for name, points in series.items():
        path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
        drawn.append(
            f'<polyline fill="none" stroke="{colours[name]}" stroke-width="1.8" points="{path}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    frame = _frame(scale, unit, "".join(drawn), axis, label)
    return frame + (legend(colours) if len(series) > 1 else "")


def stacked(
    series: Mapping[str, Points],
    end: float,
    unit: str,
    colours: Mapping[str, str],
    axis: str = "h",
    label: str = "",
) -> str:
    """Draw one area per series on top of each other; all series share their times.

    Args:
        series: name to points of (time, value).
        end: the end of the time axis.
        unit: of the values.
        colours: of each series.
        axis: unit of the times.
        label: what the chart shows, for whoever does not see it.
    """
    count = len(next(iter(series.values()), ()))
    floor = [0.0] * count
    layers = []
    for points in series.values():
        top = [base + y for base, (_, y) in zip(floor, points, strict=True)]
        layers.append((floor, top))
        floor = top
    scale = _Scale(end, _round_up(max(floor, default=0.0)), HEIGHT)
    drawn = []
    for (name, points), (low, high) in zip(series.items(), layers, strict=True):
        times = [x for x, _ in points]
        there = [f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in zip(times, high, strict=True)]
        back = [f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in zip(times, low, strict=True)]
        drawn.append(
            f'<polygon fill="{colours[name]}" fill-opacity="0.9" '
            f'points="{" ".join(there + back[::-1])}"><title>{escape(name)}</title></polygon>'
        )
    shown = {name: colours[name] for name in series}
    return _frame(scale, unit, "".join(drawn), axis, label) + legend(shown)


def timeline(rows: Mapping[str, Sequence[Mark]], end: float, axis: str = "h") -> str:
    """Draw one row of marks per name."""
    scale = _Scale(end, 1.0, TOP + ROW * max(1, len(rows)) + BOTTOM)
    drawn = []
    colours = _colours(len(rows))
    for number, ((name, marks), colour) in enumerate(zip(rows.items(), colours, strict=True)):
        y = TOP + ROW * number
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 12}" class="value row">{escape(name)}</text>')
        drawn += [
            f'<rect x="{scale.x(mark.start):.1f}" y="{y + 3}" height="{ROW - 7}" '
            f'width="{max(1.5, scale.x(mark.start + mark.length) - scale.x(mark.start)):.1f}" '
            f'fill="{colour}" fill-opacity="0.6"><title>{escape(mark.text)}</title></rect>'
            for mark in marks
        ]
    return _frame(scale, "", "".join(drawn), axis)


def _frame(scale: _Scale, unit: str, drawn: str, axis: str = "h", label: str = "") -> str:
    bottom = scale.height - BOTTOM
    named = f' aria-label="{escape(label)}"' if label else ""
    parts = [
        f'<div class="scroll" tabindex="0"><svg viewBox="0 0 {WIDTH} {scale.height}" role="img"{named}>',
        f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}"',
        f' height="{bottom - TOP}" class="paper"/>',
    ]
    for time in ticks(scale.end, axis):
        x = scale.x(time)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom + 4}" class="grid"/>'
            f'<text x="{x:.1f}" y="{bottom + 17}" class="tick">{time:g} {axis}</text>'
        )
    for value in ticks(scale.highest) if unit else ():
        y = scale.y(value)
        parts.append(
            f'<line x1="{LEFT - 4}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" class="value">{value:,g}</text>'
        )
    if unit:
        parts.append(f'<text x="{LEFT}" y="{TOP - 8}" class="row">{escape(unit)}</text>')
    return "".join(parts) + drawn + "</svg></div>"


def _colours(count: int) -> list[str]:
    return [PALETTE[number % len(PALETTE)] for number in range(count)]


def _round_up(value: float) -> float:
    """The next number that ends an axis in a tick."""
    if value < SMALLEST:
        return 1.0
    step = _step(value, "")
    return step * ceil(value / step)
