"""One HTML page that needs nothing else: its frame, its tables, and the one language of its colours.

Knows text, not what it tells of. Every report of every room is made of it, so that a person who has
read one can read them all: green is an end that was wanted, red one that was not, amber what a person
should look at, blue what is under way, violet what waits for a word, grey what has not begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import chain, repeat
from typing import Final, NamedTuple

#: What every colour is, in light and in dark.
COLOURS: Final = """
:root{color-scheme:light dark;--ink:#1d2733;--soft:#566372;--line:#d5dce4;--paper:#f5f7fa;
--good:#2f7d4f;--bad:#b3402f;--warn:#8a5a00;--busy:#2f669e;--wait:#6f4f9a;--idle:#8e9dad;
--idle-soft:#c3cdd7;--busy-soft:#6f9cc9;--wait-soft:#a98cc9;--warn-soft:#d9a441;--bad-dark:#7a3324;
--c1:#2f669e;--c2:#3c8a5a;--c3:#b98119;--c4:#b3402f;--c5:#6f4f9a;--c6:#2f8487;--c7:#a8568a;--c8:#5d7030}
@media(prefers-color-scheme:dark){:root{--ink:#dde4ec;--soft:#98a5b4;--line:#36414d;--paper:#1b222a;
--good:#7ecb98;--bad:#f0907f;--warn:#e5b45c;--busy:#82b4e6;--wait:#bb9ce6;--idle:#66737f;
--idle-soft:#49545f;--busy-soft:#4f81b3;--wait-soft:#8468ad;--warn-soft:#b98119;--bad-dark:#c26a5b;
--c1:#82b4e6;--c2:#7ecb98;--c3:#e5b45c;--c4:#f0907f;--c5:#bb9ce6;--c6:#74c4c6;--c7:#e39cc7;--c8:#aebf76}}
"""
STYLE: Final = (
    COLOURS
    + """
@media(prefers-color-scheme:dark){body{background:#12171d}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);margin:0 auto;max-width:72rem;padding:1.5rem 1rem 4rem}
h1{font-size:1.45rem;line-height:1.25;margin:.2rem 0 .6rem}h2{font-size:1.1rem;margin:2.2rem 0 .5rem}
p{margin:.4rem 0}a{color:var(--busy)}
code,.code{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}
code{background:var(--paper);padding:.1rem .3rem;border-radius:3px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere;min-width:4rem}th{color:var(--soft);font-weight:600;white-space:nowrap}
td.whole,th.whole{white-space:nowrap;overflow-wrap:normal}
td.prose{min-width:12rem}.facts td:first-child{width:9rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.busy{color:var(--busy)}
.wait{color:var(--wait)}.soft{color:var(--soft)}.verdict{font-weight:600}
.totals{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0 1rem;padding:0;list-style:none}
.totals li{background:var(--paper);border-radius:6px;padding:.45rem .9rem;min-width:5.5rem}
.totals b{display:block;font-size:1.35rem;line-height:1.3;font-variant-numeric:tabular-nums}
.totals span{color:var(--soft);font-size:13px}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.6rem;color:var(--soft);font-size:13px}
svg{display:block;width:100%;min-width:40rem;height:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg .row{fill:var(--ink)}
svg .paper{fill:var(--paper)}svg .grid{stroke:var(--line);stroke-width:1}
svg .tick{text-anchor:middle}svg .value{text-anchor:end}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:13px}
.legend svg{display:inline-block;min-width:0;width:.8em;height:.8em;margin-right:.35em}
@media(max-width:40rem){body{padding:1rem .7rem 3rem}td,th{padding:.3rem .4rem}
.stacks thead{display:none}.stacks tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--line)}
.stacks td{display:flex;border:0;padding:.1rem .4rem;text-align:left;white-space:normal}
.stacks td::before{content:attr(data-head);flex:0 0 6.5rem;color:var(--soft);font-weight:400}
.stacks td:empty{display:none}}
@media print{body{max-width:none}}
"""
)

#: What a colour says; every class that text may bear.
Tone = str
GOOD: Final[Tone] = "good"
BAD: Final[Tone] = "bad"
WARN: Final[Tone] = "warn"
BUSY: Final[Tone] = "busy"
WAIT: Final[Tone] = "wait"
SOFT: Final[Tone] = "soft"

WIDE: Final = 4  # columns; on a phone, rows of more stand as a list of names and values
PROSE: Final = 20  # characters from which on a text gets a column that lines of it fit in


class Cell(NamedTuple):
    """One cell of a table that is more than text.

    Attributes:
        text: plain.
        style: class names, parted by spaces: tones, ``number``, ``whole`` (never broken), ``code``.
    """

    text: object
    style: str


class Total(NamedTuple):
    """One figure that stands at the head of a page: ``figure`` of ``what``, in a tone or none."""

    figure: object
    what: str
    tone: Tone = ""


def page(title: str, body: Iterable[str], *, style: str = "", provenance: str = "") -> str:
    """Write the page.

    Args:
        title: plain text.
        body: pieces of HTML, escaped by whoever made them.
        style: rules on top of the common ones.
        provenance: with what and when the page was made, plain text for its foot.
    """
    foot = f"<footer>{escape(provenance)}</footer>" if provenance else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body>\n"
        + "\n".join(body)
        + f"{foot}</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; every cell is text, or a ``Cell``, and escaped."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    names = heads if len(heads) > WIDE else ()
    body = "".join(f"<tr>{''.join(map(_cell, row, chain(names, repeat(''))))}</tr>" for row in rows)
    kind = "stacks" if names else "" if heads else "facts"
    bears = f' class="{kind}"' if kind else ""
    return (
        f'<div class="scroll"><table{bears}><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """Write what is known, a line each: its name, which is never broken, and its value, which may be."""
    return table((), ((Cell(name, "whole soft"), _left(value)) for name, value in rows))


def totals(figures: Iterable[Total]) -> str:
    """Write the figures that a reader wants first."""
    items = "".join(
        f'<li><b class="{total.tone}">{escape(_plain(total.figure))}</b>'
        f"<span>{escape(total.what)}</span></li>"
        for total in figures
    )
    return f'<ul class="totals">{items}</ul>'


def legend(colours: Mapping[str, str]) -> str:
    """Say which colour stands for what."""
    items = "".join(
        f'<span><svg viewBox="0 0 8 8" aria-hidden="true"><rect width="8" height="8" rx="1.5"'
        f' fill="{escape(colour)}"/></svg>{escape(name)}</span>'
        for name, colour in colours.items()
    )
    return f'<p class="legend">{items}</p>'


def _left(value: object) -> Cell:
    return value if isinstance(value, Cell) else Cell(value, "")


def _cell(value: object, head: str) -> str:
    """Write a cell; ``head`` is what stands before it where it has no column, empty for nothing."""
    text = _plain(value.text if isinstance(value, Cell) else value)
    if isinstance(value, Cell):
        style = value.style
    elif isinstance(value, int | float):
        style = "number"
    else:
        style = "prose" if len(text) > PROSE else ""
    name = f' data-head="{escape(head)}"' if head else ""
    bears = f' class="{style}"' if style else ""
    return f"<td{bears}{name}>{escape(text)}</td>"


def _plain(value: object) -> str:
    counts = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,}" if counts else str(value)
