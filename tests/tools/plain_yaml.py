"""Reads the plain part of YAML our own files are written in, and refuses everything else.

Block mappings, block sequences of mappings, plain and single-quoted scalars on one line, literal
blocks. Every value is text; ``[a]`` is a list of one.
"""

import re
from typing import Any

KEY = re.compile(r"([\w.-]+):(?: (.*))?")


def load(text: str) -> Any:
    """The content of a file."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    value, rest = _block(lines, 0)
    assert not rest, f"not plain YAML: {rest[0]!r}"
    return value


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    """A mapping or a sequence whose lines begin at this column, and the lines behind it."""
    if not lines[0][indent:].startswith("- "):
        return _mapping(lines, indent)
    items = []
    while lines and _indent(lines[0]) == indent and lines[0][indent:].startswith("- "):
        first = " " * (indent + 2) + lines[0][indent + 2 :]
        item, lines = _mapping([first, *lines[1:]], indent + 2)
        items.append(item)
    return items, lines


def _mapping(lines: list[str], indent: int) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent and not lines[0][indent:].startswith("- "):
        match = KEY.fullmatch(lines[0][indent:])
        assert match is not None, f"not plain YAML: {lines[0]!r}"
        key, scalar = match.groups()
        assert key not in found, f"{key} stands twice"
        lines = lines[1:]
        if scalar == "|":
            block = _deeper(lines, indent)
            found[key] = "\n".join(line[_indent(block[0]) :] for line in block) + "\n"
            lines = lines[len(block) :]
        elif scalar is None:
            found[key], lines = _block(lines, _indent(lines[0]))
        else:
            found[key] = _scalar(scalar)
    return found, lines


def _deeper(lines: list[str], indent: int) -> list[str]:
    count = next((at for at, line in enumerate(lines) if _indent(line) <= indent), len(lines))
    return lines[:count]


def _scalar(text: str) -> str | list[str]:
    if text.startswith("'"):
        quoted = re.fullmatch(r"'((?:[^']|'')*)'(?: +#.*)?", text)
        assert quoted is not None, f"not plain YAML: {text!r}"
        return quoted.group(1).replace("''", "'")
    text = re.sub(r" +#.*", "", text)
    assert not re.search(r": |^[&*!|>%@`\"{]", text), f"quote it: {text!r}"
    if text.startswith("["):
        return [part.strip() for part in text.strip("[]").split(",")]
    return text
