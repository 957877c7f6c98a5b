"""Writes a page for each package: what is promised of it, name by name, from the code itself.

Knows the form of docstrings here (a sentence, paragraphs, ``Args:`` and the like), and no generator of sites.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

from promised import Package
from stubs import Declaration, declaration, formatted

LEVELS: Final = "../stability.md"  # from a page
_PART: Final = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$")
_ITEM: Final = re.compile(r"^(?P<name>[\w.*`, \[\]]+?): +(?P<text>.*)$")
_WORDS: Final = {"Args": "Arguments", "Attributes": "Fields"}


def page(root: Path, package: Package) -> str:
    """The page of one package.

    Raises:
        LookupError: a name that is promised is not there.
    """
    lines = [
        f"# `{package.name}`",
        "",
        package.about,
        "",
        f"Written from the code by `make docs`. [What a level promises]({LEVELS}); what is not here is internal.",
        "",
        "| import from | level | since | names |",
        "|---|---|---|---|",
    ]
    for room in package.rooms:
        names = ", ".join(f"`{name}`" for name in room.names)
        lines.append(f"| `{room.module}` | {room.level} | {room.since} | {names} |")
    found = {
        (room.module, name): declaration(root, room.module, name)
        for room in package.rooms
        for name in room.names
    }
    shown = dict(zip(found, formatted([one.text for one in found.values()]), strict=True))
    for room in package.rooms:
        lines += ["", f"## {room.module}", "", f"*{room.level}* since {room.since}"]
        for name in room.names:
            one = found[room.module, name]
            lines += ["", f"### {name}", "", "```python", shown[room.module, name], "```", ""]
            lines += [*said(one)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def said(found: Declaration) -> Iterator[str]:
    """What a docstring says, as Markdown; of methods their first paragraph."""
    yield from markdown(found.said)
    shown = [(name, text) for name, text in found.methods if text]
    if shown:
        yield ""
    for name, text in shown:
        first = " ".join(text.partition("\n\n")[0].split())
        yield f"* `{name}`: {escaped(first)}"


def markdown(text: str) -> Iterator[str]:
    """Turn a docstring into paragraphs and lists."""
    for block in text.split("\n\n"):
        head, _, rest = block.partition("\n")
        if (part := _PART.match(head.strip())) is None:
            yield from (*(escaped(line) for line in block.splitlines()), "")
            continue
        yield from (f"**{_WORDS.get(part[1], part[1])}**", "", *_items(dedent(rest)), "")


def _items(text: str) -> Iterator[str]:
    for line in text.splitlines():
        item = None if line.startswith(" ") else _ITEM.match(line)
        if item:
            yield f"* `{item['name'].strip('`')}`: {escaped(item['text'])}"
        else:
            yield f"  {escaped(line.strip())}"


def escaped(text: str) -> str:
    """Keep what would be Markdown from being it, outside of code."""
    parts = re.split(r"(``.*?``)", text)
    parts[::2] = [re.sub(r"([*_<\[\]])", r"\\\1", part) for part in parts[::2]]
    return "".join(part.replace("``", "`") for part in parts)
