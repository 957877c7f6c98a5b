"""Lines in which commands speak to people: folded at words on a terminal, whole where they are piped.

Knows streams and widths; what is said is its caller's to know. Loads nothing that draws unless there is
a terminal. Whoever draws a live table has ``sys.stderr`` replaced meanwhile, so that these lines go above it:
hence ``print`` and not a stream of our own.
"""

import sys
from typing import Final, TextIO

INDENT: Final = "    "  # of what does not fit beside its name


def remark(text: str) -> None:
    """Say something beside a command's result: on standard error, after the program's name."""
    put(f"zota: {text}", sys.stderr)


def put(text: str, stream: TextIO | None = None) -> None:
    """Print one line, with nothing in it that a terminal would act on.

    Args:
        text: the line.
        stream: standard output by default.
    """
    from ota_engine.cli.image_facts import visible

    out = stream or sys.stdout
    for line in _folded(visible(text), out):
        print(line, file=out, flush=True)


def put_fact(label: str, value: str, labels: int) -> None:
    """Print a name and a value side by side; the value below where there is no room beside it.

    Args:
        label: the name.
        value: what it is.
        labels: characters that names take.
    """
    for line in fact_lines(label, value, labels):
        put(line)


def fact_lines(label: str, value: str, labels: int) -> list[str]:
    """Lay out a name and a value for standard output, as ``put_fact`` prints them."""
    line = f"{label:<{labels}}{value}"
    width = _width(sys.stdout)
    if width is None or len(line) <= width:
        return [line]
    from ota_engine.cli.columns import folded

    beside = folded(value, width, " " * labels)
    if all(len(one) <= width for one in beside):
        return [f"{label:<{labels}}{beside[0][labels:]}", *beside[1:]]
    return [label.rstrip(), *folded(value, width, INDENT)]


def _folded(text: str, out: TextIO) -> list[str]:
    width = _width(out)
    if width is None or len(text) <= width:
        return [text]
    from ota_engine.cli.columns import folded

    indent = text[: len(text) - len(text.lstrip())]
    return folded(text.lstrip(), width, indent)


def _width(out: TextIO) -> int | None:
    if not out.isatty():
        return None
    from ota_engine.cli.columns import Room

    return Room.of(out).columns
