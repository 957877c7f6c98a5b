"""One HTML page that needs nothing else: its frame and its tables. Pure."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#1d2733;margin:2rem auto;max-width:60rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{border-bottom:1px solid #d8dee6;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
td:first-child{white-space:nowrap}code{background:#eef2f6;padding:.1rem .3rem}
.good{color:#2f7d4f}.bad{color:#b5533c}
svg{width:100%;height:auto}.paper{fill:#f6f8fa}
.tick{font-size:11px;text-anchor:middle;fill:#5a6675}
.value{font-size:11px;text-anchor:end;fill:#5a6675}.row{font-size:11px;fill:#1d2733}
.legend span{margin-right:1rem;font-size:13px}
.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}
"""


def page(title: str, body: Iterable[str]) -> str:
    """Write the page.

    Args:
        title: plain text.
        body: pieces of HTML, escaped by whoever made them.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        + "".join(body)
        + "</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; every cell is text and escaped."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines_ = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines_}</table>"
