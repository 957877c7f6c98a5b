"""Small charts as inline SVG text; knows numbers, labels and colours, nothing of soaks."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 920, 220  # of one chart, in its own units
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 10, 28  # margins
NAMES = 150  # the left margin of a timeline, where the names of its rows stand
PALETTE = ("#3b6ea5", "#5aa469", "#d9a441", "#b5533c", "#7d5ba6", "#4fa3a5", "#c77fa8", "#6b7f3a")

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
    left: int = LEFT

    def x(self, time: float) -> float:
        share = min(1.0, time / self.end) if self.end else 0.0
        return self.left + (WIDTH - self.left - RIGHT) * share

    def y(self, value: float) -> float:
        share = value / self.highest if self.highest else 0.0
        return TOP + (self.height - TOP - BOTTOM) * (1.0 - share)


def lines(series: Mapping[str, Points], end: float, unit: str, axis: str = "h") -> str:
    """Draw one line per series over time.

    Args:
        series: name to points of (time, value).
        end: the end of the time axis.
        unit: of the values.
        axis: unit of the times.
    """
    highest = _round_up(max((y for points in series.values() for _, y in points), default=0.0))
    scale = _Scale(end, highest, HEIGHT)
    drawn = []
    for (name, points), colour in zip(series.items(), _colours(len(series)), strict=True):
        path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
        drawn.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.8" points="{path}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    legend = _legend(dict(zip(series, _colours(len(series)), strict=True)), series)
    return _frame(scale, unit, "".join(drawn), axis) + (legend if len(series) > 1 else "")


def stacked(series: Mapping[str, Points], end: float, unit: str, colours: Mapping[str, str]) -> str:
    """Draw one area per series on top of each other; all series share their times."""
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
            f'<polygon fill="{colours[name]}" fill-opacity="0.85" '
            f'points="{" ".join(there + back[::-1])}"><title>{escape(name)}</title></polygon>'
        )
    return _frame(scale, unit, "".join(drawn)) + _legend(colours, series)


def timeline(rows: Mapping[str, Sequence[Mark]], end: float) -> str:
    """Draw one row of marks per name."""
    step = 18
    height = TOP + step * max(1, len(rows)) + BOTTOM
    scale = _Scale(end, 1.0, height, NAMES)
    drawn = []
    for number, ((name, marks), colour) in enumerate(
        zip(rows.items(), _colours(len(rows)), strict=True)
    ):
        y = TOP + step * number
        drawn.append(f'<text x="{NAMES - 6}" y="{y + 12}" class="value">{escape(name)}</text>')
        drawn += [
            f'<rect x="{scale.x(mark.start):.1f}" y="{y + 3}" height="{step - 7}" '
            f'width="{max(1.5, scale.x(mark.start + mark.length) - scale.x(mark.start)):.1f}" '
            f'fill="{colour}" fill-opacity="0.55"><title>{escape(mark.text)}</title></rect>'
            for mark in marks
        ]
    return _frame(scale, "", "".join(drawn))


def _frame(scale: _Scale, unit: str, drawn: str, axis: str = "h") -> str:
    bottom = scale.height - BOTTOM
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {scale.height}" role="img">',
        f'<rect x="{scale.left}" y="{TOP}" class="paper"',
        f' width="{WIDTH - scale.left - RIGHT}" height="{bottom - TOP}"/>',
    ]
    for quarter in range(5):
        time = scale.end * quarter / 4
        parts.append(
            f'<text x="{scale.x(time):.1f}" y="{bottom + 16}" class="tick">{time:g} {axis}</text>'
        )
        if unit:
            value = scale.highest * quarter / 4
            parts.append(
                f'<text x="{LEFT - 6}" y="{scale.y(value) + 4:.1f}" class="value">{value:g}</text>'
            )
    if unit:
        parts.append(f'<text x="{LEFT + 4}" y="{TOP + 12}" class="row">{escape(unit)}</text>')
    return "".join(parts) + drawn + "</svg>"


def _legend(colours: Mapping[str, str], names: Iterable[str]) -> str:
    items = "".join(
        f'<span><i style="background:{colours[name]}"></i>{escape(name)}</span>' for name in names
    )
    return f'<p class="legend">{items}</p>'


def _colours(count: int) -> list[str]:
    return [PALETTE[number % len(PALETTE)] for number in range(count)]


def _round_up(value: float) -> float:
    """The next number that reads well on an axis."""
    if value <= 0:
        return 1.0
    magnitude = 1.0
    while magnitude * 10 <= value:
        magnitude *= 10
    while magnitude > value:
        magnitude /= 10
    return next(step * magnitude for step in (1, 2, 4, 5, 8, 10) if step * magnitude >= value)
