"""Lays out the pages of the repository for a generator that has never seen one.

A page keeps its path, so that links between pages hold as they are. What only a repository can show is made
to hold on a site: the README becomes the first page, a folder leads to its README or to a page of its files,
a file is given along, a diagram in words becomes a drawing. Knows Markdown's links, and no generator.
"""

import hashlib
import posixpath
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from navigation import sections

FIRST: Final = "README.md"  # of the repository
INDEX: Final = "index.md"  # what it becomes
ROOTS: Final = (FIRST, "CONTRIBUTING.md", "CHANGELOG.md", "docs")
DRAWINGS: Final = "drawings"
#: Suffix -> what a file of a folder's page is written in; others are not shown.
SHOWN: Final = {".service": "ini", ".toml": "toml", "": "docker", ".json": "json", ".csv": "text"}

_FENCED: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<=\]\()(?P<path>[^)#\s]+)(?P<part>#[^)\s]*)?(?=\))")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DIAGRAM: Final = re.compile(
    r"(?:<!-- diagram: (?P<name>\S+) -->\n)?^```mermaid\n(?P<words>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Layout:
    """One laying out: where from, where to, and who draws a diagram."""

    def __init__(self, repository: Path, target: Path, draw: Callable[[str], str]) -> None:
        """Begin with an empty target.

        Args:
            repository: its root.
            target: is made anew.
            draw: gives the SVG of a diagram in words.
        """
        self._repository = repository
        self._target = target
        self._draw = draw
        self._known: list[str] = []  # pages
        self._listed: list[str] = []  # folders that a link leads to and that have no README

    def write(self) -> int:
        """Write every page and whatever pages lead to; how many pages there are.

        Raises:
            LookupError: a link of a page leads nowhere, or the navigation names a page that is not there.
        """
        shutil.rmtree(self._target, ignore_errors=True)
        pages = self._known = list(self._pages())
        for page in pages:  # and those that they lead to, as they are found
            self._page(page)
        listed = sorted(set(self._listed))
        for folder in listed:
            self._folder(folder)
        inner = {page for page in pages if _shelf(page) in pages and _shelf(page) != page}
        places = [page for page in pages if page != FIRST]
        found = sections(places, inner | {f"{folder}/index.md" for folder in listed})
        self._append(FIRST, (_contents(f"{name}", rows) for name, rows in found.items()))
        for shelf in sorted({_shelf(page) for page in inner}):
            rows = tuple(sorted(page for page in inner if _shelf(page) == shelf))
            names = (posixpath.relpath(row, posixpath.dirname(shelf)) for row in rows)
            self._append(shelf, [_contents("", tuple(names))])
        return len(pages) + len(listed)

    def _pages(self) -> Iterator[str]:
        for root in ROOTS:
            path = self._repository / root
            found = sorted(path.rglob("*.md")) if path.is_dir() else [path]
            yield from (one.relative_to(self._repository).as_posix() for one in found)

    def _page(self, page: str) -> None:
        text = (self._repository / page).read_text("utf-8")
        text = _DIAGRAM.sub(lambda found: self._drawn(page, found), text)
        parts = _FENCED.split(text)
        parts[::2] = [_LINK.sub(lambda link: self._led(page, link), part) for part in parts[::2]]
        path = self._target / _place(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(parts), "utf-8")

    def _led(self, page: str, link: re.Match[str]) -> str:
        """Lead a link to where its target is on the site."""
        part = link["part"] or ""
        if _ELSEWHERE.match(link["path"]):
            return link[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), link["path"]))
        path = self._repository / target
        if not path.exists():
            if (self._target / target).exists():  # a drawing
                return link[0]
            raise LookupError(f"{page}: {link['path']} leads nowhere")
        if path.is_dir():
            target = self._of_folder(target)
        elif path.suffix == ".md":
            self._known += [target] if target not in self._known else []
        else:
            (self._target / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self._target / target)
        return posixpath.relpath(_place(target), posixpath.dirname(page) or ".") + part

    def _of_folder(self, folder: str) -> str:
        if (self._repository / folder / FIRST).is_file():
            return f"{folder}/{FIRST}"
        self._listed.append(folder)
        return f"{folder}/index.md"

    def _folder(self, folder: str) -> None:
        """Write a page of a folder that has none: its files, with what is in them."""
        lines = ["---", "orphan: true", "---", f"# Files of {folder}", ""]
        for path in sorted((self._repository / folder).iterdir()):
            if path.is_file() and (words := SHOWN.get(path.suffix)) is not None:
                lines += [
                    f"## {path.name}",
                    "",
                    f"````{words}",
                    path.read_text("utf-8").rstrip(),
                    "````",
                    "",
                ]
        path = self._target / folder / "index.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), "utf-8")

    def _drawn(self, page: str, found: re.Match[str]) -> str:
        """Put a drawing in place of a diagram in words."""
        name = f"{hashlib.sha256(found['words'].encode()).hexdigest()[:16]}.svg"
        path = self._target / DRAWINGS / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._draw(found["words"]), "utf-8")
        way = posixpath.relpath(f"{DRAWINGS}/{name}", posixpath.dirname(page) or ".")
        words = f"states of {found['name'].rpartition('.')[2]}" if found["name"] else "sequence"
        return f"![{words}]({way})"

    def _append(self, page: str, blocks: Iterator[str] | list[str]) -> None:
        with (self._target / _place(page)).open("a", encoding="utf-8") as file:
            file.writelines(blocks)


def _place(page: str) -> str:
    return INDEX if page == FIRST else page


def _shelf(page: str) -> str:
    """The page that lists the others of its folder."""
    folder = posixpath.dirname(page)
    return posixpath.join(folder, FIRST) if folder else page


def _contents(caption: str, rows: tuple[str, ...]) -> str:
    """A table of contents that stands in the sidebar and not in the page."""
    lines = ["", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), ""]
    return "\n".join([*lines, *rows, "```", ""])
